package classsr

import (
	"fmt"
	"image"

	"classsr/picture"
	"classsr/resample"
)

// Crop returns the upper left part of a picture whose sides are the largest multiples of a number, or an error if nothing
// is left. Test pictures are cropped so that they can be shrunk by a whole factor.
func Crop(p *picture.Picture, multiple int) (*picture.Picture, error) {
	if multiple < 1 {
		return nil, fmt.Errorf("pictures cannot be cropped to multiples of %d", multiple)
	}
	w, h := p.Width/multiple*multiple, p.Height/multiple*multiple
	if w == 0 || h == 0 {
		return nil, fmt.Errorf("a picture of %dx%d pixels is too small to be shrunk %d times", p.Width, p.Height, multiple)
	}
	if w == p.Width && h == p.Height {
		return p, nil
	}
	return cropTo(p, w, h), nil
}

// cropTo copies the upper left part of a picture.
func cropTo(p *picture.Picture, w, h int) *picture.Picture {
	out := picture.New(w, h, p.Colors, p.Alpha, p.Depth)
	row := w * p.Channels()
	for y := range h {
		from := y * p.Width * p.Channels()
		if p.Depth == 8 {
			copy(out.Pix8[y*row:(y+1)*row], p.Pix8[from:])
		} else {
			copy(out.Pix16[y*row:(y+1)*row], p.Pix16[from:])
		}
	}
	return out
}

// Shrink makes the LR picture of a HR picture whose sides are multiples of scale, by the field's bicubic filter.
func Shrink(p *picture.Picture, scale int, variant resample.Variant) (*picture.Picture, error) {
	if scale < 1 || p.Width%scale != 0 || p.Height%scale != 0 {
		return nil, fmt.Errorf("a picture of %dx%d pixels cannot be shrunk %d times: crop it first", p.Width, p.Height, scale)
	}
	out := picture.New(p.Width/scale, p.Height/scale, p.Colors, p.Alpha, p.Depth)
	plan, err := resample.New(p.Width, p.Height, out.Width, out.Height, variant)
	if err != nil {
		return nil, err
	}
	if p.Depth == 8 && variant == resample.Published {
		plan.Bytes(out.Pix8, p.Pix8, p.Channels())
		return out, nil
	}
	src := make([]float32, p.Width*p.Height)
	dst := make([]float32, out.Width*out.Height)
	for c := range p.Channels() {
		p.ReadPlane(src, c, p.Bounds())
		plan.Floats(dst, src, 1)
		out.WritePlane(dst, c, image.Rect(0, 0, out.Width, out.Height))
	}
	return out, nil
}
