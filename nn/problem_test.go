package nn

import (
	"math"
	"math/rand/v2"
	"testing"

	"classsr/tensor"
)

// problem is a gradientCase with random numbers: a loss as a function of inputs x and parameters p. The loss is the sum of the
// result's numbers times those of dy, which is then its gradient to the result.
type problem struct {
	gradientCase
	arguments
	dy *tensor.Tensor
}

// arguments are what a loss depends on, or its gradient to them.
type arguments struct {
	x []*tensor.Tensor
	p []tensor.Array
}

func newProblem(c gradientCase) problem {
	r := rand.New(rand.NewPCG(1, 2))
	p := problem{gradientCase: c, dy: tensor.New(c.op.Shape(c.in))}
	p.arguments = p.zeroGradient()
	for _, data := range append(p.data(), p.dy.Data) {
		fillAwayFromZero(data, r)
	}
	for i, param := range c.op.Params() {
		for k, v := range p.p[i].Data {
			if param.Suffix == "running_var" {
				p.p[i].Data[k] = max(v, -v)
			}
		}
	}
	return p
}

// fillAwayFromZero draws numbers of either sign between 0.5 and 1.5 in size: the kinks of activations are far, and no term of
// a gradient is so small that it would not be missed.
func fillAwayFromZero(data []float32, r *rand.Rand) {
	for i := range data {
		data[i] = (0.5 + r.Float32()) * float32(2*r.IntN(2)-1)
	}
}

func (p problem) zeroGradient() arguments {
	var zero arguments
	for _, s := range p.in {
		zero.x = append(zero.x, tensor.New(s))
	}
	for _, param := range p.op.Params() {
		zero.p = append(zero.p, tensor.NewArray(param.Dims...))
	}
	return zero
}

// data lists the numbers of all inputs, then those of all parameters.
func (a arguments) data() [][]float32 {
	var list [][]float32
	for _, x := range a.x {
		if x == nil {
			x = &tensor.Tensor{}
		}
		list = append(list, x.Data)
	}
	for _, p := range a.p {
		list = append(list, p.Data)
	}
	return list
}

func (p problem) backward(gradient arguments) {
	p.mode.backward(p.op, gradient.x, gradient.p, p.dy, p.x, p.p)
}

func (p problem) loss() float64 {
	y := tensor.New(p.dy.Shape)
	p.mode.forward(p.op, y, p.x, p.p)
	return dot(y, p.dy)
}

// differences gives the central difference quotients of the loss for each number of argument i.
func (p problem) differences(i int) []float64 { return differences(p.data()[i], p.loss) }

func dot(a, b *tensor.Tensor) float64 {
	var sum float64
	for i, v := range a.Data {
		sum += float64(v) * float64(b.Data[i])
	}
	return sum
}

// differences gives the central difference quotients of a loss for each number of data, which the loss reads.
func differences(data []float32, loss func() float64) []float64 {
	const step = 1. / 64
	quotients := make([]float64, len(data))
	for i, v := range data {
		above, below := v+step, v-step
		data[i] = above
		rise := loss()
		data[i] = below
		rise -= loss()
		data[i] = v
		quotients[i] = rise / (float64(above) - float64(below))
	}
	return quotients
}

func compareGradient(t *testing.T, argument any, got []float32, want []float64) {
	t.Helper()
	var largest, difference float64
	for i, v := range want {
		largest = max(largest, math.Abs(v))
		difference = max(difference, math.Abs(float64(got[i])-v))
	}
	if !(difference <= gradientTolerance*largest) {
		t.Errorf("gradient %v differs by %g of its largest number: %v, want %v", argument, difference/largest, got, want)
	}
}
