package cost

import (
	"encoding/binary"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"testing"

	"classsr/arch"
	"classsr/branch"
	"classsr/internal/kernel"
	"classsr/weights"
)

func paper(t *testing.T, net string, width int) arch.Spec {
	t.Helper()
	spec, err := arch.Paper(net, 4, width)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestEveryTableHasTheSameNetworks(t *testing.T) {
	specs, err := Specs()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{NameOf(arch.PaperClassModule(3)), NameOf(arch.Interpolation(arch.Spec{Scale: 4}))}
	for _, s := range specs {
		want = append(want, NameOf(s))
	}
	slices.Sort(want)
	if len(units[canonicalSet]) == 0 {
		t.Fatal("costs.json has no canonical table")
	}
	for set, table := range units {
		if len(table) == 0 {
			continue // not measured
		}
		if got := slices.Sorted(maps.Keys(table)); !slices.Equal(got, want) {
			t.Errorf("%s has costs of %v, want %v", set, got, want)
		}
		for name, u := range table {
			for _, v := range []float64{u.MAC, u.Pixel, u.Beside, u.Below} {
				if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Errorf("%s: %s costs %+v", set, name, u)
				}
			}
			if u == (Unit{}) {
				t.Errorf("%s: %s costs nothing", set, name)
			}
		}
	}
}

// Canonical costs are the same whatever kernels are asked for; measured ones are those of the kernels, or canonical where nobody measured.
func TestCostsByKernelSet(t *testing.T) {
	spec := paper(t, "carn", 52)
	for _, set := range []string{"avx512", "avx2", "generic", "no such set"} {
		t.Setenv(kernel.Environment, set)
		if got, want := Canonical(spec), units[canonicalSet]["carn-52"]; got != want {
			t.Errorf("%s: the canonical costs are %+v, want %+v", set, got, want)
		}
		want := units[set]["carn-52"]
		if _, err := kernel.Select(); err != nil || len(units[set]) == 0 {
			want = units[canonicalSet]["carn-52"]
		}
		if got := Measured(spec); got != want {
			t.Errorf("%s: the measured costs are %+v, want %+v", set, got, want)
		}
	}
}

func TestCostsOfNetworksThatWereNotMeasured(t *testing.T) {
	table := map[string]Unit{"carn-36": {MAC: 1}, "carn-64": {MAC: 2}, "fsrcnn-16": {MAC: 3}}
	for _, c := range []struct {
		net   string
		width int
		want  float64
	}{{"carn", 36, 1}, {"carn", 40, 1}, {"carn", 60, 2}, {"carn", 900, 2}, {"fsrcnn", 1, 3}, {"rcan", 64, 2}} {
		if got := unitIn(table, arch.Spec{Net: c.net, Width: c.width}); got.MAC != c.want {
			t.Errorf("%s-%d costs %g, want %g", c.net, c.width, got.MAC, c.want)
		}
	}
}

// The costs that classes are chosen by have the same bits with every kernel set and on every machine: run it with CLASSSR_KERNEL=avx2 and
// generic, and with GOARCH=arm64, too (make avx2 generic arm64).
func TestCanonicalCostsAreTheSameOnEveryMachine(t *testing.T) {
	model, err := weights.Open("../models/fsrcnn-x4.safetensors", 0)
	if err != nil {
		t.Fatal(err)
	}
	var branches []*branch.Branch
	for _, network := range model.Branches {
		b, err := branch.New(network, 4)
		if err != nil {
			t.Fatal(err)
		}
		branches = append(branches, b)
	}
	classes, sum := NewClasses(branches, 2), fnv.New64a()
	canonical, macs := classes.Canonical(), classes.MACs()
	for i, costs := range [][]float64{canonical.Pixel, canonical.Beside, canonical.Below, macs.Pixel, macs.Beside, macs.Below} {
		if len(costs) != len(branches) {
			t.Fatalf("%d costs for %d classes", len(costs), len(branches))
		}
		for k, v := range costs {
			if upright := i == 1; !(v >= 0) || !upright && k > 0 && v <= costs[k-1] { // what these take is measured, and nearly the same for all widths
				t.Errorf("costs %v do not rise", costs)
			}
			sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
		}
	}
	if got, want := sum.Sum64(), uint64(0xceedd76b8255cb0d); got != want {
		t.Errorf("the costs %v and %v have the sum %#x, want %#x", canonical, macs, got, want)
	}
}
