// Package archtest makes small networks of every kind for tests, with random parameters.
package archtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"classsr/arch"
	"classsr/nn"
	"classsr/tensor"
)

// Specs gives a small network of every kind and scale, bicubic interpolation included, by names such as carn-x4: so many channels wide, and a few layers deep.
func Specs(t testing.TB, width int) map[string]arch.Spec {
	t.Helper()
	specs := map[string]arch.Spec{}
	for _, net := range arch.SRNames() {
		a, err := arch.ByName(net)
		if err != nil {
			t.Fatal(err)
		}
		for _, scale := range a.Scales {
			spec, err := arch.Paper(net, scale, width)
			if err != nil {
				t.Fatal(err)
			}
			switch net {
			case "srresnet", "span", "srvggnet":
				spec.Depth = 2
			case "rcan":
				spec.Depth, spec.Blocks = 2, 2
			case "rrdbnet":
				spec.Depth, spec.Growth = 1, 4
			}
			specs[fmt.Sprintf("%s-x%d", net, scale)] = spec
		}
	}
	for _, scale := range []int{2, 3, 4, 8} {
		specs[fmt.Sprint("bicubic-x", scale)] = arch.Spec{Net: "bicubic", Scale: scale, Width: 1, InputRange: 1}
	}
	return specs
}

// RandomParams are parameters of a graph with which values stay of the size of its input, the same for the same seed.
func RandomParams(g *nn.Graph, seed uint64) tensor.Set {
	r := rand.New(rand.NewPCG(seed, 1))
	set := tensor.Set{}
	for _, p := range g.Params() {
		a := tensor.NewArray(p.Dims...)
		spread := 1 / math.Sqrt(float64(len(a.Data)/p.Dims[0]))
		for i := range a.Data {
			a.Data[i] = float32(r.NormFloat64() * spread)
			if p.Suffix == "running_var" {
				a.Data[i] = 0.5 + r.Float32()
			}
		}
		set[p.Name] = a
	}
	return set
}
