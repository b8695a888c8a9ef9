package jobs

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Event is that something changed: a job, or a band of its view is there.
type Event struct {
	Number int // rises; 0 of changes that need not be told again
	Job    Job
	Band   *Band
	Gone   bool // the job was removed
}

// Band is finished rows of a result's view.
type Band struct {
	Job                string
	Top, Height, Width int // in pixels of the view
	Whole              int // height of the whole view
	JPEG               []byte
}

// ErrEnd is that nothing more will change.
var ErrEnd = errors.New("the job is over")

// Following is somebody who listens. Who listens slowly misses steps of progress, but never a state or a band.
type Following struct {
	table     *Table
	owner, id string
	after     int             // number of the last event that was given
	changed   map[string]bool // jobs to tell of
	gone      []Job
	woken     chan struct{}
}

// Follow gives what changes of a job, or with an empty id of all jobs of an owner's. It begins with how they are now, and with the bands that came after
// event number after.
func (t *Table) Follow(owner, id string, after int) (*Following, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &Following{table: t, owner: owner, id: id, after: after, changed: map[string]bool{}, woken: make(chan struct{}, 1)}
	if id != "" {
		if _, err := t.find(owner, id); err != nil {
			return nil, err
		}
		f.changed[id] = true
	} else {
		for _, e := range t.jobs {
			if e.Owner == owner && !e.State.Over() {
				f.changed[e.ID] = true
			}
		}
	}
	f.wake()
	t.followers[f] = true
	return f, nil
}

// Close ends listening.
func (f *Following) Close() {
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	delete(f.table.followers, f)
}

func (f *Following) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// Next waits until something has changed and gives it. It returns ErrEnd after the last event of a single job, and ctx's error when ctx is done.
func (f *Following) Next(ctx context.Context) ([]Event, error) {
	for {
		if events, end := f.take(); len(events) > 0 {
			return events, nil
		} else if end {
			return nil, ErrEnd
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-f.woken:
		}
	}
}

// take gives what has changed. end tells that nothing more will.
func (f *Following) take() (events []Event, end bool) {
	t := f.table
	t.mu.Lock()
	defer t.mu.Unlock()
	last := f.after
	for id := range f.changed {
		e := t.jobs[id]
		if e == nil {
			continue
		}
		for _, b := range e.bands {
			if b.Number > f.after {
				events = append(events, b)
				last = max(last, b.Number)
			}
		}
		events = append(events, Event{Job: t.look(e)})
	}
	for _, j := range f.gone {
		events = append(events, Event{Job: j, Gone: true})
	}
	f.after = last
	clear(f.changed)
	f.gone = nil
	slices.SortStableFunc(events, func(a, b Event) int { return a.Number - b.Number }) // states first
	if f.id != "" && len(events) == 0 {
		e := t.jobs[f.id]
		end = e == nil || e.State.Over()
	}
	return events, end
}

// changed tells those who listen to a job.
func (t *Table) changed(id string) {
	e := t.jobs[id]
	for f := range t.followers {
		if f.owner == e.Owner && (f.id == "" || f.id == id) {
			f.changed[id] = true
			f.wake()
		}
	}
}

// gone tells those who listen to a job that it was removed.
func (t *Table) gone(e *entry) {
	for f := range t.followers {
		if f.owner == e.Owner && (f.id == "" || f.id == e.ID) {
			delete(f.changed, e.ID)
			f.gone = append(f.gone, e.Job)
			f.wake()
		}
	}
}

// toldEach is how often followers are told of a job's progress.
const toldEach = 200 * time.Millisecond

// progress takes over how far a running job has come.
func (t *Table) progress(e *entry, share float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.State != Running {
		return
	}
	e.Progress = min(max(share, e.Progress), 1)
	if now := t.Now(); now.Sub(e.told) >= toldEach {
		e.told = now
		t.changed(e.ID)
	}
}

// band takes over finished rows of a running job.
func (t *Table) band(e *entry, b Band) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.State != Running {
		return
	}
	t.number++
	b.Job = e.ID
	e.bands = append(e.bands, Event{Number: t.number, Job: Job{ID: e.ID, Owner: e.Owner}, Band: &b})
	t.changed(e.ID)
}
