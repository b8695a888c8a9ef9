package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
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
	"classsr/server/problem"
)

// Options say how a Table works.
type Options struct {
	Queue     int           // jobs that may wait; one owner has half of them at most
	Jobs      int           // jobs that run at a time
	Retention time.Duration // how long results are kept
	// MostTime is how long a job may run; 0 means without end.
	MostTime time.Duration
	Files    Files
	Pace     *pace.Pace // nil: a new one
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// Files is the disk that pictures and results are on.
type Files interface {
	// Reserve sets disk space aside until it is released. Its errors are of kind fault.Busy or fault.Unavailable.
	Reserve(bytes int64) (release func(), err error)
	RemovePicture(sum blobs.Sum) error
	RemoveResult(job string) error
}

// Table is all jobs: those that wait, run and are over. It is safe for concurrent use.
type Table struct {
	Options
	db *bbolt.DB

	mu       sync.Mutex
	jobs     map[string]*entry
	pictures map[string]Picture // by owned
	keys     map[string]keyed   // by owned
	adding   map[string]chan struct{}
	queue    *fair.Queue[string]
	running  map[string]int // by owner
	pending  int            // jobs that are being added
	paused   time.Time      // nothing is begun before
	work     workTime
	places   places

	woken     chan struct{} // something may be begun
	followers map[*Following]bool
	number    int // of the last event
}

// entry is a job, and what belongs to it while it is not over.
type entry struct {
	Job
	release func() // of disk space
	cancel  func(error)
	busy    bool    // a run of it has not returned yet
	begun   float64 // work time when it began
	bands   []Event
	told    time.Time // when followers were told of its progress last
}

// Open opens a table, and queues jobs again that were running when the process that had it ended.
func Open(path string, o Options) (*Table, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openDatabase(path, o.Log, o.Now())
	if err != nil {
		return nil, err
	}
	t := &Table{
		Options: o, db: db, jobs: map[string]*entry{}, pictures: map[string]Picture{}, keys: map[string]keyed{}, adding: map[string]chan struct{}{},
		queue: fair.New[string](), running: map[string]int{}, woken: make(chan struct{}, 1), followers: map[*Following]bool{},
	}
	if err := t.load(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return t, nil
}

// load reads everything.
func (t *Table) load() error {
	var saved []byte
	err := t.db.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket(metaBucket).Get([]byte("pace")); v != nil {
			saved = slices.Clone(v)
		}
		return errors.Join(
			each(tx, jobsBucket, func(j Job) { t.jobs[j.ID] = &entry{Job: j} }),
			each(tx, picturesBucket, func(p Picture) { t.pictures[string(owned(p.Owner, p.Sum.String()))] = p }),
			each(tx, keysBucket, func(k keyed) { t.keys[string(owned(k.Owner, k.Key))] = k }),
		)
	})
	if err != nil {
		return err
	}
	if t.Pace == nil {
		t.Pace = pace.New(saved)
	}
	var again []change
	for _, id := range slices.Sorted(maps.Keys(t.jobs)) { // the oldest first
		e := t.jobs[id]
		if e.State == Running {
			e.State, e.Started = Queued, time.Time{}
			again = append(again, change{jobsBucket, []byte(id), e.Job})
		}
		if e.State == Queued {
			e.release, _ = t.reserve(e.Bytes) // it was accepted, whatever there is now
			t.queue.Push(e.Owner, e.Weight, e.Forecast, id)
		}
	}
	return t.write(again...)
}

// each reads the records of a bucket.
func each[T any](tx *bbolt.Tx, bucket []byte, take func(T)) error {
	return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
		var record T
		if err := json.Unmarshal(v, &record); err != nil {
			return fmt.Errorf("the record %q of %s is damaged: %w", k, bucket, err)
		}
		take(record)
		return nil
	})
}

func (t *Table) reserve(bytes int64) (func(), error) {
	if t.Files == nil {
		return func() {}, nil
	}
	release, err := t.Files.Reserve(bytes)
	if release == nil {
		release = func() {}
	}
	return release, err
}

// Close closes the file. Nothing may run.
func (t *Table) Close() error {
	return errors.Join(t.write(change{metaBucket, []byte("pace"), json.RawMessage(t.Pace.Save())}), t.db.Close())
}

// Add puts a job into the queue; it is on disk when Add returns. A key, if it is not empty, is that of the request: the same one again, for the same picture
// and order, gives the job that there is already (replayed), for anything else an error of kind fault.Conflict. A queue that is full is an error of kind
// fault.Busy that says when to come again; a disk that is, of kind fault.Unavailable.
func (t *Table) Add(j Job, key string) (added Job, replayed bool, err error) {
	j.ID, j.State, j.Created = newID(t.Now()), Queued, t.Now().UTC()
	asked := j.Picture.String() + " " + fmt.Sprint(j.Order) // maps are printed in the order of their keys
	if key != "" {
		done, id, err := t.claim(j.Owner, key, asked)
		if err != nil {
			return j, false, err
		}
		if id != "" {
			added, err := t.Get(j.Owner, id)
			return added, true, err
		}
		defer done()
	}
	if err := t.admit(j); err != nil {
		return j, false, err
	}
	defer func() {
		t.mu.Lock()
		t.pending--
		t.mu.Unlock()
	}()
	release, err := t.reserve(j.Bytes)
	if err != nil {
		return j, false, err
	}
	k := keyed{j.Owner, key, j.ID, asked, j.Created}
	changes := []change{{jobsBucket, []byte(j.ID), j}}
	if key != "" {
		changes = append(changes, change{keysBucket, owned(j.Owner, key), k})
	}
	if err := t.write(changes...); err != nil {
		release()
		return j, false, unavailable(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.jobs[j.ID] = &entry{Job: j, release: release}
	if key != "" {
		t.keys[string(owned(j.Owner, key))] = k
	}
	t.queue.Push(j.Owner, j.Weight, t.seconds(&j), j.ID)
	t.changed(j.ID)
	t.wake()
	return t.look(t.jobs[j.ID]), false, nil
}

// unavailable is the error of a transaction: of the disk, nearly always.
func unavailable(err error) error {
	const wait = 5 * time.Second
	return problem.Later(fault.Unavailable, wait, "the table of jobs cannot be written: %w", err)
}

// claim finds the job of a key, or keeps the key for one that is being added until done is called.
func (t *Table) claim(owner, key, asked string) (done func(), id string, err error) {
	name := string(owned(owner, key))
	for {
		t.mu.Lock()
		if k, known := t.keys[name]; known {
			t.mu.Unlock()
			if k.Asked != asked {
				return nil, "", fault.New(fault.Conflict, "that idempotency key was used for another picture, or for other options")
			}
			return nil, k.Job, nil
		}
		other := t.adding[name]
		if other == nil {
			mine := make(chan struct{})
			t.adding[name] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.adding, name)
				t.mu.Unlock()
				close(mine)
			}, "", nil
		}
		t.mu.Unlock()
		<-other
	}
}

// admit refuses a job that the queue has no place for, and keeps one for it otherwise.
func (t *Table) admit(j Job) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.full(j.Owner)
	if err == nil {
		t.pending++
	}
	return err
}

func (t *Table) full(owner string) error {
	waiting := t.queue.Len() + t.pending
	switch {
	case waiting >= t.Queue:
		return problem.Later(fault.Busy, t.until(waiting), "%d jobs wait, more are not taken", waiting)
	case t.queue.LenOf(owner) >= max(t.Queue/2, 1):
		return problem.Later(fault.Busy, t.until(waiting), "%d of your jobs wait, more are not taken", t.queue.LenOf(owner))
	}
	return nil
}

// Room returns the error of Add about the queue, for whoever wants to know before a picture is sent.
func (t *Table) Room(owner string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.full(owner)
}

// until is about how long it takes until a job less waits.
func (t *Table) until(waiting int) time.Duration {
	total := 0.0
	for _, cost := range t.queue.Order() {
		total += cost
	}
	each := time.Duration(total / float64(max(waiting, 1)) * float64(time.Second))
	return min(max(each, time.Second), time.Minute)
}

// Get gives a job of an owner's; those of others are not found.
func (t *Table) Get(owner, id string) (Job, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.find(owner, id)
	if err != nil {
		return Job{}, err
	}
	return t.look(e), nil
}

func (t *Table) find(owner, id string) (*entry, error) {
	e := t.jobs[id]
	if e == nil || e.Owner != owner {
		return nil, fault.New(fault.NotFound, "there is no such job: it may have been removed when its time was over")
	}
	return e, nil
}

// List gives at most so many jobs of an owner's, the newest first, of those older than before, if that is not empty.
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
	ids = ids[:min(len(ids), most)]
	list := make([]Job, len(ids))
	for i, id := range ids {
		list[i] = t.look(t.jobs[id])
	}
	return list, nil
}

// Delete cancels a job that is not over, and removes one that is, with its result. It gives the job as it was, or as it is now.
func (t *Table) Delete(owner, id string) (Job, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.find(owner, id)
	if err != nil {
		return Job{}, err
	}
	if e.State.Over() {
		if e.busy { // it was cancelled, and stops soon
			return e.Job, nil
		}
		return t.look(e), t.drop(e)
	}
	j := e.Job
	j.State, j.Ended = Cancelled, t.Now().UTC()
	j.Expires = j.Ended.Add(t.Retention)
	if err := t.write(change{jobsBucket, []byte(id), j}); err != nil {
		return e.Job, unavailable(err)
	}
	e.Job = j
	t.queue.Remove(id)
	switch {
	case !e.busy:
		t.over(e)
	case e.cancel != nil:
		e.cancel(errCancelled)
	}
	t.changed(id)
	return t.look(e), nil
}

// drop removes a job that is over, and its files.
func (t *Table) drop(e *entry) error {
	changes := []change{{jobsBucket, []byte(e.ID), nil}}
	for name, k := range t.keys {
		if k.Job == e.ID {
			changes = append(changes, change{keysBucket, []byte(name), nil})
		}
	}
	if err := t.write(changes...); err != nil {
		return unavailable(err)
	}
	for _, c := range changes[1:] {
		delete(t.keys, string(c.key))
	}
	delete(t.jobs, e.ID)
	t.gone(e)
	if t.Files == nil {
		return nil
	}
	return errors.Join(t.Files.RemoveResult(e.ID), t.free(e.Picture))
}

// over gives back what a job had while it was not over.
func (t *Table) over(e *entry) {
	if e.release != nil {
		e.release()
		e.release = nil
	}
	e.bands, e.cancel = nil, nil
	e.Progress = 0
}

// look is a job as it is told: with its place and its time.
func (t *Table) look(e *entry) Job {
	j := e.Job
	j.Position, j.ETA = t.place(e)
	if j.State == Done {
		j.Progress = 1
	}
	return j
}
