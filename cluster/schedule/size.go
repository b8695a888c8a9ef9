package schedule

import (
	"math"
	"slices"
	"time"
)

// soon is when a worker that computes rows gets its next ones. Earlier, it would take two shares of a picture, and others none.
const soon = 5 * time.Second

// alone is the number of deaths after which a picture is given alone.
const alone = 3

// canDo tells whether a worker may ever do this, whatever it does now.
func canDo(w *worker, p *piece) bool {
	for _, t := range p.tasks {
		if slices.Contains(t.not, w.ID) || t.Apart && w.Here {
			return false
		}
		if t.area == nil && w.Memory > 0 && t.Memory > w.Memory {
			return false
		}
	}
	if a := p.tasks[0].area; a != nil {
		_, ok := a.fits(w, p.rows[0], p.rows[1])
		return ok
	}
	return true
}

// suits tells whether a worker may have this now.
func (s *Scheduler) suits(now Time, w *worker, p *piece) bool {
	if p.avoid == w.ID && now < p.until && s.able > 1 {
		return false
	}
	if p.rows != [2]int{} && len(w.holds) > 0 {
		if ends := w.end(now, len(w.holds)-1) - now; ends > soon || ends < -soon {
			return false
		}
	}
	return canDo(w, p)
}

// find cuts a unit for a worker that has room, or gives nil if there is nothing for it.
func (s *Scheduler) find(now Time, w *worker) *unit {
	misses := 0
	for _, list := range []*[]*piece{&s.back, &s.open} {
		for i := 0; i < len(*list) && misses < ahead; i++ {
			p := (*list)[i]
			switch {
			case p.prune():
				*list = slices.Delete(*list, i, i+1)
				i--
			case !s.suits(now, w, p):
				misses++
			default:
				u, all := s.cut(w, p)
				if all {
					*list = slices.Delete(*list, i, i+1)
				}
				return u
			}
		}
	}
	for misses < ahead {
		t := s.line.first()
		if t == nil {
			break
		}
		if t.area != nil {
			s.line.pop()
			before := len(s.open)
			s.openRows(t)
			if len(s.open) == before { // all of it is done
				continue
			}
			if p := s.open[before]; s.suits(now, w, p) {
				u, all := s.cut(w, p)
				if all {
					s.open = slices.Delete(s.open, before, before+1)
				}
				return u
			}
		} else {
			p := &piece{tasks: []*task{t}}
			if s.suits(now, w, p) {
				return s.batch(w)
			}
			s.line.pop()
			s.open = append(s.open, p) // for another one
			s.pieces += p.cost()
		}
		misses++
	}
	return nil
}

// cut makes a unit of a piece, or of the upper rows of it; all: nothing of it is left.
func (s *Scheduler) cut(w *worker, p *piece) (u *unit, all bool) {
	u = s.newUnit(p)
	a := p.tasks[0].area
	if a == nil {
		u.cost = p.cost()
		s.pieces = max(s.pieces-u.cost, 0)
		for _, t := range u.tasks {
			t.unit = u
		}
		return u, true
	}
	from, until := p.rows[0], p.rows[1]
	to := until
	goal := s.share(w, a)
	if x := a.reach(from, goal); x < until && a.cost(x, until) >= goal/2 { // what would be less than half a unit is taken along
		to = x
	}
	to, _ = a.fits(w, from, to) // canDo has seen that something does
	u.rows = [2]int{from, to}
	u.cost = a.work(from, to)
	p.rows[0] = to
	s.pieces = max(s.pieces-a.cost(from, to), 0)
	return u, to == until
}

// share is the cost of the rows that a worker gets of a picture: its part by speed, or a fraction of that. Each unit computes some rows again,
// and when all is computed the encoder has the last units' rows to do, about a twentieth of a share: the fraction makes the sum the least.
// Where much waits, though, there is something for everybody, and rows that are computed again are only waste: units are as large as is right
// for pictures.
func (s *Scheduler) share(w *worker, a *area) float64 {
	others := max(s.total/w.speed, 1)
	k := 64.0
	if a.Repeated > 0 {
		k = min(max(math.Round(math.Sqrt(0.05*float64(a.height())/(a.Repeated*others))), 1), 64)
	}
	return max(a.open/others/k, s.left()/others/2)
}

// batch makes a unit of the first pictures of the line.
func (s *Scheduler) batch(w *worker) *unit {
	goal := w.speed * min(s.target.Seconds(), s.left()/(2*max(s.total, w.speed)))
	longer := float64(s.target) / float64(s.options.Target)
	most := int(float64(s.options.Batch) * min(longer, 8))
	u := s.newUnit(&piece{})
	bytes, head := int64(0), int64(0)
	for t := s.line.first(); t != nil && len(u.tasks) < most; t = s.line.first() {
		bytes, head = bytes+t.Bytes, head+t.Head
		full := u.cost+t.Cost/2 >= goal || bytes > s.options.BatchBytes || head > s.options.BatchHead
		if len(u.tasks) > 0 && (t.area != nil || full || !canDo(w, &piece{tasks: []*task{t}})) {
			break
		}
		s.line.pop()
		t.unit = u
		u.tasks = append(u.tasks, t)
		u.cost += t.Cost
	}
	return u
}
