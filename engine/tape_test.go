package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"classsr/arch/archtest"
	"classsr/engine"
	"classsr/nn"
	"classsr/tensor"
)

func randomBatch(s tensor.Shape, seed uint64) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 3))
	x := tensor.New(s)
	for i := range x.Data {
		x.Data[i] = r.Float32() - 0.5
	}
	return x
}

func cloneParams(params tensor.Set) tensor.Set {
	clone := tensor.Set{}
	for name, a := range params {
		clone[name] = tensor.Array{Dims: a.Dims, Data: slices.Clone(a.Data)}
	}
	return clone
}

// relativeDifference is the largest difference as a part of the largest number.
func relativeDifference(got, want []float32) float64 {
	var difference, largest float64
	for i, v := range want {
		difference = max(difference, math.Abs(float64(got[i])-float64(v)))
		largest = max(largest, math.Abs(float64(v)))
	}
	if difference == 0 {
		return 0
	}
	return difference / largest
}

// forwardAndBack runs a tape once.
func forwardAndBack(t *testing.T, tape *engine.Tape, x, dy *tensor.Tensor, mode nn.Mode) (y, dx *tensor.Tensor) {
	t.Helper()
	y, err := tape.Forward(context.Background(), x, mode)
	if err != nil {
		t.Fatal(err)
	}
	dx = tensor.New(x.Shape)
	if err := tape.Backward(context.Background(), dy, dx); err != nil {
		t.Fatal(err)
	}
	return y, dx
}

func TestTapesAgreeWithTheReference(t *testing.T) {
	for name, spec := range networks(t) {
		for _, mode := range []nn.Mode{nn.Evaluate, nn.Train} {
			t.Run(fmt.Sprint(name, " ", mode), func(t *testing.T) {
				t.Parallel()
				shape := tensor.Shape{N: 2, C: 3, H: 8, W: 12}
				if spec.Enlarges() && spec.Scale < 8 && spec.Net != "rrdbnet" {
					shape.H, shape.W = 9, 11 // odd, but the Class-Module's blocks of four pixels divide it
				}
				g := spec.Build()
				params := archtest.RandomParams(g, 7)
				x := randomBatch(shape, 3)
				wantParams := cloneParams(params)
				record := g.Record(wantParams, x, mode)
				dy := randomBatch(record.Output().Shape, 4)
				wantDX, wantGrads := record.Backward(dy)

				tape := engine.NewTape(g, params, shape, engine.TapeOptions{Threads: 2, InputGradient: true})
				y, dx := forwardAndBack(t, tape, x, dy, mode)
				check := func(what string, got, want []float32) {
					t.Helper()
					// Where an activation's source is all but zero, rounding decides which side it lies on; few are.
					if d := relativeDifference(got, want); d > 2e-4 {
						t.Errorf("%s: relative difference %g", what, d)
					}
				}
				check("result", y.Data, record.Output().Data)
				check("dx", dx.Data, wantDX.Data)
				for param, want := range wantGrads {
					check(param, tape.Gradients()[param].Data, want.Data)
				}
				for param, want := range wantParams {
					check(param+" afterwards", params[param].Data, want.Data)
				}
				if len(tape.Gradients()) != len(wantGrads) {
					t.Errorf("%d gradients, want %d", len(tape.Gradients()), len(wantGrads))
				}
			})
		}
	}
}

func TestTapesHaveTheSameBitsForAnyNumberOfThreads(t *testing.T) {
	for _, name := range []string{"fsrcnn-x4", "carn-x4", "rcan-x2"} {
		spec := networks(t)[name]
		g := spec.Build()
		shape := tensor.Shape{N: 3, C: 3, H: 10, W: 12}
		x := randomBatch(shape, 5)
		var want []tensor.Set
		for _, threads := range []int{1, 2, 5} {
			tape := engine.NewTape(g, archtest.RandomParams(g, 7), shape, engine.TapeOptions{Threads: threads, InputGradient: true})
			var dy *tensor.Tensor
			for range 2 { // the second one finds used memory
				tape.ClearGradients()
				y, err := tape.Forward(context.Background(), x, nn.Train)
				if err != nil {
					t.Fatal(err)
				}
				dy = randomBatch(y.Shape, 6)
				if err := tape.Backward(context.Background(), dy, tensor.New(shape)); err != nil {
					t.Fatal(err)
				}
			}
			want = append(want, tape.Gradients())
		}
		for param, a := range want[0] {
			if !slices.Equal(a.Data, want[1][param].Data) || !slices.Equal(a.Data, want[2][param].Data) {
				t.Errorf("%s: %s differs", name, param)
			}
		}
	}
}

// What does not learn gets no gradient, and what comes before it is not gone through; the others get the same as ever.
func TestTapesLeaveOutWhatDoesNotLearn(t *testing.T) {
	spec := networks(t)["carn-x4"]
	g := spec.Build()
	params := archtest.RandomParams(g, 7)
	shape := tensor.Shape{N: 2, C: 3, H: 8, W: 8}
	x := randomBatch(shape, 5)
	learns := func(name string) bool { return strings.HasPrefix(name, "upsample") || strings.HasPrefix(name, "exit") }
	all := engine.NewTape(g, params, shape, engine.TapeOptions{InputGradient: true})
	some := engine.NewTape(g, params, shape, engine.TapeOptions{Learns: learns})
	none := engine.NewTape(g, params, shape, engine.TapeOptions{Learns: func(string) bool { return false }})
	y, err := all.Forward(context.Background(), x, nn.Evaluate)
	if err != nil {
		t.Fatal(err)
	}
	dy := randomBatch(y.Shape, 6)
	forwardAndBack(t, all, x, dy, nn.Evaluate)
	for _, tape := range []*engine.Tape{some, none} {
		if _, err := tape.Forward(context.Background(), x, nn.Evaluate); err != nil {
			t.Fatal(err)
		}
		if err := tape.Backward(context.Background(), dy, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, a := range all.Gradients() {
		got, ok := some.Gradients()[name]
		if ok != learns(name) || ok && !slices.Equal(got.Data, a.Data) {
			t.Errorf("%s: gradient there: %v, want %v with the same numbers", name, ok, learns(name))
		}
	}
	if len(none.Gradients()) != 0 {
		t.Error("gradients of what does not learn")
	}
}

func TestTapesStopWithTheirContext(t *testing.T) {
	spec := networks(t)["fsrcnn-x4"]
	g := spec.Build()
	shape := tensor.Shape{N: 1, C: 3, H: 8, W: 8}
	tape := engine.NewTape(g, archtest.RandomParams(g, 1), shape, engine.TapeOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tape.Forward(ctx, randomBatch(shape, 1), nn.Evaluate); err == nil {
		t.Error("a cancelled forward pass returned no error")
	}
}
