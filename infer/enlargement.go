package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"sync"
	"time"

	"classsr/internal/par"
	"classsr/internal/stopwatch"
	"classsr/picture"
)

// Enlargement is a picture that is being enlarged: a source of the rows of the result (picture.RowSource). They are computed while earlier
// ones are used, as far in advance as there is room for. It is for one goroutine, and must be closed.
type Enlargement struct {
	up       *Upscaler
	job      *job
	claim    *Claim
	canvas   canvas
	whole    *picture.Picture // all of the result, if it was asked for
	schedule *schedule
	ctx      context.Context
	wait     func() error
	next     int // band
	watch    stopwatch.Watch
	planning float64                      // seconds
	progress func(pixels int, macs int64) // is told of each band of a piece
	out      picture.Config

	device    *deviceRun // nil if there is none
	processor *plan      // by which the processor computes the picture if the device does not
	macs      int64      // that the device had done when it failed
	follows   bool       // whole has parts of the picture before, which a device has computed, too

	mu    sync.Mutex
	lanes map[int]*ownLane // of pieces that are begun
	free  []*ownLane       // of pieces that are complete
	took  time.Duration    // until the last piece was finished
}

// ownLane is a lane with its brush.
type ownLane struct {
	lane
	brush brush
}

// newEnlargement is the enlarging of a picture for which all is decided.
func (u *Upscaler) newEnlargement(ctx context.Context, claim *Claim, j *job, c canvas, planning float64, progress func(pixels int, macs int64)) *Enlargement {
	return &Enlargement{
		up: u, claim: claim, job: j, canvas: c, out: j.out, watch: stopwatch.Start(), planning: planning, progress: progress, ctx: ctx,
	}
}

// start starts the workers.
func (e *Enlargement) start() {
	plan, schedule := e.job.plan, newSchedule(e.job.plan)
	e.schedule, e.lanes, e.next = schedule, map[int]*ownLane{}, 0
	stop := context.AfterFunc(e.ctx, schedule.end)
	wait := par.Start(min(plan.workers, len(plan.pieces)), func(int) error {
		complete := false
		defer func() {
			if !complete { // an error or a panic of one worker ends the work of all
				schedule.end()
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
}

// onDevice tells whether it is the device that computes.
func (e *Enlargement) onDevice() bool { return e.device.computes() && e.job.plan == e.device.plan }

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
		before := p.macs
		if err := e.advance(l, band, end, r); err != nil {
			return err
		}
		if err := e.job.view.err(); err != nil {
			return err
		}
		e.progress((end-top)*p.Core.Dx(), p.macs-before)
		if e.schedule.done(i) {
			e.finish(i)
		}
	}
}

// advance computes a band of a lane's piece, which makes the rectangle r of the result, on as many cores as work on a piece.
func (e *Enlargement) advance(l *ownLane, band, end int, r image.Rectangle) error {
	if e.onDevice() { // its lanes need no core while they wait
		return l.advance(e.ctx, end, e.canvas.painter(&l.brush, band, r))
	}
	cores := max(e.job.plan.threads, 1)
	if err := e.up.budget.AcquireThreads(e.ctx, cores); err != nil {
		return err
	}
	defer e.up.budget.ReleaseThreads(cores)
	return l.advance(e.ctx, end, e.canvas.painter(&l.brush, band, r))
}

// lane gives the lane of a piece, which is begun if it was not yet.
func (e *Enlargement) lane(i int, p *piece) *ownLane {
	e.mu.Lock()
	l := e.lanes[i]
	fresh := l == nil
	if fresh {
		l = e.freeLane()
		e.lanes[i] = l
	}
	e.mu.Unlock()
	if fresh {
		l.begin(e.job, p)
	}
	return l
}

// freeLane gives a lane of this picture or of an earlier one that has no piece, or a new one.
func (e *Enlargement) freeLane() *ownLane {
	if n := len(e.free); n > 0 {
		l := e.free[n-1]
		e.free = e.free[:n-1]
		return l
	}
	if e.onDevice() {
		return &ownLane{lane: &deviceLane{run: e.device, budget: e.up.budget}}
	}
	for n := len(e.claim.idle); n > 0; n = len(e.claim.idle) {
		l, ok := e.claim.reserved.Take(e.claim.idle[n-1]).(*ownLane)
		e.claim.idle = e.claim.idle[:n-1]
		if ok {
			return l
		}
	}
	return &ownLane{lane: e.up.method.lane()}
}

// finish takes a lane from a piece that is complete.
func (e *Enlargement) finish(i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.free = append(e.free, e.lanes[i])
	delete(e.lanes, i)
	e.took = e.watch.Elapsed()
}

// Config implements picture.RowSource.
func (e *Enlargement) Config() picture.Config { return e.out }

// NextRows implements picture.RowSource. It returns the error of the context that the enlargement was begun with as soon as that is done. ErrUntrusted says that rows which
// were given before may be wrong.
func (e *Enlargement) NextRows() (*picture.Picture, error) {
	if e.next == len(e.job.plan.bands) {
		_ = e.wait() // for workers that are about to end
		return nil, io.EOF
	}
	for !e.schedule.await(e.next) {
		err := e.wait()
		var failed *deviceError
		switch {
		case errors.As(err, &failed):
			if err := e.goOn(failed); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		default:
			return nil, errClosed
		}
	}
	e.next++
	return e.canvas.band(e.next - 1), nil
}

// Close ends the work, whether it is done or not, and gives back what it took.
func (e *Enlargement) Close() error {
	e.schedule.end()
	_ = e.wait() // what NextRows told already, or nobody wants to know any more
	if e.onDevice() {
		e.leaveDevice()
	}
	e.device.end()
	for _, l := range e.free { // lanes whose piece is not complete may hold anything
		l.rest()
		l.brush = brush{}
		e.claim.idle = append(e.claim.idle, e.claim.reserved.Park(l.bytes(), l))
	}
	e.free = nil
	e.claim.Release()
	return nil
}

var errClosed = errors.New("infer: rows of an enlargement that was closed")

// Report says what was done, after NextRows has returned io.EOF.
func (e *Enlargement) Report() Report {
	r := e.up.report(e.job.plan)
	r.MACs += e.macs
	r.Device = e.device.reported()
	r.Seconds.Network = e.took.Seconds()
	if e.job.plan.choice != nil {
		r.Seconds.Route = e.planning
	}
	return r
}
