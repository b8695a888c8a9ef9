package schedule

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// course is what is simulated.
type course struct {
	name     string
	workers  int
	pictures int     // whole ones,
	mean     float64 // of so many seconds on a worker of speed 1, on average
	large    int     // pictures in rows,
	rows     int     // so high
	seconds  float64 // and with so much work
	repeated float64
	service  Time // what a unit costs the coordinator
	fixed    bool // Target does not follow the coordinator's delay
	faults   bool
	seed     uint64
}

// host is the truth about a machine.
type host struct {
	id      string
	speed   float64
	up      bool
	hung    bool
	rotten  bool // all its results are wrong
	life    int  // of how many its process is the one
	queue   []*Unit
	doing   *Unit
	sending []*Unit
	row     int  // of rows: the next one
	begun   Time // computing doing, or its band
	spent   Time // on doing so far
	worked  Time
	present Time
	since   Time
}

// sim runs the scheduler against hosts in virtual time.
type sim struct {
	course
	s        *Scheduler
	r        *rand.Rand
	now      Time
	events   events
	hosts    map[string]*host
	order    []*host
	added    int
	free     Time // when the coordinator has served what it has
	served   Time // for how long it was busy
	messages int
	over     int
	trace    uint64 // of all actions
	dead     int
}

type simEvent struct {
	at Time
	n  int
	do func()
}

type events struct {
	all []simEvent
	n   int
}

func (e *events) Len() int { return len(e.all) }
func (e *events) Less(i, j int) bool {
	a, b := e.all[i], e.all[j]
	return a.at < b.at || a.at == b.at && a.n < b.n
}
func (e *events) Swap(i, j int) { e.all[i], e.all[j] = e.all[j], e.all[i] }
func (e *events) Push(x any)    { e.all = append(e.all, x.(simEvent)) }
func (e *events) Pop() any {
	x := e.all[len(e.all)-1]
	e.all[len(e.all)-1] = simEvent{}
	e.all = e.all[:len(e.all)-1]
	return x
}

func (m *sim) at(t Time, do func()) {
	m.events.n++
	heap.Push(&m.events, simEvent{t, m.events.n, do})
}

// serve has the coordinator do something after what it does now, and then calls do.
func (m *sim) serve(cost Time, do func()) {
	m.free = max(m.free, m.now) + cost
	m.served += cost
	m.at(m.free, do)
}

func newSim(c course) *sim {
	m := &sim{course: c, s: New(Options{}), r: rand.New(rand.NewPCG(c.seed, 17)), hosts: map[string]*host{}}
	for i := range c.workers {
		h := &host{id: fmt.Sprint("w", i), speed: math.Exp(m.r.NormFloat64() * 0.4)}
		h.rotten = c.faults && i%200 == 100
		m.hosts[h.id] = h
		m.order = append(m.order, h)
	}
	return m
}

// ideal is when everything would be done if all machines did nothing else.
func (m *sim) ideal(cost float64) float64 {
	sum := 0.0
	for _, h := range m.order {
		sum += h.speed
	}
	return cost / sum
}

// add keeps a line of pictures, as people who have very many do.
func (m *sim) add() {
	for m.added < m.pictures && len(m.s.tasks) < 200000 {
		cost := m.mean * math.Exp(m.r.NormFloat64()*0.5-0.125)
		m.must(Task{ID: fmt.Sprint("p", m.added), Cost: cost, Bytes: 40 << 10})
		m.added++
	}
}

func (m *sim) must(t Task) {
	if err := m.s.Add(m.now, t); err != nil {
		panic(err)
	}
}

// run goes on until everything is over.
func (m *sim) run() result {
	for i := range m.large {
		m.must(even(fmt.Sprint("r", i), m.rows, m.seconds, m.repeated))
	}
	m.add()
	for _, h := range m.order {
		m.join(h)
	}
	m.pump()
	m.tick()
	for m.over < m.pictures+m.large && m.now < 1000*time.Hour {
		x := heap.Pop(&m.events).(simEvent)
		m.now = x.at
		x.do()
	}
	return m.result()
}

// tick calls Decide when nothing else happens.
func (m *sim) tick() {
	if !m.fixed {
		m.s.Behind(max(m.free-m.now, 0))
	}
	m.pump()
	m.at(max(m.s.Wake(), m.now+1), m.tick)
}

// pump does what the scheduler says.
func (m *sim) pump() {
	m.add()
	for _, a := range m.s.Decide(m.now) {
		for _, x := range []string{string(a.Kind), a.Worker, a.Task} {
			for _, c := range []byte(x) {
				m.trace = m.trace*1099511628211 + uint64(c)
			}
		}
		h := m.hosts[a.Worker]
		switch a.Kind {
		case Give:
			m.messages += 2
			u, life := a.Unit, h.life
			m.serve(m.service/3, func() {
				m.at(m.now+50*time.Millisecond, func() {
					if h.up && h.life == life {
						h.queue = append(h.queue, u)
						m.next(h)
					}
				})
			})
		case Drop, Shorten:
			m.messages++
			h.told(a)
			m.next(h)
		case Dead:
			m.over++
			m.dead++
		}
	}
}

// told takes a drop or a shorter unit.
func (h *host) told(a Action) {
	if a.Kind == Shorten {
		for _, u := range append(h.queue, h.doing) {
			if u != nil && u.ID == a.Unit.ID {
				u.Rows = a.Unit.Rows
			}
		}
		return
	}
	h.queue = slices.DeleteFunc(h.queue, func(u *Unit) bool { return u.ID == a.Unit.ID })
	if h.doing != nil && h.doing.ID == a.Unit.ID && !h.hung {
		h.doing = nil
	}
}

// result is what came of it.
type result struct {
	course
	ideal, end      float64 // seconds
	busy            float64 // of the time that machines were there
	units, messages float64 // a second
	coordinator     float64 // share of the time that it was busy
	counts          Counts
	dead            int
	trace           uint64
	left            int
	quarantined     int
}

func (m *sim) result() result {
	var worked, present Time
	for _, h := range m.order {
		if h.up {
			h.present += m.now - h.since
		}
		worked += h.worked
		present += h.present
	}
	look := m.s.Look()
	x := result{
		course: m.course, end: m.now.Seconds(), busy: worked.Seconds() / present.Seconds(), dead: m.dead, counts: look.Counts, trace: m.trace, left: look.Tasks,
		units: float64(look.Done) / m.now.Seconds(), messages: float64(m.messages) / m.now.Seconds(), coordinator: m.served.Seconds() / m.now.Seconds(),
	}
	x.ideal = m.ideal(m.mean*float64(m.pictures) + m.seconds*float64(m.large))
	for _, w := range look.Workers {
		if w.Quarantined {
			x.quarantined++
		}
	}
	return x
}
