package engine

import (
	"context"
	"image"
	"math"

	"classsr/internal/kernel"
	"classsr/program"
)

// Piece is a piece of work: the part Core of a window of the given size. Beyond the window there are zeros to the network. Core is in the
// window's pixels.
type Piece struct {
	Window image.Point
	Core   image.Rectangle
	// Mask, if not nil, says which parts of the core are computed; what lies between them holds anything. Only networks whose rows slide
	// (not those of ByLayer, nor those that pool over their input) can leave parts out.
	Mask Mask
	// Threads is how many cores may work on the piece; 0 stands for one. It changes no bits. Only networks that pool over their input
	// use more than one; of others, several pieces are run at once instead.
	Threads int
}

// Executor computes pieces of pictures, one at a time, by a plan and in an arena. Rows of the window go in and rows of the core's result
// come out, both from top to bottom, a few in each step:
//
//	e.Begin(piece)
//	for taken < height of the result {
//		fill(e.Wants())
//		work, err := e.Step(ctx)
//		take(e.Made(height of the result))
//	}
type Executor struct {
	plan    *Plan
	arena   *Arena
	threads int
	end     int // how far the result comes in the next step
	sent    int // the first row of the result that was not given yet
}

// Executor makes an executor that works in an arena, which does nothing else while a piece is being computed.
func (p *Plan) Executor(a *Arena) *Executor { return &Executor{plan: p, arena: a} }

// Begin begins a piece; what was not finished before is dropped. A core that does not lie inside its window panics. Networks without a
// scale always compute the whole result.
func (e *Executor) Begin(piece Piece) {
	geo := e.arena.layOut(e.plan, piece.Window, piece.Core)
	f := &e.arena.frame
	f.bind(e.plan, geo, e.arena)
	f.mask = newMasking(piece.Mask, e.plan, geo)
	e.threads, e.end = piece.Threads, geo.first
	e.sent = f.done[e.plan.program.Output]
}

// Wants gives the rows of the window that the next step reads and that were not there before, to be filled; there may be none. Each row is
// asked for once, and rows and columns that nothing depends on are left out.
func (e *Executor) Wants() Rows {
	f := &e.arena.frame
	f.geo.plan(e.plan, f.done, f.want, e.end)
	r := f.geo.valid[program.Input]
	r.Min.Y, r.Max.Y = f.done[program.Input], f.want[program.Input]
	if r.Dy() > 0 {
		f.start(program.Input)
	}
	return f.rows(program.Input, r, image.Point{})
}

// Step makes the next rows of the result; at the beginning of a piece there may be none after a step. It comes after Wants, and after Made
// has given all rows that its caller can take. It says what there was to do. It returns early with ctx's error if ctx is done; then the
// piece cannot go on.
func (e *Executor) Step(ctx context.Context) (Work, error) {
	f := &e.arena.frame
	f.work = Work{}
	f.done[program.Input] = f.want[program.Input]
	for i := range e.plan.steps {
		if err := ctx.Err(); err != nil {
			return f.work, err
		}
		if f.enter(&e.plan.steps[i]) {
			if err := f.do(ctx, e.threads); err != nil {
				return f.work, err
			}
		}
	}
	e.end += f.geo.increment
	return f.work, nil
}

// Made gives the rows of the core's result that were made since it gave some last, as far as they come before row end. What is left is
// given later. They are valid until the next Step.
func (e *Executor) Made(end int) Rows {
	f := &e.arena.frame
	out := e.plan.program.Output
	r := f.geo.valid[out]
	corner := r.Min
	r.Min.Y, r.Max.Y = e.sent, f.done[out]
	if end < r.Max.Y-corner.Y {
		r.Max.Y = max(corner.Y+end, e.sent)
	}
	e.sent = r.Max.Y
	return f.rows(out, r, corner)
}

// Run computes a piece. fill gets rows of the window to fill, and take gets rows of the core's result; either may be nil. It returns early
// with ctx's error if ctx is done.
func (p *Plan) Run(ctx context.Context, a *Arena, piece Piece, fill, take func(Rows)) error {
	e := Executor{plan: p, arena: a}
	e.Begin(piece)
	last := a.frame.geo.valid[p.program.Output].Max.Y
	for e.sent < last {
		if rows := e.Wants(); fill != nil && !rows.Empty() {
			fill(rows)
		}
		if _, err := e.Step(ctx); err != nil {
			return err
		}
		if rows := e.Made(math.MaxInt); take != nil && !rows.Empty() {
			take(rows)
		}
	}
	return nil
}

// Rows are rows of planes in an arena: of a window, to be filled, or of a core's result.
type Rows struct {
	// Rectangle says which rows, and which columns of them: in the window's pixels, or in those of the core's result.
	image.Rectangle
	Channels int
	block    kernel.Block
	corner   image.Point // that Rectangle is counted from
}

// Row gives row y of a channel, from column Min.X to Max.X-1.
func (r Rows) Row(channel, y int) []float32 {
	return r.block.Row(channel, r.corner.Y+y, 0, r.Dx())
}

// rows gives a rectangle of a value, counted from a corner.
func (f *frame) rows(v program.Value, r image.Rectangle, corner image.Point) Rows {
	return Rows{Rectangle: r.Sub(corner), Channels: f.geo.chans[v], block: f.block(v, r.Min.X), corner: corner}
}
