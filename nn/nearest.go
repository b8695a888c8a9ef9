package nn

import "classsr/tensor"

// Nearest enlarges by an integer factor by repeating pixels: y[c][h][w] = x[c][h/Factor][w/Factor].
//
//	x: N x C x H x W    y: N x C x H*Factor x W*Factor
type Nearest struct {
	free
	Factor int
}

// Shape implements Op.
func (e Nearest) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: Nearest takes one input")
	}
	s := in[0]
	return tensor.Shape{N: s.N, C: s.C, H: s.H * e.Factor, W: s.W * e.Factor}
}

// Forward implements Op.
func (e Nearest) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range y.N {
		for c := range y.C {
			in, out := x[0].Plane(n, c), y.Plane(n, c)
			for i := range out {
				out[i] = in[i/y.W/e.Factor*x[0].W+i%y.W/e.Factor]
			}
		}
	}
}

// Backward implements Op: every pixel gets the sum of the gradients of its copies.
func (e Nearest) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	sums := make([]float64, dx[0].H*dx[0].W)
	for n := range dy.N {
		for c := range dy.C {
			clear(sums)
			for i, d := range dy.Plane(n, c) {
				sums[i/dy.W/e.Factor*dx[0].W+i%dy.W/e.Factor] += float64(d)
			}
			addSums(dx[0].Plane(n, c), sums)
		}
	}
}
