package picture

import (
	"image"

	"classsr/fault"
)

// Crop copies a part of the picture; all of it is the picture itself. It panics if the part is empty or does not lie inside.
func (p *Picture) Crop(r image.Rectangle) *Picture {
	if r == p.Bounds() {
		return p
	}
	if r.Empty() || !r.In(p.Bounds()) {
		panic("picture: a part outside the picture")
	}
	out := New(r.Dx(), r.Dy(), p.Colors, p.Alpha, p.Depth)
	row := out.Width * p.Channels()
	for y := range out.Height {
		from := ((r.Min.Y+y)*p.Width + r.Min.X) * p.Channels()
		switch p.Depth {
		case 8:
			copy(out.Pix8[y*row:(y+1)*row], p.Pix8[from:])
		case 16:
			copy(out.Pix16[y*row:(y+1)*row], p.Pix16[from:])
		default:
			copy(out.Pix32[y*row:(y+1)*row], p.Pix32[from:])
		}
	}
	return out
}

// CropToMultiple gives the upper left part of the picture whose sides are the largest multiples of a number, or an error if nothing is
// left. Test pictures are cropped so that they can be reduced by a whole factor.
func (p *Picture) CropToMultiple(of int) (*Picture, error) {
	if of < 1 {
		return nil, fault.New(fault.Usage, "pictures cannot be cropped to a multiple of %d", of)
	}
	w, h := p.Width/of*of, p.Height/of*of
	if w == 0 || h == 0 {
		return nil, fault.New(fault.Unsupported, "a picture of %dx%d pixels is too small to be reduced %d times", p.Width, p.Height, of)
	}
	return p.Crop(image.Rect(0, 0, w, h)), nil
}

// To8Bit gives the picture with 8 bits a sample; one that has them already is given itself.
func (p *Picture) To8Bit() *Picture { return p.To(8) }

// To gives the picture with so many bits a sample, colours beyond 0..1 clamped where these are 8 or 16; one that has them already is given
// itself.
func (p *Picture) To(depth int) *Picture {
	if p.Depth == depth {
		return p
	}
	out := New(p.Width, p.Height, p.Colors, p.Alpha, depth)
	plane := make([]float32, p.Width*p.Height)
	for c := range p.Channels() {
		p.ReadPlane(plane, c, p.Bounds())
		out.WritePlane(plane, c, out.Bounds())
	}
	return out
}
