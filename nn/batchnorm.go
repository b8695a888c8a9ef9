package nn

import (
	"math"

	"classsr/tensor"
)

// BatchNormEpsilon is added to the variance, PyTorch's default.
const BatchNormEpsilon = 1e-5

// BatchNormMomentum is how far training moves the running statistics towards those of a batch, PyTorch's default.
const BatchNormMomentum = 0.1

// BatchNorm normalises each channel with its running statistics, as in evaluation:
// y = (x - running_mean) / sqrt(running_var + epsilon) * weight + bias. ForwardTraining takes the batch's statistics instead.
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

// Backward implements Op, for Forward: the running statistics are constants.
//
//	dx += dy * weight/deviation    dweight += sum of dy*(x-mean)/deviation    dbias += sum of dy
func (b BatchNorm) Backward(dx []*tensor.Tensor, dp []tensor.Array, dy *tensor.Tensor, x []*tensor.Tensor, p []tensor.Array) {
	for c := range b.Channels {
		weight := float64(p[0].Data[c])
		mean, deviation := float64(p[2].Data[c]), math.Sqrt(float64(p[3].Data[c])+BatchNormEpsilon)
		var sum float64
		for n := range dy.N {
			for i, d := range dy.Plane(n, c) {
				sum += float64(d) * (float64(x[0].Plane(n, c)[i]) - mean) / deviation
				if dx[0] != nil {
					dx[0].Plane(n, c)[i] += float32(float64(d) * weight / deviation)
				}
			}
		}
		if dp[0].Data != nil {
			dp[0].Data[c] += float32(sum)
		}
	}
	addChannelSums(dp[1].Data, dy)
}

// Affine gives the factor and offset that the normalisation of channel c amounts to: y = x*factor + offset.
func (BatchNorm) Affine(p []tensor.Array, c int) (factor, offset float64) {
	weight, bias := float64(p[0].Data[c]), float64(p[1].Data[c])
	mean, variance := float64(p[2].Data[c]), float64(p[3].Data[c])
	factor = weight / math.Sqrt(variance+BatchNormEpsilon)
	return factor, bias - mean*factor
}

// ForwardTraining normalises each channel with the mean and the biased variance of its N*H*W numbers in x, and moves the
// running statistics in p towards that mean and the unbiased variance. So p is written to.
func (b BatchNorm) ForwardTraining(y, x *tensor.Tensor, p []tensor.Array) {
	count := float64(x.N * x.H * x.W)
	if count < 2 {
		panic("nn: BatchNorm has a single number in a channel, which has no variance to train with")
	}
	for c := range b.Channels {
		mean, variance := batchStatistics(x, c)
		weight, bias := float64(p[0].Data[c]), float64(p[1].Data[c])
		deviation := math.Sqrt(variance + BatchNormEpsilon)
		for n := range y.N {
			for i, v := range x.Plane(n, c) {
				y.Plane(n, c)[i] = float32((float64(v)-mean)/deviation*weight + bias)
			}
		}
		move(&p[2].Data[c], mean)
		move(&p[3].Data[c], variance*count/(count-1))
	}
}

// BackwardTraining is Backward for ForwardTraining: every number of a channel has a part in its mean and variance. With
// z = (x-mean)/deviation and means over the N*H*W numbers of the channel,
//
//	dx += weight/deviation * (dy - mean of dy - z * mean of dy*z)    dweight += sum of dy*z    dbias += sum of dy
func (b BatchNorm) BackwardTraining(dx *tensor.Tensor, dp []tensor.Array, dy, x *tensor.Tensor, p []tensor.Array) {
	count := float64(x.N * x.H * x.W)
	for c := range b.Channels {
		mean, variance := batchStatistics(x, c)
		deviation := math.Sqrt(variance + BatchNormEpsilon)
		var sum, products float64
		for n := range dy.N {
			for i, d := range dy.Plane(n, c) {
				sum += float64(d)
				products += float64(d) * (float64(x.Plane(n, c)[i]) - mean) / deviation
			}
		}
		if dp[0].Data != nil {
			dp[0].Data[c] += float32(products)
		}
		if dx == nil {
			continue
		}
		for n := range dy.N {
			for i, d := range dy.Plane(n, c) {
				z := (float64(x.Plane(n, c)[i]) - mean) / deviation
				g := float64(d) - sum/count - z*products/count
				dx.Plane(n, c)[i] += float32(g * float64(p[0].Data[c]) / deviation)
			}
		}
	}
	addChannelSums(dp[1].Data, dy)
}

// batchStatistics gives the mean and the biased variance of channel c over all pictures.
func batchStatistics(x *tensor.Tensor, c int) (mean, variance float64) {
	count := float64(x.N * x.H * x.W)
	for n := range x.N {
		for _, v := range x.Plane(n, c) {
			mean += float64(v) / count
		}
	}
	for n := range x.N {
		for _, v := range x.Plane(n, c) {
			variance += (float64(v) - mean) * (float64(v) - mean) / count
		}
	}
	return mean, variance
}

// move takes a running statistic towards that of a batch.
func move(running *float32, batch float64) {
	*running = float32((1-BatchNormMomentum)*float64(*running) + BatchNormMomentum*batch)
}
