package program

import (
	"image"
	"slices"

	"classsr/nn"
	"classsr/tensor"
)

// Conv is a convolution with square kernels and zero padding, and what is done to its result before it is written:
//
//	y = activate(normalise(conv(x) + bias) * scale + residual)
//	y = (conv(x) + bias) * (a + b), if it is gated
//	y = shuffle(activate(normalise(conv(x) + bias) * scale)), if channels become pixels
//
// Input 0 is x, and input 1 the residual, of the result's shape; or inputs 1 and 2 are a and b, element by element. The last input is the
// scale, if there is one: a number for each channel.
type Conv struct {
	In, Out                     int // channels
	Kernel, Stride, Pad, Groups int
	// Node has the parameters: weight, and perhaps bias.
	Node nn.Node
	// Deconv is the transposed convolution that this one, with a shuffle after it, stands for; nil otherwise.
	Deconv *nn.Deconv
	// Unshuffle is how large squares of pixels are that become channels before; the kernel is so many times as large, and moves on so far.
	// It is 1 if there are none.
	Unshuffle int
	// Factor is multiplied into weight and bias.
	Factor float32
	// Norms are multiplied into weight and bias, one after the other.
	Norms []Norm
	// Residual tells whether there is an input 1.
	Residual bool
	// Gated tells whether there are inputs 1 and 2.
	Gated bool
	// Scaled tells whether the last input is a scale.
	Scaled bool
	// Activation is nil if there is none.
	Activation *Activation
	// Shuffle is how large squares of pixels are that channels of the result become at last. It is 1 if they stay channels.
	Shuffle int
}

// newConv gives the convolution of a node.
func newConv(n nn.Node, op nn.Conv) Conv {
	return Conv{
		In: op.In, Out: op.Out, Kernel: op.Kernel, Stride: op.StepSize(), Pad: op.Pad, Groups: op.GroupCount(), Node: n,
		Unshuffle: 1, Factor: 1, Shuffle: 1,
	}
}

// unshuffled is the convolution of the pixels of squares that a convolution of channels, which these became, stands for. Every tap is a square.
func (c Conv) unshuffled(factor int) Conv {
	c.In, c.Kernel, c.Stride, c.Pad = c.In/(factor*factor), c.Kernel*factor, c.Stride*factor, c.Pad*factor
	c.Unshuffle = factor
	return c
}

// newDeconv gives the convolution that comes before the shuffle of a transposed one.
func newDeconv(n nn.Node, op nn.Deconv) Conv {
	c := newConv(n, op.AsConv())
	c.Deconv = &op
	return c
}

// Shape implements Operation.
func (c Conv) Shape(in []tensor.Shape) tensor.Shape {
	op := nn.Conv{In: c.In, Out: c.Out, Kernel: c.Kernel, Stride: c.Stride, Pad: c.Pad, Groups: c.Groups}
	y := op.Shape(in[:1])
	inputs := 1
	switch {
	case c.Gated:
		inputs = 3
	case c.Residual:
		inputs = 2
	}
	if c.Scaled {
		last := len(in) - 1
		if in[last] != (tensor.Shape{N: y.N, C: y.C, H: 1, W: 1}) {
			panic("program: a convolution is scaled by a number for each channel of its result")
		}
		in = in[:last]
	}
	if len(in) != inputs || slices.ContainsFunc(in[1:], func(s tensor.Shape) bool { return s != y }) {
		panic("program: a convolution takes one input, and one or two of its result's shape to add or to multiply")
	}
	return nn.PixelShuffle{Factor: c.Shuffle}.Shape([]tensor.Shape{y})
}

// scale is the input that is the scale.
func (c Conv) scale() int {
	if c.Residual {
		return 2
	}
	return 1
}

// plain tells whether nothing is done to the convolution's result besides what its weights can do.
func (c Conv) plain() bool {
	return !c.Residual && !c.Gated && !c.Scaled && c.Activation == nil && c.Shuffle == 1
}

// shuffles tells whether the convolution can make its channels pixels of squares of that size, those of each group on their own.
func (c Conv) shuffles(factor int) bool {
	return !c.Residual && !c.Gated && !c.Scaled && c.Shuffle == 1 && c.Out/c.Groups%(factor*factor) == 0
}

// Reach implements Operation.
func (c Conv) Reach(i int, r image.Rectangle, size image.Point) image.Rectangle {
	switch {
	case i > 0 && c.Scaled && i == c.scale():
		return image.Rectangle{Max: size}
	case i > 0:
		return r
	}
	r = shrunk(r, c.Shuffle)
	return image.Rectangle{
		Min: r.Min.Mul(c.Stride).Sub(image.Pt(c.Pad, c.Pad)),
		Max: r.Max.Sub(image.Pt(1, 1)).Mul(c.Stride).Add(image.Pt(c.Kernel-c.Pad, c.Kernel-c.Pad)),
	}
}

// MACs implements Operation.
func (c Conv) MACs(r image.Rectangle) int64 {
	perPixel := c.Out * (c.In / c.Groups) * c.Kernel * c.Kernel
	if d := c.Deconv; d != nil {
		perPixel = d.In * d.Out * d.Kernel * d.Kernel // without the taps that its results do not have
	}
	r = shrunk(r, c.Shuffle)
	return int64(r.Dx()*r.Dy()) * int64(perPixel)
}

// Slopes gives the slope of the activation for all channels, or of each; nil if there is no activation.
func (c Conv) Slopes(params tensor.Set) []float32 {
	if c.Activation == nil {
		return nil
	}
	return c.Activation.Slopes(params)
}

// Weights gives the weight, Out x In/Groups x Kernel x Kernel, and a number for each result channel that is added. They are those of the
// node if nothing has to be done to them, but for the bias, which is always new.
func (c Conv) Weights(params tensor.Set) (weight, bias []float32) {
	arrays := c.Node.Arrays(params)
	if c.Deconv != nil {
		arrays = c.Deconv.ConvParams(arrays)
	}
	weight, bias = arrays[0].Data, make([]float32, c.Out)
	if len(arrays) > 1 {
		copy(bias, arrays[1].Data)
	}
	if c.Unshuffle > 1 {
		weight = c.unshuffledWeight(weight)
	}
	for _, n := range c.Norms {
		weight, bias = n.fold(params, weight, bias)
	}
	if c.Factor != 1 {
		weight = slices.Clone(weight)
		for _, values := range [][]float32{weight, bias} {
			for i := range values {
				values[i] *= c.Factor
			}
		}
	}
	return weight, bias
}

// unshuffledWeight orders a weight of channels that squares became by the pixels of these.
func (c Conv) unshuffledWeight(from []float32) []float32 {
	weight := make([]float32, len(from))
	f, size := c.Unshuffle, c.Kernel
	small := size / f
	for o := range c.Out {
		for i := range c.In {
			for y := range size {
				for x := range size {
					channel := (i*f+y%f)*f + x%f
					weight[((o*c.In+i)*size+y)*size+x] = from[((o*c.In*f*f+channel)*small+y/f)*small+x/f]
				}
			}
		}
	}
	return weight
}
