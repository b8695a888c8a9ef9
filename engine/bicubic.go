package engine

import (
	"image"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/program"
)

// bicubicOp is a bicubic enlargement. Weights depend on the place of a result within its pixel alone, and every result is summed
// in an order that depends on its place in the picture alone, so that its bits do not depend on how the picture is cut.
type bicubicOp struct {
	untiled
	program.Bicubic
	weights [][nn.BicubicTaps]float32 // by place within the pixel
	// conv makes all results of a pixel as planes, where nothing is mirrored: the kernels are made for that.
	conv *kernel.Conv
}

// bicubicReach is how many pixels beyond its own a result is made from.
const bicubicReach = 2

func newBicubicOp(op program.Bicubic) bicubicOp {
	b := bicubicOp{Bicubic: op, weights: make([][nn.BicubicTaps]float32, op.Scale)}
	for place := range b.weights {
		for i, w := range op.Weights(place) {
			b.weights[place][i] = float32(w)
		}
	}
	const size = 2*bicubicReach + 1
	planes := op.Scale * op.Scale
	weight := make([]float32, 3*planes*size*size)
	for i := range 3 * planes {
		y, x := i%planes/op.Scale, i%op.Scale
		for ky, wy := range op.Weights(y) {
			for kx, wx := range op.Weights(x) {
				row, column := op.First(y)+ky+bicubicReach, op.First(x)+kx+bicubicReach
				weight[(i*size+row)*size+column] = float32(wy * wx)
			}
		}
	}
	shape := kernel.Shape{In: 3, Out: 3 * planes, Size: size, Stride: 1, Pad: bicubicReach, Groups: 3}
	b.conv = kernel.NewConv(shape, weight, make([]float32, 3*planes), nil)
	return b
}

func (b bicubicOp) scratchBytes() int64 { return b.conv.ScratchBytes() }

// do makes what lies far enough from the picture's borders by convolution, and the rest one by one.
func (b bicubicOp) do(f *frame) {
	size := f.size(0)
	inner := image.Rectangle{Max: size}.Inset(bicubicReach)
	inner = image.Rectangle{Min: inner.Min.Mul(b.Scale), Max: inner.Max.Mul(b.Scale)}.Intersect(f.r)
	if inner.Empty() || f.out.C != 3 {
		b.oneByOne(f, f.r)
		return
	}
	b.convolve(f, inner)
	for _, r := range []image.Rectangle{
		{f.r.Min, image.Pt(f.r.Max.X, inner.Min.Y)}, {image.Pt(f.r.Min.X, inner.Max.Y), f.r.Max},
		image.Rect(f.r.Min.X, inner.Min.Y, inner.Min.X, inner.Max.Y), image.Rect(inner.Max.X, inner.Min.Y, f.r.Max.X, inner.Max.Y),
	} {
		if !r.Empty() {
			b.oneByOne(f, r)
		}
	}
}

// convolve makes a rectangle of the result row of pixels by row of pixels.
func (b bicubicOp) convolve(f *frame, r image.Rectangle) {
	x0, x1 := r.Min.X/b.Scale, (r.Max.X+b.Scale-1)/b.Scale
	stride := kernel.RoundUpToLine(x1 - x0)
	planes := b.conv.Out
	if len(f.arena.phases) < planes*stride {
		f.arena.phases = kernel.AlignedSlice(planes * stride)
	}
	src := f.sources(0, x0-bicubicReach)
	out := f.block(f.step.out, r.Min.X)
	for y := r.Min.Y / b.Scale; y*b.Scale < r.Max.Y; y++ {
		phases := kernel.Block{
			Data: f.arena.phases[:planes*stride], C: planes, Plane: stride, Stride: stride, First: y, Ring: 1, Height: y + 1,
		}
		b.conv.Run(phases, image.Rect(x0, y, x1, y+1), kernel.Grid{}, src, kernel.After{}, &f.arena.scratch)
		kernel.PixelShuffle(out, max(y*b.Scale, r.Min.Y), min((y+1)*b.Scale, r.Max.Y), r.Min.X, r.Dx(), phases, x0, b.Scale)
	}
}

// oneByOne sums four source rows into one, and then along it.
func (b bicubicOp) oneByOne(f *frame, r image.Rectangle) {
	size := f.size(0)
	reads := b.Reach(0, r, size)
	first, width := reads.Min.X, reads.Dx()
	src, out := f.in(0, first), f.block(f.step.out, r.Min.X)
	if len(f.arena.line) < width {
		f.arena.line = make([]float32, width)
	}
	line := f.arena.line[:width]
	for c := range src.C {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			var rows [nn.BicubicTaps][]float32
			for i := range rows {
				rows[i] = src.Row(c, b.Inside(b.First(y)+i, size.Y), 0, len(line))
			}
			w := &b.weights[y%b.Scale]
			for x := range line {
				line[x] = w[0]*rows[0][x] + w[1]*rows[1][x] + w[2]*rows[2][x] + w[3]*rows[3][x]
			}
			b.along(out.Row(c, y, 0, r.Dx()), line, r.Min.X, first, size.X)
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
