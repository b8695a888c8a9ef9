package pipeline

import (
	"context"
	"errors"
	"fmt"

	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/stopwatch"
	"classsr/route"
)

// Curve forecasts what a file takes by several goals, after one look at the picture: the first point is as the models' options ask, one for each goal follows if the model of the
// first pass has classes. Seconds are those of reading the file and of the networks, without writing. A second pass is taken to find the picture as difficult as the first one did.
// The memory that the look takes is reserved of from; pictures that are too large for it as a whole are looked at in rows if they can be. Without any network there are no points.
// It returns an error of kind fault.TooLarge if from has not so much memory, or those of reading a picture.
func (p *Pipeline) Curve(ctx context.Context, path, name string, from *budget.Budget, goals []route.Goal) ([]infer.Point, error) {
	l := glance{p: p, from: from}
	defer l.release()
	in, err := read(nil, path, imageio.Limits{Options: p.Reading, Accept: func(c imageio.Config) error { return l.accept(ctx, c, name) }}, func() bool { return l.inRows })
	if errors.Is(err, errNoNetwork) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	reading := l.begun.Elapsed().Seconds()
	if err := p.colors(ctx, name, in.Decoded); err != nil {
		return nil, err
	}
	first := l.course.passes[0]
	var points []infer.Point
	if l.inRows {
		points, err = first.CurveRows(ctx, l.course.in, in.file.Rows, goals)
	} else {
		points, err = first.Curve(ctx, in.Picture, goals)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i := range points {
		points[i].Seconds += reading
	}
	return points, l.course.addPasses(ctx, points)
}

// errNoNetwork ends the look at a picture that no network enlarges, before it is decoded.
var errNoNetwork = errors.New("no network enlarges it")

// glance is a picture that is only looked at.
type glance struct {
	p      *Pipeline
	from   *budget.Budget
	course *course
	inRows bool
	held   *budget.Reservation // nil for nothing
	begun  stopwatch.Watch     // when there was memory
}

func (l *glance) release() {
	if l.held != nil {
		l.held.Release()
		l.held = nil
	}
}

// accept plans for a picture of this form, and reserves what a look at it takes.
func (l *glance) accept(ctx context.Context, c imageio.Config, name string) (err error) {
	l.release() // where headers had to be judged again
	defer func() { l.begun = stopwatch.Start() }()
	if l.course, err = l.p.plan(c, name); err != nil {
		return err
	}
	if len(l.course.passes) == 0 {
		return errNoNetwork
	}
	first := l.course.passes[0]
	whole := max(c.DecodeBytes, l.course.decoded-c.Bytes()+first.CurveBytes(c.Config, false))
	l.held, err = l.from.Reserve(ctx, whole)
	if l.inRows = fault.KindOf(err) == fault.TooLarge && l.course.rows > 0 && !c.Alpha; l.inRows {
		l.held, err = l.from.Reserve(ctx, l.course.rows+first.CurveBytes(c.Config, true))
	}
	return err
}

// addPasses adds what the passes after the first one take.
func (w *course) addPasses(ctx context.Context, points []infer.Point) error {
	for i, pass := range w.passes[1:] {
		n := w.network(i + 1)
		full, err := pass.Rough(ctx, n.Width, n.Height)
		if err != nil {
			return err
		}
		macs := pass.FullMACs(n.Width, n.Height)
		for k := range points {
			p, share := &points[k], 1.0
			if pass.Mode() == infer.ModeRouted && p.MACsFull > 0 {
				share = float64(p.MACs) / float64(p.MACsFull)
			}
			p.Seconds += full * share
			p.MACs, p.MACsFull = p.MACs+int64(float64(macs)*share), p.MACsFull+macs
		}
	}
	return nil
}
