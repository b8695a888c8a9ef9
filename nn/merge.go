package nn

import "classsr/tensor"

// Add is the sum of two tensors of one shape: a skip connection.
type Add struct{ free }

// Shape implements Op.
func (Add) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 2 || in[0] != in[1] {
		panic("nn: Add takes two inputs of one shape")
	}
	return in[0]
}

// Forward implements Op.
func (Add) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for i, v := range x[0].Data {
		y.Data[i] = v + x[1].Data[i]
	}
}

// Backward implements Op: both inputs get dy.
func (Add) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	for _, d := range dx {
		if d == nil {
			continue
		}
		for i, v := range dy.Data {
			d.Data[i] += v
		}
	}
}

// ChannelMul multiplies each channel by a number of its own: channel attention.
//
//	x[0], y: N x C x H x W    x[1]: N x C x 1 x 1
type ChannelMul struct{ free }

// Shape implements Op.
func (ChannelMul) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 2 || in[1] != (tensor.Shape{N: in[0].N, C: in[0].C, H: 1, W: 1}) {
		panic("nn: ChannelMul takes a tensor and one factor for each of its channels")
	}
	return in[0]
}

// Forward implements Op.
func (ChannelMul) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range y.N {
		for c := range y.C {
			factor := x[1].Plane(n, c)[0]
			out := y.Plane(n, c)
			for i, v := range x[0].Plane(n, c) {
				out[i] = v * factor
			}
		}
	}
}

// Backward implements Op: dx[0] += dy * x[1], dx[1] += sum of dy*x[0] over the channel.
func (ChannelMul) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range dy.N {
		for c := range dy.C {
			factor := x[1].Plane(n, c)[0]
			var sum float64
			for i, d := range dy.Plane(n, c) {
				sum += float64(d) * float64(x[0].Plane(n, c)[i])
				if dx[0] != nil {
					dx[0].Plane(n, c)[i] += d * factor
				}
			}
			if dx[1] != nil {
				dx[1].Plane(n, c)[0] += float32(sum)
			}
		}
	}
}

// Concat joins tensors along their channels, in the order of the inputs.
type Concat struct{ free }

// Shape implements Op.
func (Concat) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) == 0 {
		panic("nn: Concat takes at least one input")
	}
	s := in[0]
	for _, t := range in[1:] {
		if t.N != s.N || t.H != s.H || t.W != s.W {
			panic("nn: Concat's inputs differ in more than their channels")
		}
		s.C += t.C
	}
	return s
}

// Forward implements Op.
func (Concat) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range y.N {
		c := 0
		for _, t := range x {
			for tc := range t.C {
				copy(y.Plane(n, c), t.Plane(n, tc))
				c++
			}
		}
	}
}

// Backward implements Op: each input gets the channels of dy that it became.
func (Concat) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for n := range dy.N {
		c := 0
		for k, t := range x {
			for tc := range t.C {
				if dx[k] != nil {
					for i, d := range dy.Plane(n, c) {
						dx[k].Plane(n, tc)[i] += d
					}
				}
				c++
			}
		}
	}
}
