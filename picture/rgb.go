package picture

// RGB8 gives a picture's colours as RGB of 8 bits, which it may share; alpha is left out.
func (p *Picture) RGB8() *Picture {
	if p.Colors == 3 && !p.Alpha && p.Depth == 8 {
		return p
	}
	out := New(p.Width, p.Height, 3, false, 8)
	plane := make([]float32, p.Width*p.Height)
	for c := range 3 {
		if c < p.Colors {
			p.ReadPlane(plane, c, p.Bounds())
		}
		out.WritePlane(plane, c, p.Bounds())
	}
	return out
}
