package nn

import "classsr/tensor"

// GlobalAvgPool is the mean of each channel over all its pixels.
//
//	x: N x C x H x W    y: N x C x 1 x 1
type GlobalAvgPool struct{ free }

// Shape implements Op.
func (GlobalAvgPool) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: GlobalAvgPool takes one input")
	}
	return tensor.Shape{N: in[0].N, C: in[0].C, H: 1, W: 1}
}

// Forward implements Op.
func (GlobalAvgPool) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range y.N {
		for c := range y.C {
			plane := x[0].Plane(n, c)
			var sum float64
			for _, v := range plane {
				sum += float64(v)
			}
			y.Plane(n, c)[0] = float32(sum / float64(len(plane)))
		}
	}
}

// Backward implements Op: each pixel gets its share of dy, dx += dy / (H*W).
func (GlobalAvgPool) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	for n := range dy.N {
		for c := range dy.C {
			plane := dx[0].Plane(n, c)
			share := float32(float64(dy.Plane(n, c)[0]) / float64(len(plane)))
			for i := range plane {
				plane[i] += share
			}
		}
	}
}
