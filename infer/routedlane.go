package infer

import (
	"context"
	"image"

	"classsr/branch"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/route"
)

// routedLane computes pieces by all branches, each the parts of its class.
type routedLane struct {
	singleLane
	arenas    []engine.Arena // by class
	executors []executor     // nil where a class has nothing to do
	windows   []image.Point  // the corners of their windows
	made      []int          // rows of the result, by class
	cores     int            // the row of cores that is computed next
	blended   blendRows
	segments  []route.Segment
}

func newRoutedLane(branches []*branch.Branch) *routedLane {
	n := len(branches)
	return &routedLane{
		singleLane: singleLane{branches: branches},
		arenas:     make([]engine.Arena, n), executors: make([]executor, n), windows: make([]image.Point, n), made: make([]int, n),
	}
}

func (l *routedLane) begin(j *job, p *piece) {
	if j.plan.mixed == nil {
		l.singleLane.begin(j, p)
		return
	}
	l.job, l.piece = j, p
	b := j.plan.choice.blend
	l.blended.forPiece(b, p.Core)
	for l.cores = 0; b.Until(l.cores) <= p.Core.Min.Y; {
		l.cores++
	}
	for class := range l.branches {
		part := j.plan.part(class, p.Core)
		l.executors[class], l.made[class] = nil, 0
		if part != nil {
			l.windows[class] = part.window.Min
			if j.plan.arenas != nil {
				l.arenas[class].Reserve(j.plan.arenas[class])
			}
			l.executors[class] = l.branches[class].Plan.Executor(&l.arenas[class])
			l.executors[class].Begin(engine.Piece{Window: part.window.Size(), Core: p.Core.Sub(part.window.Min), Mask: part.mask})
		}
	}
}

// advance goes from row of cores to row of cores, and computes all classes of each, so that what a branch needs stays in cache.
func (l *routedLane) advance(ctx context.Context, end int, to painter) error {
	if l.job.plan.mixed == nil {
		return l.singleLane.advance(ctx, end, to)
	}
	b := l.job.plan.choice.blend
	for ; l.cores < b.Rows() && b.Until(l.cores) <= end; l.cores++ {
		until := b.Until(l.cores) * b.Scale
		for class := range l.branches {
			if l.executors[class] == nil {
				continue
			}
			if err := l.compute(ctx, class, until, to); err != nil {
				return err
			}
		}
		l.flush(until, to)
	}
	return nil
}

// compute computes a class's parts of the rows of the result before row until.
func (l *routedLane) compute(ctx context.Context, class, until int, to painter) error {
	b, e := l.branches[class], l.executors[class]
	corner := l.piece.Core.Min.Mul(b.Spec.Scale)
	for until -= corner.Y; l.made[class] < until; {
		b.Fill(e.Wants(), l.job.view.source, l.windows[class])
		work, err := e.Step(ctx)
		if err != nil {
			return err
		}
		l.piece.macs += work.MACs
		rows := e.Made(until)
		l.made[class] = rows.Max.Y
		l.blend(class, rows, corner, to)
	}
	return nil
}

// blend hands on what a class makes alone of rows of the result, and adds its share of the rest.
func (l *routedLane) blend(class int, rows engine.Rows, corner image.Point, to painter) {
	b := l.job.plan.choice.blend
	left := corner.X + rows.Min.X
	var last route.Row
	for y := rows.Min.Y; y < rows.Max.Y; y++ {
		row := b.RowAt(corner.Y + y)
		if y == rows.Min.Y || !row.Same(last) {
			l.segments = b.Segments(l.segments[:0], row, class, left, corner.X+rows.Max.X)
		}
		last = row
		for _, s := range l.segments {
			for c := range l.planes {
				l.planes[c] = rows.Row(c, y)[s.Left-left : s.Right-left]
				l.branches[class].ToUnit(l.planes[c])
			}
			if s.At == 1 && s.Step == 0 {
				to.row(l.planes[:], s.Left, corner.Y+y)
				continue
			}
			mixed := l.blended.row(corner.Y + y)
			for c, plane := range l.planes {
				kernel.AddRamp(l.blended.part(mixed, c, s.Left, s.Right), plane, s.At, s.Step)
			}
		}
	}
}

// flush hands on what several classes made of the rows before row until, which is all there.
func (l *routedLane) flush(until int, to painter) {
	r := &l.blended
	for y := r.done; y < until; y++ {
		row := r.row(y)
		for _, s := range row.spans {
			for c := range l.planes {
				l.planes[c] = r.part(row, c, s.Left, s.Right)
			}
			to.row(l.planes[:], s.Left, y)
			for _, plane := range l.planes {
				clear(plane)
			}
		}
	}
	r.restart(until)
}

func (l *routedLane) rest() {
	l.singleLane.rest()
	clear(l.executors)
	l.blended.blend = nil
}

func (l *routedLane) bytes() int64 {
	bytes := l.singleLane.bytes()
	for i := range l.arenas {
		bytes += l.arenas[i].Bytes()
	}
	for _, plane := range l.blended.planes {
		bytes += int64(4 * cap(plane))
	}
	return bytes
}
