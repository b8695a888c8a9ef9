package picture

// Flattened is a picture with transparency, row by row, before a background of one colour: red, green and blue in 8 bits, of which gray
// pictures take the mean weighted as luma (BT.601). A picture without transparency stays as it is.
func Flattened(src RowSource, background [3]uint8) RowSource {
	if !src.Config().Alpha {
		return src
	}
	f := &flattened{RowSource: src, config: src.Config(), behind: []uint32{uint32(background[0]), uint32(background[1]), uint32(background[2])}}
	if f.config.Colors == 1 {
		f.behind = []uint32{(299*f.behind[0] + 587*f.behind[1] + 114*f.behind[2] + 500) / 1000}
	}
	f.config.Alpha = false
	return f
}

type flattened struct {
	RowSource
	config Config
	behind []uint32
	band   Picture // that was given last; its memory is used again
}

// Config implements RowSource.
func (f *flattened) Config() Config { return f.config }

// NextRows implements RowSource.
func (f *flattened) NextRows() (*Picture, error) {
	band, err := f.RowSource.NextRows()
	if err != nil {
		return nil, err
	}
	out := &f.band
	out.Width, out.Height, out.Colors, out.Depth = band.Width, band.Height, band.Colors, band.Depth
	switch band.Depth {
	case 8:
		out.Pix8 = composite(out.Pix8[:0], band.Pix8, f.behind, 0xff)
	case 16:
		out.Pix16 = composite(out.Pix16[:0], band.Pix16, f.behind, 0xffff)
	default:
		out.Pix32 = compositeFloats(out.Pix32[:0], band.Pix32, f.behind)
	}
	return out, nil
}

// compositeFloats does what composite does for floating point.
func compositeFloats(dst, src []float32, behind []uint32) []float32 {
	n := len(behind)
	for ; len(src) > n; src = src[n+1:] {
		alpha := src[n]
		for c, v := range src[:n] {
			dst = append(dst, v*alpha+float32(behind[c])/0xff*(1-alpha))
		}
	}
	return dst
}

// composite appends pixels without alpha to dst: of those in src, before a background in 8 bits. Full is the sample of what is opaque.
func composite[T uint8 | uint16](dst, src []T, behind []uint32, full uint32) []T {
	n := len(behind)
	for ; len(src) > n; src = src[n+1:] {
		alpha := uint64(src[n])
		for c, v := range src[:n] {
			back := uint64(behind[c]) * uint64(full/0xff)
			dst = append(dst, T((uint64(v)*alpha+back*(uint64(full)-alpha)+uint64(full)/2)/uint64(full)))
		}
	}
	return dst
}
