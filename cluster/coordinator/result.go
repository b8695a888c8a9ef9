package coordinator

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/y4m"
	"classsr/internal/atomicfile"
	"classsr/pipeline"
	"classsr/server/problem"
	"classsr/server/view"
)

// result is what has come of a unit from one worker.
type result struct {
	mu   sync.Mutex // held while something is appended, which takes as long as the worker likes
	path string
	file *os.File
	size int64
	rows int // of the small picture that have come
	keep bool

	over atomic.Bool // it is used no more, and closed by who has mu
}

// lock is for appending; what it gives ends that.
func (r *result) lock() (unlock func()) {
	r.mu.Lock()
	return func() {
		r.mu.Unlock()
		r.shut()
	}
}

// close ends a result. It does not wait for somebody who appends to it.
func (r *result) close() {
	r.over.Store(true)
	r.shut()
}

// shut closes a result that is used no more, unless somebody appends to it, who does so afterwards.
func (r *result) shut() {
	if !r.over.Load() || !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if r.file == nil {
		return
	}
	_ = r.file.Close() // what is missing in it shows when it is read
	r.file = nil
	if !r.keep {
		_ = os.Remove(r.path) // the next start removes what stays
	}
}

// wanted reads what comes as long as somebody wants it.
type wanted struct {
	io.Reader
	over *atomic.Bool
}

func (w wanted) Read(b []byte) (int, error) {
	if w.over.Load() {
		return 0, errNotYours
	}
	return w.Reader.Read(b)
}

// errWrong tells a worker that its result is not what it should be, and that the unit is over for it.
func errWrong(err error) error { return problem.WithStatus(422, err) }

// errOffset tells a worker that it is to go on from another place.
var errOffset = fault.New(fault.Conflict, "the result does not go on there")

// resultOf gives what has come of a unit from a worker.
func (c *Coordinator) resultOf(u *unit, worker string) (*result, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.results == nil {
		return nil, errNotYours
	}
	r := u.results[worker]
	if r == nil {
		u.begun++
		path := c.path(fmt.Sprintf("%s.%s.out%d", u.ID, worker, u.begun))
		if e, rows := u.task.(*enlarging); rows {
			path = e.path(u, worker)
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, disk(err)
		}
		_, rows := u.task.(*enlarging)
		r = &result{path: path, file: f, keep: rows, rows: u.Rows[0]}
		u.results[worker] = r
	}
	return r, nil
}

// restart forgets what has come from a worker that is given the unit once more: it begins anew.
func (u *unit) restart(worker string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r := u.results[worker]; r != nil {
		r.close()
		delete(u.results, worker)
	}
}

// disk is an error of the disk, which is tried again.
func disk(err error) error { return fault.Default(fault.Unavailable, err) }

// offset tells how much of a result has come, and until which row the unit goes.
func (c *Coordinator) offset(id string, q wire.Query) (offset int64, until int, err error) {
	u, err := c.find(id, q.Worker)
	if err != nil {
		return 0, 0, err
	}
	r, err := c.resultOf(u, q.Worker)
	if err != nil {
		return 0, 0, err
	}
	defer r.lock()()
	return r.size, c.untilOf(u), nil
}

func (c *Coordinator) untilOf(u *unit) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return u.until
}

// append appends to the result of a worker's unit.
func (c *Coordinator) append(id string, q wire.Query, body io.Reader) (offset int64, until int, err error) {
	u, err := c.find(id, q.Worker)
	if err != nil {
		return q.Offset, 0, err
	}
	r, err := c.resultOf(u, q.Worker)
	if err != nil {
		return q.Offset, 0, err
	}
	defer r.lock()()
	if r.file == nil || r.over.Load() {
		return q.Offset, 0, errNotYours
	}
	if q.Offset != r.size {
		return r.size, c.untilOf(u), errOffset
	}
	body = wanted{body, &r.over}
	if e, rows := u.task.(*enlarging); rows {
		err = c.appendRows(u, e, r, q, body)
	} else {
		err = c.appendPack(u, r, q, body)
	}
	c.wake()
	return r.size, c.untilOf(u), err
}

// appendPack takes the next bytes of a pack of pictures, and with the last ones makes them results.
func (c *Coordinator) appendPack(u *unit, r *result, q wire.Query, body io.Reader) error {
	most := u.mostBytes()
	n, err := io.Copy(io.NewOffsetWriter(r.file, r.size), io.LimitReader(body, most-r.size+1))
	r.size += n
	c.Count.Bytes(0, n)
	switch {
	case r.size > most:
		return c.failed(u, q.Worker, schedule.Wrong, fault.New(fault.TooLarge, "the results are larger than they can be"))
	case err != nil:
		return disk(err)
	case !q.Last:
		return nil
	}
	u.settling.Lock()
	defer u.settling.Unlock()
	if _, err := c.find(u.ID, q.Worker); err != nil { // another one was first
		return err
	}
	came, err := c.unpack(u, r, q.Worker)
	defer came.discard()
	if kind := fault.KindOf(err); kind == fault.Damaged || kind == fault.TooLarge {
		return c.failed(u, q.Worker, schedule.Wrong, err)
	}
	if err != nil {
		return disk(err)
	}
	return c.settle(u, q, came)
}

// mostBytes is what the results of a unit may take. Files know best how large they are; this is against machines that send without end.
func (u *unit) mostBytes() int64 {
	const mostOfOne, beside = 2 << 30, 8 << 20 // where it is not known; views and maps
	most := int64(wire.MostHeader)
	for _, t := range u.tasks {
		if t.Most > 0 {
			most += min(2*t.Most, mostOfOne) + beside
		} else {
			most += mostOfOne
		}
	}
	return most
}

// arrived is a result of one picture, whose files are complete on disk.
type arrived struct {
	outcome Outcome
	problem *wire.Problem
	files   []arrivedFile
}

// arrivedFile is where a file is, and where it is to be.
type arrivedFile struct{ path, to string }

// keep gives the files the names that they have in the store. Until then there is nothing that another worker's result could be mixed with.
func (a *arrived) keep() error {
	for _, f := range a.files {
		if err := os.Rename(f.path, f.to); err != nil {
			return disk(err)
		}
	}
	return nil
}

// arrivals are results by the names of their tasks.
type arrivals map[string]*arrived

// discard removes the files that were not kept.
func (all arrivals) discard() {
	for _, a := range all {
		if a == nil {
			continue
		}
		for _, f := range a.files {
			_ = os.Remove(f.path) // mostly it has another name by now; the next start removes what stays
		}
	}
}

// unpack checks a pack, and makes files of it.
func (c *Coordinator) unpack(u *unit, r *result, worker string) (arrivals, error) {
	came := arrivals{}
	for _, t := range u.tasks {
		came[t.Job] = nil
	}
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return came, err
	}
	const buffer, mostReport = 256 << 10, 64 << 10
	files := 0
	err := wire.ReadPack(bufio.NewReaderSize(r.file, buffer), math.MaxInt64, nil, func(f wire.File, body io.Reader) error {
		a, known := came[f.Task]
		if !known {
			return fault.New(fault.Damaged, "a result that was not asked for")
		}
		if a == nil {
			a = &arrived{}
			came[f.Task] = a
		}
		if f.Error != nil {
			a.problem = f.Error
			return nil
		}
		ending, err := u.endingOf(f)
		if err != nil {
			return err
		}
		if len(f.Report) > mostReport {
			return fault.New(fault.TooLarge, "the report of a picture has %d bytes", len(f.Report))
		}
		switch f.Role {
		case wire.Map:
			a.outcome.Map = true
		case wire.Result:
			a.outcome.Sum, a.outcome.Bytes, a.outcome.Report = f.Sum, f.Bytes, f.Report
		}
		if !c.waitedFor(f.Task) { // nobody reads it
			return nil
		}
		files++
		to := arrivedFile{c.path(fmt.Sprintf("%s.%s.%d", u.ID, worker, files)), c.output(&u.whole(f.Task).Picture, ending)}
		a.files = append(a.files, to)
		err = atomicfile.Write(to.path, true, func(w io.Writer) error {
			_, err := io.Copy(w, body)
			return err
		})
		if t := u.whole(f.Task); err == nil && f.Role == wire.Result && t.Width > 0 {
			err = t.check(to.path)
		}
		return err
	})
	if err != nil {
		return came, err
	}
	for _, a := range came {
		if a == nil || a.problem == nil && a.outcome.Bytes == 0 {
			return came, fault.New(fault.Damaged, "the result of a picture is missing")
		}
	}
	return came, nil
}

// endingOf is the ending of a file of a result in the store. It is the coordinator that says it, and not the worker.
func (u *unit) endingOf(f wire.File) (string, error) {
	alone := u.whole(f.Task).Output != ""
	switch f.Role {
	case wire.View, wire.Map:
		if alone {
			return "", fault.New(fault.Damaged, "a file beside a result that has none")
		}
	}
	switch f.Role {
	case wire.View:
		return view.Ending, nil
	case wire.Map:
		return view.MapEnding, nil
	case wire.Result:
		return u.whole(f.Task).Ending, nil
	}
	return "", fault.New(fault.Damaged, "a file that is not part of a result")
}

// whole gives a picture of a unit, which has it.
func (u *unit) whole(task string) *whole {
	return u.tasks[slices.IndexFunc(u.tasks, func(t *whole) bool { return t.Job == task })]
}

// check looks at the headers of a result. One that is not of the format and the size that were ordered is an error of kind fault.Damaged.
func (p *Picture) check(path string) error {
	if p.Ending == "."+pipeline.Y4M {
		return p.checkVideo(path)
	}
	format, err := imageio.FormatOf(p.Ending)
	if err != nil {
		return err
	}
	c, err := imageio.PeekFile(path)
	switch {
	case fault.KindOf(err) == fault.Unavailable && err != nil:
		return err
	case err != nil:
		return fault.New(fault.Damaged, "a result that is no picture: %w", err)
	case c.Format != imageio.ReadAs(format) || c.Width != p.Width || c.Height != p.Height:
		return fault.New(fault.Damaged, "a result that is a %s of %dx%d pixels, and not one of %dx%d as %s", c.Format, c.Width, c.Height, p.Width, p.Height, p.Ending)
	}
	return nil
}

// checkVideo looks at the lines of a result that is a video.
func (p *Picture) checkVideo(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Default(fault.Unavailable, err)
	}
	defer func() { _ = f.Close() }() // it was read only
	info, err := f.Stat()
	if err != nil {
		return fault.Default(fault.Unavailable, err)
	}
	c, err := y4m.Scan(f, info.Size())
	switch {
	case err != nil:
		return fault.New(fault.Damaged, "a result that is no video: %w", err)
	case c.Header.Width != p.Width || c.Header.Height != p.Height || p.Frames > 0 && c.Frames != p.Frames:
		return fault.New(fault.Damaged, "a result of %d frames of %dx%d pixels, and not of %d of %dx%d", c.Frames, c.Header.Width, c.Header.Height, p.Frames, p.Width, p.Height)
	}
	return nil
}

// waitedFor tells whether a task is not over.
func (c *Coordinator) waitedFor(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tasks[id] != nil
}

// settle ends a unit of pictures.
func (c *Coordinator) settle(u *unit, q wire.Query, came arrivals) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if _, yours := c.schedule.Yours(u.ID, q.Worker); !yours { // the unit went to another one meanwhile
		c.Count.Unit("twice", 0)
		return errNotYours
	}
	for id, a := range came {
		if a.problem == nil {
			continue
		}
		why := whose(a.problem)
		if t, ok := c.tasks[id].(*whole); ok && why == schedule.Picture {
			t.wrong = a.problem.Err()
		}
		c.Count.Unit("failed", 0)
		c.schedule.Failed(now, u.ID, q.Worker, id, why, a.problem.Message)
	}
	if !c.schedule.Done(now, u.ID, q.Worker, time.Duration(q.Seconds*float64(time.Second))) {
		return nil // all of its pictures have failed
	}
	c.Count.Unit("done", q.Seconds)
	for id, a := range came {
		t, ok := c.tasks[id].(*whole)
		if a.problem != nil || !ok { // or it was cancelled meanwhile
			continue
		}
		a.outcome.Worker = q.Worker
		delete(c.tasks, id)
		t.ended <- ended{a.outcome, a.keep()}
	}
	return nil
}

// whose says what kind of failure it is that a worker tells of a picture. What has another kind than errors about pictures have is the machine's, its disk's for instance.
func whose(p *wire.Problem) schedule.Why {
	switch {
	case p.Elsewhere:
		return schedule.Elsewhere
	case slices.Contains([]fault.Kind{fault.Usage, fault.Unsupported, fault.Damaged, fault.TooLarge}, p.Kind):
		return schedule.Picture
	}
	return schedule.Broken
}

// failed ends a unit for a worker, and gives what the worker is told.
func (c *Coordinator) failed(u *unit, worker string, why schedule.Why, err error) error {
	outcome := "failed"
	if why == schedule.Wrong {
		outcome = "wrong"
	}
	c.Count.Unit(outcome, 0)
	c.Log.Warn("a unit failed", "unit", u.ID, "worker", worker, "why", string(why), "error", err.Error())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.schedule.Failed(c.now(), u.ID, worker, "", why, err.Error())
	return errWrong(err)
}

// fail takes what a worker says of a unit that it could not do as a whole.
func (c *Coordinator) fail(id string, q wire.Query, p wire.Problem) error {
	u, err := c.find(id, q.Worker)
	if err != nil {
		return err
	}
	why := schedule.Broken
	if p.Elsewhere {
		why = schedule.Elsewhere
	}
	_ = c.failed(u, q.Worker, why, wire.ProblemOf(errors.New(p.Message), false).Err()) // it is the worker that says so
	c.wake()
	return nil
}
