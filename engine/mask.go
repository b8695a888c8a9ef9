package engine

import (
	"image"
	"slices"

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
// depend on, with all columns of their tiles, but without what rows these have besides.
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
	end := far + p.Alignment()
	core := image.Rect(far, far, end, end)
	scale := p.program.Scale
	need := make([]image.Rectangle, len(shapes))
	need[p.program.Output] = image.Rectangle{Min: core.Min.Mul(scale), Max: core.Max.Mul(scale)}
	for _, s := range slices.Backward(p.steps) {
		r := need[s.out]
		if r.Empty() {
			continue // nobody reads it
		}
		tiles := s.run.tiles(s.grid, r)
		for i, values := range s.Inputs {
			size := p.zoom[values[0]].ceil(4 * far)
			from := s.Op.Reach(i, r, image.Pt(size, size))
			if i == 0 {
				from = s.Op.Reach(i, image.Rect(tiles.Min.X, r.Min.Y, tiles.Max.X, r.Max.Y), image.Pt(size, size))
			}
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
	values []maskedValue
	unions map[bandRange][]Span // what several bands have in any of their rows
}

// maskedValue is what is known of a value's rows, all found when it is first asked for.
type maskedValue struct {
	// By band: the first row that the band needs, and the one after the last.
	tops, bottoms []int
	origin        int  // a column at which a tile begins, at the first one in memory or right before it
	tile, vector  int  // columns of a tile, and of a vector of tiles
	tiled         bool // whoever reads it reads more than its results depend on
	wanted        map[bandRange][]Span
	computed      map[bandRange][]Span
	gaps          map[[2]bandRange][]Span
}

// bandRange is the bands first to end-1 of a mask.
type bandRange struct{ first, end int }

func newMasking(m Mask, p *Plan, geo *geometry) *masking {
	if m == nil {
		return nil
	}
	if p.byLayer {
		panic("engine: a mask for a network that runs by layer")
	}
	out := &masking{Mask: m, plan: p, geo: geo, values: make([]maskedValue, len(geo.size)), unions: map[bandRange][]Span{}}
	edges := make([]int, 2*len(m)*len(out.values))
	for v := range out.values {
		value, z, r := &out.values[v], p.zoom[v], p.reach[v]
		value.tops, value.bottoms, edges = edges[:len(m)], edges[len(m):2*len(m)], edges[2*len(m):]
		for i, b := range m {
			value.tops[i], value.bottoms[i] = z.floor(b.Top)-r.top, z.ceil(b.Bottom)+r.bottom
		}
		value.wanted, value.computed = map[bandRange][]Span{}, map[bandRange][]Span{}
		value.gaps = map[[2]bandRange][]Span{}
	}
	for _, s := range p.steps {
		left := geo.valid[s.out].Min.X
		zoom := s.run.zoom()
		value := &out.values[s.out]
		value.tile, value.vector = p.tileColumns()*zoom, kernel.Line*zoom
		value.origin = left - modulo(left-s.grid.Column*zoom, value.tile)
		one := image.Rect(0, 1, 1, 2)
		if s.run.tiles(s.grid, one) != one {
			for _, v := range s.Inputs[0] {
				out.values[v].tiled = true
			}
		}
	}
	return out
}

// bands are those that rows y0 to y1-1 of a value need.
func (m *masking) bands(v program.Value, y0, y1 int) bandRange {
	value := &m.values[v]
	first, _ := slices.BinarySearch(value.bottoms, y0+1)
	end := first
	for end < len(value.tops) && value.tops[end] < y1 {
		end++
	}
	return bandRange{first, end}
}

// wanted gives the spans of a value that bands need.
func (m *masking) wanted(v program.Value, bands bandRange) []Span {
	value := &m.values[v]
	spans, ok := value.wanted[bands]
	if !ok {
		spans = m.widened(v, m.union(bands))
		value.wanted[bands] = spans
	}
	return spans
}

// widened is what results in some spans need of a value.
func (m *masking) widened(v program.Value, of []Span) []Span {
	z, r, valid := m.plan.zoom[v], m.plan.reach[v], m.geo.valid[v]
	var out []Span
	unit := m.plan.Alignment()
	for _, s := range of {
		left, right := s.Left-modulo(s.Left, unit), s.Right+modulo(-s.Right, unit)
		s = Span{z.floor(left) - r.left, z.ceil(right) + r.right}
		if n := len(out); n > 0 && s.Left-out[n-1].Right <= z.ceil(nearby) {
			out[n-1].Right = max(s.Right, out[n-1].Right)
			continue
		}
		out = append(out, s)
	}
	kept := 0
	for _, s := range out { // only now, so that how the picture is cut does not decide what is joined
		s = Span{max(s.Left, valid.Min.X), min(s.Right, valid.Max.X)}
		if s.Left < s.Right {
			out[kept] = s
			kept++
		}
	}
	return out[:kept]
}

// computed gives what is computed of rows y0 to y1-1 of a value: what any of them needs, widened to whole vectors of tiles.
func (m *masking) computed(v program.Value, y0, y1 int) []Span {
	value, bands, valid := &m.values[v], m.bands(v, y0, y1), m.geo.valid[v]
	spans, ok := value.computed[bands]
	if ok {
		return spans
	}
	for _, s := range m.wanted(v, bands) {
		s = value.vectors(s)
		if n := len(spans); n > 0 && s.Left <= spans[n-1].Right {
			spans[n-1] = value.vectors(Span{spans[n-1].Left, s.Right})
			continue
		}
		spans = append(spans, s)
	}
	for i, s := range spans {
		spans[i] = Span{max(s.Left, valid.Min.X), min(s.Right, valid.Max.X)}
	}
	value.computed[bands] = spans
	return spans
}

// vectors widens a span to the fewest vectors of tiles, which begin where memory is aligned best.
func (v *maskedValue) vectors(s Span) Span {
	first := s.Left - modulo(s.Left-v.origin, v.tile)
	count := (s.Right - first + v.vector - 1) / v.vector
	for align := v.vector; align > v.tile; align /= 2 {
		if left := s.Left - modulo(s.Left-v.origin, align); s.Right-left <= count*v.vector {
			first = left
			break
		}
	}
	return Span{first, first + count*v.vector}
}

// gaps gives the columns of row y of a value that it does not need but rows near it do: tiles of these read them.
func (m *masking) gaps(v program.Value, y int) []Span {
	value, bands, near := &m.values[v], m.bands(v, y, y+1), m.bands(v, y-tileReach, y+tileReach+1)
	if bands == near {
		return nil
	}
	key := [2]bandRange{bands, near}
	gaps, ok := value.gaps[key]
	if !ok {
		gaps = without(m.wanted(v, near), m.wanted(v, bands))
		value.gaps[key] = gaps
	}
	return gaps
}

// without is what spans have that others do not.
func without(spans, others []Span) (rest []Span) {
	for _, s := range spans {
		at := s.Left
		for _, o := range others {
			if o.Right <= at || o.Left >= s.Right {
				continue
			}
			if o.Left > at {
				rest = append(rest, Span{at, o.Left})
			}
			at = o.Right
		}
		if at < s.Right {
			rest = append(rest, Span{at, s.Right})
		}
	}
	return rest
}

// union is what bands have in any of their rows.
func (m *masking) union(bands bandRange) []Span {
	switch bands.end - bands.first {
	case 0:
		return nil
	case 1:
		return m.Mask[bands.first].Spans
	}
	all, ok := m.unions[bands]
	if !ok {
		for _, b := range m.Mask[bands.first:bands.end] {
			all = append(all, b.Spans...)
		}
		all = joined(all)
		m.unions[bands] = all
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

// doMasked runs the current step on the spans of its rows, and puts zeros where tiles of later layers look beyond them.
func (f *frame) doMasked() {
	r, v := f.r, f.step.out
	for _, s := range f.mask.computed(v, r.Min.Y, r.Max.Y) {
		f.r.Min.X, f.r.Max.X = s.Left, s.Right
		f.out = f.block(v, s.Left)
		f.step.run.do(f)
		f.work.add(f.plan, *f.step, f.r)
	}
	if !f.mask.values[v].tiled {
		return
	}
	left := f.geo.valid[v].Min.X
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, gap := range f.mask.gaps(v, y) {
			clearColumns(f.block(v, left), y, gap.Left-left, gap.Right-left)
		}
	}
}

// clearColumns puts zeros into columns x0 to x1-1 of row y of all planes.
func clearColumns(b kernel.Block, y, x0, x1 int) {
	for c := range b.C {
		clear(b.Row(c, y, x0, x1-x0))
	}
}
