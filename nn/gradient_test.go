package nn

import (
	"math"
	"slices"
	"testing"

	"classsr/tensor"
)

// gradientCase is an operation, the shapes of its inputs, and how BatchNorm is to work.
type gradientCase struct {
	name string
	op   Op
	in   []tensor.Shape
	mode Mode
}

func gradientCases() []gradientCase {
	one := func(n, c, h, w int) []tensor.Shape { return []tensor.Shape{{N: n, C: c, H: h, W: w}} }
	two := slices.Concat(one(2, 3, 4, 5), one(2, 3, 4, 5))
	return []gradientCase{
		{"conv", Conv{In: 3, Out: 2, Kernel: 3, Pad: 1}, one(2, 3, 4, 5), Evaluate},
		{"conv 1x1", Conv{In: 3, Out: 4, Kernel: 1}, one(2, 3, 3, 2), Evaluate},
		{"conv unpadded, even kernel", Conv{In: 2, Out: 3, Kernel: 4}, one(1, 2, 6, 5), Evaluate},
		{"conv padded beyond its kernel", Conv{In: 1, Out: 2, Kernel: 3, Pad: 4}, one(2, 1, 3, 4), Evaluate},
		{"conv strided", Conv{In: 2, Out: 3, Kernel: 4, Stride: 4}, one(2, 2, 8, 9), Evaluate},
		{"conv strided and padded", Conv{In: 2, Out: 2, Kernel: 3, Stride: 2, Pad: 1}, one(2, 2, 5, 6), Evaluate},
		{"conv grouped", Conv{In: 4, Out: 6, Kernel: 3, Pad: 1, Groups: 2}, one(2, 4, 4, 3), Evaluate},
		{"conv of single channels", Conv{In: 3, Out: 6, Kernel: 2, Groups: 3, NoBias: true}, one(2, 3, 3, 4), Evaluate},
		{"conv without bias", Conv{In: 2, Out: 2, Kernel: 5, Stride: 2, Pad: 2, NoBias: true}, one(1, 2, 6, 7), Evaluate},
		{"deconv 9x9", Deconv{In: 2, Out: 3, Kernel: 9, Stride: 4, Pad: 3, OutPad: 1}, one(1, 2, 3, 4), Evaluate},
		{"deconv with gaps", Deconv{In: 2, Out: 2, Kernel: 2, Stride: 3, OutPad: 2}, one(2, 2, 3, 2), Evaluate},
		{"deconv", Deconv{In: 3, Out: 2, Kernel: 3, Stride: 1, Pad: 1}, one(2, 3, 4, 3), Evaluate},
		{"batch normalisation", BatchNorm{Channels: 3}, one(2, 3, 4, 3), Evaluate},
		{"batch normalisation, training", BatchNorm{Channels: 3}, one(2, 3, 4, 3), Train},
		{"batch normalisation, training on one picture", BatchNorm{Channels: 2}, one(1, 2, 3, 5), Train},
		{"relu", ReLU{}, one(2, 3, 4, 5), Evaluate},
		{"leaky relu", LeakyReLU{Slope: 0.25}, one(2, 3, 4, 5), Evaluate},
		{"sigmoid", Sigmoid{}, one(2, 3, 4, 5), Evaluate},
		{"prelu, one slope", PReLU{Slopes: 1}, one(2, 3, 4, 5), Evaluate},
		{"prelu, a slope for each channel", PReLU{Slopes: 3}, one(2, 3, 4, 5), Evaluate},
		{"sum", Add{}, two, Evaluate},
		{"product", Mul{}, two, Evaluate},
		{"constant factor", Scale{Factor: 0.2}, one(2, 3, 4, 5), Evaluate},
		{"nearest, 2 times", Nearest{Factor: 2}, one(2, 2, 3, 4), Evaluate},
		{"nearest, 3 times", Nearest{Factor: 3}, one(1, 3, 2, 1), Evaluate},
		{"pixel unshuffle, 2 times", PixelUnshuffle{Channels: 3, Factor: 2}, one(2, 3, 4, 6), Evaluate},
		{"channel factors", ChannelMul{}, slices.Concat(one(2, 3, 4, 5), one(2, 3, 1, 1)), Evaluate},
		{"concatenation", Concat{}, slices.Concat(one(2, 3, 3, 2), one(2, 1, 3, 2), one(2, 2, 3, 2)), Evaluate},
		{"pixel shuffle, 2 times", PixelShuffle{Factor: 2}, one(2, 8, 3, 2), Evaluate},
		{"pixel shuffle, 3 times", PixelShuffle{Factor: 3}, one(1, 18, 2, 3), Evaluate},
		{"average pool", GlobalAvgPool{}, one(2, 3, 4, 5), Evaluate},
		{"linear layer", Linear{In: 5, Out: 3}, one(4, 5, 1, 1), Evaluate},
		{"bilinear, 2 times", Bilinear{Factor: 2}, one(2, 2, 3, 4), Evaluate},
		{"bilinear, 3 times", Bilinear{Factor: 3}, one(1, 2, 4, 1), Evaluate},
		{"bilinear, 4 times", Bilinear{Factor: 4}, one(1, 3, 2, 3), Evaluate},
		{"bicubic, 2 times", Bicubic{Scale: 2}, one(2, 2, 5, 4), Evaluate},
		{"bicubic, 3 times", Bicubic{Scale: 3}, one(1, 2, 4, 1), Evaluate},
		{"bicubic, 4 times", Bicubic{Scale: 4}, one(1, 3, 2, 6), Evaluate},
	}
}

// gradientTolerance is how far a gradient may be from the difference quotient, as a part of the largest of its array. Nearly
// all results are linear in every single number around it, so that the quotient is off only by the rounding of float32 results,
// divided by the step of 1/64; sigmoid and BatchNorm's training add about step^2/6. The worst measured is 2.4e-5; without
// the far corners of the bilinear gradient, the smallest terms of all, it is 1e-2.
const gradientTolerance = 1e-4

func TestGradientsAgainstFiniteDifferences(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			p := newProblem(c)
			gradient := p.zeroGradient()
			p.backward(gradient)
			for i, got := range gradient.data() {
				want := make([]float64, len(got))
				if k := i - len(p.x); k < 0 || !c.op.Params()[k].Statistic {
					want = p.differences(i)
				}
				compareGradient(t, i, got, want)
			}
		})
	}
}

func TestGradientsAccumulate(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			p := newProblem(c)
			once, twice := p.zeroGradient(), p.zeroGradient()
			p.backward(once)
			p.backward(twice)
			p.backward(twice)
			for i, got := range twice.data() {
				want := make([]float64, len(got))
				for k, v := range once.data()[i] {
					want[k] = 2 * float64(v)
				}
				compareGradient(t, i, got, want)
			}
		})
	}
}

// Whatever single gradient is wanted, it is the same as with all others, to the bit.
func TestUnwantedGradientsAreLeftOut(t *testing.T) {
	for _, c := range gradientCases() {
		t.Run(c.name, func(t *testing.T) {
			p := newProblem(c)
			all := p.zeroGradient()
			p.backward(all)
			for wanted, want := range all.data() {
				alone := p.zeroGradient()
				for i := range alone.x {
					if i != wanted {
						alone.x[i] = nil
					}
				}
				for i := range alone.p {
					if i != wanted-len(alone.x) {
						alone.p[i] = tensor.Array{}
					}
				}
				p.backward(alone)
				if got := alone.data()[wanted]; !slices.Equal(got, want) {
					t.Errorf("gradient %d alone is %v, with the others %v", wanted, got, want)
				}
			}
		})
	}
}

// At the kink PyTorch takes the derivative of the left side.
func TestGradientsAtZero(t *testing.T) {
	zero, dy := of(1, 1, 1, 0), of(1, 1, 1, 8)
	for want, op := range map[float32]Op{0: ReLU{}, 2: LeakyReLU{Slope: 0.25}, 4: PReLU{Slopes: 1}} {
		dx := of(1, 1, 1, 0)
		op.Backward([]*tensor.Tensor{dx}, []tensor.Array{{}}, dy, []*tensor.Tensor{zero}, []tensor.Array{array(0.5)})
		if dx.Data[0] != want {
			t.Errorf("%T: %v, want %v", op, dx.Data[0], want)
		}
	}
}

func TestBatchNormMovesItsStatistics(t *testing.T) {
	x := tensor.Wrap(tensor.Shape{N: 2, C: 1, H: 1, W: 2}, []float32{1, 3, 5, 7}) // mean 4, variance 5, unbiased 20/3
	p := []tensor.Array{array(2), array(1), array(14), array(10)}
	y := tensor.New(x.Shape)
	BatchNorm{Channels: 1}.ForwardTraining(y, x, p)
	step := float32(2 / math.Sqrt(5))
	for i, want := range []float32{1 - 3*step, 1 - step, 1 + step, 1 + 3*step} {
		if math.Abs(float64(y.Data[i]-want)) > 1e-5 {
			t.Errorf("result %d is %v, want %v", i, y.Data[i], want)
		}
	}
	if mean, variance := p[2].Data[0], p[3].Data[0]; mean != 13 || math.Abs(float64(variance)-(9+2./3)) > 1e-6 {
		t.Errorf("the statistics have become %v and %v, want 13 and 9.6667", mean, variance)
	}
}
