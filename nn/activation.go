package nn

import (
	"math"

	"classsr/tensor"
)

// ReLU is y = max(x, 0).
type ReLU struct{ free }

// Shape implements Op.
func (ReLU) Shape(in []tensor.Shape) tensor.Shape { return sameShape(in) }

// Forward implements Op.
func (ReLU) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	each(y, x[0], func(v float32) float32 { return max(v, 0) })
}

// Backward implements Op: dx += dy where x > 0.
func (ReLU) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	eachGradient(dx[0], dy, x[0], func(v float64) float64 { return leakGradient(v, 0) })
}

// LeakyReLU is y = x for x >= 0 and Slope*x below.
type LeakyReLU struct {
	free
	Slope float32
}

// Shape implements Op.
func (LeakyReLU) Shape(in []tensor.Shape) tensor.Shape { return sameShape(in) }

// Forward implements Op.
func (l LeakyReLU) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	each(y, x[0], func(v float32) float32 { return leak(v, l.Slope) })
}

// Backward implements Op: dx += dy where x > 0 and Slope*dy elsewhere.
func (l LeakyReLU) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	eachGradient(dx[0], dy, x[0], func(v float64) float64 { return leakGradient(v, float64(l.Slope)) })
}

// Sigmoid is y = 1/(1+exp(-x)).
type Sigmoid struct{ free }

// Shape implements Op.
func (Sigmoid) Shape(in []tensor.Shape) tensor.Shape { return sameShape(in) }

// Forward implements Op.
func (Sigmoid) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	each(y, x[0], func(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) })
}

// Backward implements Op: dx += dy * s*(1-s) with s = 1/(1+exp(-x)).
func (Sigmoid) Backward(dx []*tensor.Tensor, _ []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	eachGradient(dx[0], dy, x[0], func(v float64) float64 {
		s := 1 / (1 + math.Exp(-v))
		return s * (1 - s)
	})
}

// PReLU is a LeakyReLU whose slope is learnt: one for all channels (Slopes 1) or one for each (Slopes = channels).
//
//	x, y: N x C x H x W    weight: Slopes
type PReLU struct{ Slopes int }

// Shape implements Op.
func (p PReLU) Shape(in []tensor.Shape) tensor.Shape {
	if s := sameShape(in); p.Slopes != 1 && p.Slopes != s.C {
		panic("nn: PReLU has neither one slope nor one for each channel")
	}
	return in[0]
}

// Params implements Op.
func (p PReLU) Params() []Param { return []Param{{Suffix: "weight", Dims: []int{p.Slopes}}} }

// MACs implements Op.
func (PReLU) MACs([]tensor.Shape) MACs { return MACs{} }

// Forward implements Op.
func (p PReLU) Forward(y *tensor.Tensor, x []*tensor.Tensor, params []tensor.Array) {
	for n := range y.N {
		for c := range y.C {
			slope := params[0].Data[c%p.Slopes]
			out := y.Plane(n, c)
			for i, v := range x[0].Plane(n, c) {
				out[i] = leak(v, slope)
			}
		}
	}
}

// Backward implements Op, like LeakyReLU's for the input; the slopes get what they multiply: dweight[c] += sum of dy*x over
// x <= 0, of all channels if there is one slope.
func (p PReLU) Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, params []tensor.Array) {
	slopes := make([]float64, p.Slopes)
	for n := range dy.N {
		for c := range dy.C {
			slope := float64(params[0].Data[c%p.Slopes])
			for i, v := range x[0].Plane(n, c) {
				d := float64(dy.Plane(n, c)[i])
				if v <= 0 {
					slopes[c%p.Slopes] += d * float64(v)
				}
				if dx[0] != nil {
					dx[0].Plane(n, c)[i] += float32(d * leakGradient(float64(v), slope))
				}
			}
		}
	}
	if dp[0].Data != nil {
		addSums(dp[0].Data, slopes)
	}
}

func leak(v, slope float32) float32 {
	if v < 0 {
		return v * slope
	}
	return v
}

// leakGradient is the derivative of leak; at zero it is the slope, as in PyTorch.
func leakGradient(v, slope float64) float64 {
	if v > 0 {
		return 1
	}
	return slope
}

func sameShape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 {
		panic("nn: an activation takes one input")
	}
	return in[0]
}

func each(y, x *tensor.Tensor, f func(float32) float32) {
	for i, v := range x.Data {
		y.Data[i] = f(v)
	}
}

// eachGradient is the gradient of each for a function with this derivative: dx += dy * derivative(x).
func eachGradient(dx, dy, x *tensor.Tensor, derivative func(float64) float64) {
	if dx == nil {
		return
	}
	for i, v := range x.Data {
		dx.Data[i] += float32(float64(dy.Data[i]) * derivative(float64(v)))
	}
}
