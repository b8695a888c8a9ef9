package classsr

import (
	"embed"
	"encoding/json"
	"fmt"
	"image"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/route"
)

// unitCost is how long a network takes, in nanoseconds of one thread: for each multiply-accumulate, each operation begun and each pixel
// of the small picture, as engine.Work counts them.
type unitCost struct {
	MAC   float64 `json:"mac"`
	Call  float64 `json:"call"`
	Pixel float64 `json:"pixel"`
}

func (c unitCost) of(w engine.Work) float64 {
	return c.MAC*float64(w.MACs) + c.Call*float64(w.Calls) + c.Pixel*float64(w.Pixels)
}

//go:embed costs.json
var costFile embed.FS

// unitCosts holds what was measured on one machine, by kernel set and network. Which machine matters little: only the ratios decide what is
// computed how, so that a picture has the same bits everywhere; seconds are told after a look at how fast the machine in use is.
var unitCosts = func() map[string]map[string]unitCost {
	data, err := costFile.ReadFile("costs.json")
	if err != nil {
		panic(err)
	}
	var costs map[string]map[string]unitCost
	if err := json.Unmarshal(data, &costs); err != nil {
		panic("costs.json: " + err.Error())
	}
	return costs
}()

// costName is the name of a network in costs.json.
func costName(s arch.Spec) string { return fmt.Sprintf("%s-%d", s.Net, s.Width) }

// unitCostOf gives the costs of a network: of one of the same kind and the nearest width if it was not measured itself, and of any that
// was measured if there is none of its kind.
func unitCostOf(s arch.Spec) unitCost {
	name, err := kernel.Select()
	if err != nil {
		name = "generic" // whoever runs the network will tell
	}
	measured := unitCosts[name]
	if len(measured) == 0 {
		measured = unitCosts["avx512"] // the ratios are what matters
	}
	if c, ok := measured[costName(s)]; ok {
		return c
	}
	best, distance := measured["carn-64"], 1<<30
	for width := 1; width < 1024; width++ {
		c, ok := measured[costName(arch.Spec{Net: s.Net, Width: width})]
		if d := max(width-s.Width, s.Width-width); ok && d < distance {
			best, distance = c, d
		}
	}
	return best
}

// moduleCost is how many nanoseconds the Class-Module takes for the cores of a picture.
func (r *router) moduleCost(picture image.Point, cores int) float64 {
	return unitCostOf(r.moduleSpec).of(engine.Work{MACs: r.routeMACs(picture, cores)})
}

// classCosts are the costs of a model's branches for route.Problem: nanoseconds, and MACs.
type classCosts struct {
	nanoseconds, macs route.Costs
}

// newClassCosts finds what a pixel of a large region costs, and what a border adds, from how much work two shapes are. Regions are
// blended over blend pixels on either side of a border.
func newClassCosts(branches []*network, blend int) classCosts {
	var c classCosts
	for _, n := range branches {
		unit := unitCostOf(n.spec)
		whole, border := n.shapeWork()
		pixel := func(of func(engine.Work) float64) float64 { return of(whole) / (costProbe * costProbe) }
		edge := func(of func(engine.Work) float64) float64 {
			return max(of(border)-of(whole)/2, 0)/borderProbe + float64(blend)*pixel(of)
		}
		macs := func(w engine.Work) float64 { return float64(w.MACs) }
		c.nanoseconds.Pixel = append(c.nanoseconds.Pixel, pixel(unit.of))
		c.nanoseconds.Border = append(c.nanoseconds.Border, edge(unit.of))
		c.macs.Pixel = append(c.macs.Pixel, pixel(macs))
		c.macs.Border = append(c.macs.Border, edge(macs))
	}
	return c
}

const (
	// costProbe is the side of the picture whose work is counted, and costCell that of the fields of a chessboard in it.
	costProbe = 256
	costCell  = 64
	// borderProbe is how long the borders between the fields are together.
	borderProbe = 2 * costProbe * (costProbe/costCell - 1)
)

// shapeWork is the work for a whole picture, and for every other field of a chessboard.
func (n *network) shapeWork() (whole, fields engine.Work) {
	window := image.Pt(costProbe, costProbe)
	core := image.Rectangle{Max: window}
	if n.spec.Pools() {
		whole = engine.Work{MACs: n.plan.MACs(window, core), Pixels: costProbe * costProbe}
		return whole, engine.Work{MACs: whole.MACs / 2, Pixels: whole.Pixels / 2}
	}
	return n.plan.Work(window, core, nil), n.plan.Work(window, core, chessboard(costCell))
}

// chessboard has every other field, of so many pixels a side.
func chessboard(cell int) engine.Mask {
	var mask engine.Mask
	for y := 0; y < costProbe; y += cell {
		band := engine.Band{Top: y, Bottom: y + cell}
		for x := y % (2 * cell); x < costProbe; x += 2 * cell {
			band.Spans = append(band.Spans, engine.Span{Left: x, Right: x + cell})
		}
		mask = append(mask, band)
	}
	return mask
}
