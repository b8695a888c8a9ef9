package nn

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"classsr/tensor"
)

// A convolution used twice, a value used three times, and a normalisation.
func sharingGraph() *Graph {
	g := NewGraph(2)
	conv := Conv{In: 2, Out: 2, Kernel: 3, Pad: 1}
	x := g.Add("unit", conv, Input)
	y := g.Add("unit", conv, g.Add("", Sigmoid{}, x))
	y = g.Add("norm", BatchNorm{Channels: 4}, g.Add("", Concat{}, x, y))
	y = g.Add("last", Conv{In: 4, Out: 2, Kernel: 1, NoBias: true}, y)
	g.Add("", Add{}, y, x)
	return g
}

func graphParams(g *Graph, r *rand.Rand) tensor.Set {
	params := tensor.Set{}
	for _, p := range g.Params() {
		a := tensor.NewArray(p.Dims...)
		fillAwayFromZero(a.Data, r)
		for i, v := range a.Data {
			if p.Suffix == "running_var" {
				a.Data[i] = max(v, -v)
			}
		}
		params[p.Name] = a
	}
	return params
}

func copyOf(params tensor.Set) tensor.Set {
	c := tensor.Set{}
	for name, a := range params {
		c[name] = tensor.Array{Dims: a.Dims, Data: slices.Clone(a.Data)}
	}
	return c
}

func TestGradientsOfGraphs(t *testing.T) {
	for name, mode := range map[string]Mode{"evaluation": Evaluate, "training": Train} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			g := sharingGraph()
			x, dy := tensor.New(tensor.Shape{N: 2, C: 2, H: 3, W: 4}), tensor.New(tensor.Shape{N: 2, C: 2, H: 3, W: 4})
			fillAwayFromZero(x.Data, r)
			fillAwayFromZero(dy.Data, r)
			params := graphParams(g, r)
			loss := func() float64 { return dot(g.Record(copyOf(params), x, mode).Output(), dy) }

			dx, grads := g.Record(copyOf(params), x, mode).Backward(dy)
			compareGradient(t, "of the input", dx.Data, differences(x.Data, loss))
			for name, got := range grads {
				compareGradient(t, name, got.Data, differences(params[name].Data, loss))
			}
			want := []string{"last.weight", "norm.bias", "norm.weight", "unit.bias", "unit.weight"}
			if !slices.Equal(grads.Names(), want) {
				t.Errorf("gradients of %v, want those of %v", grads.Names(), want)
			}
		})
	}
}

func TestOnlyTrainingMovesStatistics(t *testing.T) {
	g := sharingGraph()
	x := tensor.New(tensor.Shape{N: 2, C: 2, H: 3, W: 4})
	params := graphParams(g, rand.New(rand.NewPCG(5, 6)))
	before := copyOf(params)
	changed := func() []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(params)), func(name string) bool {
			return slices.Equal(params[name].Data, before[name].Data)
		})
	}
	g.Record(params, x, Evaluate).Backward(tensor.New(x.Shape))
	if names := changed(); len(names) > 0 {
		t.Errorf("evaluation changes %v", names)
	}
	g.Record(params, x, Train).Backward(tensor.New(x.Shape))
	if names := changed(); !slices.Equal(names, []string{"norm.running_mean", "norm.running_var"}) {
		t.Errorf("training changes %v", names)
	}
}
