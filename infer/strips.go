package infer

import (
	"image"
	"slices"

	"classsr/branch"
	"classsr/engine"
	"classsr/route"
	"classsr/tile"
)

// routedStrips are wider than those of a single network: every span that a cut divides is begun twice, in each layer.
var routedStrips = stripLimits{append([]int{1024, 768, 512, 384}, stripWidths...), 256 << 20}

// fit cuts pictures into upright strips as single.fit does. A lane holds the rows of all branches at a time.
func (r *routed) fit(m room) (sizing, error) {
	all := sum(func(picture, core image.Point) int64 { return r.stripBytes(picture, core, nil) })
	return r.fitBy(m, stripCosts{
		widest: r.widestBytes, context: r.Hardest().Context(), repeated: repeatedRows(r.Hardest()),
		// Strips of the same cost may be a few more.
		all: func(picture, core image.Point) int64 { return all(picture, core) / 10 * 11 },
	})
}

// fitTo does the same when the classes of cores are known, and so which strips have the same cost, which may be narrower than fit must fear.
func (r *routed) fitTo(m room, c *choice) (sizing, error) {
	counts := c.Counts()
	bytes := func(picture, strip image.Point) int64 {
		strip.X = min(parts(strip.X, narrowest)*narrowest, picture.X) // few widths, for the sake of time
		return r.stripBytes(picture, strip, counts)
	}
	over := func(add func(all, strip int64) int64) func(picture, core image.Point) int64 {
		return func(picture, core image.Point) int64 {
			all := int64(0)
			edges := r.stripEdges(picture, core, c)
			for i := range len(edges) - 1 {
				all = add(all, bytes(picture, image.Pt(edges[i+1]-edges[i], core.Y)))
			}
			return all
		}
	}
	return r.fitBy(m, stripCosts{
		widest:  over(func(all, strip int64) int64 { return max(all, strip) }),
		all:     over(func(all, strip int64) int64 { return all + strip }),
		context: r.Hardest().Context(), repeated: repeatedRows(r.Hardest()),
	})
}

func (r *routed) fitBy(m room, costs stripCosts) (sizing, error) {
	switch {
	case r.Hardest().Spec.Pools():
		core := image.Pt(poolingCore, poolingCore)
		return m.pieces(core, r.Largest(func(b *branch.Branch) int64 { return b.Bytes(m.size, core) }), poolingCore)
	case isSmall(m.size):
		return m.pieces(m.size, r.Hardest().Bytes(m.size, m.size), m.size.Y)
	}
	limits := routedStrips
	if slices.ContainsFunc(r.Branches, (*branch.Branch).CutsContext) {
		// The cut shows in the result, and must not depend on threads and memory.
		limits.widths = []int{cutContextWidth}
	}
	return m.strips(limits, costs)
}

// canonical is how a picture is cut for two threads with as much memory as they want, which is what budgets are counted for.
func (r *routed) canonical(picture image.Point) sizing {
	s, err := r.fit(room{size: picture, threads: budgetThreads, bytes: unlimited})
	if err != nil {
		panic("infer: no picture is too large for unlimited memory")
	}
	return s
}

// stripBytes is what a lane takes for a strip of a picture in which so many cores have each class; nil means that any class may be there.
func (r *routed) stripBytes(picture, core image.Point, counts []int) int64 {
	bytes := blendBytes(r.Hardest().Spec.Scale, r.core(), core.X)
	for class, b := range r.Branches {
		if counts == nil || counts[class] > 0 {
			bytes += b.Bytes(picture, core)
		}
	}
	return bytes
}

// widestBytes is what it takes for the widest of strips that have the same cost.
func (r *routed) widestBytes(picture, core image.Point) int64 {
	return r.stripBytes(picture, image.Pt(min(widened(core.X), picture.X), core.Y), nil)
}

// cut makes the pieces of a plan.
func (r *routed) cut(p *plan) {
	last, c := len(r.Branches)-1, p.choice
	switch {
	case r.Hardest().Spec.Pools():
		r.cutSquares(p)
	case c.isAll(last):
		p.cover(last)
	default:
		p.cut(r.stripEdges(p.size, p.core, c), r.pieces(p))
	}
}

// pieces gives what completes pieces of a plan that have their cores.
func (r *routed) pieces(p *plan) func(*piece) {
	if last := len(r.Branches) - 1; p.choice.isAll(last) {
		return p.ofClass(last)
	}
	for class := range r.Branches {
		p.mixed = append(p.mixed, p.choice.blend.Parts(class))
	}
	return func(piece *piece) { piece.Window = piece.Core }
}

// part is what a class's branch computes of a core where classes are mixed, of all that it computes of the picture; nil if there is nothing.
func (p *plan) part(class int, core image.Rectangle) *part {
	b := p.branches[class]
	out := &part{window: b.Window(p.size, core)}
	if !slices.ContainsFunc(p.mixed[class], func(b route.Band) bool { return meets(b, core) }) {
		return nil
	}
	corner := out.window.Min
	// Rows that the core's results do not depend on need not be known.
	known := b.Plan.Reads(out.window.Size(), core.Sub(corner)).Add(corner)
	known.Min.Y, known.Max.Y = known.Min.Y-b.Context(), known.Max.Y+b.Context()
	extent := b.Extent(p.size)
	all := true
	for _, b := range p.mixed[class] {
		if b.Bottom <= known.Min.Y || b.Top >= known.Max.Y {
			continue
		}
		top, bottom := beyond(b.Top, b.Bottom, p.size.Y, extent.Min.Y, extent.Max.Y)
		band := engine.Band{Top: top - corner.Y, Bottom: bottom - corner.Y}
		covers := false
		for _, s := range b.Spans {
			left, right := beyond(s.Left, s.Right, p.size.X, extent.Min.X, extent.Max.X)
			band.Spans = append(band.Spans, engine.Span{Left: left - corner.X, Right: right - corner.X})
			covers = covers || left <= corner.X && right >= out.window.Max.X
		}
		all = all && covers
		out.mask = append(out.mask, band)
	}
	if all {
		out.mask = nil
	}
	return out
}

// beyond widens a part of a side that ends at the picture's borders to what lies around the picture.
func beyond(from, to, side, first, end int) (int, int) {
	if from == 0 {
		from = first
	}
	if to == side {
		to = end
	}
	return from, to
}

// meets tells whether a class has any of a core's pixels in a band.
func meets(b route.Band, core image.Rectangle) bool {
	return slices.ContainsFunc(b.Spans, func(s route.Span) bool { return image.Rect(s.Left, b.Top, s.Right, b.Bottom).Overlaps(core) })
}

// stripEdges cuts the picture into as many strips as it is to have, all of the same cost.
func (r *routed) stripEdges(picture, core image.Point, c *choice) []int {
	strips := parts(picture.X, core.X)
	columns := r.costs.Columns(c.blend.Grid, c.Classes)
	total := 0.0
	for _, cost := range columns {
		total += cost
	}
	edges := []int{0}
	sum := 0.0
	for x, cost := range columns {
		left, right := c.blend.Xs[x], c.blend.Xs[x+1]
		for len(edges) < strips {
			at := left + int(float64(right-left)*(total*float64(len(edges))/float64(strips)-sum)/max(cost, 1e-9))
			at -= at % 2
			if at >= right {
				break
			}
			edges = append(edges, max(at, edges[len(edges)-1]+2))
		}
		sum += cost
	}
	for len(edges) > 1 && edges[len(edges)-1] >= picture.X {
		edges = edges[:len(edges)-1]
	}
	return narrowed(append(edges, picture.X), widened(core.X))
}

// sum is what all strips of one width take.
func sum(bytes func(picture, core image.Point) int64) func(picture, core image.Point) int64 {
	return func(picture, core image.Point) int64 { return int64(parts(picture.X, core.X)) * bytes(picture, core) }
}

// widened is how wide a strip may become so that all strips have the same cost.
func widened(width int) int { return roundUpToEven(width * 3 / 2) }

// narrowed cuts strips that are wider than there is memory for.
func narrowed(edges []int, widest int) []int {
	out := []int{0}
	for i := 1; i < len(edges); i++ {
		left, right := edges[i-1], edges[i]
		for _, x := range tile.Cuts(right-left, widest)[1:] {
			out = append(out, left+x)
		}
	}
	return slices.Compact(out)
}
