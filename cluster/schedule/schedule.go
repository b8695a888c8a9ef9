// Package schedule decides which machine computes what. It is pure: there is no clock, no goroutine and no input or output; every event has
// its moment as an argument, and the same events give the same actions. Who calls it does what Decide says.
//
//	s := schedule.New(schedule.Options{})
//	s.Join(now, schedule.Worker{ID: "shed", Speed: 2})
//	err := s.Add(now, schedule.Task{ID: "cat", Cost: 0.4})
//	for _, a := range s.Decide(now) { ... } // give "cat" to "shed"
//
// Tasks wait in a line. A unit is cut off it when a worker has room, and as large as suits that worker. A task is in the line, or in a unit
// that at least one worker holds, or over; whatever comes back goes to the front of the line. Nothing is written to a disk: after a restart
// tasks are added again.
//
// The files: types.go has what comes in and goes out, crew.go workers, line.go what waits, size.go how large units are, rows.go pictures that
// are cut, decide.go who gets what, late.go stragglers, end.go results and failures, look.go what is shown.
package schedule

import (
	"math"
	"slices"
	"strconv"

	"classsr/fault"
)

// Scheduler decides which machine computes what. It is not for use by several goroutines at a time.
type Scheduler struct {
	options Options
	target  Time // between Options.Target and Options.Longest
	delay   Time // the longest that was told since the last tick

	crew    []*worker // in the order in which they joined, so that decisions are never a map's
	workers map[string]*worker
	wrong   map[string]int // wrong results by worker, also of those who left
	total   float64        // speeds of those who can be given something
	able    int            // how many these are

	tasks map[string]*task
	units map[string]*unit // that are given
	made  int              // units so far

	back   []*piece // what came back; before everything else
	open   []*piece // pictures in rows that are being given, and pictures of the line that some worker could not take
	line   queue    // all others, as they were added
	parked []*piece // what no machine that is there can do
	pieces float64  // cost of back and open

	hungry []*worker // they have room and are to be asked
	idle   []*worker // they had room, and nothing was found for them
	fresh  bool      // something waits that the idle ones have not seen

	blind  bool
	ticked Time // the last tick
	begun  bool // there was one
	lease  Time // the clock of leases at the last tick

	out   []Action
	count Counts
}

// task is a picture; pointers in lists go on being there when it is over, so it says so itself.
type task struct {
	Task
	area     *area // of rows
	unit     *unit // that has it now, if it is a whole picture
	failures []Failure
	not      []string // workers that cannot do it
	lined    bool     // it is in the line
	over     bool     // done, dead or removed
}

// New makes a scheduler without workers and tasks.
func New(o Options) *Scheduler {
	o = o.filled()
	return &Scheduler{
		options: o, target: o.Target,
		workers: map[string]*worker{}, wrong: map[string]int{}, tasks: map[string]*task{}, units: map[string]*unit{},
	}
}

// Add puts a task at the end of the line. One that is there already, or that contradicts itself, is an error of kind fault.Internal.
func (s *Scheduler) Add(_ Time, t Task) error {
	if _, there := s.tasks[t.ID]; there || t.ID == "" {
		return fault.New(fault.Internal, "the scheduler has a task %q already, or it has no name", t.ID)
	}
	own := &task{Task: t}
	if t.Rows != nil {
		var err error
		if own.area, err = newArea(*t.Rows); err != nil {
			return err
		}
		own.Cost = own.area.open
	}
	if !(own.Cost >= 0) || math.IsInf(own.Cost, 0) {
		return fault.New(fault.Internal, "task %q has a cost of %v", t.ID, own.Cost)
	}
	s.tasks[t.ID] = own
	s.line.push(own)
	s.fresh = true
	return nil
}

// Remove forgets a task: it was cancelled, or all its rows are there and used. Workers that have nothing else in their unit are told to drop it.
func (s *Scheduler) Remove(now Time, id string) {
	if t := s.tasks[id]; t != nil {
		s.forget(now, t)
	}
}

// forget takes a task out of everything.
func (s *Scheduler) forget(now Time, t *task) {
	t.over = true
	delete(s.tasks, t.ID)
	s.line.leave(t)
	if u := t.unit; u != nil {
		t.unit = nil
		u.tasks = slices.DeleteFunc(u.tasks, func(o *task) bool { return o == t })
		u.cost -= t.Cost
		if len(u.tasks) == 0 {
			s.end(now, u)
		}
		return
	}
	if t.area != nil {
		for _, u := range s.unitsOf(t) {
			s.end(now, u)
		}
	}
}

// unitsOf gives the units of a picture in rows, in the order of their holders.
func (s *Scheduler) unitsOf(t *task) (units []*unit) {
	for _, w := range s.crew {
		for _, h := range w.holds {
			if h.unit.tasks[0] == t && !slices.Contains(units, h.unit) {
				units = append(units, h.unit)
			}
		}
	}
	return units
}

// die ends a task that has failed for good.
func (s *Scheduler) die(now Time, t *task, why Why) {
	s.count.Dead++
	s.out = append(s.out, Action{Kind: Dead, Task: t.ID, Why: why, Failures: slices.Clone(t.failures)})
	s.forget(now, t)
}

// blame remembers what went wrong with a task.
func (t *task) blame(f Failure) {
	if len(t.failures) == mostFailures {
		t.failures = slices.Delete(t.failures, 0, 1)
	}
	t.failures = append(t.failures, f)
}

// Behind tells how late the coordinator's loop is, about once a second: while it is behind, units grow, so that there are fewer.
func (s *Scheduler) Behind(delay Time) { s.delay = max(s.delay, delay) }

// unit is what is given, and not over.
type unit struct {
	id       string
	attempts int
	tasks    []*task
	rows     [2]int
	sent     int     // of rows: those before are at the coordinator
	cost     float64 // with the rows that are repeated
	deaths   int     // of its holders, without anything sent in between
	broken   int     // failures, the same
	moved    int     // how often it was taken from a worker that hung
	holders  []*holding
	tried    map[string]Time // workers that had it and gave it back, failed or hung, while another one has it, and until when they do not get it again
}

func (u *unit) isRows() bool { return u.rows != [2]int{} }

func (s *Scheduler) newUnit(p *piece) *unit {
	s.made++
	return &unit{
		id: "u" + strconv.Itoa(s.made), tasks: p.tasks, rows: p.rows, sent: p.rows[0],
		deaths: p.deaths, broken: p.broken, moved: p.moved,
	}
}

// copy is what goes out.
func (u *unit) copy(w *worker) *Unit {
	out := &Unit{ID: u.id, Attempt: u.attempts, Rows: u.rows, Cost: u.cost, Expected: w.needs(u.cost)}
	for _, t := range u.tasks {
		out.Tasks = append(out.Tasks, t.ID)
	}
	return out
}

// tell adds an action about a unit and a worker.
func (s *Scheduler) tell(kind ActionKind, u *unit, w *worker) {
	s.out = append(s.out, Action{Kind: kind, Worker: w.ID, Unit: u.copy(w)})
}
