package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"classsr/fault"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/par"
	"classsr/internal/regular"
)

// Remote enlarges whole pictures on another machine. It is safe for concurrent use.
type Remote interface {
	// AtATime is how many pictures are under way at a time, at least 1.
	AtATime() int
	// Enlarge has a picture enlarged and its result written by e.Write. progress is told what share of the work is done, from 0 to 1, by the goroutine that called. The
	// Result's Job is not used. When ctx is done, the work on the other machine is given up, unless context.Cause says that it is Gone. An error
	// that all other pictures would have, too, is Gone; others name the picture or a file.
	Enlarge(ctx context.Context, e *Errand, progress func(share float64)) (*Result, error)
}

// Gone is the error of a Remote that is not there, or does not let this program in: it ends the run. What was not finished is done when the run is repeated.
type Gone struct{ Err error }

// Error implements error.
func (g *Gone) Error() string { return g.Err.Error() }

// Unwrap gives Err.
func (g *Gone) Unwrap() error { return g.Err }

// Errand is a picture that a Remote is to enlarge.
type Errand struct {
	Job
	// ReadPage is the page of the file that is read, from 1 on; 0 if none was asked for, which is the first. Job.Page is 0 unless the file has several and all are done.
	ReadPage int
	// Format is that of the result, as imageio.FormatOf gives it.
	Format string
	// Order is what is wanted of it besides what is wanted of all pictures, by the names of package order.
	Order map[string]string
	// Name is what it is called where Input is a temporary file; Key says then what it is, so that the same one is the same job again: none for what comes or goes
	// through a pipe.
	Name string
	Key  []string

	in    io.Reader // what Std is
	task  *task
	write func(func(io.Writer) error) error
}

// Open opens the picture's file, or what came through standard input. Several may be open at a time.
func (e *Errand) Open() (picture *io.SectionReader, closeFile func(), err error) {
	if e.Input != Std {
		f, err := regular.Open(e.Input)
		if err != nil {
			return nil, nil, readError(e.Input, err)
		}
		return section(f, func() { _ = f.Close() }) // nothing was written, so nothing can be lost
	}
	in, release, err := Rereadable(e.in)
	if err != nil {
		return nil, nil, err
	}
	f, ok := in.(*os.File)
	if !ok {
		release()
		return nil, nil, fault.New(fault.Internal, "standard input is no file")
	}
	return section(f, release)
}

// section is all of a file, whatever its position.
func section(f *os.File, release func()) (*io.SectionReader, func(), error) {
	info, err := f.Stat()
	if err != nil {
		release()
		return nil, nil, err
	}
	return io.NewSectionReader(f, 0, info.Size()), release, nil
}

// Unchanged returns an error if the picture's file is not what it was when its turn came. It is to be asked when all of it was read.
func (e *Errand) Unchanged() error {
	if e.task == nil {
		return nil
	}
	return e.task.unchanged()
}

// Picture is what it is called in messages.
func (e *Errand) Picture() string {
	if e.Name != "" {
		return e.Name
	}
	return e.Job.Picture()
}

// Errand makes a run an errand.
func (r *Run) Errand() *Errand {
	e := &Errand{
		Job: Job{Input: r.Input, Output: r.Output}, Format: Y4M, Order: map[string]string{"matrix": string(r.Matrix)}, Name: r.Video.Picture(),
		write: func(write func(io.Writer) error) error { return atomicfile.Write(r.Output, true, write) },
	}
	input, inputErr := filepath.Abs(r.Video.Input)
	output, outputErr := filepath.Abs(r.Video.Output)
	if r.Video.Input != Std && r.Video.Output != Std && errors.Join(inputErr, outputErr) == nil {
		e.Key = []string{input, output, strconv.Itoa(r.Number)}
	}
	return e
}

// Write writes the result: a file that is complete, or not there; or standard output.
func (e *Errand) Write(write func(io.Writer) error) error { return e.write(write) }

// errand makes a task an errand, unless its result could not be written.
func (r *run) errand(ctx context.Context, t *task) (*Errand, error) {
	format, err := r.check(t.Job)
	if err != nil {
		return nil, err
	}
	note := func(result os.FileInfo) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		return t.note(result)
	}
	return &Errand{
		Job: t.Job, ReadPage: t.reading.Page, Format: format, in: r.In, task: t,
		write: func(write func(io.Writer) error) error { return r.write(ctx, t.Output, write, note) },
	}, nil
}

// abroad is the part of a run that a Remote does: so many pictures at a time, which end in any order.
type abroad struct {
	run      *run
	ctx      context.Context
	cancel   context.CancelCauseFunc // with the error that ends the run
	handed   chan *away
	underWay sync.WaitGroup // those that were handed out
	wait     func() error   // for the goroutines

	out map[*away]bool // those that have begun; the run's lock guards it and what they hold
}

// away is a picture of so many bytes that is done by a Remote.
type away struct {
	task
	size  int64
	share float64        // that is done
	frame *infer.Decided // of a frame
}

// goAbroad begins to have pictures done by the Remote, until end is called. The context that it gives ends with the run.
func (r *run) goAbroad(ctx context.Context) (within context.Context, end func(err error) error) {
	a := &abroad{run: r, handed: make(chan *away), out: map[*away]bool{}}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	a.wait = par.Start(r.Remote.AtATime(), func(int) error {
		for w := range a.handed {
			a.do(w)
		}
		return nil
	})
	r.abroad = a
	return a.ctx, a.end
}

// end waits for what is under way, which is given up if err ended the run, and gives the error that ended it.
func (a *abroad) end(err error) error {
	if err != nil {
		a.cancel(err)
	}
	close(a.handed)
	_ = a.wait() // it returns none, but passes a panic on
	if cause := context.Cause(a.ctx); cause != nil {
		err = cause
	}
	a.cancel(nil)
	return err
}

// hand hands a picture to a goroutine, when one is free.
func (a *abroad) hand(w *away) error {
	a.underWay.Add(1)
	select {
	case a.handed <- w:
		return nil
	case <-a.ctx.Done():
		a.underWay.Done()
		return context.Cause(a.ctx)
	}
}

// rest waits until nothing is under way.
func (a *abroad) rest() error {
	a.underWay.Wait()
	return context.Cause(a.ctx)
}

// do does a picture, and ends the run if that is how it ends.
func (a *abroad) do(w *away) {
	err := errPanic
	defer func() { // after a panic, too: others wait
		if err != nil {
			a.cancel(err)
		}
		a.underWay.Done()
	}()
	err = a.done(w)
}

var errPanic = errors.New("a mistake in the program")

// done does a picture and tells of it. An error is one that ends the run.
func (a *abroad) done(w *away) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	a.moved(w, 0)
	result, err := a.enlarge(w)
	var gone *Gone
	if errors.As(err, &gone) || result == nil && a.ctx.Err() != nil {
		return err // the next run does it
	}
	r := a.run
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(a.out, w)
	r.watcher.Started(w.Job, a.position(w)) // so that what it is told next is about this one
	err = r.ended(w.Job, result, err)
	r.over(w.size)
	return err
}

// enlarge has a picture enlarged.
func (a *abroad) enlarge(w *away) (*Result, error) {
	if w.Output != Std {
		if err := makeFolder(filepath.Dir(w.Output)); err != nil {
			return nil, err
		}
	}
	e, err := a.run.errand(a.ctx, &w.task)
	if err != nil {
		return nil, err
	}
	if w.frame != nil {
		e.Order = map[string]string{"classes": w.frame.Text()}
	}
	result, err := a.run.Remote.Enlarge(a.ctx, e, func(share float64) { a.moved(w, share) })
	if err != nil {
		return nil, err
	}
	result.Job = w.Job
	if w.frame != nil && result.Frame != nil {
		result.Frame.ClassChanges = w.frame.Changed
	}
	return result, nil
}

// moved tells that a picture has begun, or how far it is.
func (a *abroad) moved(w *away, share float64) {
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.out[w] = true
	w.share = share
	a.run.watcher.Started(w.Job, a.position(w))
}

// thousandths are the parts of a picture that a Remote does.
const thousandths = 1000

// position is where the run is, seen from a picture: what others that are under way have done counts as done before it.
func (a *abroad) position(w *away) Position {
	at := a.run.at
	at.Size, at.Part, at.Parts = w.size, int(w.share*thousandths), thousandths
	for other := range a.out {
		if other != w {
			at.Before += int64(other.share * float64(other.size))
		}
	}
	return at
}
