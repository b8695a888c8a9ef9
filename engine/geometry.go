package engine

import (
	"image"
	"math"
	"slices"

	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// geometry says, for one shape of pieces, which region of every value is computed, how many rows of it are in memory at a time,
// and where it lies in the arena. Regions are in the value's own pixels, counted from the window's corner.
type geometry struct {
	size  []image.Point     // by value: its size for the whole window
	need  []image.Rectangle // by value: what is read of it, zeros beyond its borders included; empty if it is never made
	valid []image.Rectangle // by value: the part of need inside its borders, which is computed
	ring  []int             // by value: rows in memory at a time
	start []int             // by value: where its buffer begins in the arena
	chans []int             // by value: its channels
	// length is the number of float32 in the arena; zeros is where a row of zeros begins.
	length, zeros int
	macs          int64
	// The result is made up to row first, and then increment rows at a time.
	first, increment int
	// tail tells that only the steps before the plan's tail make all their rows at once.
	tail bool
}

const (
	// rowsAtATime is how many rows of the input go through the network at a time: few, so that what a layer leaves is still in
	// cache when the next one reads it.
	rowsAtATime = 2
	// tailRows is how many go through the layers of the tail, in large windows: enough for several threads.
	tailRows = 2 * kernel.WinogradRows
	// largeWindow is the number of pixels from which on these layers do not make all their rows at once.
	largeWindow = 64 * 64
)

func newGeometry(p *Plan, window image.Point, core image.Rectangle) *geometry {
	geo := newRegions(p, window, core)
	geo.increment = rowsAtATime * p.program.Scale
	switch {
	case p.byLayer && p.lastPool >= 0 && p.program.Scale > 0 && window.X*window.Y >= largeWindow:
		geo.increment, geo.tail = tailRows*p.program.Scale, true
	case p.byLayer:
		geo.increment = max(geo.valid[p.program.Output].Dy(), 1)
	}
	geo.first = geo.firstEnd(p)
	geo.sizeRings(p)
	geo.placeBuffers(p)
	return geo
}

// newRegions is a geometry with the regions only.
func newRegions(p *Plan, window image.Point, core image.Rectangle) *geometry {
	shapes := p.program.Shapes(tensor.Shape{N: 1, C: p.program.Channels, H: window.Y, W: window.X})
	n := len(shapes)
	geo := &geometry{
		size: make([]image.Point, n), need: make([]image.Rectangle, n), valid: make([]image.Rectangle, n),
		ring: make([]int, n), start: make([]int, n), chans: make([]int, n),
	}
	for v, s := range shapes {
		geo.size[v], geo.chans[v] = image.Pt(s.W, s.H), s.C
	}
	geo.findRegions(p, core)
	return geo
}

// findRegions works back from the result to the input.
func (geo *geometry) findRegions(p *Plan, core image.Rectangle) {
	out := p.program.Output
	if p.program.Scale == 0 {
		geo.need[out] = image.Rectangle{Max: geo.size[out]}
	} else {
		geo.need[out] = image.Rectangle{Min: core.Min.Mul(p.program.Scale), Max: core.Max.Mul(p.program.Scale)}
		if !geo.need[out].In(image.Rectangle{Max: geo.size[out]}) || core.Empty() {
			panic("engine: the core does not lie inside the window")
		}
	}
	for _, s := range slices.Backward(p.steps) {
		r := geo.clip(s.out)
		if r.Empty() {
			continue // nobody reads it
		}
		for i, values := range s.Inputs {
			need := s.need(i, r, geo.size[values[0]])
			for _, v := range values {
				geo.need[v] = geo.need[v].Union(need)
			}
		}
		geo.macs += s.Op.MACs(r)
	}
	geo.clip(program.Input)
}

// clip finds the part of what is needed of a value, by now completely known, inside its borders.
func (geo *geometry) clip(v program.Value) image.Rectangle {
	geo.valid[v] = geo.need[v].Intersect(image.Rectangle{Max: geo.size[v]})
	return geo.valid[v]
}

// rows is how far a piece has come: by value, the first row that is not made yet.
type rows []int

// begin is the state before anything is made.
func (geo *geometry) begin(done rows) {
	for v := range done {
		done[v] = geo.valid[v].Min.Y
	}
}

// plan finds how far every value has to be made for the result's rows before end, given how far they are. An end before the first
// row of the result means work ahead: how far the layers before it have to be when the result comes as far.
func (geo *geometry) plan(p *Plan, done, want rows, end int) {
	for v := range want {
		want[v] = math.MinInt
	}
	want[p.program.Output] = end
	for i, s := range slices.Backward(p.steps) {
		r := geo.valid[s.out]
		if r.Empty() {
			continue // nobody reads it
		}
		y := want[s.out]
		if geo.tail && i < p.tail {
			y = r.Max.Y
		}
		r.Max.Y = min(s.run.tiles(s.grid, image.Rect(0, y, 0, y)).Max.Y, r.Max.Y) // whole tiles, since a part would take as long
		r.Min.Y = r.Max.Y - 1
		want[s.out] = r.Max.Y
		for i, values := range s.Inputs {
			need := s.need(i, r, geo.size[values[0]])
			for _, v := range values {
				want[v] = max(want[v], need.Max.Y)
			}
		}
	}
	for v := range want {
		want[v] = max(min(want[v], geo.valid[v].Max.Y), done[v])
	}
}

// firstEnd is where a piece begins: the layers take up their work one after the other, as the rows reach them, so that none has
// to keep more rows at the beginning than later.
func (geo *geometry) firstEnd(p *Plan) int {
	first := geo.valid[p.program.Output].Min.Y + geo.increment
	if p.byLayer {
		return first
	}
	done, want := make(rows, len(geo.size)), make(rows, len(geo.size))
	geo.begin(done)
	geo.plan(p, done, want, first)
	return first - (want[program.Input]-done[program.Input])*p.program.Scale
}

// sizeRings goes through the rows as Run will, to see how many rows of each value are in use at a time: from the first one that
// somebody still has to read to the last one made.
func (geo *geometry) sizeRings(p *Plan) {
	n := len(geo.size)
	done, want, low := make(rows, n), make(rows, n), make(rows, n)
	out, made := p.program.Output, 0
	geo.begin(done)
	for end := geo.first; ; end += geo.increment {
		geo.plan(p, done, want, end)
		copy(low, want)
		for _, s := range p.steps {
			r := geo.valid[s.out]
			if r.Empty() || done[s.out] >= r.Max.Y {
				continue // it reads no more
			}
			r.Min.Y, r.Max.Y = done[s.out], max(want[s.out], done[s.out]+1)
			for i, values := range s.Inputs {
				first := s.need(i, r, geo.size[values[0]]).Min.Y
				for _, v := range values {
					low[v] = min(low[v], max(first, geo.valid[v].Min.Y))
				}
			}
		}
		for v := range geo.ring {
			geo.ring[v] = max(geo.ring[v], want[v]-min(low[v], done[v]))
		}
		made = max(made, want[out]-done[out])
		done, want = want, done
		if end >= geo.valid[out].Max.Y {
			break
		}
	}
	geo.ring[out] = max(geo.ring[out], 2*made) // what was not taken yet, and what comes next
	for v := range geo.ring {
		geo.ring[v] = min(max(geo.ring[v], 1), max(geo.valid[v].Dy(), 1))
	}
}

// layout gives where column need.Min.X lies in a value's rows, and how long these are: the first column that is computed lies at
// the beginning of a cache line.
func (geo *geometry) layout(v program.Value) (lead, stride int) {
	left := geo.valid[v].Min.X - geo.need[v].Min.X
	lead = kernel.RoundUpToLine(left) - left
	return lead, kernel.RoundUpToLine(lead + geo.need[v].Dx())
}

// placeBuffers gives every value a place in the arena that is its own while it is in use.
func (geo *geometry) placeBuffers(p *Plan) {
	lives, lies := geo.lifetimes(p)
	// The largest first, each at the lowest place that is free for the whole of its life.
	slices.SortStableFunc(lives, func(a, b life) int { return b.length - a.length })
	var placed []life
	widest, floor := 0, 0
	for _, l := range lives {
		// Small ones (averages and what is made of them) lie behind the others: among them, they would leave the zeros around the next
		// large one to be laid again.
		if floor == 0 && l.length*muchSmaller < lives[0].length {
			floor = geo.length
		}
		l.start = lowestPlace(l, placed, floor)
		geo.start[l.value] = l.start
		geo.length = max(geo.length, l.start+l.length)
		i, _ := slices.BinarySearchFunc(placed, l, func(a, b life) int { return a.start - b.start })
		placed = slices.Insert(placed, i, l)
		widest = max(widest, geo.need[l.value].Dx())
	}
	for v, on := range lies {
		geo.start[v] = geo.start[on]
	}
	geo.zeros = geo.length
	geo.length += widest
}

// life is when a buffer is in use (steps, both ends included) and where it lies.
type life struct {
	value         program.Value
	from, to      int
	start, length int
}

const muchSmaller = 64

// lowestPlace finds room from floor on among the buffers already placed, which are sorted by their start.
func lowestPlace(l life, placed []life, floor int) int {
	start := floor
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

// lifetimes lists the buffers. If all rows are made at once, a buffer is in use from the step that makes it to the last one
// that reads it; otherwise all of them are in use all the time, or from the beginning of the tail on.
//
// A result may lie on an input that nobody reads later, if the two are of one shape. lies gives, by value, the one whose buffer it has.
func (geo *geometry) lifetimes(p *Plan) (lives []life, lies []program.Value) {
	lives, lies = make([]life, len(geo.size)), make([]program.Value, len(geo.size))
	for v := range lives {
		lives[v], lies[v] = life{value: program.Value(v), to: -1, from: -1}, program.Value(v)
		if geo.need[v].Empty() {
			continue
		}
		_, stride := geo.layout(program.Value(v))
		lives[v].length = geo.chans[v] * stride * geo.ring[v]
	}
	for i, s := range p.steps {
		lives[s.out].from, lives[s.out].to = i, i
		for _, values := range s.Inputs {
			for _, v := range values {
				lives[v].to = i
			}
		}
	}
	for i, s := range p.steps {
		input := s.run.overwrites()
		if input < 0 || !p.byLayer || geo.tail && i >= p.tail || lives[s.out].to < 0 || lives[s.out].length == 0 {
			continue
		}
		on := s.Inputs[input][0]
		if on == program.Input || lives[on].to != i || !geo.alike(s.out, on) || slices.Contains(s.Inputs[0], on) {
			continue
		}
		lies[s.out] = lies[on]
		lives[lies[on]].to = max(lives[lies[on]].to, lives[s.out].to)
		lives[s.out].length = 0
	}
	for v := range lives {
		l := &lives[v]
		switch {
		case l.to < 0: // nobody reads it
		case !p.byLayer:
			l.from, l.to = -1, len(p.steps)
		case geo.tail && l.to >= p.tail:
			l.from, l.to = min(l.from, p.tail), len(p.steps)
		}
	}
	return slices.DeleteFunc(lives, func(l life) bool { return l.length == 0 || l.to < 0 }), lies
}

// alike tells whether two values lie in memory in the same way, all of their rows.
func (geo *geometry) alike(a, b program.Value) bool {
	return geo.need[a] == geo.need[b] && geo.valid[a] == geo.valid[b] && geo.chans[a] == geo.chans[b] && geo.size[a] == geo.size[b] &&
		geo.ring[a] == geo.valid[a].Dy() && geo.ring[b] == geo.valid[b].Dy()
}
