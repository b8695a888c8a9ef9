package infer

import (
	"context"
	"image"

	"classsr/engine"
	"classsr/picture"
	"classsr/resample"
)

// job is the enlarging of one picture.
type job struct {
	in    picture.Config
	view  view
	out   picture.Config // of the result
	scale int
	plan  *plan
	// bicubic is for the whole picture, also where the result is only a part of its enlargement.
	bicubic *resample.Plan
}

func newJob(v view, p *plan, scale int) (*job, error) {
	in := v.source.Config()
	bicubic, err := resample.New(in.Width, in.Height, in.Width*scale, in.Height*scale, resample.Original)
	if err != nil {
		return nil, err
	}
	out := in
	out.Width, out.Height = p.covered.X*scale, p.rows()*scale
	return &job{in: in, view: v, out: out, scale: scale, plan: p, bicubic: bicubic}, nil
}

// lane computes pieces, one after the other, and each of them from top to bottom.
type lane interface {
	// begin begins a piece of a picture; what was not finished before is dropped.
	begin(j *job, p *piece)
	// advance computes the rows of the piece up to row end of the small picture, and hands them to to.
	advance(ctx context.Context, end int, to painter) error
	// rest ends the work on a picture: nothing of it is held any more.
	rest()
	// bytes is the memory that it holds.
	bytes() int64
}

// executor computes pieces with a network: rows go in, rows of the result come out. *engine.Executor does it with the processor.
type executor interface {
	Begin(engine.Piece)
	Wants() engine.Rows
	Step(context.Context) (engine.Work, error)
	Made(end int) engine.Rows
}

// painter takes rows of the result.
type painter interface {
	// row takes colour planes, one or three, of pixels of row y from column x on, values in 0..1. It may change them.
	row(colours [][]float32, x, y int)
}

// canvas gathers what lanes compute to bands of the result.
type canvas interface {
	// painter gives what takes the rows of a rectangle of a band of the result. Each lane has a brush of its own.
	painter(b *brush, band int, r image.Rectangle) painter
	// band gives a complete band. Bands are asked for in their order, each once, and are valid until the next one is asked for.
	band(i int) *picture.Picture
}
