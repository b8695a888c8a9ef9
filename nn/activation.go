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

// Sigmoid is y = 1/(1+exp(-x)).
type Sigmoid struct{ free }

// Shape implements Op.
func (Sigmoid) Shape(in []tensor.Shape) tensor.Shape { return sameShape(in) }

// Forward implements Op.
func (Sigmoid) Forward(y *tensor.Tensor, x []*tensor.Tensor, _ []tensor.Array) {
	each(y, x[0], func(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) })
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

func leak(v, slope float32) float32 {
	if v < 0 {
		return v * slope
	}
	return v
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
