package engine

import (
	"image"
	"slices"
	"sort"

	"classsr/internal/kernel"
	"classsr/program"
	"classsr/tensor"
)

// Mask says which parts of a picture are computed, in the window's pixels; what it says beyond the window must be there too, where a
// picture is cut into several, for the same bits in all of them. Every layer computes what these parts need of it: the same
// shapes, wider by what the layers after it read. So parts that touch share their context, and only what lies at the border of a
// shape is computed besides it.
//
// The results are those of the whole window to the last bits, in which they may differ near the upper and lower borders of shapes:
// there tiles of convolutions see zeros in place of pixels that their results do not depend on.
//
// The bands go from top to bottom, without overlap.
type Mask []Band

// Band is the parts of a mask in rows Top to Bottom-1, both even but for the window's last row.
type Band struct {
	Top, Bottom int
	Spans       []Span // from left to right, without overlap
}

// Span is columns Left to Right-1, both even but for the window's last column.
type Span struct{ Left, Right int }

const (
	// nearby is how many pixels of the input may lie between spans that are computed as one, which costs less than two.
	nearby = 6
	// tileReach is how many rows beyond what a result depends on its tile may read.
	tileReach = kernel.WinogradRows
)

// margins is how far what is needed of a value reaches over a core, in the value's pixels.
type margins struct{ left, top, right, bottom int }

// ratio is how many pixels of a value there are for pixels of the input.
type ratio struct{ of, per int }

// floor is where pixel i of the input begins in the value, and ceil where the one before it ends.
func (r ratio) floor(i int) int { return (i*r.of - modulo(i*r.of, r.per)) / r.per }
func (r ratio) ceil(i int) int  { return -r.floor(-i) }

// findReach finds the margins of every value, and how many of its pixels there are for a pixel of the input. Margins are what results
// depend on, without what else is in their tiles.
func (p *Plan) findReach() {
	const (
		far   = 1 << 20 // farther than any network reaches
		probe = 16
	)
	shapes := p.program.Shapes(tensor.Shape{N: 1, C: p.program.Channels, H: probe, W: probe})
	p.zoom, p.reach = make([]ratio, len(shapes)), make([]margins, len(shapes))
	for v, shape := range shapes {
		p.zoom[v] = ratio{shape.H, probe}
	}
	end := far + 2*p.program.Fold
	core := image.Rect(far, far, end, end)
	scale := p.program.Scale
	need := make([]image.Rectangle, len(shapes))
	need[p.program.Output] = image.Rectangle{Min: core.Min.Mul(scale), Max: core.Max.Mul(scale)}
	for _, s := range slices.Backward(p.steps) {
		r := need[s.out]
		if r.Empty() {
			continue // nobody reads it
		}
		for i, values := range s.Inputs {
			size := p.zoom[values[0]].ceil(4 * far)
			from := s.Op.Reach(i, r, image.Pt(size, size))
			for _, v := range values {
				need[v] = need[v].Union(from)
			}
		}
	}
	for v, r := range need {
		if !r.Empty() {
			first, last := p.zoom[v].floor(far), p.zoom[v].ceil(end)
			p.reach[v] = margins{first - r.Min.X, first - r.Min.Y, r.Max.X - last, r.Max.Y - last}
		}
	}
}

// masking finds the spans of layers. It is made anew for each piece.
type masking struct {
	Mask
	plan   *Plan
	geo    *geometry
	unions map[[2]int][]Span // by the first and the last of several bands: their parts, seen from above
	spans  []Span
	around []Span
}

func newMasking(m Mask, p *Plan, geo *geometry) *masking {
	if m == nil {
		return nil
	}
	if p.byLayer {
		panic("engine: a mask for a network that runs by layer")
	}
	return &masking{Mask: m, plan: p, geo: geo, unions: map[[2]int][]Span{}}
}

// bands gives the first band that rows y0 to y1-1 of a value need, and the one after the last.
func (m *masking) bands(v program.Value, y0, y1 int) (first, end int) {
	z, r := m.plan.zoom[v], m.plan.reach[v]
	first = sort.Search(len(m.Mask), func(i int) bool { return z.ceil(m.Mask[i].Bottom)+r.bottom > y0 })
	end = first
	for end < len(m.Mask) && z.floor(m.Mask[end].Top)-r.top < y1 {
		end++
	}
	return first, end
}

// wanted appends the spans of a value that are computed in any of its rows y0 to y1-1.
func (m *masking) wanted(to []Span, v program.Value, y0, y1 int) []Span {
	first, end := m.bands(v, y0, y1)
	return m.widened(to, v, first, end)
}

// widened appends the spans of a value that the bands first to end-1 need.
func (m *masking) widened(to []Span, v program.Value, first, end int) []Span {
	z, r, valid := m.plan.zoom[v], m.plan.reach[v], m.geo.valid[v]
	begin := len(to)
	for _, s := range m.union(first, end) {
		s = Span{z.floor(s.Left) - r.left, z.ceil(s.Right) + r.right}
		if n := len(to); n > begin && s.Left-to[n-1].Right <= z.ceil(nearby) {
			to[n-1].Right = max(s.Right, to[n-1].Right)
			continue
		}
		to = append(to, s)
	}
	kept := begin
	for _, s := range to[begin:] { // only now, so that how the picture is cut does not decide what is joined
		s = Span{max(s.Left, valid.Min.X), min(s.Right, valid.Max.X)}
		if s.Left < s.Right {
			to[kept] = s
			kept++
		}
	}
	return to[:kept]
}

// aligned widens spans in place to whole lines of memory, where the kernels are fastest.
func (m *masking) aligned(spans []Span, v program.Value) []Span {
	valid := m.geo.valid[v]
	n := 0
	for _, s := range spans {
		s.Left = valid.Min.X + (s.Left-valid.Min.X)/kernel.Line*kernel.Line
		s.Right = min(valid.Min.X+kernel.RoundUpToLine(s.Right-valid.Min.X), valid.Max.X)
		if n > 0 && s.Left <= spans[n-1].Right {
			spans[n-1].Right = s.Right
			continue
		}
		spans[n] = s
		n++
	}
	return spans[:n]
}

// union is what bands first to end-1 have in any of their rows.
func (m *masking) union(first, end int) []Span {
	switch end - first {
	case 0:
		return nil
	case 1:
		return m.Mask[first].Spans
	}
	key := [2]int{first, end}
	all, ok := m.unions[key]
	if !ok {
		for _, b := range m.Mask[first:end] {
			all = append(all, b.Spans...)
		}
		all = joined(all)
		m.unions[key] = all
	}
	return all
}

// joined sorts spans and joins those that touch.
func joined(all []Span) []Span {
	slices.SortFunc(all, func(a, b Span) int { return a.Left - b.Left })
	var out []Span
	for _, s := range all {
		if n := len(out); n > 0 && s.Left <= out[n-1].Right {
			out[n-1].Right = max(out[n-1].Right, s.Right)
			continue
		}
		out = append(out, s)
	}
	return out
}

// doMasked runs the current step on the spans of its rows, and puts zeros where later layers look beyond them.
func (f *frame) doMasked() {
	r, v := f.r, f.step.out
	f.mask.spans = f.mask.aligned(f.mask.wanted(f.mask.spans[:0], v, r.Min.Y, r.Max.Y), v)
	for _, s := range f.mask.spans {
		f.r.Min.X, f.r.Max.X = s.Left, s.Right
		f.out = f.block(v, s.Left)
		f.step.run.do(f)
		f.work.add(f.plan, *f.step, f.r)
	}
	if v == f.plan.program.Output {
		return
	}
	first, end := f.mask.bands(v, r.Min.Y-tileReach, r.Max.Y+tileReach)
	if f.mask.everywhere(v, first, end, r) {
		return // the same spans in all rows that tiles reach
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		f.clearAround(v, y)
	}
}

// everywhere tells whether the first and the last row of r need all of the bands first to end-1, and so all of its rows.
func (m *masking) everywhere(v program.Value, first, end int, r image.Rectangle) bool {
	for _, y := range []int{r.Min.Y, r.Max.Y - 1} {
		if a, b := m.bands(v, y, y+1); a != first || b != end {
			return false
		}
	}
	return true
}

// clearAround puts zeros beside the spans of a row of a value where the rows above and below have spans, whose tiles may read them.
func (f *frame) clearAround(v program.Value, y int) {
	m := f.mask
	m.spans = m.wanted(m.spans[:0], v, y, y+1)
	m.around = m.wanted(m.around[:0], v, y-tileReach, y+tileReach+1)
	valid := f.geo.valid[v]
	row := f.block(v, valid.Min.X)
	i := 0
	for _, a := range m.around {
		for i < len(m.spans) && m.spans[i].Right <= a.Left {
			i++
		}
		at := a.Left
		for ; i < len(m.spans) && m.spans[i].Left < a.Right; i++ {
			clearColumns(row, y, at-valid.Min.X, m.spans[i].Left-valid.Min.X)
			at = m.spans[i].Right
		}
		clearColumns(row, y, at-valid.Min.X, a.Right-valid.Min.X)
		if i > 0 {
			i-- // the last one may reach into the next part
		}
	}
}

// clearColumns puts zeros into columns x0 to x1-1 of row y of all planes.
func clearColumns(b kernel.Block, y, x0, x1 int) {
	if x0 >= x1 {
		return
	}
	for c := range b.C {
		clear(b.Row(c, y, x0, x1-x0))
	}
}
