package engine

import (
	"image"
	"slices"

	"classsr/nn"
	"classsr/tensor"
)

// geometry says, for one shape of pieces, which region of every value is computed and where it lies in the arena. Regions are
// in the value's own pixels, counted from the window's corner.
type geometry struct {
	size  []image.Point     // by value: its size for the whole window
	need  []image.Rectangle // by value: what is read of it, zeros beyond its borders included; empty if it is never made
	valid []image.Rectangle // by value: the part of need inside its borders, which is computed
	start []int             // by value: where its buffer begins in the arena
	chans []int             // by value: its channels
	// length is the number of float32 in the arena.
	length int
	macs   int64
}

func newGeometry(p *Plan, window image.Point, core image.Rectangle) *geometry {
	shapes := p.graph.Shapes(tensor.Shape{N: 1, C: p.graph.Channels, H: window.Y, W: window.X})
	geo := &geometry{
		size: make([]image.Point, len(shapes)), need: make([]image.Rectangle, len(shapes)),
		valid: make([]image.Rectangle, len(shapes)), start: make([]int, len(shapes)), chans: make([]int, len(shapes)),
	}
	for v, s := range shapes {
		geo.size[v], geo.chans[v] = image.Pt(s.W, s.H), s.C
	}
	geo.findRegions(p, core)
	geo.placeBuffers(p)
	return geo
}

// findRegions works back from the result to the input.
func (geo *geometry) findRegions(p *Plan, core image.Rectangle) {
	out := p.graph.Output()
	if p.scale == 0 {
		geo.need[out] = image.Rectangle{Max: geo.size[out]}
	} else {
		geo.need[out] = image.Rectangle{Min: core.Min.Mul(p.scale), Max: core.Max.Mul(p.scale)}
		if !geo.need[out].In(image.Rectangle{Max: geo.size[out]}) || core.Empty() {
			panic("engine: the core does not lie inside the window")
		}
	}
	for _, s := range slices.Backward(p.steps) {
		r := geo.clip(s.out)
		for i, v := range s.in {
			geo.require(p, v, s.run.need(i, r, geo.size[v]))
		}
		if counted, ok := s.run.(interface{ macs(image.Rectangle) int64 }); ok {
			geo.macs += counted.macs(r)
		}
	}
	geo.clip(nn.Input)
}

// clip clips what is needed of a value, by now completely known, to its borders.
func (geo *geometry) clip(v nn.Value) image.Rectangle {
	geo.valid[v] = geo.need[v].Intersect(image.Rectangle{Max: geo.size[v]})
	return geo.valid[v]
}

func (geo *geometry) require(p *Plan, v nn.Value, r image.Rectangle) {
	if parts, ok := p.sources[v]; ok {
		for _, part := range parts {
			geo.require(p, part, r)
		}
		return
	}
	geo.need[v] = geo.need[v].Union(r)
}

// alignment of buffers, in float32: a cache line.
const alignment = 16

// placeBuffers gives every value a place in the arena that is its own from the step that makes it to the last one that reads
// it. The result lies in the caller's memory.
func (geo *geometry) placeBuffers(p *Plan) {
	lives := geo.lifetimes(p)
	// The largest first, each at the lowest place that is free for the whole of its life.
	slices.SortStableFunc(lives, func(a, b life) int { return b.length - a.length })
	var placed []life
	for _, l := range lives {
		l.start = lowestPlace(l, placed)
		geo.start[l.value] = l.start
		geo.length = max(geo.length, l.start+l.length)
		i, _ := slices.BinarySearchFunc(placed, l, func(a, b life) int { return a.start - b.start })
		placed = slices.Insert(placed, i, l)
	}
}

// life is when a buffer is in use (steps, both ends included) and where it lies.
type life struct {
	value         nn.Value
	from, to      int
	start, length int
}

// lowestPlace finds room among the buffers already placed, which are sorted by their start.
func lowestPlace(l life, placed []life) int {
	start := 0
	for _, other := range placed {
		if other.to < l.from || l.to < other.from {
			continue
		}
		if start+l.length <= other.start {
			break
		}
		start = max(start, other.start+other.length)
	}
	return start
}

func (geo *geometry) lifetimes(p *Plan) []life {
	lives := make([]life, len(geo.size))
	for v := range lives {
		lives[v] = life{value: nn.Value(v), to: -1, from: -1}
		length := geo.chans[v] * geo.need[v].Dx() * geo.need[v].Dy()
		lives[v].length = (length + alignment - 1) / alignment * alignment
	}
	var extend func(v nn.Value, step int)
	extend = func(v nn.Value, step int) {
		if parts, ok := p.sources[v]; ok {
			for _, part := range parts {
				extend(part, step)
			}
			return
		}
		lives[v].to = step
	}
	for i, s := range p.steps {
		lives[s.out].from = i
		extend(s.out, i)
		for _, v := range s.in {
			extend(v, i)
		}
	}
	return slices.DeleteFunc(lives, func(l life) bool {
		return l.length == 0 || l.to < 0 || l.value == p.graph.Output()
	})
}
