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

// fit cuts pictures into upright strips as single.fit does. A worker holds the rows of all branches at a time.
func (r *routed) fit(picture image.Point, threads int, bytes int64) (sizing, error) {
	switch {
	case r.Hardest().Spec.Pools():
		return r.squareSizing(picture, threads, bytes)
	case max(picture.X, picture.Y) <= branch.SmallPicture:
		return fixedSizing(r.Hardest(), picture, picture, threads, bytes)
	case slices.ContainsFunc(r.Branches, (*branch.Branch).CutsContext):
		// The cut shows in the result, and must not depend on threads and memory.
		s := sizing{core: image.Pt(cutContextWidth, picture.Y)}
		s.bytes = r.stripBytes(picture, s.core)
		return s.limitWorkers(threads, bytes)
	}
	return stripSizing(picture, threads, bytes, routedStrips, r.stripBytes)
}

// stripBytes is what a worker takes for a strip.
func (r *routed) stripBytes(picture, core image.Point) int64 {
	core.X = min(widened(core.X), picture.X)
	bytes := blendBytes(r.Hardest().Spec.Scale, r.core(), core.X)
	for _, b := range r.Branches {
		bytes += b.Bytes(picture, core)
	}
	return bytes
}

// cut gives the pieces that a picture is computed in.
func (r *routed) cut(picture image.Point, s sizing, c *choice) []piece {
	last := len(r.Branches) - 1
	switch {
	case r.Hardest().Spec.Pools():
		return r.cutSquares(picture, c)
	case c.isAll(last):
		pieces := cover(picture, s.core, r.Hardest().Context())
		for i := range pieces {
			pieces[i].class = last
		}
		return pieces
	}
	bands := make([][]route.Band, len(r.Branches))
	for class := range bands {
		bands[class] = c.blend.Parts(class)
	}
	var pieces []piece
	edges := r.stripEdges(picture, s, c)
	for i := range len(edges) - 1 {
		core := image.Rect(edges[i], 0, edges[i+1], picture.Y)
		p := piece{Piece: tile.Piece{Core: core, Window: core}, masks: make([]*part, len(r.Branches))}
		for class, b := range r.Branches {
			p.masks[class] = partOf(b.Window(picture, core), core, bands[class])
		}
		pieces = append(pieces, p)
	}
	return pieces
}

// partOf is what a branch computes of a strip in a window, of all that it computes of the picture; nil if there is nothing.
func partOf(window, core image.Rectangle, bands []route.Band) *part {
	out := &part{window: window}
	all, some := true, false
	for _, b := range bands {
		band := engine.Band{Top: b.Top, Bottom: b.Bottom}
		covers := false
		for _, s := range b.Spans {
			band.Spans = append(band.Spans, engine.Span{Left: s.Left - window.Min.X, Right: s.Right - window.Min.X})
			some = some || s.Left < core.Max.X && s.Right > core.Min.X
			covers = covers || s.Left <= window.Min.X && s.Right >= window.Max.X
		}
		all = all && covers
		out.mask = append(out.mask, band)
	}
	if !some {
		return nil
	}
	if all {
		out.mask = nil
	}
	return out
}

// stripEdges cuts the picture into as many strips as it is to have, all of the same cost.
func (r *routed) stripEdges(picture image.Point, s sizing, c *choice) []int {
	strips := parts(picture.X, s.core.X)
	columns := make([]float64, c.blend.Columns())
	total := 0.0
	for i, class := range c.Classes {
		x := i % c.blend.Columns()
		columns[x] += float64(c.Cores[i].Dx()*c.Cores[i].Dy()) * r.costs.Pixel[class]
	}
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
	return narrowed(append(edges, picture.X), widened(s.core.X))
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
