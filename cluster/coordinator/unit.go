package coordinator

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
	"classsr/server/jobs"
)

// task is something that is to be done: a whole picture, or one of which rows are computed. Its methods are called with the coordinator's mu held.
type task interface {
	// die ends it with an error.
	die(err error)
}

// unit is what one or two workers have.
type unit struct {
	schedule.Unit
	epoch string
	until int // of rows: where it ends now; it may have been given for more
	task  task
	ready chan struct{} // closed when the input is there, or cannot be
	in    input
	err   error // why it cannot

	tasks []*whole // of pictures

	attempts map[string]int // by worker, as it was given last; guarded by the coordinator

	settling sync.Mutex // held while a worker's result becomes the unit's
	mu       sync.Mutex
	results  map[string]*result
	begun    int // results, which names their files
}

// input is what a worker fetches: a pack and the paths of its files.
type input struct {
	pack  wire.Pack
	files []string
	own   []string // of these, files that go with the unit
}

// reference is what is published of an attempt.
func (u *unit) reference(attempt int) wire.Unit {
	kind := wire.Pictures
	if u.Rows != [2]int{} {
		kind = wire.Rows
	}
	return wire.Unit{ID: u.ID, Epoch: u.epoch, Attempt: attempt, Kind: kind, Bytes: u.in.pack.Size(), Seconds: u.Expected.Seconds()}
}

func (u *unit) isReady() bool {
	select {
	case <-u.ready:
		return true
	default:
		return false
	}
}

// progress tells those who wait for a unit's pictures, which are computed one after the other, with mu held.
func (c *Coordinator) progress(u *unit, share float64) {
	for i, t := range u.tasks {
		if t.told != nil && c.tasks[t.Job] == task(t) {
			t.told(min(max(share*float64(len(u.tasks))-float64(i), 0), 1))
		}
	}
}

// give is a unit that is to be handed to a worker.
type give struct {
	unit    *unit
	attempt int
	to      *member
	make    func() (input, error) // nil: it is there, or somebody makes it
}

// give takes in that a unit is given, with mu held.
func (c *Coordinator) give(ctx context.Context, a schedule.Action, m *member) func() {
	u := c.units[a.Unit.ID]
	g := give{to: m, attempt: a.Unit.Attempt}
	if u == nil {
		u = &unit{Unit: *a.Unit, epoch: c.epoch, until: a.Unit.Rows[1], ready: make(chan struct{}), attempts: map[string]int{}, results: map[string]*result{}}
		c.units[u.ID] = u
		g.make = c.inputOf(u)
	}
	u.attempts[a.Worker] = a.Unit.Attempt
	u.restart(a.Worker)
	g.unit = u
	return func() {
		select {
		case c.gives <- g:
		case <-ctx.Done():
		}
	}
}

// inputOf tells how the input of a unit is made, with mu held.
func (c *Coordinator) inputOf(u *unit) func() (input, error) {
	if e, rows := c.tasks[u.Tasks[0]].(*enlarging); rows {
		u.task = e
		return func() (input, error) { return e.input(u) }
	}
	for _, id := range u.Tasks {
		if t, whole := c.tasks[id].(*whole); whole {
			u.tasks = append(u.tasks, t)
		}
	}
	tasks := u.tasks
	return func() (input, error) { return c.pictures(u.ID, tasks), nil }
}

// pictures is the input of a unit of whole pictures: the files as they were uploaded.
func (c *Coordinator) pictures(id string, tasks []*whole) (in input) {
	in.pack.Unit = id
	for _, t := range tasks {
		in.pack.Files = append(in.pack.Files, wire.File{Task: t.Job, Role: wire.Picture, Bytes: t.Bytes, Sum: t.Sum, Name: t.Name, Ending: t.Ending, Order: t.Order})
		in.files = append(in.files, c.pictureFile(&t.Picture))
	}
	return in
}

// handOut makes inputs and publishes units, one after the other.
func (c *Coordinator) handOut(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case g := <-c.gives:
			c.publish(ctx, g)
		}
	}
}

func (c *Coordinator) publish(ctx context.Context, g give) {
	u := g.unit
	if g.make != nil {
		u.in, u.err = c.made(g)
		close(u.ready)
	}
	select {
	case <-u.ready:
	case <-ctx.Done():
		return
	}
	if u.err != nil {
		if ctx.Err() == nil {
			c.unmade(u)
		}
		return
	}
	if g.to.here {
		for _, t := range u.tasks {
			if t.Here != nil {
				t.Here()
			}
		}
	}
	limited, cancel := context.WithTimeout(ctx, giveTime)
	defer cancel()
	err := g.to.queue.Give(limited, g.to.id, u.reference(g.attempt))
	if err == nil || ctx.Err() != nil || fault.KindOf(err) == fault.NotFound { // the last one: the worker has gone, and the unit goes to another one
		return
	}
	c.Log.Warn("a unit may not have reached the queue, which is made anew", "unit", u.ID, "worker", g.to.id, "error", err.Error())
	if !g.to.here {
		c.renew.Store(true)
	}
}

// made makes the input of a unit. A mistake in the program, with a strange picture for instance, ends that unit's pictures only.
func (c *Coordinator) made(g give) (in input, err error) {
	defer func() {
		if mistake := recover(); mistake != nil {
			c.Log.Error("mistake in the program", "unit", g.unit.ID, "panic", fmt.Sprint(mistake), "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "a mistake in the program; the server's log tells more")
		}
	}()
	return g.make()
}

// unmade ends the tasks of a unit whose input cannot be made: that is nobody else's fault.
func (c *Coordinator) unmade(u *unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range u.Tasks {
		if t := c.tasks[id]; t != nil {
			c.schedule.Remove(c.now(), id)
			delete(c.tasks, id)
			t.die(u.err)
		}
	}
	c.wake()
}

// forgetUnits removes units that are over, with mu held, and gives what removes their files.
func (c *Coordinator) forgetUnits() (later []func()) {
	for id, u := range c.units {
		if c.schedule.Given(id) {
			continue
		}
		if !u.isReady() {
			continue // it is still being made
		}
		delete(c.units, id)
		later = append(later, u.close)
	}
	return later
}

// close removes the files of a unit that is over.
func (u *unit) close() {
	for _, path := range u.in.own {
		_ = os.Remove(path) // the next start removes what stays
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range u.results {
		r.close()
	}
	u.results = nil
}

// died is the error of a task that has failed for good.
func died(t task, a schedule.Action) error {
	if w, whole := t.(*whole); whole && a.Why == schedule.Picture && w.wrong != nil {
		return w.wrong
	}
	if a.Why == schedule.TooLarge || a.Why == schedule.Elsewhere {
		return ErrNobody
	}
	return failedOn(a)
}

// failedOn tells what went wrong with a task on several machines.
func failedOn(a schedule.Action) error {
	var all []jobs.Failure
	for _, f := range a.Failures {
		all = append(all, jobs.Failure{Machine: f.Worker, Message: f.Says, Time: time.Now().UTC()})
	}
	text := "it failed each time that a machine of the cluster tried"
	if a.Why == schedule.Vanished {
		text = "each machine vanished that computed it"
	}
	return jobs.FailedOn(fault.New(fault.Internal, "%s", text), all)
}

// find gives a unit that a worker has, and that worker. Another one is an error of kind fault.NotFound.
func (c *Coordinator) find(id, worker string) (*unit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, m := c.units[id], c.members[worker]
	_, yours := c.schedule.Yours(id, worker)
	if u == nil || m == nil || !yours {
		return nil, errNotYours
	}
	c.schedule.Alive(c.now(), worker)
	return u, nil
}

var errNotYours = fault.New(fault.NotFound, "this unit is over, or somebody else's")

// owns returns an error of kind fault.NotFound if a worker has joined by another token, or is the one in this process, which does not ask by HTTP.
func (c *Coordinator) owns(owner, worker string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[worker]; m == nil || m.here || m.owner != owner {
		return errNotYours
	}
	return nil
}

// input opens the input of a worker's unit as one file, when it is there.
func (c *Coordinator) input(ctx context.Context, id, worker string) (io.ReadSeekCloser, int64, error) {
	u, err := c.find(id, worker)
	if err != nil {
		return nil, 0, err
	}
	select {
	case <-u.ready:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if u.err != nil {
		return nil, 0, errNotYours
	}
	section, size, err := wire.Section(u.in.pack, u.in.files)
	if err != nil { // its files were removed with a job, or with the unit; else it would come again and again
		c.endUnread(u)
		return nil, 0, errNotYours
	}
	return section, size, nil
}

// model opens the file of a model that a worker's unit is to be done by. Models of other units are not there for it.
func (c *Coordinator) model(id, worker string, sum blobs.Sum) (*os.File, error) {
	u, err := c.find(id, worker)
	if err != nil {
		return nil, err
	}
	if !u.uses(models.InFile(sum)) {
		return nil, errNotYours
	}
	f, err := c.Library.File(sum)
	if fault.KindOf(err) == fault.NotFound { // which would mean that the unit is
		return nil, fault.As(fault.Conflict, err)
	}
	return f, err
}

// uses tells whether something of a unit is to be done by a model.
func (u *unit) uses(model string) bool {
	if e, rows := u.task.(*enlarging); rows {
		return e.model == model
	}
	return slices.ContainsFunc(u.tasks, func(t *whole) bool { return t.Order["model"] == model })
}

// endUnread ends those pictures of a unit that are not in the store any more as they were sent. The worker gives back the others.
func (c *Coordinator) endUnread(u *unit) {
	for _, t := range u.tasks {
		_, err := c.readable(t)
		if err == nil {
			continue
		}
		c.mu.Lock()
		if c.tasks[t.Job] == task(t) {
			c.Log.Error("a picture cannot be sent to workers", "job", t.Job, "error", err.Error())
			delete(c.tasks, t.Job)
			c.schedule.Remove(c.now(), t.Job)
			t.die(err)
		}
		c.mu.Unlock()
	}
}

// readable returns an error if a picture cannot be sent: ErrNobody if that is not the file's fault. head is how many bytes tell of it.
func (c *Coordinator) readable(t *whole) (head int64, err error) {
	in := c.pictures("u", []*whole{t})
	section, size, err := wire.Section(in.pack, in.files)
	switch {
	case fault.KindOf(err) == fault.Internal && err != nil:
		return 0, ErrNobody
	case err != nil:
		return 0, fault.New(fault.Damaged, "the picture that was sent is not there any more as it was: send it again (%w)", err)
	}
	return size - t.Bytes, section.Close()
}

// path is that of a file of a unit.
func (c *Coordinator) path(name string) string { return filepath.Join(c.Folder, unitsFolder, name) }
