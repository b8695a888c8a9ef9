package classsr

import (
	"context"
	"image"
	"slices"

	"classsr/engine"
	"classsr/route"
	"classsr/tensor"
	"classsr/tile"
)

// sizing cuts pictures into upright strips as network.sizing does. A worker holds the rows of all branches at a time.
func (r *routed) sizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	switch {
	case r.full().spec.Pools():
		return r.squareSizing(picture, threads, bytes)
	case max(picture.X, picture.Y) <= smallPicture:
		return r.full().sizing(picture, threads, bytes)
	}
	for _, n := range r.branches {
		if n.plan.Context() > maxContext { // the cut shows in the result, and must not depend on threads and memory
			s := sizing{core: image.Pt(cutContextWidth, picture.Y)}
			s.bytes = r.stripBytes(picture, s.core)
			return s.within(threads, bytes)
		}
	}
	return stripSizing(picture, threads, bytes, routedStrips, r.stripBytes)
}

// routedStrips are wider than those of a single network: every span that a cut divides is begun twice, in each layer.
var routedStrips = stripLimits{append([]int{1024, 768, 512, 384}, stripWidths...), 256 << 20}

// stripBytes is what a worker takes for a strip.
func (r *routed) stripBytes(picture, core image.Point) int64 {
	core.X = min(widened(core.X), picture.X)
	bytes := blendBytes(r.full().spec.Scale, r.core(), core.X)
	for _, n := range r.branches {
		bytes += n.bytes(picture, core)
	}
	return bytes
}

// part is what a branch computes of a strip.
type part struct {
	window image.Rectangle
	mask   engine.Mask // nil: all of it
}

func (r *routed) cut(picture image.Point, s sizing, c *choice) []piece {
	last := len(r.branches) - 1
	switch {
	case r.full().spec.Pools():
		return r.cutSquares(picture, c)
	case c.isAll(last):
		pieces := cover(picture, s.core, r.full().context())
		for i := range pieces {
			pieces[i].class = last
		}
		return pieces
	}
	bands := make([][]route.Band, len(r.branches))
	for class := range bands {
		bands[class] = c.blend.Parts(class)
	}
	var pieces []piece
	edges := r.stripEdges(picture, s, c)
	for i := range len(edges) - 1 {
		core := image.Rect(edges[i], 0, edges[i+1], picture.Y)
		p := piece{Piece: tile.Piece{Core: core, Window: core}, masks: make([]*part, len(r.branches))}
		for class, n := range r.branches {
			p.masks[class] = n.part(picture, core, bands[class])
		}
		pieces = append(pieces, p)
	}
	return pieces
}

// part is what the network computes of a strip, of all that it computes of the picture; nil if there is nothing.
func (n *network) part(picture image.Point, core image.Rectangle, bands []route.Band) *part {
	window := n.windowOf(picture, core)
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
		columns[x] += float64(c.Cores[i].Dx()*c.Cores[i].Dy()) * r.costs.nanoseconds.Pixel[class]
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

// stripWorker is a worker's memory for pieces of all branches.
type stripWorker struct {
	networkWorker
	arenas   []engine.Arena // by class
	rows     *blendRows
	segments []route.Segment
	segment  route.Segment // that comes next
	spans    []route.Span
	part     [3][]float32
}

func (r *routed) worker() enlarger {
	return &stripWorker{networkWorker: networkWorker{branches: r.branches}, arenas: make([]engine.Arena, len(r.branches))}
}

// enlarge computes a strip: row of cores by row of cores, each branch after the other.
func (w *stripWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	if p.masks == nil {
		return w.networkWorker.enlarge(ctx, j, p, write)
	}
	b := j.choice.blend
	w.rows = w.rows.forStrip(b.Scale, largestCore(b.Ys), p.Core)
	running := make([]engine.Progress, len(w.branches))
	for class, part := range p.masks {
		if part != nil {
			running[class] = w.begin(j, p, class, part, write)
		}
	}
	for y := range b.Rows() {
		until := b.Ys[y+1] * b.Scale
		if y < b.Rows()-1 {
			until -= b.Width * b.Scale
		}
		for class := range running {
			if p.masks[class] == nil {
				continue
			}
			if err := running[class].To(ctx, until); err != nil {
				w.rows = nil // what was added to them must not show in the next picture
				return err
			}
		}
		w.flush(b, until, write)
	}
	for class, part := range p.masks {
		if part != nil {
			if part.mask == nil {
				p.macs += w.branches[class].plan.MACs(part.window.Size(), p.Core.Sub(part.window.Min))
			} else {
				p.macs += running[class].Work().MACs
			}
		}
	}
	return nil
}

// begin starts a branch's part of a strip.
func (w *stripWorker) begin(j *job, p *piece, class int, of *part, write func([][]float32, image.Rectangle)) engine.Progress {
	n := w.branches[class]
	corner := p.Core.Min.Mul(n.spec.Scale)
	return n.plan.Begin(&w.arenas[class], engine.Piece{
		Window: of.window.Size(), Core: p.Core.Sub(of.window.Min), Mask: of.mask,
		Read: func(dst *tensor.Tensor, y int) { n.read(j.in, dst, of.window.Min.Add(image.Pt(0, y))) },
		Parts: func(r image.Rectangle, hand func(image.Rectangle)) {
			w.split(j.choice.blend, class, r.Add(corner), func(part image.Rectangle) { hand(part.Sub(corner)) })
		},
		Write: func(src *tensor.Tensor, at image.Point) {
			n.multiply(src.Data, 1/float32(n.spec.InputRange))
			w.place(src, image.Rect(0, 0, src.W, src.H).Add(corner).Add(at), write)
		},
	})
}

// split calls hand for the parts of rows of the result in which a class has any weight, each after segment has become its weight.
func (w *stripWorker) split(b *route.Blend, class int, r image.Rectangle, hand func(image.Rectangle)) {
	for y := r.Min.Y; y < r.Max.Y; {
		row := b.RowAt(y)
		end := y + 1
		for end < r.Max.Y && b.RowAt(end).Same(row) {
			end++
		}
		w.segments = b.Segments(w.segments[:0], row, class, r.Min.X, r.Max.X)
		for _, w.segment = range w.segments {
			hand(image.Rect(w.segment.Left, y, w.segment.Right, end))
		}
		y = end
	}
}

// place hands on what the class of a segment makes alone, and adds the rest to the rows that several make.
func (w *stripWorker) place(src *tensor.Tensor, r image.Rectangle, write func([][]float32, image.Rectangle)) {
	if w.segment.At == 1 && w.segment.Step == 0 {
		for c := range w.planes {
			w.planes[c] = src.Plane(0, c)
		}
		write(w.planes[:], r)
		return
	}
	for c := range w.rows.planes {
		for y := range src.H {
			addWeighted(w.rows.row(c, r.Min.Y+y, r.Min.X, r.Max.X), src.Plane(0, c)[y*src.W:][:src.W], w.segment.At, w.segment.Step)
		}
	}
}

func addWeighted(to, from []float32, weight, step float32) {
	for i, v := range from { // no kernel, whose last numbers would be rounded otherwise than the others, wherever a strip ends
		to[i] += v * (weight + step*float32(i))
	}
}

// flush writes what several classes made of the rows up to one, which is all there.
func (w *stripWorker) flush(b *route.Blend, until int, write func([][]float32, image.Rectangle)) {
	left, right := w.rows.left, w.rows.left+w.rows.width
	for y := w.rows.done; y < until; {
		row := b.RowAt(y)
		end := y + 1
		for end < until && b.RowAt(end).Same(row) {
			end++
		}
		w.spans = b.Mixed(w.spans[:0], row, left, right)
		for _, s := range w.spans {
			r := image.Rect(s.Left, y, s.Right, end)
			for c := range w.part {
				w.part[c] = resize(w.part[c], r.Dx()*r.Dy())
				for yy := y; yy < end; yy++ {
					from := w.rows.row(c, yy, s.Left, s.Right)
					copy(w.part[c][(yy-y)*r.Dx():], from)
					clear(from)
				}
			}
			write(w.part[:], r)
		}
		y = end
	}
	w.rows.done = until
}

// largestCore is the longest part between edges.
func largestCore(edges []int) int {
	longest := 0
	for i := 1; i < len(edges); i++ {
		longest = max(longest, edges[i]-edges[i-1])
	}
	return longest
}

// windowOf is what the network reads to compute a core so that it has the bits of the whole picture. The window is as high as the
// picture, so that the tiles of convolutions lie in the same grid. Networks that pool get their context on all sides.
func (n *network) windowOf(picture image.Point, core image.Rectangle) image.Rectangle {
	window := core.Inset(-n.context())
	if !n.spec.Pools() {
		window.Min.Y, window.Max.Y = 0, picture.Y
	}
	return window.Intersect(image.Rectangle{Max: picture})
}
