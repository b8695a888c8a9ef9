package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/engine"
	"classsr/route"
)

// stripWorker is a worker's memory for pieces of all branches.
type stripWorker struct {
	pieceWorker
	arenas   []engine.Arena // by class
	rows     *blendRows
	segments []route.Segment
	made     []int // rows of the result, by class
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
	running := make([]*engine.Executor, len(w.branches))
	w.made = make([]int, len(w.branches))
	for class, part := range p.masks {
		if part != nil {
			running[class] = w.begin(p, class, part)
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
			if err := w.to(ctx, j, p, class, running[class], until, write); err != nil {
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
func (w *stripWorker) begin(p *piece, class int, of *part) *engine.Executor {
	e := w.branches[class].Plan.Executor(&w.arenas[class])
	e.Begin(engine.Piece{Window: of.window.Size(), Core: p.Core.Sub(of.window.Min), Mask: of.mask})
	return e
}

// to computes a branch's rows of the result up to one.
func (w *stripWorker) to(ctx context.Context, j *job, p *piece, class int, e *engine.Executor, until int,
	write func([][]float32, image.Rectangle)) error {
	b := w.branches[class]
	for w.made[class] < until {
		b.Fill(e.Wants(), j.in, p.masks[class].window.Min)
		if err := e.Step(ctx); err != nil {
			return err
		}
		rows := e.Made(until)
		w.made[class] = rows.Max.Y
		w.hand(j.plan.choice.blend, class, rows, p.Core.Min.Mul(b.Spec.Scale), write)
	}
	return nil
}

// hand hands on the parts of rows in which a class has any weight.
func (w *stripWorker) hand(b *route.Blend, class int, rows engine.Rows, corner image.Point, write func([][]float32, image.Rectangle)) {
	left, right := corner.X+rows.Min.X, corner.X+rows.Max.X
	var last route.Row
	for y := rows.Min.Y; y < rows.Max.Y; y++ {
		row := b.RowAt(corner.Y + y)
		if y == rows.Min.Y || !row.Same(last) {
			w.segments = b.Segments(w.segments[:0], row, class, left, right)
		}
		last = row
		for _, s := range w.segments {
			for c := range w.planes {
				w.planes[c] = rows.Row(c, y)[s.Left-left : s.Right-left]
				w.branches[class].ToUnit(w.planes[c])
			}
			w.place(s, corner.Y+y, write)
		}
	}
}

// place hands on what the class of a segment makes alone, and adds the rest to the rows that several make.
func (w *stripWorker) place(s route.Segment, y int, write func([][]float32, image.Rectangle)) {
	if s.At == 1 && s.Step == 0 {
		write(w.planes[:], image.Rect(s.Left, y, s.Right, y+1))
		return
	}
	for c, plane := range w.planes {
		addWeighted(w.rows.row(c, y, s.Left, s.Right), plane, s.At, s.Step)
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
