package nn

import (
	"math"

	"classsr/tensor"
)

// BatchNormEpsilon is added to the variance, PyTorch's default.
const BatchNormEpsilon = 1e-5

// BatchNorm normalises each channel with its running statistics, as in evaluation:
// y = (x - running_mean) / sqrt(running_var + epsilon) * weight + bias.
//
//	x, y: N x Channels x H x W    all parameters: Channels
type BatchNorm struct{ Channels int }

// Shape implements Op.
func (b BatchNorm) Shape(in []tensor.Shape) tensor.Shape {
	if len(in) != 1 || in[0].C != b.Channels {
		panic("nn: BatchNorm takes one input with its number of channels")
	}
	return in[0]
}

// Params implements Op.
func (b BatchNorm) Params() []Param {
	dims := []int{b.Channels}
	return []Param{
		{Suffix: "weight", Dims: dims},
		{Suffix: "bias", Dims: dims},
		{Suffix: "running_mean", Dims: dims, Statistic: true},
		{Suffix: "running_var", Dims: dims, Statistic: true},
	}
}

// MACs implements Op.
func (BatchNorm) MACs([]tensor.Shape) MACs { return MACs{} }

// Forward implements Op.
func (b BatchNorm) Forward(y *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	for n := range y.N {
		for c := range y.C {
			factor, offset := b.Affine(p, c)
			out := y.Plane(n, c)
			for i, v := range x[0].Plane(n, c) {
				out[i] = float32(float64(v)*factor + offset)
			}
		}
	}
}

// Affine gives the factor and offset that the normalisation of channel c amounts to: y = x*factor + offset.
func (BatchNorm) Affine(p []tensor.Array, c int) (factor, offset float64) {
	weight, bias := float64(p[0].Data[c]), float64(p[1].Data[c])
	mean, variance := float64(p[2].Data[c]), float64(p[3].Data[c])
	factor = weight / math.Sqrt(variance+BatchNormEpsilon)
	return factor, bias - mean*factor
}
