package schedule

import "slices"

// ahead is how many pieces are looked at for a worker before it is said that there is nothing for it.
const ahead = 64

// queue is a line of tasks. It is a slice whose beginning is cut off from time to time.
type queue struct {
	tasks []*task
	head  int
	cost  float64 // of those that are not over
}

func (q *queue) push(t *task) {
	t.lined = true
	q.tasks = append(q.tasks, t)
	q.cost += t.Cost
}

// leave notes that a task in the line is over.
func (q *queue) leave(t *task) {
	if t.lined {
		t.lined = false
		q.cost = max(q.cost-t.Cost, 0)
	}
}

// first is the first task that is not over; nil: there is none.
func (q *queue) first() *task {
	for ; q.head < len(q.tasks); q.head++ {
		if t := q.tasks[q.head]; !t.over {
			return t
		}
		q.tasks[q.head] = nil
	}
	q.tasks, q.head, q.cost = q.tasks[:0], 0, 0 // sums that are only ever changed drift away
	return nil
}

// pop takes away what first gave.
func (q *queue) pop() {
	q.leave(q.tasks[q.head])
	q.tasks[q.head] = nil
	q.head++
	if q.head > 1024 && q.head > len(q.tasks)/2 {
		n := copy(q.tasks, q.tasks[q.head:])
		clear(q.tasks[n:])
		q.tasks, q.head = q.tasks[:n], 0
	}
}

// piece is what waits and is not a task of the line as it was added: pictures that are to be given together, or rows of one.
type piece struct {
	tasks                 []*task
	rows                  [2]int
	deaths, broken, moved int
	avoid                 string // not this worker, if there are others,
	until                 Time   // before then
	since                 Time   // when it was parked
}

// prune drops tasks that are over, and tells whether nothing is left. Units may have the same slice, so it is not written into.
func (p *piece) prune() (empty bool) {
	over := func(t *task) bool { return t.over }
	if slices.ContainsFunc(p.tasks, over) {
		p.tasks = slices.DeleteFunc(slices.Clone(p.tasks), over)
	}
	return len(p.tasks) == 0
}

func (p *piece) cost() (sum float64) {
	if p.rows != [2]int{} {
		return p.tasks[0].area.cost(p.rows[0], p.rows[1])
	}
	for _, t := range p.tasks {
		sum += t.Cost
	}
	return sum
}

// single gives a piece for each of its pictures.
func (p *piece) single() (all []*piece) {
	for _, t := range p.tasks {
		one := *p
		one.tasks = []*task{t}
		all = append(all, &one)
	}
	return all
}

// halves gives the piece in two, or as it is if it cannot be divided.
func (p *piece) halves() []*piece {
	n := len(p.tasks) / 2
	if n == 0 {
		return []*piece{p}
	}
	first, second := *p, *p
	first.tasks, second.tasks = p.tasks[:n:n], p.tasks[n:]
	return []*piece{&first, &second}
}

// openRows puts the rows of a task that are to be computed into pieces.
func (s *Scheduler) openRows(t *task) {
	for _, gap := range t.area.gaps() {
		p := &piece{tasks: []*task{t}, rows: gap}
		s.open = append(s.open, p)
		s.pieces += p.cost()
	}
}

// left is the cost of all that waits, but for what is parked.
func (s *Scheduler) left() float64 { return s.line.cost + s.pieces }

// waits tells whether anything does.
func (s *Scheduler) waits() bool {
	return len(s.back) > 0 || len(s.open) > 0 || s.line.first() != nil
}

// returns puts pieces before everything that was never given.
func (s *Scheduler) returns(all ...*piece) {
	for _, p := range all {
		s.pieces += p.cost()
	}
	s.back = append(s.back, all...)
	s.fresh = true
}

// reckon sums up what waits in pieces.
func (s *Scheduler) reckon() {
	s.pieces = 0
	for _, list := range [][]*piece{s.back, s.open} {
		for _, p := range list {
			if !p.prune() {
				s.pieces += p.cost()
			}
		}
	}
}
