package train

import (
	"context"
	"math"
	"slices"

	"classsr/internal/par"
	"classsr/tensor"
)

// adam is the optimizer of the paper's code, Adam without weight decay, in float32 as PyTorch computes it.
type adam struct {
	beta1, beta2 float64
	step         int        // steps done
	first        tensor.Set // running mean of the gradients
	second       tensor.Set // running mean of their squares
	names        []string   // of what learns
}

const adamEpsilon = 1e-8

// newAdam makes an optimizer for the parameters that have a gradient in grads.
func newAdam(grads tensor.Set, beta1, beta2 float64) *adam {
	a := &adam{beta1: beta1, beta2: beta2, first: tensor.Set{}, second: tensor.Set{}, names: grads.Names()}
	for _, name := range a.names {
		a.first[name] = tensor.NewArray(grads[name].Dims...)
		a.second[name] = tensor.NewArray(grads[name].Dims...)
	}
	return a
}

// update moves the parameters by one step at this learning rate.
func (a *adam) update(ctx context.Context, threads int, params, grads tensor.Set, rate float64) error {
	a.step++
	size := float32(rate / (1 - math.Pow(a.beta1, float64(a.step))))
	correction := float32(math.Sqrt(1 - math.Pow(a.beta2, float64(a.step))))
	b1, b2 := float32(a.beta1), float32(a.beta2)
	rest1, rest2 := float32(1-a.beta1), float32(1-a.beta2)
	return par.Do(ctx, threads, len(a.names), func(_, i int) error {
		name := a.names[i]
		p, g := params[name].Data, grads[name].Data
		m, v := a.first[name].Data[:len(p)], a.second[name].Data[:len(p)]
		for i, g := range g[:len(p)] {
			m[i] = m[i]*b1 + rest1*g
			v[i] = v[i]*b2 + rest2*g*g
			p[i] -= size * m[i] / (float32(math.Sqrt(float64(v[i])))/correction + adamEpsilon)
		}
		return nil
	})
}

// clip scales all gradients down together so that their norm is at most limit, and gives the norm that they had.
func clip(grads tensor.Set, names []string, limit float64) float64 {
	var squares float64
	for _, name := range names {
		for _, g := range grads[name].Data {
			squares += float64(g) * float64(g)
		}
	}
	norm := math.Sqrt(squares)
	if limit > 0 && norm > limit {
		factor := float32(limit / norm)
		for _, name := range names {
			for i := range grads[name].Data {
				grads[name].Data[i] *= factor
			}
		}
	}
	return norm
}

// schedule is a learning rate that falls along a half cosine from Rate to Floor within each period, and restarts after it.
type schedule struct {
	Rate, Floor float64
	Warmup      int   // steps at the start over which the rate rises evenly from 0
	Periods     []int // lengths in steps; the last one repeats
}

// at is the learning rate of a step, counted from 0.
func (s schedule) at(step int) float64 {
	begin, period := 0, s.Periods[0]
	for i := 1; i < len(s.Periods) && step-begin >= period; i++ {
		begin += period
		period = s.Periods[i]
	}
	begin += (step - begin) / period * period
	rate := s.Floor + (s.Rate-s.Floor)*(1+math.Cos(math.Pi*float64(step-begin)/float64(period)))/2
	if step < s.Warmup {
		rate *= float64(step+1) / float64(s.Warmup)
	}
	return rate
}

// average is a running mean of parameters, which training noise shows less in.
type average struct {
	keep   float64 // share of the old mean that a step keeps
	params tensor.Set
	names  []string
}

func newAverage(params tensor.Set, keep float64) *average {
	a := &average{keep: keep, params: tensor.Set{}, names: params.Names()}
	for name, p := range params {
		a.params[name] = tensor.Array{Dims: p.Dims, Data: slices.Clone(p.Data)}
	}
	return a
}

// add moves the mean towards the parameters after a number of steps. The first steps count more than later ones, so that the
// mean does not remember where training began.
func (a *average) add(params tensor.Set, step int) {
	keep := float32(min(a.keep, float64(step)/float64(step+9)))
	for _, name := range a.names {
		p := params[name].Data
		for i, v := range a.params[name].Data {
			a.params[name].Data[i] = p[i] + keep*(v-p[i])
		}
	}
}
