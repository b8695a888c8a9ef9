package engine

import (
	"image"
)

// Work is how much there is to do.
type Work struct {
	MACs int64 // multiply-accumulates, as plain convolutions
	// Pixels is the number of pixels of the input that results were made for.
	Pixels int64
}

// Work counts what there is to do for a piece, all that is computed besides its parts included.
func (p *Plan) Work(window image.Point, core image.Rectangle, mask Mask) Work {
	geo := newGeometry(p, window, core)
	m := newMasking(mask, p, geo)
	done, want := make(rows, len(geo.size)), make(rows, len(geo.size))
	geo.begin(done)
	out := p.program.Output
	var work Work
	for end := geo.first; done[out] < geo.valid[out].Max.Y; end += geo.increment {
		geo.plan(p, done, want, end)
		for _, s := range p.steps {
			r := geo.valid[s.out]
			r.Min.Y, r.Max.Y = done[s.out], want[s.out]
			if r.Dy() <= 0 {
				continue
			}
			if m == nil {
				work.add(p, s, r)
				continue
			}
			for _, span := range m.computed(s.out, r.Min.Y, r.Max.Y) {
				r.Min.X, r.Max.X = span.Left, span.Right
				work.add(p, s, r)
			}
		}
		copy(done, want)
	}
	return work
}

// add counts a step's work for a rectangle of its result.
func (w *Work) add(p *Plan, s step, r image.Rectangle) {
	if s.out == p.program.Output && p.program.Scale > 0 {
		w.Pixels += int64(r.Dx()*r.Dy()) / int64(p.program.Scale*p.program.Scale)
	}
	w.MACs += s.Op.MACs(r)
}
