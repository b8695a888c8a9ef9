package engine

import (
	"image"

	"classsr/internal/kernel"
	"classsr/nn"
	"classsr/tensor"
)

// frame is what operations see while a piece is computed: the regions of the step's values and their planes.
type frame struct {
	plan  *Plan
	geo   *geometry
	arena *Arena
	dst   *tensor.Tensor // the memory of the result

	step   *step
	r      image.Rectangle // the region to make
	out    kernel.Block    // from the region's corner on
	add    kernel.Block    // what is added to a convolution
	blocks []kernel.Block  // scratch of sources
}

func (f *frame) bind(p *Plan, geo *geometry, a *Arena, dst *tensor.Tensor) {
	f.plan, f.geo, f.arena, f.dst = p, geo, a, dst
}

// load copies the needed part of the input into its buffer.
func (f *frame) load(src *tensor.Tensor) {
	f.clearBorder(nn.Input)
	r := f.geo.valid[nn.Input]
	to := f.block(nn.Input, r.Min)
	from := kernel.Block{Data: src.Data, C: src.C, Plane: src.H * src.W, Stride: src.W}
	for c := range to.C {
		for y := range r.Dy() {
			copy(to.Row(c, y, 0, r.Dx()), from.Row(c, r.Min.Y+y, r.Min.X, r.Dx()))
		}
	}
}

// enter makes a step the current one.
func (f *frame) enter(s *step) {
	f.step, f.r = s, f.geo.valid[s.out]
	f.clearBorder(s.out)
	f.out = f.block(s.out, f.r.Min)
}

// in gives the planes of input i from the pixel at on.
func (f *frame) in(i int, at image.Point) kernel.Block { return f.block(f.step.in[i], at) }

// sources gives the planes of input i from the pixel at on, as blocks side by side if it is a concatenation. They are valid
// until the next call.
func (f *frame) sources(i int, at image.Point) []kernel.Block {
	f.blocks = f.appendBlocks(f.blocks[:0], f.step.in[i], at)
	return f.blocks
}

func (f *frame) appendBlocks(blocks []kernel.Block, v nn.Value, at image.Point) []kernel.Block {
	parts, ok := f.plan.sources[v]
	if !ok {
		return append(blocks, f.block(v, at))
	}
	for _, part := range parts {
		blocks = f.appendBlocks(blocks, part, at)
	}
	return blocks
}

// size is the size of input i for the whole window.
func (f *frame) size(i int) image.Point { return f.geo.size[f.step.in[i]] }

// block gives the planes of a value, which is not a concatenation, from the pixel at on.
func (f *frame) block(v nn.Value, at image.Point) kernel.Block {
	need := f.geo.need[v]
	memory := f.arena.memory[f.geo.start[v]:]
	if v == f.plan.graph.Output() {
		memory = f.dst.Data
	}
	stride, size := need.Dx(), need.Dx()*need.Dy()
	offset := (at.Y-need.Min.Y)*stride + at.X - need.Min.X
	return kernel.Block{Data: memory[offset : f.geo.chans[v]*size], C: f.geo.chans[v], Plane: size, Stride: stride}
}

// clearBorder puts zeros where a value is read beyond its borders.
func (f *frame) clearBorder(v nn.Value) {
	need, valid := f.geo.need[v], f.geo.valid[v]
	if need == valid {
		return
	}
	top, left := valid.Min.Y-need.Min.Y, valid.Min.X-need.Min.X
	bottom, right := top+valid.Dy(), left+valid.Dx()
	b := f.block(v, need.Min)
	for c := range b.C {
		for y := range need.Dy() {
			row := b.Row(c, y, 0, need.Dx())
			if y < top || y >= bottom {
				clear(row)
				continue
			}
			clear(row[:left])
			clear(row[right:])
		}
	}
}
