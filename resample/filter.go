package resample

import "image"

type sample interface{ uint8 | float32 }

// Bytes resizes a picture of 8-bit samples, channels of them for a pixel beside each other, rows from top to bottom without
// padding: src[(y*srcW+x)*channels+c]. The result is rounded to the nearest value, halves up. It panics if a slice has not the
// length that the sizes of the Plan give.
func (p *Plan) Bytes(dst, src []uint8, channels int) {
	p.BytesWindow(dst, p.dstBounds(), src, p.srcBounds(), channels)
}

// Floats resizes a picture of floating-point samples in any range, laid out as for Bytes; a plane has one channel. Nothing is
// rounded or clamped: overshoot beside edges goes beyond the range of the source. The variants then differ at the edges of the
// picture only. It panics if a slice has not the length that the sizes of the Plan give.
func (p *Plan) Floats(dst, src []float32, channels int) {
	p.FloatsWindow(dst, p.dstBounds(), src, p.srcBounds(), channels)
}

// Source is the part of the source picture that the window r of the result is computed from. It panics if r is not inside the
// result or is empty.
func (p *Plan) Source(r image.Rectangle) image.Rectangle {
	if r.Empty() || !r.In(p.dstBounds()) {
		panic("resample: window is empty or not inside the result")
	}
	x0, x1 := p.x.span(r.Min.X, r.Max.X)
	y0, y1 := p.y.span(r.Min.Y, r.Max.Y)
	return image.Rect(x0, y0, x1, y1)
}

// BytesWindow computes the window r of the result into dst, which holds nothing else. src holds the part have of the source
// picture and nothing else; it has to contain Source(r). The samples are those that Bytes gives. It panics if a rectangle or the
// length of a slice is wrong.
func (p *Plan) BytesWindow(dst []uint8, r image.Rectangle, src []uint8, have image.Rectangle, channels int) {
	resize(p, dst, r, src, have, channels, p.variant == Published, func(v float64) uint8 { return uint8(round8(v)) })
}

// FloatsWindow is BytesWindow for floating-point samples; the samples are those that Floats gives.
func (p *Plan) FloatsWindow(dst []float32, r image.Rectangle, src []float32, have image.Rectangle, channels int) {
	resize(p, dst, r, src, have, channels, false, func(v float64) float32 { return float32(v) })
}

func (p *Plan) srcBounds() image.Rectangle { return image.Rect(0, 0, p.x.src, p.y.src) }

func (p *Plan) dstBounds() image.Rectangle { return image.Rect(0, 0, p.x.dst, p.y.dst) }

// resize makes the result row by row: the source rows that a result row needs are summed into one row of full width, which is
// then filtered along itself. So the memory needed is one row, whatever the sizes.
func resize[S sample](p *Plan, dst []S, r image.Rectangle, src []S, have image.Rectangle, channels int, roundBetween bool,
	convert func(float64) S) {
	need := p.Source(r)
	switch {
	case channels < 1:
		panic("resample: a picture needs at least one channel")
	case !need.In(have) || !have.In(p.srcBounds()):
		panic("resample: the given part of the source is not what the window needs")
	case len(src) != have.Dx()*have.Dy()*channels:
		panic("resample: source does not have the length of its size")
	case len(dst) != r.Dx()*r.Dy()*channels:
		panic("resample: result does not have the length of its size")
	}
	row := make([]float64, need.Dx()*channels)
	stride := have.Dx() * channels
	src = src[(need.Min.X-have.Min.X)*channels:]
	for y := r.Min.Y; y < r.Max.Y; y++ {
		index, weight := p.y.at(y)
		sumRows(row, src, stride, have.Min.Y, index, weight)
		if roundBetween {
			for i, v := range row {
				row[i] = round8(v)
			}
		}
		n := r.Dx() * channels
		filterRow(dst[:n], row, &p.x, r.Min.X, need.Min.X, channels, convert)
		dst = dst[n:]
	}
}

// sumRows computes dst[i] = sum over k of weight[k]*src[(index[k]-first)*stride+i], adding in the order of k.
func sumRows[S sample](dst []float64, src []S, stride, first int, index []int32, weight []float64) {
	rowAt := func(k int) []S {
		from := (int(index[k]) - first) * stride
		return src[from : from+len(dst)]
	}
	clear(dst)
	k := 0
	for ; k+4 <= len(index); k += 4 {
		w0, w1, w2, w3 := weight[k], weight[k+1], weight[k+2], weight[k+3]
		r0, r1, r2, r3 := rowAt(k), rowAt(k+1), rowAt(k+2), rowAt(k+3)
		// The conversions of products keep a processor from fusing them with the sums: results are the same everywhere.
		for i, v := range dst {
			v += float64(w0 * float64(r0[i]))
			v += float64(w1 * float64(r1[i]))
			v += float64(w2 * float64(r2[i]))
			dst[i] = v + float64(w3*float64(r3[i]))
		}
	}
	for ; k < len(index); k++ {
		w, r := weight[k], rowAt(k)
		for i, v := range dst {
			dst[i] = v + float64(w*float64(r[i]))
		}
	}
}

// filterRow computes the output columns from x on, as many as dst has; row starts at source column first.
func filterRow[S sample](dst []S, row []float64, a *axis, x, first, channels int, convert func(float64) S) {
	for i := 0; i < len(dst); i += channels {
		index, weight := a.at(x)
		for c := range channels {
			sum := 0.0
			for k, w := range weight {
				sum += float64(w * row[(int(index[k])-first)*channels+c])
			}
			dst[i+c] = convert(sum)
		}
		x++
	}
}

// round8 rounds to the nearest of 0, 1, ..., 255, halves up.
func round8(v float64) float64 {
	return float64(min(max(int(v+0.5), 0), 255))
}
