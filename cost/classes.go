package cost

import (
	"image"

	"classsr/arch"
	"classsr/branch"
	"classsr/engine"
	"classsr/route"
)

// Classes knows how much work the branch of each class does, and makes costs of it.
type Classes struct{ shapes []shape }

// shape is the work of a branch for a picture, and how much more it is where a part of the picture has another class.
type shape struct {
	spec    arch.Spec
	picture engine.Work // for a picture of probeSide x probeSide
	// beside and below are how many pixels more are computed for each pixel of an upright and of a level border with another class.
	beside, below float64
}

// NewClasses counts the work of branches, the simplest first. blend is how many pixels on either side of a border between classes are
// computed by both.
func NewClasses(branches []*branch.Branch, blend int) *Classes {
	c := &Classes{}
	for _, b := range branches {
		s := shapeOf(b)
		s.beside += float64(blend)
		s.below += float64(blend)
		c.shapes = append(c.shapes, s)
	}
	return c
}

// Canonical gives the nanoseconds of one thread that classes are chosen by, the same on every machine.
func (c *Classes) Canonical() route.Costs { return c.nanoseconds(Canonical) }

// Measured gives the nanoseconds of one thread with the kernels in use, on the machine where they were measured.
func (c *Classes) Measured() route.Costs { return c.nanoseconds(Measured) }

func (c *Classes) nanoseconds(unit func(arch.Spec) Unit) route.Costs {
	return c.of(func(s arch.Spec, w engine.Work) (picture, beside, below float64) {
		u := unit(s)
		return u.Of(w), u.Beside, u.Below
	})
}

// MACs gives multiply-accumulates.
func (c *Classes) MACs() route.Costs {
	return c.of(func(_ arch.Spec, w engine.Work) (picture, beside, below float64) { return float64(w.MACs), 1, 1 })
}

// Borders gives how many pixels more a class computes for each pixel of its upright and of its level borders.
func (c *Classes) Borders(class int) (beside, below float64) {
	return c.shapes[class].beside, c.shapes[class].below
}

// of makes costs of what a picture costs, and of how much dearer than others the pixels are that borders take.
func (c *Classes) of(cost func(arch.Spec, engine.Work) (picture, beside, below float64)) route.Costs {
	var costs route.Costs
	for _, s := range c.shapes {
		picture, beside, below := cost(s.spec, s.picture)
		pixel := picture / (probeSide * probeSide)
		costs.Pixel = append(costs.Pixel, pixel)
		costs.Beside = append(costs.Beside, float64(float64(s.beside*pixel)*beside))
		costs.Below = append(costs.Below, float64(float64(s.below*pixel)*below))
	}
	return costs
}

// probeSide is the side of the picture whose work is counted, and probeField the width of stripes in it.
const probeSide, probeField = 256, 64

// shapeOf counts the work for a whole picture, and for every other stripe of it.
func shapeOf(b *branch.Branch) shape {
	window := image.Pt(probeSide, probeSide)
	core := image.Rectangle{Max: window}
	if b.Spec.Pools() { // all its pieces have the same context
		return shape{spec: b.Spec, picture: engine.Work{MACs: b.Plan.MACs(window, core), Pixels: probeSide * probeSide}}
	}
	s := shape{spec: b.Spec, picture: b.Plan.Work(window, core, nil)}
	if s.picture.MACs == 0 {
		return s
	}
	more := func(mask engine.Mask) float64 {
		const border = probeSide * (probeSide/probeField - 1)
		all := float64(s.picture.MACs)
		pixel := all / (probeSide * probeSide)
		return max(float64(b.Plan.Work(window, core, mask).MACs)-all/2, 0) / pixel / border
	}
	upright := engine.Band{Top: 0, Bottom: probeSide}
	var level engine.Mask
	for at := 0; at < probeSide; at += 2 * probeField {
		upright.Spans = append(upright.Spans, engine.Span{Left: at, Right: at + probeField})
		level = append(level, engine.Band{Top: at, Bottom: at + probeField, Spans: []engine.Span{{Left: 0, Right: probeSide}}})
	}
	s.beside, s.below = more(engine.Mask{upright}), more(level)
	return s
}
