package device

import (
	"image"
	"slices"

	"classsr/program"
	"classsr/tensor"
)

// layout says, for one shape of pieces, which region of every value is computed and where it lies in memory. Regions are in the value's own
// pixels, counted from the window's corner.
type layout struct {
	size  []image.Point     // by value: its size for the whole window
	valid []image.Rectangle // by value: what is computed, and nothing more; empty if it is never made
	at    []int             // by value: its first quad
	// length is the quads that all values take, and sums the quads of float32 that taking means takes besides.
	length, sums int
}

// newLayout works back from the core's result to the input. Beyond the window there are zeros to the network, so that nothing lies there. It
// panics if the core does not lie in the window.
func newLayout(n *network, window image.Point, core image.Rectangle) *layout {
	p := n.program
	shapes := p.Shapes(tensor.Shape{N: 1, C: p.Channels, H: window.Y, W: window.X})
	l := &layout{size: make([]image.Point, len(shapes)), valid: make([]image.Rectangle, len(shapes)), at: make([]int, len(shapes))}
	for v, s := range shapes {
		l.size[v] = image.Pt(s.W, s.H)
	}
	l.valid[p.Output] = image.Rectangle{Max: l.size[p.Output]}
	if p.Scale > 0 {
		if core.Empty() || !core.In(image.Rectangle{Max: window}) {
			panic("device: the core does not lie inside the window")
		}
		l.valid[p.Output] = zoomed(core, p.Scale)
	}
	for i, s := range slices.Backward(p.Steps) {
		r := l.valid[i+1]
		if r.Empty() {
			continue // nobody reads it
		}
		for k, values := range s.Inputs {
			size := l.size[values[0]]
			need := s.Op.Reach(k, r, size).Intersect(image.Rectangle{Max: size})
			for _, v := range values {
				l.valid[v] = l.valid[v].Union(need)
			}
		}
		if n.steps[i] != nil {
			l.sums = max(l.sums, n.steps[i].sums(l, s))
		}
	}
	l.place(n)
	return l
}

// zoomed is a rectangle of a picture in one that is enlarged.
func zoomed(r image.Rectangle, factor int) image.Rectangle {
	return image.Rectangle{Min: r.Min.Mul(factor), Max: r.Max.Mul(factor)}
}

// shrunk is the pixels of a picture that have a part in a rectangle of it enlarged, whose pixels are not negative.
func shrunk(r image.Rectangle, factor int) image.Rectangle {
	up := func(i int) int { return (i + factor - 1) / factor }
	return image.Rect(r.Min.X/factor, r.Min.Y/factor, up(r.Max.X), up(r.Max.Y))
}

// life is when a value's memory is in use (steps, both ends included), and where it lies.
type life struct {
	value         program.Value
	from, to      int
	start, length int
}

// place gives every value memory that is its own while it is in use: the largest first, each at the lowest place that is free for the whole of
// its life.
func (l *layout) place(n *network) {
	p := n.program
	lives := make([]life, len(l.valid))
	for v, r := range l.valid {
		lives[v] = life{value: program.Value(v), from: v - 1, to: v - 1, length: r.Dx() * r.Dy() * n.slots[v].quads()}
	}
	for i, s := range p.Steps {
		for _, values := range s.Inputs {
			for _, v := range values {
				lives[v].to = i
			}
		}
	}
	lives[p.Output].to = len(p.Steps)
	slices.SortStableFunc(lives, func(a, b life) int { return b.length - a.length })
	var placed []life
	for _, one := range lives {
		if one.length == 0 {
			break
		}
		one.start = lowestPlace(one, placed)
		l.at[one.value] = one.start
		l.length = max(l.length, one.start+one.length)
		i, _ := slices.BinarySearchFunc(placed, one, func(a, b life) int { return a.start - b.start })
		placed = slices.Insert(placed, i, one)
	}
}

// lowestPlace finds room among those already placed, which are sorted by their start.
func lowestPlace(one life, placed []life) int {
	start := 0
	for _, other := range placed {
		if other.to < one.from || one.to < other.from {
			continue
		}
		if start+one.length <= other.start {
			break
		}
		start = max(start, other.start+other.length)
	}
	return start
}
