// Package engine runs networks fast: Compile packs the program of an nn.Graph, with its parameters, into a Plan, and an Executor computes
// pieces of pictures with it. Rows of the picture go in, rows of the result come out. A Tape does the same for training.
//
// A Plan is immutable and shared by all workers. Each worker has an Arena, the memory of all intermediate results, which is
// laid out once for a shape of pieces, so that a run allocates nothing. Within a piece every layer computes only the columns
// that the next one needs (a halo that shrinks from the input to the result), and zeros are put only where the window ends, as
// the network's own padding does at the edge of a picture.
//
// The rows of a piece slide through the network: each layer makes a few rows as soon as it has what these need, and only the
// rows that somebody still has to read are in memory. So a piece can be as high as the picture, nothing is computed twice
// along its height, and what one layer leaves is still in cache when the next one reads it. Networks that pool over their
// input cannot work that way; they make all rows of a layer before the next, as it is also best for small windows (Plan.ByLayer).
//
// The engine knows nothing of classes, tiling or picture files.
package engine

import (
	"image"
	"slices"
	"sync"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/program"
	"classsr/tensor"
)

// Plan is a network packed for the kernels.
type Plan struct {
	program *program.Program
	steps   []step
	byLayer bool         // all rows of a layer are made before the next
	wide    bool         // tiles of convolutions are wide
	layered func() *Plan // the same by layer, packed when it is asked for; nil if it is so itself
	// By value: its pixels for a pixel of the input along each axis, and how far what is needed of it reaches over a core; of plans whose
	// rows slide.
	zoom  []ratio
	reach []margins
	// lastPool is the last step that needs all rows of its input, or -1.
	lastPool int
	// tail is the first step after it whose result takes more memory than any before: from there on rows slide in large windows.
	tail int
}

// step is a step of the program, packed.
type step struct {
	program.Step
	out  program.Value
	run  operation
	grid kernel.Grid // of its tiles
}

// operation is what a step does with the kernels.
type operation interface {
	// tiles is what is made in one with region r of the result: whole tiles, whose bits depend on all that they read.
	tiles(grid kernel.Grid, r image.Rectangle) image.Rectangle
	// zoom is how many pixels of the result a pixel of a tile becomes, along each axis: more than one if channels become pixels.
	zoom() int
	// scratchBytes is the memory that it works with besides its values, but for a few rows.
	scratchBytes() int64
	// overwrites is the input that the result may lie on, since every pixel of it is read before the result's is written, or -1.
	overwrites() int
	// do makes the region of the result.
	do(f *frame)
}

// need is the region of input i that is read to make the region r of the result. What tiles are made of is the first input; others are
// read where the result is.
func (s *step) need(i int, r image.Rectangle, size image.Point) image.Rectangle {
	if i == 0 {
		r = s.run.tiles(s.grid, r)
	}
	return s.Op.Reach(i, r, size)
}

// Compile lowers a graph and packs it for the kernels. The parameters must have passed its Check, and must not be changed afterwards.
func Compile(g *nn.Graph, params tensor.Set) *Plan {
	p := &Plan{program: program.Lower(g, program.Inference), lastPool: -1}
	for i, s := range p.program.Steps {
		if s.Pools() {
			p.lastPool = i
		}
	}
	if p.lastPool >= 0 || p.program.Scale == 0 {
		p.byLayer = true
		p.packSteps(params, true)
		p.findTail()
		return p
	}
	p.packSteps(params, p.widePays())
	p.layered = sync.OnceValue(func() *Plan {
		layered := &Plan{program: p.program, lastPool: p.lastPool, byLayer: true}
		if !p.wide {
			layered.packSteps(params, true)
			return layered
		}
		layered.wide, layered.steps = true, slices.Clone(p.steps)
		for i := range layered.steps {
			layered.steps[i].grid = kernel.Grid{}
		}
		return layered
	})
	p.layGrids()
	p.findReach()
	return p
}

// findTail finds where the tail begins.
func (p *Plan) findTail() {
	const probe = 16
	shapes := p.program.Shapes(tensor.Shape{N: 1, C: p.program.Channels, H: probe, W: probe})
	largest := 0
	for i, s := range shapes[1:] {
		size := s.C * s.H * s.W
		if i > p.lastPool && size > largest {
			p.tail = i
			return
		}
		largest = max(largest, size)
	}
	p.tail = len(p.steps)
}

// ByLayer is the same network for small windows: every layer is made whole before the next one, with fewer and longer runs of the
// kernels than sliding rows need, in memory that grows with the window. The two differ in the last bits, since the tiles of
// convolutions lie elsewhere: what a picture is computed by must not depend on threads or memory. Networks that pool over their
// input have no other plan.
func (p *Plan) ByLayer() *Plan {
	if p.byLayer {
		return p
	}
	return p.layered()
}

// Scale is the enlargement of the network, or 0 if its result has a fixed size (the Class-Module).
func (p *Plan) Scale() int { return p.program.Scale }

// Fold is the number of which the sides of windows are multiples, and the places of their corners in a picture: 1 for networks that begin
// at the size of the picture.
func (p *Plan) Fold() int { return p.program.Fold }

// Alignment is the number of which the places of windows in a picture are multiples, in columns, so that tiles of convolutions lie in the same
// grid in all of them. Cores begin at even multiples of the Fold; at multiples of Alignment they take least work.
func (p *Plan) Alignment() int { return p.tileColumns() * p.program.Fold }

// Context is how many input pixels around a result pixel are read for it, rounded up to a multiple of the Alignment. A piece with that many
// columns at each side, in a window as high as the picture, has the bits of the whole picture if its window begins at a multiple of that; otherwise, or with as many rows above and below instead, it may differ by rounding, since convolutions compute pixels
// in tiles. It is meaningless for networks that pool over their input.
func (p *Plan) Context() int {
	const far = 1 << 20 // farther than any network reaches
	unit, fold := p.Alignment(), p.Fold()
	context := 0
	for end := 2 * fold; end <= unit; end += 2 * fold { // where the last tile begins, it reaches farthest
		core := image.Rect(far, far, far+end, far+end)
		need := newRegions(p, image.Pt(2*far, 2*far), core).need[program.Input]
		context = max(context, core.Min.X-need.Min.X, need.Max.X-core.Max.X) // rows are rounded to tiles
	}
	return (context + unit - 1) / unit * unit
}

// Reads is the part of a window that is read to compute such a piece, tiles of convolutions included; it may reach beyond the window.
func (p *Plan) Reads(window image.Point, core image.Rectangle) image.Rectangle {
	return newRegions(p, window, core).need[program.Input]
}

// Depends is the part of a window that the results of such a piece depend on, without what only the tiles of convolutions read and without what lies beyond
// the window.
func (p *Plan) Depends(window image.Point, core image.Rectangle) image.Rectangle {
	return p.program.Reads(window, core)
}

// Channels is how many planes the network reads.
func (p *Plan) Channels() int { return p.program.Channels }

// MACs counts the multiply-accumulates of such a piece, its context included, as plain convolutions.
func (p *Plan) MACs(window image.Point, core image.Rectangle) int64 {
	return newRegions(p, window, core).macs
}

// Bytes is the memory that an Arena takes for such a piece.
func (p *Plan) Bytes(window image.Point, core image.Rectangle) int64 {
	scratch := int64(0)
	for _, s := range p.steps {
		scratch = max(scratch, s.run.scratchBytes())
	}
	return 4*int64(newGeometry(p, window, core).length) + scratch
}

// Arena is a worker's memory for intermediate results. The zero value is ready to use; it grows to the largest piece.
type Arena struct {
	memory     []float32
	geometries map[pieceShape]*geometry
	scratch    kernel.Scratch
	frame      frame
	helpers    []*Arena  // for threads that work on the same piece: scratch memory and frames of their own
	borders    []borders // the zeros that are in memory
	numbers    []float32 // of channels that are single pixels
	shifted    []float32 // means of planes and of their shifts
	line       []float32 // of a bicubic enlargement
	phases     []float32 // the same: planes with a result each of a row of pixels
}

// Bytes is the memory that the arena holds.
func (a *Arena) Bytes() int64 { return 4 * int64(len(a.memory)) }

// Reserve gives the arena room for pieces that take this many bytes (Plan.Bytes), so that it does not grow in steps.
func (a *Arena) Reserve(bytes int64) { a.grow(int(bytes / 4)) }

func (a *Arena) grow(length int) {
	if len(a.memory) < length {
		a.memory = nil // may be collected before the new memory is taken, if nothing else points to it
		a.frame, a.borders = frame{}, nil
		a.memory = kernel.AlignedSlice(length)
	}
}

// means gives n numbers of scratch memory.
func (a *Arena) means(n int) []float32 {
	if len(a.shifted) < n {
		a.shifted = make([]float32, n)
	}
	return a.shifted[:n]
}

// maxGeometries bounds the layouts that an arena remembers. Pieces of one picture have a few dozen shapes at most.
const maxGeometries = 128

type pieceShape struct {
	plan   *Plan
	window image.Point
	core   image.Rectangle
}

func (a *Arena) layOut(p *Plan, window image.Point, core image.Rectangle) *geometry {
	key := pieceShape{p, window, core}
	geo := a.geometries[key]
	if geo == nil {
		if a.geometries == nil || len(a.geometries) >= maxGeometries {
			a.geometries = map[pieceShape]*geometry{}
		}
		geo = newGeometry(p, window, core)
		a.geometries[key] = geo
	}
	a.grow(geo.length)
	return geo
}
