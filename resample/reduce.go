package resample

import (
	"image"

	"classsr/fault"
	"classsr/picture"
)

// Reduce makes the LR picture of a HR picture whose sides are multiples of scale, by the field's bicubic filter.
func Reduce(p *picture.Picture, scale int, variant Variant) (*picture.Picture, error) {
	if scale < 1 || p.Width%scale != 0 || p.Height%scale != 0 {
		return nil, fault.New(fault.Usage, "a picture of %dx%d pixels cannot be shrunk %d times: crop it first", p.Width, p.Height, scale)
	}
	out := picture.New(p.Width/scale, p.Height/scale, p.Colors, p.Alpha, p.Depth)
	plan, err := New(p.Width, p.Height, out.Width, out.Height, variant)
	if err != nil {
		return nil, err
	}
	if p.Depth == 8 && variant == Published {
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

// LR is the form of the LR picture of an HR picture, rounded down.
func LR(hr picture.Config, scale int) picture.Config {
	hr.Width, hr.Height = hr.Width/scale, hr.Height/scale
	return hr
}

// ReduceBytes is the memory, in bytes, that Reduce takes for a picture of this form beside that: the result, and channels as float32.
func ReduceBytes(c picture.Config, scale int, variant Variant) int64 {
	const sampleBytes = 4
	lr := LR(c, scale)
	n := lr.Bytes()
	if c.Depth != 8 || variant != Published {
		n += sampleBytes * (int64(c.Width)*int64(c.Height) + int64(lr.Width)*int64(lr.Height))
	}
	return n
}
