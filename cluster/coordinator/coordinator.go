// Package coordinator has pictures computed by the workers of a cluster. It joins what others know: the scheduler decides who does what, the queue brings units to
// workers, and pixels come and go by the Handler.
//
//	c, err := coordinator.New(coordinator.Options{...})
//	go c.Run(ctx)
//	outcome, err := c.Do(ctx, picture, told)      // a whole picture
//	pipeline.Elsewhere = c.For(job)               // or rows of a large one
//
// Nothing that it knows of units survives it: who has work done (the table of jobs) comes again with it after a restart. Only rows that have arrived of large
// pictures stay in its folder, so that they are not computed twice.
package coordinator

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/schedule"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/server/blobs"
)

// Options is what a Coordinator stands on.
type Options struct {
	Folder  string // for files of units; New removes what is in it but rows of large pictures
	Store   Store
	Library Library // of models in files
	// Version and Models are those of this program: workers must have the same.
	Version string
	Models  blobs.Sum
	Most    int           // how many other machines may help; 0 means 256
	Lease   time.Duration // a worker that is silent so long is lost; 0 means 30 s
	Worth   float64       // multiply-accumulates on a picture from which it is divided; 0 means 300e9, some seconds of a core
	// Kept is from how many canonical seconds on all that has come of a large picture is kept on the disk until its job is over; 0 means 300. Rows of others wait for
	// the encoder in memory where they can: to write them costs more than it saves, should the server be killed.
	Kept float64
	// Memory is how many bytes of rows of a large picture may wait in memory, 64 MB at least.
	Memory int64
	Log    *slog.Logger // nil: none
	Count  Counter      // nil: nothing is counted
	// Allowed, if not nil, tells whether a token of that name still lets a worker help. One that does not loses its place.
	Allowed func(owner string) bool
	// Changed, if not nil, is called when workers came or went. It must not block.
	Changed func()
}

// Store is where pictures and results are; blobs.Store is one.
type Store interface {
	Picture(sum blobs.Sum) string
	Result(job, ending string) string
	Reserve(bytes int64) (release func(), err error)
}

// Library has models in files; library.Library is one.
type Library interface {
	// File opens a model's file. One that is not there is an error of kind fault.NotFound.
	File(sum blobs.Sum) (*os.File, error)
}

// Counter is told of units and of what went over the network.
type Counter interface {
	// Unit is told how a unit ended for a worker (done, twice, failed, wrong, lost), and how long computing it took.
	Unit(outcome string, seconds float64)
	// Bytes is told of what was sent to workers and came from them.
	Bytes(sent, received int64)
}

// Coordinator has pictures computed. It is safe for concurrent use.
type Coordinator struct {
	Options
	epoch string
	began time.Time // with the clock that never jumps
	queue queue.Giver
	own   *queue.Memory
	woken chan struct{}
	gives chan give
	gone  chan *member // whose places are to be removed
	renew atomic.Bool  // the queue is to be made anew
	there atomic.Int32 // other machines that can be given something; those who ask must not wait for mu

	mu       sync.Mutex
	schedule *schedule.Scheduler
	members  map[string]*member // by worker
	tasks    map[string]task
	units    map[string]*unit
	left     []*member     // have gone, and their places are to be taken away
	lonely   schedule.Time // since when there has been nobody who can be given something; 0: there is somebody
	expected bool          // the last run had workers, and may have them again soon
	numbered int           // tasks of rows
}

// ErrNobody means that there is no machine that could do it: it is for whoever asked to do it.
var ErrNobody = fault.New(fault.Unavailable, "no machine of the cluster can do this now")

const (
	leaseTime   = 30 * time.Second
	worthMACs   = 300e9
	keptSeconds = 300
	// beats is how many times workers tell that they live while a lease lasts.
	beats = 6
	// givers is how many units are handed out at a time.
	givers = 4
	// giveTime is how long the queue may take to keep a unit.
	giveTime = 10 * time.Second
	// lookPause is between looks at who may still help.
	lookPause = 2 * time.Second
	// renewPause is between attempts to make the queue anew.
	renewPause = 2 * time.Second
)

// New prepares a coordinator. Serve is called before Run where there are other machines.
func New(o Options) (*Coordinator, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Most <= 0 {
		o.Most = 256
	}
	if o.Count == nil {
		o.Count = uncounted{}
	}
	if o.Lease <= 0 {
		o.Lease = leaseTime
	}
	if o.Worth <= 0 {
		o.Worth = worthMACs
	}
	if o.Kept <= 0 {
		o.Kept = keptSeconds
	}
	c := &Coordinator{
		Options: o, epoch: rand.Text()[:8], began: time.Now(), woken: make(chan struct{}, 1), gives: make(chan give, 1024), gone: make(chan *member, 1024),
		schedule: schedule.New(schedule.Options{Lease: o.Lease, Beat: o.Lease / beats, BatchHead: wire.MostHeader}),
		members:  map[string]*member{}, tasks: map[string]task{}, units: map[string]*unit{},
	}
	c.own = queue.NewMemory(c.Heard())
	if err := c.prepareFolder(); err != nil {
		return nil, err
	}
	_, err := os.Stat(c.marker())
	c.expected = err == nil
	return c, nil
}

// marker is a file that is there while there are workers, and after the coordinator has ended with some.
func (c *Coordinator) marker() string { return filepath.Join(c.Folder, "workers") }

// expectTime is how long workers may take to join again after a start.
const expectTime = 5 * time.Second

// Expects tells how long it is worth waiting for workers that were there before the coordinator began; 0: they have come, or will not.
func (c *Coordinator) Expects() time.Duration {
	if !c.expected || c.Workers() > 0 {
		return 0
	}
	return max(expectTime-c.now(), 0)
}

type uncounted struct{}

func (uncounted) Unit(string, float64) {}
func (uncounted) Bytes(int64, int64)   {}

// Folders below Options.Folder.
const (
	rowsFolder  = "rows"  // what has arrived of large pictures, a folder for each job
	unitsFolder = "units" // what belongs to units of this run
)

func (c *Coordinator) prepareFolder() error {
	units := filepath.Join(c.Folder, unitsFolder)
	if err := os.RemoveAll(units); err != nil {
		return err
	}
	for _, folder := range []string{units, filepath.Join(c.Folder, rowsFolder)} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes rows of pictures whose jobs nobody knows.
func (c *Coordinator) Sweep(known func(job string) bool) error {
	entries, err := os.ReadDir(filepath.Join(c.Folder, rowsFolder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !known(e.Name()) {
			if err := os.RemoveAll(filepath.Join(c.Folder, rowsFolder, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Epoch is the name of this run of the coordinator.
func (c *Coordinator) Epoch() string { return c.epoch }

// Heard is what the queue to other machines tells the coordinator.
func (c *Coordinator) Heard() queue.Heard { return queue.Heard{Beat: c.beat, Blind: c.blind} }

// Serve gives the queue to other machines. It is called once, before Run.
func (c *Coordinator) Serve(q queue.Giver) { c.queue = q }

// now is the scheduler's time.
func (c *Coordinator) now() schedule.Time { return time.Since(c.began) }

// wake has the loop look at once.
func (c *Coordinator) wake() {
	select {
	case c.woken <- struct{}{}:
	default:
	}
}

// Run hands out units until ctx is done.
func (c *Coordinator) Run(ctx context.Context) error {
	loops := []func(context.Context){c.loop, c.keepQueue, c.keepOut, c.dismiss}
	for range givers {
		loops = append(loops, c.handOut)
	}
	return par.Start(len(loops), func(i int) error {
		loops[i](ctx)
		return nil
	})()
}

// loop does what the scheduler decides.
func (c *Coordinator) loop(ctx context.Context) {
	for next := time.Duration(0); ctx.Err() == nil; {
		timer := time.NewTimer(min(max(next-c.now(), 0), time.Second))
		select {
		case <-ctx.Done():
		case <-c.woken:
		case <-timer.C:
		}
		timer.Stop()
		next = c.step(ctx)
	}
}

// step does what is to be done now, and tells when to look again.
func (c *Coordinator) step(ctx context.Context) (next schedule.Time) {
	asked := c.now()
	c.mu.Lock()
	now := c.now()
	c.schedule.Behind(now - asked + time.Duration(len(c.gives))*time.Millisecond)
	var later []func()
	for _, a := range c.schedule.Decide(now) {
		if do := c.act(ctx, a); do != nil {
			later = append(later, do)
		}
	}
	later = append(later, c.forgetUnits()...)
	for _, m := range c.left {
		if c.members[m.id] == nil { // else it has joined again, and its place is another one
			later = append(later, c.dismisser(m))
		}
	}
	c.left = nil
	c.leaveNobodyWaiting(now)
	next = c.schedule.Wake()
	c.mu.Unlock()
	for _, do := range later {
		do()
	}
	return next
}

// act takes in an action, with mu held, and gives what is to be done when it is not: whatever may take time.
func (c *Coordinator) act(ctx context.Context, a schedule.Action) func() {
	m := c.members[a.Worker]
	switch a.Kind {
	case schedule.Give:
		return c.give(ctx, a, m)
	case schedule.Again:
		c.Log.Warn("a unit does not reach its worker, and is published again", "unit", a.Unit.ID, "worker", a.Worker)
		if u := c.units[a.Unit.ID]; u != nil {
			u.attempts[a.Worker] = a.Unit.Attempt
		}
		c.renew.Store(true)
	case schedule.Drop:
		return c.teller(m, wire.Tell{Drop: []string{a.Unit.ID}})
	case schedule.Shorten:
		if u := c.units[a.Unit.ID]; u != nil {
			u.until = a.Unit.Rows[1]
		}
		return c.teller(m, wire.Tell{Until: map[string]int{a.Unit.ID: a.Unit.Rows[1]}})
	case schedule.Dead:
		if t := c.tasks[a.Task]; t != nil {
			delete(c.tasks, a.Task)
			t.die(died(t, a))
		}
	case schedule.Quarantined:
		if m == nil { // it has left since
			return nil
		}
		c.Log.Error("a worker gave wrong results and gets nothing any more", "worker", a.Worker)
		m.quarantined = true
		c.countOthers()
		return c.dismisser(m)
	case schedule.Lost:
		c.Log.Warn("a worker is lost", "worker", a.Worker)
		c.Count.Unit("lost", 0)
		delete(c.members, a.Worker)
		c.countOthers()
		return c.dismisser(m)
	}
	return nil
}

// teller says something to a worker.
func (c *Coordinator) teller(m *member, t wire.Tell) func() {
	if m == nil {
		return nil
	}
	return func() {
		if err := m.queue.Tell(m.id, t); err != nil {
			c.Log.Debug("a worker was not told something", "worker", m.id, "error", err.Error())
		}
	}
}

// dismisser takes a worker's place away.
func (c *Coordinator) dismisser(m *member) func() {
	if m == nil {
		return nil
	}
	return func() {
		c.changed()
		select {
		case c.gone <- m:
		default: // nothing depends on it
		}
	}
}

// dismiss removes the places of workers that are gone. A queue that hangs is not to hold up the loop.
func (c *Coordinator) dismiss(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.gone:
			if err := m.queue.Close(m.id); err != nil {
				c.Log.Warn("the place of a worker was not removed", "worker", m.id, "error", err.Error())
			}
		}
	}
}

// changed tells that workers came or went.
func (c *Coordinator) changed() {
	if c.Changed != nil {
		c.Changed()
	}
}

// leaveNobodyWaiting ends what waits when nobody who could take it has been there for as long as a lease.
func (c *Coordinator) leaveNobodyWaiting(now schedule.Time) {
	somebody := false
	for _, m := range c.members {
		somebody = somebody || m.able()
	}
	switch {
	case somebody:
		c.lonely = 0
	case c.lonely == 0:
		c.lonely = max(now, 1)
	case now-c.lonely > c.Lease:
		for id, t := range c.tasks {
			if !c.schedule.Waits(id) { // one that is ending still has it
				continue
			}
			c.schedule.Remove(now, id)
			delete(c.tasks, id)
			t.die(ErrNobody)
		}
	}
}

// keepQueue makes the queue anew when something in it is wrong.
func (c *Coordinator) keepQueue(ctx context.Context) {
	ticker := time.NewTicker(renewPause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if c.queue == nil || !c.renew.Swap(false) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, giveTime)
		err := c.queue.Renew(limited, c.given)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.Log.Error("the queue could not be made anew: it is tried again", "error", err.Error())
			c.renew.Store(true)
		}
	}
}

// given lists what other machines have.
func (c *Coordinator) given() map[string][]wire.Unit {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]wire.Unit{}
	for _, w := range c.schedule.Look().Workers {
		if m := c.members[w.ID]; m == nil || m.here {
			continue
		}
		for _, id := range w.Units {
			if u := c.units[id]; u != nil && u.isReady() {
				all[w.ID] = append(all[w.ID], u.reference(u.attempts[w.ID]))
			}
		}
	}
	return all
}

// blind is told that the queue is cut off, or not any more.
func (c *Coordinator) blind(blind bool) {
	c.mu.Lock()
	c.schedule.Blind(c.now(), blind)
	c.mu.Unlock()
	if !blind {
		c.renew.Store(true) // what was in it may be lost
	}
	c.Log.Warn("the connection to the queue has changed", "connected", !blind)
	c.wake()
}
