package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"time"

	"classsr/internal/par"
	"classsr/picture"
)

// Enlargement is a picture that is being enlarged: a source of the rows of the result (picture.RowSource). They are computed while earlier
// ones are used, as far in advance as there is room for. It is for one goroutine, and must be closed.
type Enlargement struct {
	up       *Upscaler
	job      *job
	canvas   canvas
	whole    *picture.Picture // all of the result, if it was asked for
	schedule *schedule
	ctx      context.Context
	wait     func() error
	next     int // band
	start    time.Time
	planning float64 // seconds
	progress func(pixels int)

	mu       sync.Mutex
	lanes    map[int]*ownLane // of pieces that are begun
	finished time.Time        // when the last piece was
}

// ownLane is a lane with its brush.
type ownLane struct {
	lane
	brush brush
}

// begin starts the workers on a picture for which all is decided.
func (u *Upscaler) begin(ctx context.Context, j *job, c canvas, planning float64) *Enlargement {
	e := &Enlargement{
		up: u, job: j, canvas: c, schedule: newSchedule(j.plan), start: time.Now(), planning: planning,
		lanes: map[int]*ownLane{}, progress: u.progress(j.plan), ctx: ctx,
	}
	stop := context.AfterFunc(ctx, e.schedule.end)
	wait := par.Start(min(j.plan.workers, len(j.plan.pieces)), func(int) error {
		complete := false
		defer func() {
			if !complete { // an error or a panic of one worker ends the work of all
				e.schedule.end()
			}
		}()
		err := e.work()
		complete = err == nil
		return err
	})
	e.wait = func() error {
		defer stop()
		return wait()
	}
	return e
}

// work computes bands of pieces until there are none left.
func (e *Enlargement) work() error {
	for {
		i, band, ok := e.schedule.take()
		if !ok {
			return e.ctx.Err()
		}
		p := &e.job.plan.pieces[i]
		l := e.lane(i, p)
		top, end := e.job.plan.band(band)
		r := image.Rect(p.Core.Min.X, top, p.Core.Max.X, end)
		r = image.Rectangle{Min: r.Min.Mul(e.job.scale), Max: r.Max.Mul(e.job.scale)}
		if err := l.advance(e.ctx, end, e.canvas.painter(&l.brush, band, r)); err != nil {
			return err
		}
		e.progress((end - top) * p.Core.Dx())
		if e.schedule.done(i) {
			e.finish(i)
		}
	}
}

// lane gives the lane of a piece, which is begun if it was not yet.
func (e *Enlargement) lane(i int, p *piece) *ownLane {
	e.mu.Lock()
	l := e.lanes[i]
	fresh := l == nil
	if fresh {
		l = e.up.takeLane()
		e.lanes[i] = l
	}
	e.mu.Unlock()
	if fresh {
		l.begin(e.job, p)
	}
	return l
}

// finish takes a lane from a piece that is complete.
func (e *Enlargement) finish(i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.up.giveBack(e.lanes[i])
	delete(e.lanes, i)
	e.finished = time.Now()
}

// Config implements picture.RowSource.
func (e *Enlargement) Config() picture.Config { return e.job.out }

// NextRows implements picture.RowSource. It returns the error of the context that the enlargement was begun with as soon as that is done.
func (e *Enlargement) NextRows() (*picture.Picture, error) {
	if e.next == len(e.job.plan.bands) {
		return nil, io.EOF
	}
	if !e.schedule.await(e.next) {
		if err := e.wait(); err != nil {
			return nil, err
		}
		return nil, errClosed
	}
	e.next++
	return e.canvas.band(e.next - 1), nil
}

// Close ends the work, whether it is done or not, and gives back what it took.
func (e *Enlargement) Close() error {
	e.schedule.end()
	_ = e.wait() // what NextRows told already, or nobody wants to know any more
	return nil
}

var errClosed = errors.New("infer: rows of an enlargement that was closed")

// Report says what was done. It is complete when all rows were taken.
func (e *Enlargement) Report() Report {
	r := e.up.report(e.job.plan)
	r.Seconds.Network = e.finished.Sub(e.start).Seconds()
	if e.job.plan.choice != nil {
		r.Seconds.Route = e.planning
	}
	return r
}
