package jobs

import (
	"time"

	"classsr/server/pace"
)

// workTime is the time that running jobs have of the machine: while two run, each has half of it.
type workTime struct {
	at    time.Time
	spent float64 // seconds of the whole machine that one job would have had since the beginning
	jobs  int
}

// set says how many jobs run from now on.
func (w *workTime) set(now time.Time, jobs int) {
	w.spent = w.until(now)
	w.at, w.jobs = now, jobs
}

// until is the time that was spent on one job until now.
func (w *workTime) until(now time.Time) float64 {
	if w.jobs == 0 {
		return w.spent
	}
	return w.spent + now.Sub(w.at).Seconds()/float64(w.jobs)
}

// places is what the order of the queue says of each job. It is made again when it is older than placeTime.
type places struct {
	made time.Time
	of   map[string]placed
}

type placed struct {
	position int
	before   float64 // seconds of all jobs before it
}

const placeTime = 500 * time.Millisecond

// seconds is how long a job takes of the whole machine, corrected by what was seen.
func (t *Table) seconds(j *Job) float64 {
	return t.Pace.Seconds(paceKey(j), j.Forecast)
}

func paceKey(j *Job) pace.Key {
	return pace.Key{Model: j.Model, Mode: j.Order["mode"], Format: j.Ending}
}

// place gives a job's place in the queue and the seconds until it is over.
func (t *Table) place(e *entry) (position int, eta float64) {
	switch e.State {
	case Running:
		return 0, t.left(e) * float64(max(t.work.jobs, 1))
	case Queued:
	default:
		return 0, 0
	}
	now := t.Now()
	at, known := t.places.of[e.ID]
	if !known || now.Sub(t.places.made) > placeTime {
		t.findPlaces(now)
		at = t.places.of[e.ID]
	}
	return at.position, at.before + t.seconds(&e.Job)
}

// findPlaces goes through the queue.
func (t *Table) findPlaces(now time.Time) {
	t.places = places{made: now, of: map[string]placed{}}
	before := 0.0
	for _, e := range t.jobs {
		if e.State == Running {
			before += t.left(e)
		}
	}
	n := 0
	for id, cost := range t.queue.Order() {
		n++
		t.places.of[id] = placed{n, before}
		before += cost
	}
}

// left is how many seconds of the whole machine a running job takes still: by its progress, once that tells something.
func (t *Table) left(e *entry) float64 {
	forecast := t.seconds(&e.Job) * (1 - e.Progress)
	if e.Progress < 0.1 {
		return forecast
	}
	spent := t.work.until(t.Now()) - e.begun
	return (1-e.Progress)*forecast + e.Progress*spent*(1-e.Progress)/e.Progress
}

// Stats is the table in numbers.
type Stats struct {
	States  map[State]int
	Waiting float64 // seconds of the whole machine that all queued jobs take
}

// Stats counts jobs.
func (t *Table) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Stats{States: map[State]int{Queued: 0, Running: 0, Done: 0, Failed: 0, Cancelled: 0}}
	for _, e := range t.jobs {
		s.States[e.State]++
		if e.State == Queued {
			s.Waiting += t.seconds(&e.Job)
		}
	}
	return s
}
