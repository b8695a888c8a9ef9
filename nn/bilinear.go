package nn

import (
	"math"

	"classsr/tensor"
)

// Bilinear enlarges by an integer factor with bilinear interpolation between pixel centres (PyTorch's align_corners=false);
// beyond the outermost centres the edge is repeated.
//
//	x: N x C x H x W    y: N x C x H*Factor x W*Factor
type Bilinear struct {
	free
	Factor int
}

// Shape implements Op.
func (b Bilinear) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: Bilinear takes one input")
	}
	s := in[0]
	return tensor.Shape{N: s.N, C: s.C, H: s.H * b.Factor, W: s.W * b.Factor}
}

// Taps gives the two positions of an axis of length n between which result position o lies, and the weight of the second.
func (b Bilinear) Taps(o, n int) (i0, i1 int, second float32) {
	position := max((float64(o)+0.5)/float64(b.Factor)-0.5, 0)
	floor := math.Floor(position)
	i0 = min(int(floor), n-1)
	return i0, min(i0+1, n-1), float32(position - floor)
}

// Forward implements Op.
func (b Bilinear) Forward(y *tensor.Tensor, xs []*tensor.Tensor, _ []tensor.Array) {
	x := xs[0]
	for n := range y.N {
		for c := range y.C {
			in, out := x.Plane(n, c), y.Plane(n, c)
			for oy := range y.H {
				y0, y1, fy := b.Taps(oy, x.H)
				for ox := range y.W {
					x0, x1, fx := b.Taps(ox, x.W)
					top := in[y0*x.W+x0]*(1-fx) + in[y0*x.W+x1]*fx
					bottom := in[y1*x.W+x0]*(1-fx) + in[y1*x.W+x1]*fx
					out[oy*y.W+ox] = top*(1-fy) + bottom*fy
				}
			}
		}
	}
}

// Backward implements Op: every result pixel gives its gradient back to the four pixels it lies between, by their weights.
func (b Bilinear) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	s := dx[0].Shape
	sums := make([]float64, s.H*s.W)
	for n := range dy.N {
		for c := range dy.C {
			clear(sums)
			for oy := range dy.H {
				y0, y1, fy := b.Taps(oy, s.H)
				for ox := range dy.W {
					x0, x1, fx := b.Taps(ox, s.W)
					d := float64(dy.Plane(n, c)[oy*dy.W+ox])
					top, bottom := d*float64(1-fy), d*float64(fy)
					sums[y0*s.W+x0] += top * float64(1-fx)
					sums[y0*s.W+x1] += top * float64(fx)
					sums[y1*s.W+x0] += bottom * float64(1-fx)
					sums[y1*s.W+x1] += bottom * float64(fx)
				}
			}
			addSums(dx[0].Plane(n, c), sums)
		}
	}
}
