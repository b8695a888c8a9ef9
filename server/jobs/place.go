package jobs

import (
	"math"
	"time"

	"classsr/models"
	"classsr/server/pace"
)

// workTime counts the time that running jobs have of the whole machine: while two run, each has half of it.
type workTime struct {
	at    time.Time
	spent float64 // seconds that one job would have had since the beginning
	jobs  int     // that run
}

// set says how many jobs run from now on.
func (w *workTime) set(now time.Time, jobs int) {
	w.spent = w.until(now)
	w.at, w.jobs = now, jobs
}

// until is what one job would have had until now.
func (w *workTime) until(now time.Time) float64 {
	if w.jobs == 0 {
		return w.spent
	}
	return w.spent + max(now.Sub(w.at).Seconds(), 0)/float64(w.jobs)
}

// places is what the order of the queue says of each job.
type places struct {
	made  time.Time
	of    map[string]placed
	first []string // the jobs that come first
}

type placed struct {
	position int
	before   float64 // seconds of the machine until it begins
}

const (
	placeTime  = 500 * time.Millisecond // how long places hold
	firstOnes  = 20                     // of how many jobs that wait those are told who follow all jobs
	mostPlace  = 5 * time.Minute        // the longest time to come again after
	knownShare = 0.1                    // from when on progress tells something
)

// seconds is how long a job takes of the whole machine, as corrected by what was seen.
func (t *Table) seconds(j *Job) float64 { return t.o.Pace.Seconds(keyOf(j), j.Forecast) }

// PaceModel is what a model is called in keys of a pace. Those in files have one name: there may be any number of them.
func PaceModel(name string) string {
	if _, inFile := models.FileSum(name); inFile {
		return "file"
	}
	return name
}

func keyOf(j *Job) pace.Key {
	return pace.Key{Model: PaceModel(j.Model), Mode: j.Order["mode"], Format: j.Ending, Looked: j.Looked}
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
	at, known := t.places.of[e.ID]
	if now := t.o.Now(); !known || now.Sub(t.places.made) >= placeTime {
		t.findPlaces(now)
		at = t.places.of[e.ID]
	}
	return at.position, at.before + e.cost
}

// findPlaces goes through the queue.
func (t *Table) findPlaces(now time.Time) {
	p := places{made: now, of: make(map[string]placed, len(t.places.of))}
	before := 0.0
	for _, e := range t.jobs {
		if e.State == Running {
			before += t.left(e)
		}
	}
	for id, cost := range t.queue.Order() {
		p.of[id] = placed{len(p.of) + 1, before}
		before += cost
		if len(p.first) < firstOnes {
			p.first = append(p.first, id)
		}
	}
	t.places = p
}

// left is how many seconds of the whole machine a running job still takes: by its forecast, and, the further it is, by what it took until now.
func (t *Table) left(e *entry) float64 {
	rest := 1 - e.progress
	forecast := e.cost * rest
	if e.progress < knownShare {
		return forecast
	}
	seen := (t.work.until(t.o.Now()) - e.begun) * rest / e.progress
	return rest*forecast + e.progress*seen
}

// untilPlace is about how long it takes until the queue has a place more.
func (t *Table) untilPlace() time.Duration {
	soonest := math.Inf(1)
	for _, e := range t.jobs {
		if e.State == Running {
			soonest = min(soonest, t.left(e)*float64(t.work.jobs))
		}
	}
	if math.IsInf(soonest, 1) { // something begins soon
		return time.Second
	}
	return time.Duration(min(max(soonest, 1), mostPlace.Seconds()) * float64(time.Second))
}
