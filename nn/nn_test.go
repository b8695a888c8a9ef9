package nn

import (
	"math"
	"testing"

	"classsr/tensor"
)

func of(c, h, w int, data ...float32) *tensor.Tensor {
	return tensor.Wrap(tensor.Shape{N: 1, C: c, H: h, W: w}, data)
}

func array(data ...float32) tensor.Array { return tensor.Array{Dims: []int{len(data)}, Data: data} }

// Each case is small enough to be worked out by hand.
func TestOperationsByHand(t *testing.T) {
	ramp := of(1, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for _, c := range []struct {
		name   string
		op     Op
		in     []*tensor.Tensor
		params []tensor.Array
		want   *tensor.Tensor
	}{
		{
			"convolution is a cross-correlation with zero padding", Conv{In: 1, Out: 1, Kernel: 3, Pad: 1},
			[]*tensor.Tensor{ramp}, []tensor.Array{array(0, 0, 0, 0, 1, 2, 0, 0, 0), array(10)},
			of(1, 3, 3, 15, 18, 13, 24, 27, 16, 33, 36, 19),
		},
		{
			"stride", Conv{In: 1, Out: 1, Kernel: 2, Stride: 2, NoBias: true},
			[]*tensor.Tensor{of(1, 2, 4, 1, 2, 3, 4, 5, 6, 7, 8)}, []tensor.Array{array(1, 10, 100, 1000)},
			of(1, 1, 2, 6521, 8743),
		},
		{
			"groups see only their own channels", Conv{In: 2, Out: 2, Kernel: 1, Groups: 2},
			[]*tensor.Tensor{of(2, 1, 2, 1, 2, 3, 4)}, []tensor.Array{array(10, 100), array(0, 1)},
			of(2, 1, 2, 10, 20, 301, 401),
		},
		{
			"transposed convolution", Deconv{In: 1, Out: 1, Kernel: 3, Stride: 2, Pad: 1, OutPad: 1},
			[]*tensor.Tensor{of(1, 1, 2, 1, 2)}, []tensor.Array{array(1, 2, 3, 4, 5, 6, 7, 8, 9), array(0.5)},
			// Uncut, row 1 is 4 5 6+8 10 12 and row 2 is 7 8 9+14 16 18; the first column is cut, one more would be added.
			of(1, 2, 4, 5.5, 14.5, 10.5, 12.5, 8.5, 23.5, 16.5, 18.5),
		},
		{
			"one slope for all channels", PReLU{Slopes: 1},
			[]*tensor.Tensor{of(2, 1, 2, -1, 2, -3, 4)}, []tensor.Array{array(0.5)}, of(2, 1, 2, -0.5, 2, -1.5, 4),
		},
		{
			"a slope for each channel", PReLU{Slopes: 2},
			[]*tensor.Tensor{of(2, 1, 2, -1, 2, -3, 4)}, []tensor.Array{array(0.5, 2)}, of(2, 1, 2, -0.5, 2, -6, 4),
		},
		{"relu", ReLU{}, []*tensor.Tensor{of(1, 1, 2, -1, 2)}, nil, of(1, 1, 2, 0, 2)},
		{"leaky relu", LeakyReLU{Slope: 0.25}, []*tensor.Tensor{of(1, 1, 2, -4, 2)}, nil, of(1, 1, 2, -1, 2)},
		{"sigmoid", Sigmoid{}, []*tensor.Tensor{of(1, 1, 2, 0, float32(math.Log(3)))}, nil, of(1, 1, 2, 0.5, 0.75)},
		{"sum", Add{}, []*tensor.Tensor{of(1, 1, 2, 1, 2), of(1, 1, 2, 10, 20)}, nil, of(1, 1, 2, 11, 22)},
		{
			"channel factors", ChannelMul{}, []*tensor.Tensor{of(2, 1, 2, 1, 2, 3, 4), of(2, 1, 1, 10, 100)}, nil,
			of(2, 1, 2, 10, 20, 300, 400),
		},
		{
			"concatenation", Concat{}, []*tensor.Tensor{of(1, 1, 2, 1, 2), of(2, 1, 2, 3, 4, 5, 6)}, nil,
			of(3, 1, 2, 1, 2, 3, 4, 5, 6),
		},
		{"pixel shuffle", PixelShuffle{Factor: 2}, []*tensor.Tensor{of(4, 1, 1, 1, 2, 3, 4)}, nil, of(1, 2, 2, 1, 2, 3, 4)},
		{
			"batch normalisation", BatchNorm{Channels: 1}, []*tensor.Tensor{of(1, 1, 2, 3, 5)},
			[]tensor.Array{array(2), array(1), array(3), array(4 - BatchNormEpsilon)}, of(1, 1, 2, 1, 3),
		},
		{"average pool", GlobalAvgPool{}, []*tensor.Tensor{of(2, 1, 2, 1, 2, 5, 9)}, nil, of(2, 1, 1, 1.5, 7)},
		{
			"linear layer", Linear{In: 2, Out: 1}, []*tensor.Tensor{of(2, 1, 1, 3, 4)},
			[]tensor.Array{array(10, 100), array(1)}, of(1, 1, 1, 431),
		},
		{
			"bilinear enlargement", Bilinear{Factor: 2}, []*tensor.Tensor{of(1, 1, 2, 0, 4)}, nil,
			of(1, 2, 4, 0, 1, 3, 4, 0, 1, 3, 4),
		},
		{
			// A quarter behind a centre the weights are -9, 111, 29 and -3 128ths; mirrored, the row is 128 0 | 0 128 | 128 0.
			"bicubic enlargement", Bicubic{Scale: 2}, []*tensor.Tensor{of(1, 1, 2, 0, 128)}, nil,
			of(1, 2, 4, -12, 26, 102, 140, -12, 26, 102, 140),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			shapes := make([]tensor.Shape, len(c.in))
			for i, x := range c.in {
				shapes[i] = x.Shape
			}
			y := tensor.New(c.op.Shape(shapes))
			if y.Shape != c.want.Shape {
				t.Fatalf("shape %v, want %v", y.Shape, c.want.Shape)
			}
			if len(c.params) != len(c.op.Params()) {
				t.Fatalf("it takes %d parameters, the case has %d", len(c.op.Params()), len(c.params))
			}
			c.op.Forward(y, c.in, c.params)
			for i, v := range y.Data {
				if math.Abs(float64(v-c.want.Data[i])) > 1e-5 {
					t.Fatalf("got %v, want %v", y.Data, c.want.Data)
				}
			}
		})
	}
}

func TestWrongShapesPanic(t *testing.T) {
	one := tensor.Shape{N: 1, C: 1, H: 2, W: 2}
	two := tensor.Shape{N: 1, C: 2, H: 2, W: 2}
	for name, f := range map[string]func(){
		"channels of a convolution":   func() { Conv{In: 3, Out: 1, Kernel: 1}.Shape([]tensor.Shape{one}) },
		"input smaller than a kernel": func() { Conv{In: 1, Out: 1, Kernel: 3}.Shape([]tensor.Shape{one}) },
		"indivisible groups":          func() { Conv{In: 1, Out: 3, Kernel: 1, Groups: 2}.Shape([]tensor.Shape{one}) },
		"slopes":                      func() { PReLU{Slopes: 3}.Shape([]tensor.Shape{two}) },
		"sum of two shapes":           func() { Add{}.Shape([]tensor.Shape{one, two}) },
		"shuffle":                     func() { PixelShuffle{Factor: 2}.Shape([]tensor.Shape{two}) },
		"linear layer of a map":       func() { Linear{In: 1, Out: 1}.Shape([]tensor.Shape{one}) },
		"input of a graph":            func() { NewGraph(3).Shapes(one) },
		"value from the future":       func() { NewGraph(3).Add("", ReLU{}, 1) },
		"gradient of a graph":         func() { NewGraph(1).Record(nil, tensor.New(one), Evaluate).Backward(tensor.New(two)) },
		"training on a single pixel": func() {
			p := []tensor.Array{array(1), array(0), array(0), array(1)}
			BatchNorm{Channels: 1}.ForwardTraining(of(1, 1, 1, 0), of(1, 1, 1, 5), p)
		},
	} {
		func() {
			defer func() {
				if _, ok := recover().(string); !ok {
					t.Errorf("%s: no panic with a constant message", name)
				}
			}()
			f()
		}()
	}
}

func TestSharedNamesAreOneParameter(t *testing.T) {
	g := NewGraph(2)
	conv := Conv{In: 2, Out: 2, Kernel: 1}
	x := g.Add("unit", conv, Input)
	g.Add("unit", conv, x)
	cost := g.Cost(tensor.Shape{N: 1, C: 2, H: 3, W: 3})
	if cost.Params != 6 || cost.True != 2*9*4 {
		t.Errorf("%+v, want 6 parameters and 72 MACs", cost)
	}
}
