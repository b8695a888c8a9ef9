package schedule

import (
	"math"
	"slices"
	"time"
)

// worker is a machine that is there, or that was and is quarantined.
type worker struct {
	Worker
	speed       float64 // as learned
	learned     int     // from so many units
	holds       []*holding
	beat        Time // by the clock of leases
	draining    bool
	quarantined bool
	gone        bool // lost or left; lists may still have it
	hungry      bool // in the list of that name
	idle        bool
	republished int // units since its last result
	done        int
	failed      int
}

// holding is a unit that a worker has.
type holding struct {
	unit   *unit
	worker *worker
	given  Time
	seen   bool    // the worker has said that it has it
	begun  bool    // and that it computes it
	left   float64 // canonical seconds of it that were left
	since  Time    // at this moment
	failed []flop  // pictures of it that this worker could not do
}

// flop is a picture of a unit that failed while the others did not.
type flop struct {
	task *task
	why  Why
}

// able tells whether a worker can be given anything.
func (w *worker) able() bool { return !w.gone && !w.draining && !w.quarantined }

// needs is what a worker is expected to take for a cost.
func (w *worker) needs(cost float64) Time { return duration(cost / w.speed) }

// end is when a worker is expected to have ended the unit that it holds in place i. It may be over.
func (w *worker) end(now Time, i int) Time {
	at := w.holds[0].since + w.needs(w.holds[0].left)
	for _, h := range w.holds[1 : i+1] {
		at = max(at, now) + w.needs(h.left)
	}
	return at
}

// duration is a number of seconds as a Time, without overflow.
func duration(seconds float64) Time {
	return Time(min(max(seconds, 0), 1e9) * float64(time.Second))
}

// Join takes a worker. One of that name that is there already is taken for gone: it began anew. It gives false, and the worker gets nothing,
// if it is quarantined.
func (s *Scheduler) Join(now Time, about Worker) bool {
	if old := s.workers[about.ID]; old != nil {
		if old.quarantined {
			return false
		}
		why := Vanished
		if about.Again {
			why = ""
		}
		s.lose(now, old, why)
	}
	if s.wrong[about.ID] >= s.options.Wrongs {
		return false
	}
	s.out = slices.DeleteFunc(s.out, func(a Action) bool { return a.Worker == about.ID }) // they are about what it was before
	if !(about.Speed > 0) || math.IsInf(about.Speed, 0) {
		about.Speed = 1
	}
	w := &worker{Worker: about, speed: about.Speed, beat: s.clock(now)}
	s.workers[w.ID] = w
	s.crew = append(s.crew, w)
	s.measure()
	s.want(w)
	s.returns(s.parked...) // it may be able to do them
	s.parked = nil
	return true
}

// Leave takes a worker away that says goodbye. What it has goes to others.
func (s *Scheduler) Leave(now Time, id string) {
	if w := s.workers[id]; w != nil {
		s.lose(now, w, "")
	}
}

// Drain gives a worker nothing more. What it has not begun comes back when it says, by Beat, that it has it no longer.
func (s *Scheduler) Drain(_ Time, id string) {
	if w := s.workers[id]; w != nil {
		w.draining = true
		s.measure()
	}
}

// Release ends a quarantine; the worker may join again. It gives false, and nothing changes, if the worker is in none.
func (s *Scheduler) Release(now Time, id string) bool {
	if s.wrong[id] < s.options.Wrongs {
		return false
	}
	delete(s.wrong, id)
	if w := s.workers[id]; w != nil {
		s.lose(now, w, "")
	}
	return true
}

// Alive says that a worker has shown that it lives in another way than by Beat.
func (s *Scheduler) Alive(now Time, id string) (known bool) {
	w := s.workers[id]
	if w != nil {
		w.beat = s.clock(now)
	}
	return w != nil
}

// clock is the time by which leases run. It stands still while the coordinator is blind, and, since it has not heard then what was sent to it,
// while it was itself stopped.
func (s *Scheduler) clock(now Time) Time {
	if !s.begun || s.blind {
		return s.lease
	}
	return s.lease + min(max(now-s.ticked, 0), 2*second)
}

// Beat says that a worker lives and what it has; a unit whose result is on its way, or waits for an answer, too. What it had and has no longer
// it has given back. It gives false if nobody of that name has joined, or was lost since: it is to join again.
func (s *Scheduler) Beat(now Time, id string, has []Held) (known bool) {
	if !s.Alive(now, id) {
		return false
	}
	w := s.workers[id]
	for _, x := range has {
		if s.holding(x.Unit, id) == nil { // what said so was lost on the way
			s.out = append(s.out, Action{Kind: Drop, Worker: id, Unit: &Unit{ID: x.Unit}})
		}
	}
	for _, h := range slices.Clone(w.holds) {
		at := slices.IndexFunc(has, func(x Held) bool { return x.Unit == h.unit.id })
		switch {
		case at >= 0:
			h.report(now, has[at])
		case !slices.Contains(w.holds, h): // it ended with another one
		case h.seen || w.draining: // it has given it back
			why := Why("")
			if h.begun && !w.draining {
				why = Broken
			}
			s.release(now, h)
			s.orphan(now, h.unit, why, w)
		case now-h.given > s.options.Lease && !s.blind:
			if s.republish(now, h) {
				return false
			}
		}
	}
	return true
}

// report takes what a worker says of a unit. Only what has got less is news: a machine may live while its computing hangs.
func (h *holding) report(now Time, says Held) {
	h.seen = true
	if says.Begun && !h.begun {
		h.begun, h.since = true, now
	}
	if left := h.unit.cost * (1 - says.Share); left < h.left && left >= 0 {
		h.left, h.since = left, now
	}
}

// republish has a unit published again that never reached its worker, which lives. A worker that nothing reaches is lost, in the end.
func (s *Scheduler) republish(now Time, h *holding) (lost bool) {
	w := h.worker
	if w.republished++; w.republished >= 3 {
		s.lost(now, w)
		return true
	}
	h.unit.attempts++
	h.given = now
	s.count.Again++
	s.tell(Again, h.unit, w)
	return false
}

// lost takes a worker for gone that did not say so.
func (s *Scheduler) lost(now Time, w *worker) {
	s.count.Lost++
	s.out = append(s.out, Action{Kind: Lost, Worker: w.ID})
	s.lose(now, w, Vanished)
}

// lose takes a worker away. Units that it had begun are the worse for it if it vanished.
func (s *Scheduler) lose(now Time, w *worker, why Why) {
	w.gone = true
	s.empty(now, w, why) // before it is out of the crew: a task may die with one of its units, and then needs to find the others
	delete(s.workers, w.ID)
	s.crew = slices.DeleteFunc(s.crew, func(o *worker) bool { return o == w })
	s.measure()
}

// empty takes everything from a worker. What it never had is not the worse for that, and neither is what waited behind another unit.
func (s *Scheduler) empty(now Time, w *worker, why Why) {
	for i, h := range slices.Clone(w.holds) {
		its := why
		if !h.begun && (i > 0 || !h.seen) {
			its = ""
		}
		s.release(now, h)
		s.orphan(now, h.unit, its, w)
	}
}

// quarantine gives a worker nothing any more.
func (s *Scheduler) quarantine(now Time, w *worker) {
	w.quarantined = true
	s.measure()
	s.out = append(s.out, Action{Kind: Quarantined, Worker: w.ID})
	s.empty(now, w, "")
}

// measure sums up the speeds of those who work.
func (s *Scheduler) measure() {
	s.total, s.able = 0, 0
	for _, w := range s.crew {
		if w.able() {
			s.total += w.speed
			s.able++
		}
	}
}

// learn takes the seconds that a worker took for a cost, with a weight of a half at first, since what workers measure in a moment is often wrong, and of a fifth later. They are the worker's own seconds of computing: with those
// of the round trip, a coordinator that is behind would take all workers for slow, make units small, and be even busier.
func (s *Scheduler) learn(w *worker, cost float64, took Time) {
	if cost <= 0 || took <= 0 {
		return
	}
	seen := min(max(cost/took.Seconds(), w.speed/4), w.speed*4)
	before := w.speed
	weight := max(1/float64(2+w.learned), 0.2)
	w.learned++
	w.speed = min(max(math.Pow(w.speed, 1-weight)*math.Pow(seen, weight), w.Speed/100), w.Speed*100)
	if w.able() {
		s.total += w.speed - before
	}
}

// want has a worker asked whether there is something for it.
func (s *Scheduler) want(w *worker) {
	if !w.hungry && w.able() && len(w.holds) < s.options.Depth {
		w.hungry = true
		s.hungry = append(s.hungry, w)
	}
}

// hold gives a unit to a worker.
func (s *Scheduler) hold(now Time, w *worker, u *unit) {
	h := &holding{unit: u, worker: w, given: now, left: u.cost, since: now}
	w.holds = append(w.holds, h)
	u.holders = append(u.holders, h)
	u.attempts++
	s.units[u.id] = u
	s.count.Given++
	s.tell(Give, u, w)
}

// release takes a unit from a worker, which then may have room.
func (s *Scheduler) release(now Time, h *holding) {
	w := h.worker
	w.holds = slices.DeleteFunc(w.holds, func(o *holding) bool { return o == h })
	h.unit.holders = slices.DeleteFunc(h.unit.holders, func(o *holding) bool { return o == h })
	if len(w.holds) > 0 && !w.holds[0].begun { // it begins with the next one
		w.holds[0].since = max(w.holds[0].since, now)
	}
	s.want(w)
}

// drop takes a unit from a worker, and tells it.
func (s *Scheduler) drop(now Time, h *holding) {
	s.release(now, h)
	s.tell(Drop, h.unit, h.worker)
}
