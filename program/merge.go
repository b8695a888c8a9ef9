package program

import (
	"image"

	"classsr/nn"
	"classsr/tensor"
)

// Add is a skip connection that is not part of a convolution, y = Factor*x[0] + x[1].
type Add struct {
	nn.Add
	pointwise
	Factor float32
}

// Mul is a product that is not part of a convolution.
type Mul struct {
	nn.Mul
	pointwise
}

// Scale is a constant factor that is not part of a convolution or a sum.
type Scale struct {
	nn.Scale
	pointwise
}

// ChannelMul multiplies the channels of input 0 by the numbers of input 1, a single pixel. Input 2, if there is one, is added to the
// products.
type ChannelMul struct {
	nn.ChannelMul
	free
	Residual bool // there is an input 2
}

// Shape implements Operation.
func (c ChannelMul) Shape(in []tensor.Shape) tensor.Shape {
	y := c.ChannelMul.Shape(in[:2])
	if c.Residual != (len(in) == 3) || c.Residual && in[2] != y {
		panic("program: ChannelMul takes a tensor, its factors, and one of its shape to add to it")
	}
	return y
}

// Reach implements Operation.
func (ChannelMul) Reach(i int, r image.Rectangle, size image.Point) image.Rectangle {
	if i == 1 {
		return image.Rectangle{Max: size}
	}
	return r
}

// Mean is the mean of each channel over all its pixels.
type Mean struct {
	nn.GlobalAvgPool
	free
}

// Reach implements Operation.
func (Mean) Reach(_ int, _ image.Rectangle, size image.Point) image.Rectangle {
	return image.Rectangle{Max: size}
}
