package schedule

import (
	"slices"
	"time"
)

// second is how often leases, stragglers and what nobody can do are looked at.
const second = time.Second

// Decide gives everything that is to be done now, in this order. It is called after events, and when Wake says.
func (s *Scheduler) Decide(now Time) []Action {
	ticks := !s.begun || now-s.ticked >= second
	if ticks {
		s.tick(now)
	}
	s.feed(now)
	if ticks {
		s.relieve(now)
	}
	out := s.out
	s.out = nil
	return out
}

// Wake is when Decide is to be called if nothing happens before; Never: not at all.
func (s *Scheduler) Wake() Time {
	switch {
	case len(s.crew) == 0 && len(s.parked) == 0:
		return Never
	case !s.begun:
		return 0
	}
	return s.ticked + second
}

// tick does what is done once a second.
func (s *Scheduler) tick(now Time) {
	s.lease = s.clock(now)
	s.ticked, s.begun = now, true
	s.aim()
	for _, w := range slices.Clone(s.crew) {
		if !w.quarantined && s.lease-w.beat > s.options.Lease {
			s.lost(now, w)
		}
	}
	s.measure()
	s.reckon()
	s.park(now)
	s.fresh = true // what was to be avoided, or came too early, may be right now
}

// aim makes units longer while the coordinator is behind. Otherwise there would be more of them than it can serve, and workers would wait.
func (s *Scheduler) aim() {
	switch {
	case s.delay > 200*time.Millisecond:
		s.target = min(s.target*11/10, s.options.Longest)
	case s.delay < 20*time.Millisecond:
		s.target = max(s.target*20/21, s.options.Target)
	}
	s.delay = 0
}

// feed gives units to workers that have room: first one to each that has none, then the others.
func (s *Scheduler) feed(now Time) {
	var asked []*worker
	if s.fresh {
		for _, w := range s.idle {
			w.idle = false
			if !w.hungry {
				asked = append(asked, w)
			}
		}
		s.idle, s.fresh = nil, false
	}
	asked = append(asked, s.hungry...)
	s.hungry = nil
	for _, w := range asked {
		if len(w.holds) == 0 {
			s.serve(now, w, 1)
		}
	}
	for _, w := range asked {
		if len(w.holds) > 0 {
			s.serve(now, w, s.options.Depth)
		}
		w.hungry = false
		if !w.idle && w.able() && len(w.holds) < s.options.Depth {
			w.idle = true
			s.idle = append(s.idle, w)
		}
	}
}

// serve gives units to a worker until it has so many, or there is nothing for it.
func (s *Scheduler) serve(now Time, w *worker, most int) {
	for w.able() && (!s.blind || w.Here) && len(w.holds) < most && s.waits() {
		u := s.find(now, w)
		if u == nil {
			return
		}
		s.hold(now, w, u)
	}
}

// Blind says that the coordinator is cut off from the workers, or not any more. Meanwhile nothing is given but to those that are here, and
// nobody is lost; afterwards all leases begin anew.
func (s *Scheduler) Blind(_ Time, blind bool) {
	if s.blind && !blind {
		for _, w := range s.crew {
			w.beat = s.lease
		}
		s.fresh = true
	}
	s.blind = blind
}

// park puts aside what no machine that is there can do, so that it is in nobody's way. It waits as long as a lease for one that can.
func (s *Scheduler) park(now Time) {
	if s.able == 0 {
		return
	}
	for len(s.parked) > 0 && now-s.parked[0].since > s.options.Lease {
		p := s.parked[0]
		s.parked = s.parked[1:]
		switch {
		case p.prune():
		case s.somebody(p):
			s.returns(p)
		case len(p.tasks[0].not) > 0:
			s.die(now, p.tasks[0], Elsewhere)
		default:
			s.die(now, p.tasks[0], TooLarge)
		}
	}
	for _, list := range []*[]*piece{&s.back, &s.open} {
		var divided []*piece
		for i := 0; i < min(len(*list), ahead); i++ {
			p := (*list)[i]
			if p.prune() || s.somebody(p) {
				continue
			}
			*list = slices.Delete(*list, i, i+1)
			i--
			if len(p.tasks) > 1 {
				divided = append(divided, p.single()...)
				continue
			}
			s.pieces = max(s.pieces-p.cost(), 0)
			p.since = now
			s.parked = append(s.parked, p)
		}
		*list = append(*list, divided...)
	}
}

// somebody tells whether there is a worker that can do this.
func (s *Scheduler) somebody(p *piece) bool {
	return slices.ContainsFunc(s.crew, func(w *worker) bool { return w.able() && canDo(w, p) })
}
