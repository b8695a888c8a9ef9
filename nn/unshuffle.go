package nn

import "classsr/tensor"

// PixelUnshuffle turns pixels into channels, the reverse of PixelShuffle: y[(c*Factor+i)*Factor+j][h][w] = x[c][h*Factor+i][w*Factor+j].
//
//	x: N x Channels x H x W, both sides divisible by Factor    y: N x Channels*Factor*Factor x H/Factor x W/Factor
type PixelUnshuffle struct {
	free
	Channels int // of x
	Factor   int
}

// Shape implements Op.
func (p PixelUnshuffle) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C != p.Channels || in[0].H%p.Factor != 0 || in[0].W%p.Factor != 0 {
		panic("nn: PixelUnshuffle takes one input with Channels channels whose sides are divisible by Factor")
	}
	s := in[0]
	return tensor.Shape{N: s.N, C: s.C * p.Factor * p.Factor, H: s.H / p.Factor, W: s.W / p.Factor}
}

// Forward implements Op.
func (p PixelUnshuffle) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	PixelShuffle{Factor: p.Factor}.Backward([]*tensor.Tensor{cleared(y)}, nil, x[0], nil, nil)
}

// Backward implements Op: gradients go back the way the pixels came.
func (p PixelUnshuffle) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, _ []*tensor.Tensor, _ []tensor.Array) {
	if dx[0] == nil {
		return
	}
	back := tensor.New(dx[0].Shape)
	PixelShuffle{Factor: p.Factor}.Forward(back, []*tensor.Tensor{dy}, nil)
	for i, d := range back.Data {
		dx[0].Data[i] += d
	}
}

func cleared(t *tensor.Tensor) *tensor.Tensor {
	clear(t.Data)
	return t
}
