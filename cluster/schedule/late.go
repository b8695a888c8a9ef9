package schedule

import (
	"cmp"
	"slices"
	"time"
)

const (
	// tries is how many of the units that end last are looked at for a worker that has nothing.
	tries = 8
	// worth is what both workers must have to do when rows are taken from one.
	worth = 3 * time.Second
)

// straggler is a unit that needs help, and when its holder will end it: one that is overdue, as much later than now as it is late.
type straggler struct {
	h    *holding
	end  Time
	late Time
}

// relieve gives workers for which there is nothing a part in units that will end last: a second copy of pictures, the lower rows of rows.
func (s *Scheduler) relieve(now Time) {
	var free []*worker
	for _, w := range s.idle {
		if w.able() && len(w.holds) == 0 && (!s.blind || w.Here) {
			free = append(free, w)
		}
	}
	if len(free) == 0 {
		return
	}
	slices.SortStableFunc(free, func(a, b *worker) int { return cmp.Compare(b.speed, a.speed) })
	last := s.stragglers(now)
	for _, w := range free {
		for i := range min(len(last), tries) {
			if s.help(now, w, last[i]) {
				last = slices.Delete(last, i, i+1)
				break
			}
		}
	}
}

// stragglers are the units that need help, those that will end last first.
func (s *Scheduler) stragglers(now Time) (all []straggler) {
	for _, w := range s.crew {
		for i, h := range w.holds {
			if !s.needsHelp(now, h) {
				continue
			}
			x := straggler{h: h, end: w.end(now, i)}
			if x.late = now - x.end; x.late > 0 {
				x.end = now + x.late
			}
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b straggler) int { return cmp.Compare(b.end, a.end) })
	return all
}

// needsHelp tells whether somebody else may have a part in a unit: it has this holder only, or all of them hang, and this is the one that has had it longest.
func (s *Scheduler) needsHelp(now Time, h *holding) bool {
	all := h.unit.holders
	if len(all) == 0 || all[0] != h {
		return false
	}
	return len(all) == 1 || !slices.ContainsFunc(all, func(o *holding) bool { return !s.hangs(now, o.worker.holds[0]) })
}

// help gives a worker, which has nothing, a part in a unit, if that is worth while.
func (s *Scheduler) help(now Time, w *worker, x straggler) bool {
	u := x.h.unit
	if !s.needsHelp(now, x.h) || now < u.tried[w.ID] || !canDo(w, &piece{tasks: u.tasks, rows: u.rows}) {
		return false
	}
	if u.isRows() {
		return s.steal(now, w, x)
	}
	if len(u.holders) > 1 { // in place of this one
		u.moved++
		u.avoid(now+s.options.Lease, x.h.worker)
		s.drop(now, x.h)
	} else if x.late <= second && now+w.needs(u.cost)*3/2 >= x.end {
		return false
	}
	s.count.Copied++
	s.hold(now, w, u)
	return true
}

// steal moves the lower part of a unit of rows to another worker, so that both will end at the same time.
func (s *Scheduler) steal(now Time, w *worker, x straggler) bool {
	h, u := x.h, x.h.unit
	a, first := u.tasks[0].area, h.worker
	if s.hangs(now, h) {
		if u.sent >= u.rows[1] { // all that is missing is that the worker says so
			s.end(now, u)
			return false
		}
		return s.move(now, w, h, a.down(u.sent), u.moved+1)
	}
	left, waits := h.left, Time(0) // until it begins
	if i := slices.Index(first.holds, h); i > 0 {
		waits = first.end(now, i-1) - now
		waits = max(waits, -waits) // what is late by so much is expected to take so much more
	} else if x.late <= 0 {
		left = max(left-first.speed*max(now-h.since, 0).Seconds(), 0)
	}
	// Of c, the cost that is moved: (left - c)/speed of the first, and what it waits, are (c + again)/speed of the second.
	c := (left*w.speed - a.again*first.speed + waits.Seconds()*first.speed*w.speed) / (first.speed + w.speed)
	if c >= left && waits > 0 && u.sent == u.rows[0] {
		return s.move(now, w, h, u.rows[0], u.moved)
	}
	until := a.before(u.rows[1])
	m, at := a.reach(0, until-c), a.reach(0, until-left) // at: where the first one is now, about
	c = a.cost(m, u.rows[1])
	if m-max(at, u.sent) < 2*band || u.rows[1]-m < 2*band || first.needs(left-c) < worth || w.needs(c) < worth {
		return false
	}
	return s.move(now, w, h, m, u.moved)
}

// hangs tells whether the unit that a worker is at has made no progress for three times as long as all that is left of it was expected to take. Each
// time that it was given to another one for that, it takes twice as long until it is again: else, if it only costs more than was thought, it would go
// from one to the other for ever.
func (s *Scheduler) hangs(now Time, h *holding) bool {
	w := h.worker
	if w.holds[0] != h {
		return false
	}
	patience := max(3*w.needs(h.left), 2*s.options.Beat)
	return (now-h.since)>>min(h.unit.moved, 30) > patience
}

// move gives the rows of a unit from m on to another worker, if its memory is enough. If nothing is left to the first one, it is told to drop
// the unit.
func (s *Scheduler) move(now Time, w *worker, h *holding, m, moved int) bool {
	u, a := h.unit, h.unit.tasks[0].area
	if to, ok := a.fits(w, m, u.rows[1]); !ok || to != u.rows[1] {
		return false
	}
	next := s.newUnit(&piece{
		tasks: slices.Clone(u.tasks), rows: [2]int{m, u.rows[1]}, deaths: u.deaths, broken: u.broken, moved: moved,
	})
	next.cost = a.work(m, u.rows[1])
	if m <= u.sent {
		s.end(now, u)
	} else {
		h.left = max(h.left-a.cost(m, u.rows[1]), 0)
		u.rows[1] = m
		u.cost = a.work(u.rows[0], m)
		s.tell(Shorten, u, h.worker)
	}
	s.count.Moved++
	s.hold(now, w, next)
	return true
}
