package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/engine"
	"classsr/route"
	"classsr/tensor"
)

// stripWorker is a worker's memory for pieces of all branches.
type stripWorker struct {
	pieceWorker
	arenas   []engine.Arena // by class
	rows     *blendRows
	segments []route.Segment
	segment  route.Segment // that comes next
	spans    []route.Span
	part     [3][]float32
}

func newStripWorker(branches []*branch.Branch) *stripWorker {
	return &stripWorker{pieceWorker: pieceWorker{branches: branches}, arenas: make([]engine.Arena, len(branches))}
}

// enlarge computes a strip: row of cores by row of cores, each branch after the other.
func (w *stripWorker) enlarge(ctx context.Context, j *job, p *piece, write func([][]float32, image.Rectangle)) error {
	if p.masks == nil {
		return w.pieceWorker.enlarge(ctx, j, p, write)
	}
	b := j.plan.choice.blend
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
				p.macs += w.branches[class].Plan.MACs(part.window.Size(), p.Core.Sub(part.window.Min))
			} else {
				p.macs += running[class].Work().MACs
			}
		}
	}
	return nil
}

// begin starts a branch's part of a strip.
func (w *stripWorker) begin(j *job, p *piece, class int, of *part, write func([][]float32, image.Rectangle)) engine.Progress {
	b := w.branches[class]
	corner := p.Core.Min.Mul(b.Spec.Scale)
	return b.Plan.Begin(&w.arenas[class], engine.Piece{
		Window: of.window.Size(), Core: p.Core.Sub(of.window.Min), Mask: of.mask,
		Read: func(dst *tensor.Tensor, y int) { b.Read(j.in, dst, of.window.Min.Add(image.Pt(0, y))) },
		Parts: func(r image.Rectangle, hand func(image.Rectangle)) {
			w.split(j.plan.choice.blend, class, r.Add(corner), func(part image.Rectangle) { hand(part.Sub(corner)) })
		},
		Write: func(src *tensor.Tensor, at image.Point) {
			b.ToUnit(src.Data)
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
				w.part[c] = grow(w.part[c], r.Dx()*r.Dy())
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
