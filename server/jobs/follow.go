package jobs

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"
)

// Event is that something changed: a job, or a band of its view is there.
type Event struct {
	Number int   // to follow after; rises, also from one process to the next
	Job    Job   // as it is now; of bands only ID and Owner
	Band   *Band // nil: the job itself changed
	Gone   bool  // the job was removed
	step   bool  // of progress, which the next step takes the place of
}

// Band is finished rows of a result's view, from top to bottom.
type Band struct {
	Job                string
	Top, Height, Width int // in pixels of the view
	Whole              int // height of the whole view
	JPEG               []byte
}

// ErrEnd is that no more events come.
var ErrEnd = errors.New("nothing more will change")

const (
	stepTime  = 200 * time.Millisecond // between steps of progress
	placeStep = time.Second            // between news of the queue
	mostKept  = 2000                   // events, for somebody who does not fetch them
)

// Following is somebody who listens. Who fetches events slowly misses steps of progress, but no state and no band.
type Following struct {
	table     *Table
	owner, id string
	bands     bool    // of views are wanted, too
	events    []Event // not fetched
	ended     bool    // no more come
	places    map[string]placed
	looked    time.Time // when places were looked at
	woken     chan struct{}
}

// Follow gives what changes of a job, or with an empty id of all jobs of an owner's, after event number after. With a number of 0 it begins with how
// the job is, or all jobs that are not over are. If bands of views are wanted, all that are later come again of a run that is under way. Close ends it.
func (t *Table) Follow(owner, id string, after int, bands bool) (*Following, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &Following{table: t, owner: owner, id: id, bands: bands, places: map[string]placed{}, looked: t.o.Now(), woken: make(chan struct{}, 1)}
	if id != "" {
		e, err := t.find(owner, id)
		if err != nil {
			return nil, err
		}
		f.begin(after, e)
	} else {
		var all []*entry
		for _, e := range t.jobs {
			if e.Owner == owner && (!e.State.Over() || after > 0 && e.changed > after) {
				all = append(all, e)
			}
		}
		slices.SortFunc(all, func(a, b *entry) int { return strings.Compare(a.ID, b.ID) })
		f.begin(after, all...)
	}
	t.followers[f] = true
	return f, nil
}

// begin adds how jobs are now, and then their bands. Who was told a part of this only, and follows again, is to miss nothing: so the jobs have the
// number that comes before all that follows.
func (f *Following) begin(after int, all ...*entry) {
	var bands []Event
	for _, e := range all {
		for _, b := range e.bands {
			if f.bands && b.Number > after {
				bands = append(bands, b)
			}
		}
	}
	slices.SortFunc(bands, func(a, b Event) int { return cmp.Compare(a.Number, b.Number) })
	number := cmp.Or(after, f.table.number)
	if after == 0 && len(bands) > 0 {
		number = bands[0].Number - 1
	}
	for _, e := range all {
		f.add(Event{Number: number, Job: f.table.look(e)})
	}
	for _, b := range bands {
		f.add(b)
	}
}

// Close ends listening.
func (f *Following) Close() {
	f.table.mu.Lock()
	defer f.table.mu.Unlock()
	delete(f.table.followers, f)
	f.ended = true
	f.wake()
}

func (f *Following) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// add keeps an event until it is fetched, with mu held. Who lets too many pile up gets no more, and has to follow anew.
func (f *Following) add(ev Event) {
	if f.ended {
		return
	}
	f.wake()
	if ev.step {
		for i := len(f.events) - 1; i >= 0; i-- {
			if other := &f.events[i]; other.Job.ID == ev.Job.ID {
				if other.step {
					f.events = slices.Delete(f.events, i, i+1)
				}
				break
			}
		}
	}
	if len(f.events) >= mostKept {
		f.events, f.ended = nil, true
		return
	}
	f.events = append(f.events, ev)
	f.ended = f.id != "" && (ev.Gone || ev.Band == nil && ev.Job.State.Over())
}

// Next waits until something has changed, and gives it. It returns ErrEnd after the last event of a single job, when the table is closed, and to those
// who let too many events pile up; ctx's error when that is done.
func (f *Following) Next(ctx context.Context) ([]Event, error) {
	for {
		events, end, wait := f.take()
		if len(events) > 0 {
			return events, nil
		}
		if end {
			return nil, ErrEnd
		}
		later, cancel := context.WithTimeout(ctx, wait)
		select {
		case <-later.Done():
		case <-f.woken:
		}
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// take gives what has changed. wait is when to look again.
func (f *Following) take() (events []Event, end bool, wait time.Duration) {
	t := f.table
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.o.Now()
	if wait = f.looked.Add(placeStep).Sub(now); wait <= 0 {
		f.lookAtPlaces()
		f.looked, wait = now, placeStep
	}
	events, f.events = f.events, nil
	return events, f.ended || t.closed, wait
}

// lookAtPlaces adds news of the queue: jobs that wait in another place, or for another time, than was told.
func (f *Following) lookAtPlaces() {
	t := f.table
	ids := []string{f.id}
	if f.id == "" {
		if t.o.Now().Sub(t.places.made) >= placeTime {
			t.findPlaces(t.o.Now())
		}
		ids = t.places.first
	}
	for _, id := range ids {
		e := t.jobs[id]
		if e == nil || e.Owner != f.owner || e.State != Queued {
			continue
		}
		j := t.look(e)
		if now := (placed{j.Position, math.Round(j.ETA)}); now != f.places[id] {
			f.places[id] = now
			f.add(Event{Number: t.nextNumber(), Job: j, step: true})
		}
	}
}

// each calls what is to be done for those who follow a job, with mu held.
func (t *Table) each(e *entry, do func(*Following)) {
	for f := range t.followers {
		if f.owner == e.Owner && (f.id == "" || f.id == e.ID) {
			do(f)
		}
	}
}

// nextNumber numbers events. Numbers are no less than the time in milliseconds, so that those of a later process are larger.
func (t *Table) nextNumber() int {
	t.number = max(t.number+1, int(t.o.Now().UnixMilli()))
	return t.number
}

// tell tells followers how a job is now, with mu held.
func (t *Table) tell(e *entry) { t.tellStep(e, false) }

func (t *Table) tellStep(e *entry, step bool) {
	e.changed = t.nextNumber()
	t.each(e, func(f *Following) { f.add(Event{Number: e.changed, Job: t.look(e), step: step}) })
}

// tellGone tells followers that a job was removed, with mu held.
func (t *Table) tellGone(e *entry) {
	number := t.nextNumber()
	t.each(e, func(f *Following) {
		delete(f.places, e.ID)
		f.add(Event{Number: number, Job: e.Job, Gone: true})
	})
}

// progress takes over how far a running job is.
func (t *Table) progress(e *entry, share float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.State != Running || !e.busy || !(share > e.progress) {
		return
	}
	e.progress = min(share, 1)
	if now := t.o.Now(); now.Sub(e.told) >= stepTime {
		e.told = now
		t.tellStep(e, true)
	}
}

// band takes over finished rows of a running job.
func (t *Table) band(e *entry, b Band) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.State != Running || !e.busy {
		return
	}
	b.Job = e.ID
	ev := Event{Number: t.nextNumber(), Job: Job{ID: e.ID, Owner: e.Owner}, Band: &b}
	e.bands = append(e.bands, ev)
	t.each(e, func(f *Following) {
		if f.bands {
			f.add(ev)
		}
	})
}

// watched tells whether somebody wants the bands of a job's view.
func (t *Table) watched(e *entry) (wanted bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.each(e, func(f *Following) { wanted = wanted || f.bands })
	return wanted
}
