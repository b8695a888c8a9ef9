package nn

import "classsr/tensor"

// Linear is a fully connected layer over the channels of single pixels.
//
//	x: N x In x 1 x 1    y: N x Out x 1 x 1    weight: Out x In    bias: Out
type Linear struct{ In, Out int }

// Shape implements Op.
func (l Linear) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C != l.In || in[0].H != 1 || in[0].W != 1 {
		panic("nn: Linear takes one input of In channels and one pixel")
	}
	return tensor.Shape{N: in[0].N, C: l.Out, H: 1, W: 1}
}

// Params implements Op.
func (l Linear) Params() []Param {
	return []Param{{Suffix: "weight", Dims: []int{l.Out, l.In}}, {Suffix: "bias", Dims: []int{l.Out}}}
}

// MACs implements Op.
func (l Linear) MACs(in []tensor.Shape) MACs {
	n := int64(in[0].N) * int64(l.In*l.Out)
	return MACs{True: n, Paper: n}
}

// Forward implements Op.
func (l Linear) Forward(y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	for n := range y.N {
		for o := range l.Out {
			sum := float64(p[1].Data[o])
			for i := range l.In {
				sum += float64(p[0].Data[o*l.In+i]) * float64(x[0].Plane(n, i)[0])
			}
			y.Plane(n, o)[0] = float32(sum)
		}
	}
}

// Backward implements Op: dx[n][i] += sum of weight[o][i]*dy[n][o] over o, dweight[o][i] += sum of x[n][i]*dy[n][o] over n,
// dbias[o] += sum of dy[n][o] over n.
func (l Linear) Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	for i := range l.In {
		for n := range dy.N {
			var sum float64
			for o := range l.Out {
				sum += float64(p[0].Data[o*l.In+i]) * float64(dy.Plane(n, o)[0])
			}
			if dx[0] != nil {
				dx[0].Plane(n, i)[0] += float32(sum)
			}
		}
		for o := range l.Out {
			var sum float64
			for n := range dy.N {
				sum += float64(x[0].Plane(n, i)[0]) * float64(dy.Plane(n, o)[0])
			}
			if dp[0].Data != nil {
				dp[0].Data[o*l.In+i] += float32(sum)
			}
		}
	}
	addChannelSums(dp[1].Data, dy)
}
