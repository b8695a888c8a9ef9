package engine

import (
	"image"
	"slices"

	"classsr/internal/kernel"
	"classsr/program"
)

// frame is what operations see while a piece is computed: the regions of the step's values and their planes.
type frame struct {
	plan  *Plan
	geo   *geometry
	arena *Arena
	zeros []float32

	done, want rows
	mask       *masking // nil: all columns are computed
	work       Work     // of the current step of the executor
	threads    int      // that may work on the current step

	step   *step
	r      image.Rectangle // the region to make
	out    kernel.Block    // from the region's first column on
	add    kernel.Block    // what is added to a convolution
	blocks []kernel.Block  // scratch of sources
}

func (f *frame) bind(p *Plan, geo *geometry, a *Arena) {
	f.plan, f.geo, f.arena = p, geo, a
	f.zeros = a.memory[geo.zeros:geo.length]
	clear(f.zeros)
	if len(f.done) < len(geo.size) {
		f.done, f.want = make(rows, len(geo.size)), make(rows, len(geo.size))
	}
	f.done, f.want = f.done[:len(geo.size)], f.want[:len(geo.size)]
	geo.begin(f.done)
}

// enter makes a step the current one, for the rows that are wanted and not yet there; it returns false if there are none.
func (f *frame) enter(s *step) bool {
	if f.want[s.out] <= f.done[s.out] {
		return false
	}
	f.start(s.out)
	f.step, f.r = s, f.geo.valid[s.out]
	f.r.Min.Y, f.r.Max.Y = f.done[s.out], f.want[s.out]
	f.out = f.block(s.out, f.r.Min.X)
	f.done[s.out] = f.want[s.out]
	return true
}

// in gives the planes of input i from column x on.
func (f *frame) in(i, x int) kernel.Block { return f.block(f.step.Inputs[i][0], x) }

// sources gives the planes of the values that input i consists of, from column x on. They are valid until the next call.
func (f *frame) sources(i, x int) []kernel.Block {
	f.blocks = f.blocks[:0]
	for _, v := range f.step.Inputs[i] {
		f.blocks = append(f.blocks, f.block(v, x))
	}
	return f.blocks
}

// size is the size of input i for the whole window.
func (f *frame) size(i int) image.Point { return f.geo.size[f.step.Inputs[i][0]] }

// block gives the planes of a value from column x on.
func (f *frame) block(v program.Value, x int) kernel.Block {
	geo := f.geo
	lead, stride := geo.layout(v)
	ring := geo.ring[v]
	memory := f.arena.memory[geo.start[v]:]
	return kernel.Block{
		Data: memory[lead+x-geo.need[v].Min.X : geo.chans[v]*ring*stride], C: geo.chans[v],
		Plane: stride, Stride: geo.chans[v] * stride,
		First: geo.valid[v].Min.Y, Ring: ring, Height: geo.size[v].Y, Zeros: f.zeros,
	}
}

// start puts zeros to the left and right of a value that is read beyond its borders, when its first rows are made. They stay,
// since only what lies inside is ever written.
func (f *frame) start(v program.Value) {
	need, valid := f.geo.need[v], f.geo.valid[v]
	if f.done[v] > valid.Min.Y || f.arena.bordersOf(f.geo, v) || need.Min.X == valid.Min.X && need.Max.X == valid.Max.X {
		return
	}
	left, right := valid.Min.X-need.Min.X, valid.Max.X-need.Min.X
	b, n := f.block(v, need.Min.X), need.Dx()
	for i := range b.C * b.Ring { // rows of planes lie side by side
		row := b.Data[i*b.Plane:][:n]
		clearFew(row[:left])
		clearFew(row[right:])
	}
}

// clearFew puts zeros in place of numbers, nearly always so few that a call of clear would take longer.
func clearFew(row []float32) {
	const few = 8
	if len(row) > few {
		clear(row)
		return
	}
	for i := range row {
		row[i] = 0
	}
}

// borders says where the zeros around a value in the arena lie.
type borders struct {
	start, length, chans, stride, lead int
	left, right, end                   int // up to left and from right to end, in columns from the one that lead leads to
}

// bordersOf tells whether the zeros around a value are there already, left by a value that lay at the same place in the same way. If
// not, it notes that they are now, and that those of values that lay there otherwise are not.
func (a *Arena) bordersOf(geo *geometry, v program.Value) bool {
	need, valid := geo.need[v], geo.valid[v]
	b := borders{start: geo.start[v], chans: geo.chans[v], end: need.Dx()}
	b.left, b.right = valid.Min.X-need.Min.X, valid.Max.X-need.Min.X
	b.lead, b.stride = geo.layout(v)
	b.length = b.chans * b.stride * geo.ring[v]
	if slices.Contains(a.borders, b) {
		return true
	}
	a.borders = slices.DeleteFunc(a.borders, func(o borders) bool {
		return o.start < b.start+b.length && b.start < o.start+o.length
	})
	a.borders = append(a.borders, b)
	return false
}
