package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"classsr/fault"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/internal/par"
)

// Runs enlarges frames of videos that follow each other, a few together, about which everything is decided. It is safe for concurrent use.
type Runs interface {
	// AtATime is how many runs are under way at a time, at least 1.
	AtATime() int
	// EnlargeRun enlarges a run, from file to file, with the same bytes as a Video of the file Run.Input. progress, which may be called at any time before it returns,
	// is told what share of the work is done. An error ends the video; it names the video or none.
	EnlargeRun(ctx context.Context, r *Run, progress func(share float64)) (*VideoResult, error)
}

// Run is some frames of a video that follow each other, in a file (y4m). The line before each frame says what was decided about it.
type Run struct {
	Input, Output string
	// Video has the names of the whole, or Std.
	Video  Job
	Number int // of the run, from 0 on
	Frames int
	Bytes  int64      // of its result
	Out    y4m.Header // of its result
	Matrix yuv.Matrix
	MACs   int64 // that it takes, about
}

const (
	// runMACs is what a run is to take at least: some seconds of a core.
	runMACs = 200e9
	// mostExtra is which share of a run its first frame may add, which is computed as a whole.
	mostExtra = 0.1
	// mostFrames and mostRunBytes bound a run and its result; one frame there always is.
	mostFrames   = 64
	mostRunBytes = 256 << 20
	// runsBytes is what the results of all runs that are under way have at most, about; a few there always are.
	runsBytes = 4 << 30
	fewRuns   = 4
)

// errOtherResult is about a result that is not of the form that was asked for.
var errOtherResult = fault.New(fault.Damaged, "a part of the result has another form than the video is to have")

// runner has a video enlarged in runs.
type runner struct {
	*mover
	ctx    context.Context //nolint:containedctx // of the video; done with the error that ends it
	cancel context.CancelCauseFunc
	folder string
	slots  chan struct{} // held by runs from their beginning until they are written
	handed chan *underWay
	order  chan *underWay
	run    *growing // gets frames; nil if a run is to begin
	begun  int      // runs

	mu      sync.Mutex
	written int // frames
	shares  map[*underWay]float64
}

// underWay is a run that is not written yet.
type underWay struct {
	Run
	weight float64       // of the arithmetic, in frames
	ended  chan struct{} // closed when its result is there, or an error has ended the video
}

// inRuns enlarges all frames in runs.
func (m *mover) inRuns(ctx context.Context, to io.Writer) (err error) {
	r := &runner{mover: m, folder: m.video.Folder, shares: map[*underWay]float64{}}
	if r.folder == "" {
		if r.folder, err = os.MkdirTemp("", "classsr-video-*"); err != nil {
			return fmt.Errorf("cannot keep frames that are under way: %w", err)
		}
		defer func() { _ = os.RemoveAll(r.folder) }() // a temporary one
	}
	perRun := max(min(mostFrames*m.into.Bytes(), mostRunBytes), m.into.Bytes())
	atATime := min(m.video.Runs.AtATime(), max(int(runsBytes/perRun), fewRuns))
	r.slots, r.handed, r.order = make(chan struct{}, atATime), make(chan *underWay), make(chan *underWay, atATime)
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	defer context.AfterFunc(r.ctx, m.leave)()
	jobs := []func() error{r.decideAll, func() error { return r.writeAll(to) }}
	for range atATime {
		jobs = append(jobs, r.enlargeAll)
	}
	wait := par.Start(len(jobs), func(i int) error {
		err := errPanic
		defer func() { // after a panic, too: others wait
			if err != nil {
				r.cancel(err)
			}
		}()
		err = jobs[i]()
		return nil
	})
	_ = wait() // it returns none, but passes a panic on
	return context.Cause(r.ctx)
}

// decideAll reads the frames, decides about each, and cuts them into runs.
func (r *runner) decideAll() error {
	defer close(r.order)
	defer close(r.handed)
	defer func() {
		if r.run != nil { // after an error
			_ = r.run.file.Close()
		}
	}()
	in := yuv.New(r.header, r.matrix, r.Threads)
	frame := r.header.NewFrame()
	r.picture = in.Config().New()
	for {
		err := r.source.Read(frame)
		switch {
		case errors.Is(err, io.EOF) && r.begun == 0:
			return y4m.ErrNoFrame
		case errors.Is(err, io.EOF):
			return r.hand()
		case err == nil:
			err = r.take(in, frame)
		}
		if err != nil {
			return err
		}
	}
}

// take adds a frame to a run, and hands that on if it is to get no more.
func (r *runner) take(c *yuv.Converter, frame *y4m.Frame) error {
	moved, err := r.decide(c, frame)
	if err != nil {
		return err
	}
	if r.run == nil {
		if r.run, err = r.begin(r.begun); err != nil {
			return err
		}
		r.begun++
		moved = 1 // all of it is computed
	}
	if err := r.run.add(frame, moved); err != nil || !r.full(r.run) {
		return err
	}
	return r.hand()
}

// decide decides about a frame, notes that on it, and tells which share of it has changed.
func (r *runner) decide(c *yuv.Converter, frame *y4m.Frame) (moved float64, err error) {
	if err := c.ToPicture(r.ctx, r.picture, frame); err != nil {
		return 0, err
	}
	d, err := r.frames.Decide(r.ctx, r.picture, r.beside())
	if err != nil {
		return 0, err
	}
	frame.Note = d.Text()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Frames++
	r.result.MACs += d.RouterMACs
	if d.Cut {
		r.result.Scenes++
	} else {
		r.result.ClassChanges += d.Changed
	}
	return d.Moved, nil
}

// growing is a run that gets frames.
type growing struct {
	*underWay
	file   *os.File
	writer *y4m.Writer
}

// begin begins a run, when there is room for another one.
func (r *runner) begin(number int) (*growing, error) {
	select {
	case r.slots <- struct{}{}:
	case <-r.ctx.Done():
		return nil, r.ctx.Err()
	}
	u := &underWay{ended: make(chan struct{}), Run: Run{
		Input: filepath.Join(r.folder, fmt.Sprintf("run-%d.y4m", number)), Output: filepath.Join(r.folder, fmt.Sprintf("run-%d-large.y4m", number)),
		Video: Job{Input: r.video.Input, Output: r.video.Output}, Number: number, Out: r.into, Matrix: r.matrix,
	}}
	file, err := os.OpenFile(u.Input, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	writer, err := y4m.NewWriter(file, r.header)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &growing{u, file, writer}, nil
}

func (o *growing) add(frame *y4m.Frame, moved float64) error {
	o.Frames++
	o.weight += moved
	return o.writer.Write(frame)
}

// full tells whether a run is to get no more frames.
func (r *runner) full(o *growing) bool {
	if o.Frames >= mostFrames || r.into.StreamBytes(o.Frames+1) > mostRunBytes {
		return true
	}
	return o.weight*float64(r.frameMACs()) >= runMACs && o.extra() <= mostExtra*o.weight
}

// extra is what the first frame takes besides what it would take in the middle of a run, in frames.
func (o *growing) extra() float64 {
	if o.Frames < 2 {
		return 1
	}
	return 1 - (o.weight-1)/float64(o.Frames-1)
}

// frameMACs is what the full network takes for a frame.
func (r *runner) frameMACs() int64 {
	return r.course.passes[0].FullMACs(r.header.Width, r.header.Height)
}

// hand hands the run that has got frames, if there is one, to somebody who is free.
func (r *runner) hand() error {
	o := r.run
	if o == nil {
		return nil
	}
	r.run = nil
	u := o.underWay
	u.Bytes, u.MACs = r.into.StreamBytes(u.Frames), int64(u.weight*float64(r.frameMACs()))
	if err := o.file.Close(); err != nil {
		return err
	}
	r.order <- u // has room for all that have slots
	select {
	case r.handed <- u:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

// enlargeAll has runs enlarged, one after the other.
func (r *runner) enlargeAll() error {
	for u := range r.handed {
		result, err := r.video.Runs.EnlargeRun(r.ctx, &u.Run, func(share float64) { r.moved(u, share) })
		if err != nil {
			return err
		}
		r.mu.Lock()
		total := r.result
		total.Model, total.Scale, total.Mode = result.Model, result.Scale, result.Mode
		total.MACs, total.MACsFull = total.MACs+result.MACs, total.MACsFull+result.MACsFull
		total.Reused += result.Reused * float64(result.Frames-result.Scenes)
		total.Device = total.Device.Add(result.Device)
		r.mu.Unlock()
		r.moved(u, 1)
		close(u.ended)
	}
	return nil
}

// writeAll writes the results of runs behind each other.
func (r *runner) writeAll(to io.Writer) error {
	out, err := y4m.NewWriter(to, r.into)
	if err != nil {
		return err
	}
	frame := r.into.NewFrame()
	for u := range r.order {
		select {
		case <-u.ended:
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
		if err := r.append(out, u, frame); err != nil {
			return err
		}
		_, _ = os.Remove(u.Input), os.Remove(u.Output) // else they go with the folder
		<-r.slots
	}
	return nil
}

// append writes the result of a run.
func (r *runner) append(out *y4m.Writer, u *underWay, frame *y4m.Frame) error {
	f, err := os.Open(u.Output)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was read only
	in, err := y4m.NewReader(f)
	if err != nil {
		return err
	}
	if in.Header() != r.into {
		return errOtherResult
	}
	for range u.Frames {
		if err := in.Read(frame); err != nil {
			return fmt.Errorf("a part of the result: %w", err)
		}
		frame.Note = ""
		if err := out.Write(frame); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.shares, u)
	r.written += u.Frames
	r.tell()
	return nil
}

// moved tells how far a run is.
func (r *runner) moved(u *underWay, share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shares[u] = max(r.shares[u], min(share, 1))
	r.tell()
}

// tell tells how many frames are done, of those under way, too. To be called with mu held.
func (r *runner) tell() {
	if r.video.Told == nil {
		return
	}
	done := float64(r.written)
	for u, share := range r.shares {
		done += share * float64(u.Frames)
	}
	r.video.Told(int(done), r.count)
}
