package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/fair"
	"classsr/server/pace"
)

// Options say how a Table works. Zero means no bound, or what is said here.
type Options struct {
	Queue     int              // jobs that may wait; 0 means 1000
	PerOwner  int              // of these, of one owner; 0 means half
	Jobs      int              // jobs that this machine does at a time; 0 means 2
	Slots     func() int       // nil, or says instead how many may run now, at most MostSlots, where other machines help; it must not use the table, and Wake tells of changes
	Away      func(*Job) bool  // nil, or tells whether a job that begins now would be computed by other machines: then it is not to blame if this process ends; it must not use the table
	Records   int              // jobs and, apart from these, uploads that are remembered; 0 means 10,000
	Retention time.Duration    // how long jobs and their results are kept when they are over; 0 means a day
	Bytes     int64            // that results may have together on disk
	MostTime  time.Duration    // that a job may run
	Files     Files            // nil: there are none
	Pace      *pace.Pace       // nil: what was measured before, from the table's file
	Log       *slog.Logger     // nil: none
	Names     bool             // write names of pictures into the log
	Ended     func(Ended)      // nil, or is told of each job that is over; it must not use the table
	Now       func() time.Time // nil: time.Now
}

// Ended is a job that is over, and seconds of the whole machine: what its last run took, and what it was expected to take. Spent is 0 if it did not run.
type Ended struct {
	Job
	Spent, Expected float64
}

// Files is the disk that pictures and results are on, which blobs.Store is. It may call what Known gives, but nothing else of the table.
type Files interface {
	// Reserve sets disk space aside until it is released. Its errors are of kind fault.Busy if the server holds too much, of kind
	// fault.Unavailable if the disk is full.
	Reserve(bytes int64) (release func(), err error)
	// RemovePicture and RemoveResult remove files; if there are none it is no error.
	RemovePicture(sum blobs.Sum) error
	RemoveResult(job string) error
}

// noFiles is Files where there are none.
type noFiles struct{}

func (noFiles) Reserve(int64) (func(), error) { return func() {}, nil }
func (noFiles) RemovePicture(blobs.Sum) error { return nil }
func (noFiles) RemoveResult(string) error     { return nil }

// MostSlots is how many jobs may run at a time at most.
const MostSlots = 256

// slots is how many jobs may run now.
func (o *Options) slots() int {
	if o.Slots == nil {
		return o.Jobs
	}
	return min(max(o.Slots(), 0), MostSlots)
}

// withDefaults fills in what is not said.
func (o Options) withDefaults() Options {
	def := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	def(&o.Queue, 1000)
	def(&o.PerOwner, max(o.Queue/2, 1))
	def(&o.Jobs, 2)
	def(&o.Records, 10_000)
	if o.Retention <= 0 {
		o.Retention = 24 * time.Hour
	}
	if o.Files == nil {
		o.Files = noFiles{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Table is all jobs: those that wait, run and are over. It is safe for concurrent use. Everything is in memory; the file is what survives.
type Table struct {
	o     Options
	db    *bbolt.DB
	aside string

	// turn is held by who changes what has become of a job, or removes one, until that is on disk. It is taken before mu, and never while mu is
	// held; so those who only look do not wait for the disk. Nothing of Files is called while mu is held, since it may call Known's functions.
	turn sync.Mutex

	mu        sync.Mutex
	jobs      map[string]*entry
	held      map[string]int // jobs of each owner, those being added included
	keys      map[string]string
	adding    map[string]chan struct{} // idempotency keys of jobs that are being added
	pictures  map[string]Picture       // by owned
	refs      map[blobs.Sum]int        // how many jobs and uploads have a picture
	queue     *fair.Queue[string]
	pending   map[string]int // jobs that are being added, by owner
	running   map[string]int // jobs that run, by owner
	paused    time.Time      // nothing is begun before; zero while the disk takes what it gets
	work      workTime
	places    places
	lastID    int64 // milliseconds
	number    int   // of the latest event
	followers map[*Following]bool
	closed    bool

	savedPace []byte        // with turn held
	woken     chan struct{} // something may be begun
}

// entry is a job and what belongs to it while it is not over. Job is written with turn and mu held, and read with either.
type entry struct {
	Job
	cost     float64 // seconds that it was queued with
	release  func()  // of disk space
	cancel   context.CancelCauseFunc
	busy     bool    // a run of it has not returned
	away     bool    // other machines compute it, as Options.Away said when it began
	counted  bool    // its run is one of Attempts
	begun    float64 // work time when it began
	spent    float64 // of its last run, seconds of the whole machine
	progress float64
	tries    int       // runs that the disk is said to have broken off, since the process began
	told     time.Time // when followers were told of its progress
	changed  int       // number of the latest event
	bands    []Event
}

// deaths is how many runs ended with the process. turn or mu is held.
func (e *entry) deaths() int {
	if e.counted {
		return e.Attempts - 1
	}
	return e.Attempts
}

// Open opens the table in a file, or makes it. Jobs that were running when the process that had it ended are queued again, before others of their
// owners. A file that is damaged is put aside (see Aside). An error is of kind fault.Busy if another process has the file, of kind
// fault.Unavailable if the disk does not take it.
func Open(path string, o Options) (*Table, error) {
	o = o.withDefaults()
	db, aside, err := openDatabase(path, o.Log, o.Now())
	if err != nil {
		return nil, err
	}
	t := &Table{
		o: o, db: db, aside: aside, jobs: map[string]*entry{}, held: map[string]int{}, keys: map[string]string{}, adding: map[string]chan struct{}{},
		pictures: map[string]Picture{}, refs: map[blobs.Sum]int{}, queue: fair.New[string](), pending: map[string]int{}, running: map[string]int{},
		followers: map[*Following]bool{}, woken: make(chan struct{}, 1),
	}
	if err := t.load(); err != nil {
		return nil, errors.Join(cannotOpen(path, err), db.Close())
	}
	return t, nil
}

// load reads everything.
func (t *Table) load() error {
	var found []Job
	err := t.db.View(func(tx *bbolt.Tx) error {
		if t.o.Pace == nil {
			t.o.Pace = pace.New(tx.Bucket(metaBucket).Get([]byte(paceKey)))
		}
		return errors.Join(
			each(tx, jobsBucket, t.o.Log, func(j Job) { found = append(found, j) }),
			each(tx, picturesBucket, t.o.Log, func(p Picture) {
				t.pictures[owned(p.Owner, p.Sum.String())] = p
				t.refs[p.Sum]++
			}),
		)
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(found, func(a, b Job) int { // what ran comes first, then what was there first
		if (a.State == Running) != (b.State == Running) {
			return map[bool]int{true: -1, false: 1}[a.State == Running]
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, j := range found {
		if !j.State.Over() { // on disk it stays so until it begins again
			j.State, j.Started = Queued, time.Time{}
		}
		t.refs[j.Picture]++
		t.held[j.Owner]++
		e := t.insert(j)
		e.changed = int(latest(&j).UnixMilli())
		t.lastID, t.number = max(t.lastID, timeOf(j.ID)), max(t.number, e.changed)
		if j.State.Over() {
			continue
		}
		if e.release, err = t.o.Files.Reserve(j.Bytes); err != nil { // it was accepted, whatever there is now
			e.release = nil
		}
		t.enqueue(e)
	}
	return nil
}

// latest is when a job changed last.
func latest(j *Job) time.Time {
	switch {
	case !j.Ended.IsZero():
		return j.Ended
	case !j.Started.IsZero():
		return j.Started
	}
	return j.Created
}

// insert takes up a job, whose picture and owner have been counted.
func (t *Table) insert(j Job) *entry {
	e := &entry{Job: j}
	t.jobs[j.ID] = e
	if j.Key != "" {
		t.keys[owned(j.Owner, j.Key)] = j.ID
	}
	return e
}

// enqueue puts a job behind the others of its owner.
func (t *Table) enqueue(e *entry) {
	e.cost = t.seconds(&e.Job)
	t.queue.Push(e.Owner, e.Weight, e.cost, e.ID)
}

// Aside is the file that a damaged table was put aside as; empty if it was none. Then results may be on disk whose jobs are not known any more.
func (t *Table) Aside() string { return t.aside }

// Pace is what forecasts are corrected by. The table keeps it in its file.
func (t *Table) Pace() *pace.Pace { return t.o.Pace }

// Close closes the file, and ends those who follow. Run has returned before.
func (t *Table) Close() error {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.mu.Lock()
	t.closed = true
	for f := range t.followers {
		f.wake()
	}
	t.mu.Unlock()
	return errors.Join(t.savePace(), t.db.Close())
}

// savePace is to be called with turn held.
func (t *Table) savePace() error {
	text := t.o.Pace.Save()
	if bytes.Equal(text, t.savedPace) {
		return nil
	}
	if err := t.writeAlone(change{metaBucket, paceKey, json.RawMessage(text)}); err != nil {
		return err
	}
	t.savedPace = text
	return nil
}

// SaveNote keeps something small, a JSON value, for the next process; Note gives it, or nil.
func (t *Table) SaveNote(name string, value json.RawMessage) error {
	if err := t.write(change{metaBucket, notePrefix + name, value}); err != nil {
		return unavailable(err)
	}
	return nil
}

// Note gives what SaveNote kept.
func (t *Table) Note(name string) (value json.RawMessage) {
	_ = t.db.View(func(tx *bbolt.Tx) error { // a table that is closed has no notes
		value = slices.Clone(tx.Bucket(metaBucket).Get([]byte(notePrefix + name)))
		return nil
	})
	return value
}

// Get gives a job of an owner's. One that is not there, or another's, is an error of kind fault.NotFound.
func (t *Table) Get(owner, id string) (Job, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.find(owner, id)
	if err != nil {
		return Job{}, err
	}
	return t.look(e), nil
}

// find is to be called with mu held.
func (t *Table) find(owner, id string) (*entry, error) {
	e := t.jobs[id]
	if e == nil || e.Owner != owner {
		return nil, fault.New(fault.NotFound, "there is no such job: it may have been removed when its time was over")
	}
	return e, nil
}

// List gives at most so many jobs of an owner's, the newest first, of those that are older than the job before, if that is not empty.
func (t *Table) List(owner, before string, most int) ([]Job, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ids []string
	for id, e := range t.jobs {
		if e.Owner == owner && (before == "" || id < before) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(b, a) })
	list := make([]Job, min(len(ids), max(most, 0)))
	for i := range list {
		list[i] = t.look(t.jobs[ids[i]])
	}
	return list, nil
}

// look is a job as it is told.
func (t *Table) look(e *entry) Job {
	j := e.Job
	j.Position, j.ETA = t.place(e)
	j.Progress = e.progress
	if j.State == Done {
		j.Progress = 1
	}
	return j
}

// Stats is the table in numbers.
type Stats struct {
	States  map[State]int // jobs
	Waiting float64       // seconds of the whole machine that the queue takes
	Bytes   int64         // of results
	Paused  bool          // the disk takes nothing; no job is begun
}

// Stats counts jobs.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Stats{States: map[State]int{Queued: 0, Running: 0, Done: 0, Failed: 0, Cancelled: 0}, Paused: !t.paused.IsZero()}
	for e := range maps.Values(t.jobs) {
		s.States[e.State]++
		s.Bytes += e.onDisk()
		if e.State == Queued {
			s.Waiting += e.cost
		}
	}
	return s
}
