package schedule

import "slices"

// hopeless is the number of deaths after which a picture that was given alone is dead.
const hopeless = 6

// holding gives what a worker has of a unit; nil: nothing, it is over or somebody else's.
func (s *Scheduler) holding(id, worker string) *holding {
	u := s.units[id]
	if u == nil {
		return nil
	}
	for _, h := range u.holders {
		if h.worker.ID == worker {
			return h
		}
	}
	return nil
}

// end ends a unit: whoever holds it is told to drop it.
func (s *Scheduler) end(now Time, u *unit) {
	delete(s.units, u.id)
	for len(u.holders) > 0 {
		s.drop(now, u.holders[0])
	}
}

// Yours tells whether a worker has this unit, and until which row (0: whole pictures).
func (s *Scheduler) Yours(id, worker string) (until int, yours bool) {
	h := s.holding(id, worker)
	if h == nil {
		return 0, false
	}
	return h.unit.rows[1], true
}

// Waits tells whether a task is here of which no worker has anything.
func (s *Scheduler) Waits(id string) bool {
	t := s.tasks[id]
	return t != nil && t.unit == nil && (t.area == nil || len(s.unitsOf(t)) == 0)
}

// Given tells whether some worker has this unit.
func (s *Scheduler) Given(id string) bool { return s.units[id] != nil }

// Progress says that the rows of a unit before until are at the coordinator.
func (s *Scheduler) Progress(now Time, id, worker string, until int) {
	h := s.holding(id, worker)
	if h == nil || !h.unit.isRows() {
		return
	}
	h.worker.beat = s.clock(now)
	h.seen, h.begun = true, true
	u := h.unit
	until = min(until, u.rows[1])
	if until <= u.sent {
		return
	}
	a := u.tasks[0].area
	a.done.add(u.sent, until)
	u.sent = until
	u.deaths, u.broken, u.moved = 0, 0, 0
	h.left, h.since = a.cost(until, u.rows[1]), now
}

// Done says that the result of a unit is at the coordinator, and right, but for pictures that Failed has told. It gives false if the worker
// does not have the unit: it is over, or somebody else's. took is what computing took, by the worker's own clock; 0: it is not known.
func (s *Scheduler) Done(now Time, id, worker string, took Time) (first bool) {
	h := s.holding(id, worker)
	if h == nil {
		s.count.Twice++
		return false
	}
	w, u := h.worker, h.unit
	w.beat = s.clock(now)
	w.republished = 0
	w.done++
	s.count.Done++
	if len(h.failed) == 0 {
		s.learn(w, u.cost, took)
	}
	s.release(now, h)
	s.end(now, u)
	if u.isRows() {
		u.tasks[0].area.done.add(u.sent, u.rows[1])
		return true
	}
	for _, t := range u.tasks {
		t.unit = nil
		i := slices.IndexFunc(h.failed, func(f flop) bool { return f.task == t })
		if i < 0 {
			t.over = true
			delete(s.tasks, t.ID)
			s.count.Pictures++
			continue
		}
		p := &piece{tasks: []*task{t}, deaths: u.deaths, broken: u.broken}
		s.retry(now, p, h.failed[i].why, w)
	}
	return true
}

// Damaged says that rows of a task that were done are not there any more.
func (s *Scheduler) Damaged(_ Time, id string, from, until int) {
	t := s.tasks[id]
	if t == nil || t.area == nil {
		return
	}
	from, until = max(from, 0), min(until, t.area.height())
	if from >= until {
		return
	}
	t.area.done.remove(from, until)
	s.returns(&piece{tasks: []*task{t}, rows: [2]int{t.area.down(from), t.area.up(until)}})
}

// Failed says that a worker could not do a unit, or a picture of it. A picture of several is told before Done, which is said of the others; a
// unit of rows, and one whose picture is not named (empty), is over for this worker. says is for people.
func (s *Scheduler) Failed(now Time, id, worker, picture string, why Why, says string) {
	h := s.holding(id, worker)
	if h == nil {
		return
	}
	w, u := h.worker, h.unit
	w.beat = s.clock(now)
	if picture == "" || u.isRows() || why == Wrong {
		s.failedUnit(now, h, why, says)
		return
	}
	i := slices.IndexFunc(u.tasks, func(t *task) bool { return t.ID == picture })
	if i < 0 {
		return
	}
	t := u.tasks[i]
	if slices.ContainsFunc(h.failed, func(f flop) bool { return f.task == t }) {
		return
	}
	w.failed++
	s.count.Failed++
	t.blame(Failure{Worker: worker, Why: why, Says: says, At: now})
	if why == Picture {
		s.die(now, t, Picture)
		return
	}
	h.failed = append(h.failed, flop{t, why})
}

// failedUnit takes a unit from a worker that could not do it.
func (s *Scheduler) failedUnit(now Time, h *holding, why Why, says string) {
	w, u := h.worker, h.unit
	w.failed++
	s.count.Failed++
	for _, t := range u.tasks {
		t.blame(Failure{Worker: w.ID, Why: why, Says: says, At: now})
	}
	s.release(now, h)
	if why == Picture {
		for _, t := range slices.Clone(u.tasks) {
			s.die(now, t, Picture)
		}
		s.end(now, u)
		return
	}
	if why == Elsewhere {
		for _, t := range u.tasks {
			t.refuse(w)
		}
	}
	s.orphan(now, u, why, w)
	if why == Wrong {
		s.count.Wrong++
		s.wrong[w.ID]++
		if s.wrong[w.ID] >= s.options.Wrongs && !w.quarantined {
			s.quarantine(now, w)
		}
	}
}

// refuse notes that a worker cannot do a task.
func (t *task) refuse(w *worker) {
	if !slices.Contains(t.not, w.ID) {
		t.not = append(t.not, w.ID)
	}
}

// retry puts a picture back that failed, or ends it.
func (s *Scheduler) retry(now Time, p *piece, why Why, w *worker) {
	t := p.tasks[0]
	switch why {
	case Elsewhere:
		t.refuse(w)
	case Broken:
		p.broken++
		p.avoid, p.until = w.ID, now+s.options.Beat
	}
	if p.broken >= s.options.Tries {
		s.die(now, t, Broken)
		return
	}
	s.returns(p)
}

// spare leaves a unit to the other worker that has it, and tells whether that is right: it was the first time that this one gave it back, or failed. It is
// others' turn then.
func (s *Scheduler) spare(now Time, u *unit, w *worker) bool {
	_, again := u.tried[w.ID]
	u.avoid(now+s.options.Lease, w)
	return !again
}

// avoid keeps a worker from being given a unit before then.
func (u *unit) avoid(until Time, w *worker) {
	if u.tried == nil {
		u.tried = map[string]Time{}
	}
	u.tried[w.ID] = until
}

// orphan puts a unit back that a worker has not any more, unless another one has it; why is empty if that is nobody's fault. Units that came
// to grief come back in halves, so that one picture that is the reason is alone after a while, and its neighbours are done.
func (s *Scheduler) orphan(now Time, u *unit, why Why, w *worker) {
	if s.units[u.id] == nil {
		return
	}
	switch why {
	case Vanished:
		u.deaths++
		for _, t := range u.tasks {
			t.blame(Failure{Worker: w.ID, Why: Vanished, Says: "the machine vanished", At: now})
		}
	case Broken:
		u.broken++
	}
	if len(u.holders) > 0 && s.spare(now, u, w) {
		return
	}
	for len(u.holders) > 0 { // it hangs there, and comes to grief elsewhere
		s.drop(now, u.holders[0])
	}
	delete(s.units, u.id)
	p := &piece{tasks: u.tasks, rows: u.rows, deaths: u.deaths, broken: u.broken, moved: u.moved}
	if u.isRows() {
		a := u.tasks[0].area
		if u.sent >= u.rows[1] {
			return
		}
		p.rows[0] = a.down(u.sent)
	}
	for _, t := range u.tasks {
		t.unit = nil
	}
	if len(p.tasks) == 0 {
		return
	}
	if len(p.tasks) == 1 && p.deaths >= hopeless {
		s.die(now, p.tasks[0], Vanished)
		return
	}
	if len(p.tasks) == 1 && p.broken >= s.options.Tries {
		s.die(now, p.tasks[0], Broken)
		return
	}
	if why == Broken || why == Wrong {
		p.avoid, p.until = w.ID, now+s.options.Beat
	}
	switch {
	case p.deaths >= alone:
		s.returns(p.single()...)
	case why == Vanished || why == Broken:
		s.returns(p.halves()...)
	default:
		s.returns(p)
	}
}
