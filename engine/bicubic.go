package engine

import (
	"image"

	"classsr/nn"
)

// bicubicOp is a bicubic enlargement. Weights depend on the place of a result within its pixel alone, and every result is summed
// in the same order, so that its bits do not depend on how the picture is cut.
type bicubicOp struct {
	nn.Bicubic
	weights [][nn.BicubicTaps]float32 // by place within the pixel
}

func newBicubicOp(op nn.Bicubic) bicubicOp {
	b := bicubicOp{op, make([][nn.BicubicTaps]float32, op.Scale)}
	for place := range b.weights {
		for i, w := range op.Weights(place) {
			b.weights[place][i] = float32(w)
		}
	}
	return b
}

func (b bicubicOp) need(_ int, r image.Rectangle, size image.Point) image.Rectangle {
	x0, x1 := b.span(r.Min.X, r.Max.X, size.X)
	y0, y1 := b.span(r.Min.Y, r.Max.Y, size.Y)
	return image.Rect(x0, y0, x1, y1)
}

// span is the part of an axis of length n from which the results of first to end are made. What lies beyond the axis is
// mirrored into it. Results before the first one, which is how sliding rows ask for work ahead, count as the first.
func (b bicubicOp) span(first, end, n int) (lo, hi int) {
	first, end = max(first, 0), max(end, 1)
	lo, hi = b.First(first), b.First(end-1)+nn.BicubicTaps
	left, right := -lo, 2*n-hi // where the mirrored parts end and begin
	if lo < 0 {
		lo, hi = 0, max(hi, left)
	}
	if hi > n {
		lo, hi = min(lo, max(right, 0)), n
	}
	return lo, hi
}

// do sums four source rows into one, and then along it.
func (b bicubicOp) do(f *frame) {
	size := f.size(0)
	first, end := b.span(f.r.Min.X, f.r.Max.X, size.X)
	src := f.in(0, first)
	if len(f.arena.line) < end-first {
		f.arena.line = make([]float32, end-first)
	}
	line := f.arena.line[:end-first]
	for c := range src.C {
		for y := f.r.Min.Y; y < f.r.Max.Y; y++ {
			var rows [nn.BicubicTaps][]float32
			for i := range rows {
				rows[i] = src.Row(c, b.Inside(b.First(y)+i, size.Y), 0, len(line))
			}
			w := &b.weights[y%b.Scale]
			for x := range line {
				line[x] = w[0]*rows[0][x] + w[1]*rows[1][x] + w[2]*rows[2][x] + w[3]*rows[3][x]
			}
			b.along(f.out.Row(c, y, 0, f.r.Dx()), line, f.r.Min.X, first, size.X)
		}
	}
}

// along makes the results of a row from column x on of a line, which begins at column first of an axis of length n.
func (b bicubicOp) along(row, line []float32, x, first, n int) {
	for i := range row {
		at := b.First(x + i)
		var v [nn.BicubicTaps]float32
		if at >= 0 && at+nn.BicubicTaps <= n {
			copy(v[:], line[at-first:])
		} else {
			for k := range v {
				v[k] = line[b.Inside(at+k, n)-first]
			}
		}
		w := &b.weights[(x+i)%b.Scale]
		row[i] = w[0]*v[0] + w[1]*v[1] + w[2]*v[2] + w[3]*v[3]
	}
}
