package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"classsr/bench/nets"
	"classsr/engine"
	"classsr/nn"
	"classsr/tensor"
)

// stepTolerance is the largest difference between two gradients to a parameter, as a share of the gradient's norm.
//
// It is so much wider than that of results because rectifiers are steps to a gradient: where one's input is all but zero,
// rounding decides which side it lies on, and its whole share of the gradient comes or goes, for the parameters of all layers
// before it too. A norm moves by about the square root of the number of such inputs over the size of a layer. PyTorch differs by
// up to 1.1e-2 from its own arithmetic in double precision on CARN, whose rectifiers and normalisations lie in a long row; where
// no input is that near to zero, all agree within 1e-5. A test compares networks with all but straight rectifiers much more
// closely.
const stepTolerance = 3e-2

// passes are the forward pass, the gradients to the values and those to the weights: each has the forward pass's arithmetic.
const passes = 3

// leaveOutSteps takes the steps out of the cases, and says so: of the other engines only PyTorch trains.
func leaveOutSteps(cases []benchCase) []benchCase {
	left := slices.DeleteFunc(slices.Clone(cases), func(c benchCase) bool { return c.step })
	if len(left) < len(cases) {
		fmt.Println("note: no training steps, because there is no PyTorch to compare them with")
	}
	return left
}

// startStep gives the peers for a training step, and those that it started before an error.
func (r *result) startStep(e *engines) ([]peer, error) {
	g := r.spec.Build()
	params, x := nets.RandomParams(r.spec), nets.RandomInput(r.shape, r.spec.InputRange)
	model, err := nets.Export(g, params) // before training moves running statistics
	if err != nil {
		return nil, err
	}
	dy := randomGradient(g.Shapes(x.Shape)[g.Output()])
	ours := newOurStep(context.Background(), g, params, x, dy, r.threads)
	r.macs *= passes
	// Attention's parameters have a gradient from a handful of rectifiers, so that each that falls on the other side shows.
	r.exact, r.names, r.compare = !r.spec.Pools(), []string{"ours", "torch"}, ours.difference
	torch, err := newTorch(e.python, torchJob{model: model, input: x, threads: r.threads, dy: dy, learns: ours.names})
	if err != nil {
		return []peer{ours}, err
	}
	return []peer{ours, torch}, nil
}

// randomGradient gives numbers that are even in -0.5..0.5.
func randomGradient(s tensor.Shape) *tensor.Tensor {
	random := rand.New(rand.NewPCG(nets.Seed, 2))
	dy := tensor.New(s)
	for i := range dy.Data {
		dy.Data[i] = random.Float32() - 0.5
	}
	return dy
}

// ourStep runs this module's engine forward and back, without an optimizer.
type ourStep struct {
	ctx   context.Context
	tape  *engine.Tape
	x, dy *tensor.Tensor
	names []string // of the parameters, in the order in which output has their gradients
}

func newOurStep(ctx context.Context, g *nn.Graph, params tensor.Set, x, dy *tensor.Tensor, threads int) *ourStep {
	tape := engine.NewTape(g, params, x.Shape, engine.TapeOptions{Threads: threads})
	return &ourStep{ctx, tape, x, dy, slices.Sorted(maps.Keys(tape.Gradients()))}
}

func (s *ourStep) run(atLeast time.Duration) ([]time.Duration, error) { return repeat(atLeast, s.once) }

func (s *ourStep) once() error {
	s.tape.ClearGradients()
	if _, err := s.tape.Forward(s.ctx, s.x, nn.Train); err != nil {
		return err
	}
	return s.tape.Backward(s.ctx, s.dy, nil)
}

func (s *ourStep) output() ([]float32, error) {
	var all []float32
	for _, name := range s.names {
		all = append(all, s.tape.Gradients()[name].Data...)
	}
	return all, nil
}

func (s *ourStep) close() error { return nil }

// difference compares two outputs: the largest over the parameters, which are compared apart, for the sizes of their gradients
// differ by orders of magnitude.
func (s *ourStep) difference(got, want []float32) float64 {
	var lengths []int
	for _, name := range s.names {
		lengths = append(lengths, len(s.tape.Gradients()[name].Data))
	}
	return gradientDifference(got, want, lengths)
}

// gradientDifference is the largest norm of a difference, as a share of the norm of what is wanted, over arrays of these lengths.
func gradientDifference(got, want []float32, lengths []int) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var largest float64
	for _, n := range lengths {
		var difference, norm float64 // squared
		for i, v := range want[:n] {
			d := float64(got[i]) - float64(v)
			difference += d * d
			norm += float64(v) * float64(v)
		}
		if difference != 0 { // a gradient of zeros only is the same in both
			largest = max(largest, math.Sqrt(difference/norm)) // NaN stays
		}
		got, want = got[n:], want[n:]
	}
	return largest
}
