package classsr

import (
	"image"

	"classsr/picture"
	"classsr/route"
)

// HasClasses tells whether the model has a Class-Module and branches to choose from.
func (m *Model) HasClasses() bool { return m.file != nil && m.file.ClassModule != nil }

// PaintRoute lays a map (Report.Route) half transparent over the small picture that it is of, with a legend of the classes and
// their shares below it. The result is RGB of 8 bits; transparent parts of the picture are white under the colours.
func PaintRoute(in *picture.Picture, m *route.Map) *picture.Picture {
	under := image.NewNRGBA(in.Bounds())
	eightBit := in
	if in.Depth != 8 {
		eightBit = to8Bit(in)
	}
	step := in.Channels()
	for i := range in.Width * in.Height {
		from, to := eightBit.Pix8[i*step:][:step], under.Pix[4*i:][:4]
		to[0], to[1], to[2], to[3] = from[0], from[min(1, in.Colors-1)], from[in.Colors-1], 255
		if in.Alpha {
			to[3] = from[step-1]
		}
	}
	painted := m.Paint(under)
	out := picture.New(painted.Rect.Dx(), painted.Rect.Dy(), 3, false, 8)
	for i := range out.Width * out.Height {
		copy(out.Pix8[3*i:3*i+3], painted.Pix[4*i:])
	}
	return out
}

func to8Bit(in *picture.Picture) *picture.Picture {
	out := picture.New(in.Width, in.Height, in.Colors, in.Alpha, 8)
	plane := make([]float32, in.Width*in.Height)
	for c := range in.Channels() {
		in.ReadPlane(plane, c, in.Bounds())
		out.WritePlane(plane, c, out.Bounds())
	}
	return out
}
