package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"classsr/route"
	"classsr/tensor"
)

// PixelLoss names a loss between a result and its HR patch: a mean over all samples, which are in 0..1.
type PixelLoss string

// The pixel losses. The paper's is L1.
const (
	L1          PixelLoss = "l1"          // |d|
	L2          PixelLoss = "l2"          // d^2
	Charbonnier PixelLoss = "charbonnier" // sqrt(d^2 + 1e-6), a smooth L1
)

var pixelLosses = []PixelLoss{L1, L2, Charbonnier}

// charbonnierBend is the square of the difference below which Charbonnier's loss is round.
const charbonnierBend = 1e-6

func (l PixelLoss) check() error {
	if slices.Contains(pixelLosses, l) {
		return nil
	}
	names := make([]string, len(pixelLosses))
	for i, n := range pixelLosses {
		names[i] = string(n)
	}
	return fmt.Errorf("unknown loss %q; there are %s", string(l), strings.Join(names, ", "))
}

// sum gives the sum of the loss over the samples of y and adds weight times its gradient to dy.
func (l PixelLoss) sum(dy, y, target []float32, weight float32) float64 {
	dy, target = dy[:len(y)], target[:len(y)]
	var sum float64
	switch l {
	case L1:
		for i, v := range y {
			d := v - target[i]
			sum += math.Abs(float64(d))
			if d != 0 { // as everywhere, the gradient of |0| is 0
				dy[i] += float32(math.Copysign(float64(weight), float64(d)))
			}
		}
	case L2:
		for i, v := range y {
			d := v - target[i]
			sum += float64(d) * float64(d)
			dy[i] += 2 * weight * d
		}
	case Charbonnier:
		for i, v := range y {
			d := float64(v - target[i])
			root := math.Sqrt(d*d + charbonnierBend)
			sum += root
			dy[i] += weight * float32(d/root)
		}
	default:
		panic("train: a loss that was not checked")
	}
	return sum
}

// ClassLoss is the paper's Class-Loss (section 3.4) as the authors' code has it: the mean over a batch of
// (M-1) - sum over pairs of classes of |P_i - P_j|. It is 0 where one class is certain and M-1 where all are equally likely.
// p are the probabilities, B x M; weight times the gradient is added to dp.
func ClassLoss(dp, p [][]float64, weight float64) float64 {
	var sum float64
	for k, probabilities := range p {
		sum += float64(len(probabilities) - 1)
		for i, a := range probabilities {
			for j, b := range probabilities[:i] {
				sum -= math.Abs(a - b)
				g := -weight / float64(len(p)) * sign(a-b)
				dp[k][i] += g
				dp[k][j] -= g
			}
		}
	}
	return sum / float64(len(p))
}

// AverageLoss is the paper's Average-Loss (section 3.4) over a batch, divided by its largest value: the sum over the classes of
// |sum of P_i over the batch - B/M|, as a share of 2(M-1)B/M. It is 0 where the classes share the batch evenly and 1 where one class
// takes all of it. p are the probabilities, B x M; weight times the gradient is added to dp.
func AverageLoss(dp, p [][]float64, weight float64) float64 {
	classes, batch := float64(len(p[0])), float64(len(p))
	most := 2 * (classes - 1) * batch / classes
	var loss float64
	for i := range p[0] {
		excess := -batch / classes
		for _, probabilities := range p {
			excess += probabilities[i]
		}
		loss += math.Abs(excess) / most
		for k := range p {
			dp[k][i] += weight * sign(excess) / most
		}
	}
	return loss
}

// DifficultyLoss is the mean cross-entropy, in nats, of the probabilities p, B x M, against the classes that a judge found, B: a guide for
// the Class-Module that the paper does not have. It is log M where all classes are equally likely. weight times the gradient is added to
// dp.
func DifficultyLoss(dp, p [][]float64, classes []int, weight float64) float64 {
	const least = 1e-6 // keeps the gradient finite
	var sum float64
	for k, class := range classes {
		v := max(p[k][class], least)
		sum -= math.Log(v)
		dp[k][class] -= weight / v / float64(len(p))
	}
	return sum / float64(len(p))
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// softmax gives the probabilities, B x M, of the Class-Module's scores, B x M x 1 x 1.
func softmax(scores *tensor.Tensor) [][]float64 {
	p := make([][]float64, scores.N)
	for k := range p {
		p[k] = route.Softmax(scores.Data[k*scores.C:][:scores.C])
	}
	return p
}

// softmaxGradient overwrites ds, B x M x 1 x 1, with the gradient to the scores for that to the probabilities.
func softmaxGradient(ds *tensor.Tensor, dp, p [][]float64) {
	for k, probabilities := range p {
		var mean float64
		for i, v := range probabilities {
			mean += v * dp[k][i]
		}
		for i, v := range probabilities {
			ds.Data[k*ds.C+i] = float32(v * (dp[k][i] - mean))
		}
	}
}
