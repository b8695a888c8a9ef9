package infer

import (
	"image"

	"classsr/picture"
)

// PaintRoute paints the classes half transparent over the small picture that was routed, with a legend of the classes and their shares
// below it. It panics if the report has no Route. The result is RGB of 8 bits; transparent parts of the picture are white under the
// colours.
func (r *Report) PaintRoute(in *picture.Picture) *picture.Picture {
	under := image.NewNRGBA(in.Bounds())
	eightBit := in.To8Bit()
	step := in.Channels()
	for i := range in.Width * in.Height {
		from, to := eightBit.Pix8[i*step:][:step], under.Pix[4*i:][:4]
		to[0], to[1], to[2], to[3] = from[0], from[min(1, in.Colors-1)], from[in.Colors-1], 255
		if in.Alpha {
			to[3] = from[step-1]
		}
	}
	painted := r.Route.Paint(under)
	out := picture.New(painted.Rect.Dx(), painted.Rect.Dy(), 3, false, 8)
	for i := range out.Width * out.Height {
		copy(out.Pix8[3*i:3*i+3], painted.Pix[4*i:])
	}
	return out
}
