package nn

import "classsr/tensor"

// Mul is the product of two tensors of one shape, element by element: the attention without parameters of SPAN.
type Mul struct{ free }

// Shape implements Op.
func (Mul) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 2 || in[0] != in[1] {
		panic("nn: Mul takes two inputs of one shape")
	}
	return in[0]
}

// Forward implements Op.
func (Mul) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for i, v := range x[0].Data {
		y.Data[i] = v * x[1].Data[i]
	}
}

// Backward implements Op: each input gets dy times the other one.
func (Mul) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for k, d := range dx {
		if d == nil {
			continue
		}
		other := x[1-k].Data
		for i, v := range dy.Data {
			d.Data[i] += v * other[i]
		}
	}
}

// Scale multiplies a tensor by a constant: the residual scaling of RRDBNet.
type Scale struct {
	free
	Factor float32
}

// Shape implements Op.
func (Scale) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: Scale takes one input")
	}
	return in[0]
}

// Forward implements Op.
func (s Scale) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	for i, v := range x[0].Data {
		y.Data[i] = v * s.Factor
	}
}

// Backward implements Op.
func (s Scale) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	for i, v := range dy.Data {
		dx[0].Data[i] += v * s.Factor
	}
}
