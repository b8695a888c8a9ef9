// Package cost knows what the branches of a model cost, in multiply-accumulates and in nanoseconds.
//
// There are two kinds of nanoseconds. Canonical ones come from one table, the same on every machine and with every set of kernels: classes
// are chosen by them, so that a picture gets the same classes everywhere. Measured ones are those of the kernels in use; they only serve to
// estimate seconds (for a forecast or a time limit), after Speed has measured how fast this machine is.
//
// All tables are in costs.json. UpdateFile replaces the one of the kernels in use, and never the canonical one.
package cost

import (
	_ "embed" // for costs.json
	"encoding/json"
	"fmt"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/kernel"
)

// Unit is how long a network takes, in nanoseconds of one thread: for each multiply-accumulate and each pixel of the small picture, as
// engine.Work counts them. Beside and Below are how many times as long as others the pixels take that are computed for the sake of an upright
// and of a level border with another class, the mixing of the two included.
type Unit struct {
	MAC    float64 `json:"mac"`
	Pixel  float64 `json:"pixel"`
	Beside float64 `json:"beside"`
	Below  float64 `json:"below"`
}

// Of is how many nanoseconds some work takes. The conversions keep the sum from being fused, which would round otherwise on some machines.
func (u Unit) Of(w engine.Work) float64 {
	return float64(u.MAC*float64(w.MACs)) + float64(u.Pixel*float64(w.Pixels))
}

// canonicalSet is the name of the canonical table among those of kernel sets. It was measured once: networks with AVX-512, borders with AVX2.
const canonicalSet = "canonical"

//go:embed costs.json
var costFile []byte

// units holds the tables, by kernel set and network.
var units = func() map[string]map[string]Unit {
	var tables map[string]map[string]Unit
	if err := json.Unmarshal(costFile, &tables); err != nil {
		panic("cost: costs.json: " + err.Error())
	}
	return tables
}()

// Specs are the networks that are measured: those of built-in models with branches, whose rows slide. Of each, interpolation is measured beside it.
func Specs() ([]arch.Spec, error) {
	var specs []arch.Spec
	for _, name := range []string{"fsrcnn", "fsrcnn2016", "carn", "srresnet", "span"} {
		a, err := arch.ByName(name)
		if err != nil {
			return nil, err
		}
		for _, width := range a.Widths {
			spec, err := arch.Paper(name, 4, width)
			if err != nil {
				return nil, err
			}
			specs = append(specs, spec)
		}
	}
	return specs, nil
}

// NameOf is the name of a network in costs.json.
func NameOf(s arch.Spec) string { return fmt.Sprintf("%s-%d", s.Net, s.Width) }

// Canonical gives the costs that classes are chosen by.
func Canonical(s arch.Spec) Unit { return unitIn(units[canonicalSet], s) }

// Measured gives the costs with the kernels in use; the canonical ones if these kernels were not measured.
func Measured(s arch.Spec) Unit {
	set, err := kernel.Select()
	if table := units[set]; err == nil && len(table) > 0 { // whoever runs the network will tell of an error
		return unitIn(table, s)
	}
	return Canonical(s)
}

// unitIn gives the costs of a network in a table: of one of the same kind and the nearest width if it was not measured itself, and of
// any that was measured if there is none of its kind.
func unitIn(table map[string]Unit, s arch.Spec) Unit {
	if u, ok := table[NameOf(s)]; ok {
		return u
	}
	best, distance := table["carn-64"], 1<<30
	for width := 1; width < 1024; width++ {
		u, ok := table[NameOf(arch.Spec{Net: s.Net, Width: width})]
		if d := max(width-s.Width, s.Width-width); ok && d < distance {
			best, distance = u, d
		}
	}
	return best
}
