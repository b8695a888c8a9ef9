package nn

import "classsr/tensor"

// PixelShuffle turns channels into pixels: y[c][h*Factor+i][w*Factor+j] = x[(c*Factor+i)*Factor+j][h][w].
//
//	x: N x C*Factor*Factor x H x W    y: N x C x H*Factor x W*Factor
type PixelShuffle struct {
	free
	Factor int
}

// Shape implements Op.
func (p PixelShuffle) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C%(p.Factor*p.Factor) != 0 {
		panic("nn: PixelShuffle takes one input whose channels are divisible by Factor squared")
	}
	s := in[0]
	return tensor.Shape{N: s.N, C: s.C / (p.Factor * p.Factor), H: s.H * p.Factor, W: s.W * p.Factor}
}

// Forward implements Op.
func (p PixelShuffle) Forward(y *tensor.Tensor, xs []*tensor.Tensor, _ []tensor.Array) {
	x, f := xs[0], p.Factor
	for n := range y.N {
		for c := range y.C {
			out := y.Plane(n, c)
			for oy := range y.H {
				for ox := range y.W {
					in := x.Plane(n, (c*f+oy%f)*f+ox%f)
					out[oy*y.W+ox] = in[oy/f*x.W+ox/f]
				}
			}
		}
	}
}

// Backward implements Op: gradients go back the way the pixels came.
func (p PixelShuffle) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	f := p.Factor
	for n := range dy.N {
		for c := range dy.C {
			for oy := range dy.H {
				for ox := range dy.W {
					in := dx[0].Plane(n, (c*f+oy%f)*f+ox%f)
					in[oy/f*dx[0].W+ox/f] += dy.Plane(n, c)[oy*dy.W+ox]
				}
			}
		}
	}
}
