package picture

import (
	"image"
	"testing"
)

func TestCrop(t *testing.T) {
	for _, depth := range []int{8, 16} {
		p := New(7, 5, 3, true, depth)
		for i := range 7 * 5 * 4 {
			if depth == 8 {
				p.Pix8[i] = uint8(i)
			} else {
				p.Pix16[i] = uint16(257 * i)
			}
		}
		part := p.Crop(image.Rect(2, 1, 6, 4))
		for y := range 3 {
			for x := range 4 {
				got, want := (y*4+x)*4, ((y+1)*7+x+2)*4
				if depth == 8 && part.Pix8[got] != p.Pix8[want] || depth == 16 && part.Pix16[got] != p.Pix16[want] {
					t.Fatalf("depth %d: pixel %d,%d of the part is not that of the picture", depth, x, y)
				}
			}
		}
		eight := part.To8Bit()
		if eight.Depth != 8 || eight.Pix8[5] != uint8((1*7+2)*4+5) {
			t.Errorf("depth %d: sample 5 at 8 bits is %d", depth, eight.Pix8[5])
		}
	}
	if p := New(4, 4, 1, false, 8); p.Crop(p.Bounds()) != p || p.To8Bit() != p {
		t.Error("a picture that needs no change was copied")
	}
}

func TestCropToMultiple(t *testing.T) {
	p, err := New(103, 42, 1, false, 16).CropToMultiple(4)
	if err != nil || p.Width != 100 || p.Height != 40 {
		t.Errorf("103x42 becomes %v, %v", p, err)
	}
	if _, err := New(3, 42, 1, false, 8).CropToMultiple(4); err == nil {
		t.Error("nothing is left, and no error")
	}
	if _, err := p.CropToMultiple(0); err == nil {
		t.Error("multiples of 0")
	}
}
