package cost

import (
	"image"

	"classsr/arch"
	"classsr/branch"
	"classsr/engine"
	"classsr/route"
)

// Classes knows how much work the branch of each class does, and makes costs of it.
type Classes struct {
	branches []*branch.Branch
	blend    int
	// By class: the work for a whole picture, and for every other field of a chessboard in it.
	whole, fields []engine.Work
}

// NewClasses counts the work of branches, the simplest first. blend is how many pixels on either side of a border between classes are
// computed by both.
func NewClasses(branches []*branch.Branch, blend int) *Classes {
	c := &Classes{branches: branches, blend: blend}
	for _, b := range branches {
		whole, fields := shapeWork(b)
		c.whole, c.fields = append(c.whole, whole), append(c.fields, fields)
	}
	return c
}

// Canonical gives the nanoseconds of one thread that classes are chosen by, the same on every machine.
func (c *Classes) Canonical() route.Costs { return c.nanoseconds(Canonical) }

// Measured gives the nanoseconds of one thread with the kernels in use, on the machine where they were measured.
func (c *Classes) Measured() route.Costs { return c.nanoseconds(Measured) }

// MACs gives multiply-accumulates.
func (c *Classes) MACs() route.Costs {
	return c.of(func(int) func(engine.Work) float64 { return func(w engine.Work) float64 { return float64(w.MACs) } })
}

func (c *Classes) nanoseconds(unit func(arch.Spec) Unit) route.Costs {
	return c.of(func(class int) func(engine.Work) float64 { return unit(c.branches[class].Spec).Of })
}

// of finds what a pixel of a large region costs, and what a border adds, from what the two shapes cost.
func (c *Classes) of(cost func(class int) func(engine.Work) float64) route.Costs {
	var costs route.Costs
	for class := range c.branches {
		of := cost(class)
		pixel := of(c.whole[class]) / (probeSide * probeSide)
		border := max(of(c.fields[class])-of(c.whole[class])/2, 0)/borderProbe + float64(float64(c.blend)*pixel)
		costs.Pixel, costs.Border = append(costs.Pixel, pixel), append(costs.Border, border)
	}
	return costs
}

const (
	// probeSide is the side of the picture whose work is counted, and probeField that of the fields of a chessboard in it.
	probeSide  = 256
	probeField = 64
	// borderProbe is how long the borders between the fields are together.
	borderProbe = 2 * probeSide * (probeSide/probeField - 1)
)

// shapeWork is the work for a whole picture, and for every other field of a chessboard.
func shapeWork(b *branch.Branch) (whole, fields engine.Work) {
	window := image.Pt(probeSide, probeSide)
	core := image.Rectangle{Max: window}
	if b.Spec.Pools() {
		whole = engine.Work{MACs: b.Plan.MACs(window, core), Pixels: probeSide * probeSide}
		return whole, engine.Work{MACs: whole.MACs / 2, Pixels: whole.Pixels / 2}
	}
	return b.Plan.Work(window, core, nil), b.Plan.Work(window, core, chessboard(probeField))
}

// chessboard has every other field, of so many pixels a side.
func chessboard(field int) engine.Mask {
	var mask engine.Mask
	for y := 0; y < probeSide; y += field {
		band := engine.Band{Top: y, Bottom: y + field}
		for x := y % (2 * field); x < probeSide; x += 2 * field {
			band.Spans = append(band.Spans, engine.Span{Left: x, Right: x + field})
		}
		mask = append(mask, band)
	}
	return mask
}
