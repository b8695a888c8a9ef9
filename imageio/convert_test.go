package imageio

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"golang.org/x/image/tiff"
)

// TestTIFFKinds reads what golang.org/x/image/tiff writes of one pixel.
func TestTIFFKinds(t *testing.T) {
	one := image.Rect(0, 0, 1, 1)
	paletted := func(colors ...color.Color) image.Image {
		m := image.NewPaletted(one, colors)
		m.Pix[0] = 1
		return m
	}
	for name, test := range map[string]struct {
		img  image.Image
		want string
		pix  []int
	}{
		"gray":          {&image.Gray{Pix: []byte{7}, Stride: 1, Rect: one}, shape(1, false, 8), []int{7}},
		"gray16":        {&image.Gray16{Pix: []byte{1, 2}, Stride: 2, Rect: one}, shape(1, false, 16), []int{0x102}},
		"straight":      {&image.NRGBA{Pix: []byte{1, 2, 3, 4}, Stride: 4, Rect: one}, shape(3, true, 8), []int{1, 2, 3, 4}},
		"premultiplied": {&image.RGBA{Pix: []byte{10, 25, 50, 50}, Stride: 4, Rect: one}, shape(3, true, 8), []int{51, 128, 255, 50}},
		"no colour":     {&image.RGBA{Pix: []byte{0, 0, 0, 0}, Stride: 4, Rect: one}, shape(3, true, 8), []int{0, 0, 0, 0}},
		"straight16": {&image.NRGBA64{Pix: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Stride: 8, Rect: one}, shape(3, true, 16),
			[]int{0x102, 0x304, 0x506, 0x708}},
		"premultiplied16": {&image.RGBA64{Pix: []byte{0x10, 0, 0x20, 0, 0x40, 0, 0x40, 0}, Stride: 8, Rect: one}, shape(3, true, 16),
			[]int{0x4000, 0x8000, 0xffff, 0x4000}},
		"palette":      {paletted(color.Black, color.RGBA{9, 8, 7, 255}), shape(3, false, 8), []int{9, 8, 7}},
		"gray palette": {paletted(color.White, color.Gray{77}), shape(1, false, 8), []int{77}},
	} {
		var file bytes.Buffer
		if err := tiff.Encode(&file, test.img, nil); err != nil {
			t.Fatal(err)
		}
		d := mustDecode(t, file.Bytes())
		if got := shape(d.Colors, d.Alpha, d.Depth); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
			continue
		}
		for i, want := range test.pix {
			if got := at(d.Picture, i); got != want {
				t.Errorf("%s: sample %d is %d, want %d", name, i, got, want)
			}
		}
	}
}
