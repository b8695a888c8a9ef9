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
	out    []kernel.Plane  // from the region's corner on
	planes []kernel.Plane  // scratch of in
}

func (f *frame) bind(p *Plan, geo *geometry, a *Arena, dst *tensor.Tensor) {
	f.plan, f.geo, f.arena, f.dst = p, geo, a, dst
}

// load copies the needed part of the input into its buffer.
func (f *frame) load(src *tensor.Tensor) {
	f.clearBorder(nn.Input)
	r := f.geo.valid[nn.Input]
	f.out = f.appendPlanes(f.out[:0], nn.Input, r.Min)
	for c, p := range f.out {
		from := kernel.Plane{Data: src.Plane(0, c), Stride: src.W}
		for y := range r.Dy() {
			copy(p.Row(y, 0, r.Dx()), from.Row(r.Min.Y+y, r.Min.X, r.Dx()))
		}
	}
}

// enter makes a step the current one.
func (f *frame) enter(s *step) {
	f.step, f.r = s, f.geo.valid[s.out]
	f.clearBorder(s.out)
	f.out = f.appendPlanes(f.out[:0], s.out, f.r.Min)
	f.planes = f.planes[:0]
}

// in gives the planes of input i from the pixel at on. They are valid until the next step.
func (f *frame) in(i int, at image.Point) []kernel.Plane {
	first := len(f.planes)
	f.planes = f.appendPlanes(f.planes, f.step.in[i], at)
	return f.planes[first:]
}

// size is the size of input i for the whole window.
func (f *frame) size(i int) image.Point { return f.geo.size[f.step.in[i]] }

// appendPlanes appends the planes of a value seen from the pixel at on.
func (f *frame) appendPlanes(planes []kernel.Plane, v nn.Value, at image.Point) []kernel.Plane {
	if parts, ok := f.plan.sources[v]; ok {
		for _, part := range parts {
			planes = f.appendPlanes(planes, part, at)
		}
		return planes
	}
	need := f.geo.need[v]
	memory := f.arena.memory[f.geo.start[v]:]
	if v == f.plan.graph.Output() {
		memory = f.dst.Data
	}
	stride, size := need.Dx(), need.Dx()*need.Dy()
	offset := (at.Y-need.Min.Y)*stride + at.X - need.Min.X
	for c := range f.geo.chans[v] {
		planes = append(planes, kernel.Plane{Data: memory[c*size+offset : (c+1)*size], Stride: stride})
	}
	return planes
}

// clearBorder puts zeros where a value is read beyond its borders.
func (f *frame) clearBorder(v nn.Value) {
	need, valid := f.geo.need[v], f.geo.valid[v]
	if need == valid {
		return
	}
	f.planes = f.appendPlanes(f.planes[:0], v, need.Min)
	top, left := valid.Min.Y-need.Min.Y, valid.Min.X-need.Min.X
	bottom, right := top+valid.Dy(), left+valid.Dx()
	for _, p := range f.planes {
		for y := range need.Dy() {
			row := p.Row(y, 0, need.Dx())
			if y < top || y >= bottom {
				clear(row)
				continue
			}
			clear(row[:left])
			clear(row[right:])
		}
	}
}
