package schedule

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// world is what the coordinator and the workers know, of nothing but actions and events; the scheduler is held to it.
type world struct {
	s       *Scheduler
	now     Time
	names   int
	crew    map[string]map[string]*Unit // workers that have joined, and what they were given
	bad     map[string]bool             // quarantined
	drains  map[string]bool
	tasks   map[string]Task // not over
	over    map[string]string
	flopped map[string]map[string]bool // pictures that failed, by unit and worker
}

func newWorld(o Options) *world {
	return &world{
		s: New(o), crew: map[string]map[string]*Unit{}, bad: map[string]bool{}, drains: map[string]bool{},
		tasks: map[string]Task{}, over: map[string]string{}, flopped: map[string]map[string]bool{},
	}
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type fataler interface{ Fatalf(string, ...any) }

// ends notes that a task is over; it must not have been.
func (m *world) ends(t fataler, task, how string) {
	if was := m.over[task]; was != "" {
		t.Fatalf("task %s is %s, and was %s", task, how, was)
	}
	if _, there := m.tasks[task]; !there {
		t.Fatalf("task %s is %s, and was never there", task, how)
	}
	m.over[task] = how
	delete(m.tasks, task)
}

// decide does what the scheduler says.
func (m *world) decide(t fataler) {
	for _, a := range m.s.Decide(m.now) {
		has := m.crew[a.Worker]
		switch a.Kind {
		case Give:
			switch {
			case has == nil:
				t.Fatalf("%s is given to %s, which is not there", a.Unit.ID, a.Worker)
			case m.bad[a.Worker] || m.drains[a.Worker]:
				t.Fatalf("%s is given to %s, which is quarantined or drains", a.Unit.ID, a.Worker)
			case has[a.Unit.ID] != nil:
				t.Fatalf("%s is given to %s twice", a.Unit.ID, a.Worker)
			case len(a.Unit.Tasks) == 0:
				t.Fatalf("%s has no tasks", a.Unit.ID)
			}
			has[a.Unit.ID] = a.Unit
		case Again, Shorten:
			if has[a.Unit.ID] != nil {
				has[a.Unit.ID] = a.Unit
			}
		case Drop:
			delete(has, a.Unit.ID)
		case Lost:
			delete(m.crew, a.Worker)
			delete(m.drains, a.Worker)
		case Quarantined:
			m.bad[a.Worker] = true
			clear(has)
		case Dead:
			if a.Why == "" || len(a.Failures) == 0 && a.Why != TooLarge {
				t.Fatalf("task %s is dead, and nothing is said: %+v", a.Task, a)
			}
			m.ends(t, a.Task, "dead")
		}
	}
}

// check compares what the scheduler has with the world, and with itself.
func (m *world) check(t fataler) {
	s := m.s
	if len(s.tasks) != len(m.tasks) {
		t.Fatalf("the scheduler has %v, but %v are not over", names(s.tasks), names(m.tasks))
	}
	for id := range m.tasks {
		if s.tasks[id] == nil {
			t.Fatalf("task %s is lost", id)
		}
	}
	for id, has := range m.crew {
		w := s.workers[id]
		if w == nil {
			t.Fatalf("worker %s is not there", id)
		}
		var holds []string
		for _, h := range w.holds {
			holds = append(holds, h.unit.id)
			if h.worker != w || !slices.Contains(h.unit.holders, h) {
				t.Fatalf("%s does not know that %s has it", h.unit.id, id)
			}
		}
		slices.Sort(holds)
		if got := names(has); !slices.Equal(got, holds) {
			t.Fatalf("%s has %v, the scheduler says %v", id, got, holds)
		}
		if len(holds) > s.options.Depth {
			t.Fatalf("%s has %d units", id, len(holds))
		}
	}
	m.checkPlaces(t)
	m.checkCosts(t)
}

// checkCosts sees that the cost of what waits is what it was said to be. What is over, or not yet opened, may count until the next tick.
func (m *world) checkCosts(t fataler) {
	line, pieces := 0.0, 0.0
	for _, x := range m.s.line.tasks[m.s.line.head:] {
		if x != nil && !x.over {
			line += x.Cost
		}
	}
	for _, list := range [][]*piece{m.s.back, m.s.open} {
		for _, p := range list {
			if !p.prune() {
				pieces += p.cost()
			}
		}
	}
	if math.Abs(line-m.s.line.cost) > 1e-6 || m.s.pieces < pieces-1e-6 {
		t.Fatalf("the line costs %v and pieces %v, not %v and %v", line, pieces, m.s.line.cost, m.s.pieces)
	}
}

// checkPlaces sees that each task is in the line, or given, and only once.
func (m *world) checkPlaces(t fataler) {
	s := m.s
	places := map[*task]int{}
	rows := map[*task]*spans{}
	for _, list := range [][]*piece{s.back, s.open, s.parked} {
		for _, p := range list {
			for _, x := range p.tasks {
				if x.area != nil && !x.over {
					cover(rows, x).add(p.rows[0], p.rows[1])
				}
				places[x]++
			}
		}
	}
	for _, x := range s.line.tasks[s.line.head:] {
		if x.area != nil {
			cover(rows, x).add(0, x.area.height())
		}
		places[x]++
	}
	for id, u := range s.units {
		most := 2
		if u.isRows() {
			most = 1
			cover(rows, u.tasks[0]).add(u.sent, u.rows[1])
		}
		if n := len(u.holders); n == 0 || n > most {
			t.Fatalf("%s has %d holders", id, n)
		}
		if len(u.holders) == 2 && u.holders[0].worker == u.holders[1].worker {
			t.Fatalf("%s is given to one worker twice", id)
		}
		for _, x := range u.tasks {
			if x.over {
				t.Fatalf("%s has %s, which is over", id, x.ID)
			}
			if x.area == nil && x.unit != u {
				t.Fatalf("%s does not know that it is in %s", x.ID, id)
			}
			places[x]++
		}
	}
	for id, x := range s.tasks {
		if x.area == nil {
			if places[x] != 1 {
				t.Fatalf("task %s is in %d places", id, places[x])
			}
			continue
		}
		all := cover(rows, x)
		for _, d := range x.area.done {
			all.add(d[0], d[1])
		}
		if !all.has(0, x.area.height()) {
			t.Fatalf("of task %s only rows %v are done, given or waiting", id, *all)
		}
	}
}

func cover(rows map[*task]*spans, x *task) *spans {
	if rows[x] == nil {
		rows[x] = &spans{}
	}
	return rows[x]
}

func (m *world) join(t *rapid.T) {
	id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "worker")
	w := Worker{ID: id, Speed: rapid.SampledFrom([]float64{0.2, 1, 5}).Draw(t, "speed"), Memory: rapid.SampledFrom([]int64{0, 0, 50, 200}).Draw(t, "memory")}
	w.Here = id == "a"
	if ok := m.s.Join(m.now, w); ok == m.bad[id] {
		t.Fatalf("%s may join: %v; quarantined: %v", id, ok, m.bad[id])
	} else if ok {
		m.crew[id] = map[string]*Unit{}
		delete(m.drains, id)
	}
}

func (m *world) add(t *rapid.T) {
	m.names++
	x := Task{
		ID: fmt.Sprint("t", m.names), Cost: rapid.Float64Range(0, 20).Draw(t, "cost"),
		Bytes: 1 << 20, Memory: rapid.SampledFrom([]int64{10, 100, 1000}).Draw(t, "memory"),
	}
	if rapid.Bool().Draw(t, "rows") {
		x.Rows = drawRows(t)
	}
	if err := m.s.Add(m.now, x); err != nil {
		t.Fatal(err)
	}
	if m.s.Add(m.now, x) == nil {
		t.Fatalf("%s is taken twice", x.ID)
	}
	m.tasks[x.ID] = x
}

func drawRows(t *rapid.T) *Rows {
	r := &Rows{Repeated: rapid.Float64Range(0, 100).Draw(t, "repeated")}
	row, cost := 0, 0.0
	for range rapid.IntRange(1, 40).Draw(t, "cuts") {
		row += rapid.IntRange(1, 100).Draw(t, "more")
		cost += rapid.Float64Range(0, 3).Draw(t, "cost")
		r.Cuts, r.Cost = append(r.Cuts, row), append(r.Cost, cost)
	}
	for range rapid.IntRange(0, 2).Draw(t, "files") {
		from := rapid.IntRange(0, row-1).Draw(t, "from")
		r.Done = append(r.Done, [2]int{from, rapid.IntRange(from, row+10).Draw(t, "until")})
	}
	if rapid.Bool().Draw(t, "hungry") {
		r.Memory = func(rows int) int64 { return int64(rows) }
	}
	return r
}

// unit draws a worker and one of its units; ok: there is one.
func (m *world) unit(t *rapid.T) (worker string, u *Unit, ok bool) {
	var all [][2]string
	for _, w := range names(m.crew) {
		for _, id := range names(m.crew[w]) {
			all = append(all, [2]string{w, id})
		}
	}
	if len(all) == 0 {
		return "", nil, false
	}
	x := rapid.SampledFrom(all).Draw(t, "unit")
	return x[0], m.crew[x[0]][x[1]], true
}

// done has a worker give a result.
func (m *world) done(t fataler, worker string, u *Unit, took Time) {
	if !m.s.Done(m.now, u.ID, worker, took) {
		t.Fatalf("%s of %s does not count", u.ID, worker)
	}
	delete(m.crew[worker], u.ID)
	if m.s.Done(m.now, u.ID, worker, took) {
		t.Fatalf("%s of %s counts twice", u.ID, worker)
	}
	if u.Rows != [2]int{} {
		return
	}
	for _, x := range u.Tasks {
		if _, there := m.tasks[x]; there && !m.flopped[u.ID+worker][x] {
			m.ends(t, x, "done")
		}
	}
}

func (m *world) fail(t *rapid.T) {
	worker, u, ok := m.unit(t)
	if !ok {
		return
	}
	why := rapid.SampledFrom([]Why{Picture, Elsewhere, Broken, Broken, Wrong}).Draw(t, "why")
	task := rapid.SampledFrom(append([]string{""}, u.Tasks...)).Draw(t, "task")
	if m.flopped[u.ID+worker] == nil {
		m.flopped[u.ID+worker] = map[string]bool{}
	}
	m.s.Failed(m.now, u.ID, worker, task, why, "oh")
	if task == "" || u.Rows != [2]int{} || why == Wrong {
		delete(m.crew[worker], u.ID)
		return
	}
	m.flopped[u.ID+worker][task] = true
}

func (m *world) beat(t *rapid.T) {
	if len(m.crew) == 0 {
		return
	}
	worker := rapid.SampledFrom(names(m.crew)).Draw(t, "worker")
	var has []Held
	for _, id := range names(m.crew[worker]) {
		if rapid.IntRange(0, 3).Draw(t, "forgets") > 0 {
			has = append(has, Held{Unit: id, Begun: rapid.Bool().Draw(t, "begun"), Share: rapid.Float64Range(0, 1).Draw(t, "share")})
		}
	}
	m.s.Beat(m.now, worker, has)
	for _, id := range names(m.crew[worker]) { // what it forgot may have been taken from it
		if _, yours := m.s.Yours(id, worker); !yours {
			delete(m.crew[worker], id)
		}
	}
}

// step does one of the things that may happen.
func (m *world) step(t *rapid.T) {
	switch rapid.SampledFrom([]string{
		"join", "join", "add", "add", "add", "remove", "done", "done", "fail", "progress", "progress", "beat", "beat", "leave", "drain", "time", "time", "long", "damaged", "blind", "release",
	}).Draw(t, "step") {
	case "join":
		m.join(t)
	case "add":
		m.add(t)
	case "remove":
		if len(m.tasks) > 0 {
			id := rapid.SampledFrom(names(m.tasks)).Draw(t, "task")
			m.s.Remove(m.now, id)
			m.ends(t, id, "removed")
		}
	case "done":
		if worker, u, ok := m.unit(t); ok {
			m.done(t, worker, u, Time(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "took")))
		}
	case "fail":
		m.fail(t)
	case "progress":
		if worker, u, ok := m.unit(t); ok {
			m.s.Progress(m.now, u.ID, worker, rapid.IntRange(0, u.Rows[1]+50).Draw(t, "until"))
		}
	case "beat":
		m.beat(t)
	case "leave", "drain":
		if len(m.crew) > 0 {
			id := rapid.SampledFrom(names(m.crew)).Draw(t, "worker")
			if !m.bad[id] && rapid.Bool().Draw(t, "for good") {
				m.s.Leave(m.now, id)
				delete(m.crew, id)
				delete(m.drains, id)
			} else {
				m.s.Drain(m.now, id)
				m.drains[id] = true
			}
		}
	case "time":
		m.now += Time(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "later"))
	case "long": // the coordinator is there all the time
		for range rapid.IntRange(1, 40).Draw(t, "seconds") {
			m.now += second
			m.decide(t)
		}
	case "damaged":
		if len(m.tasks) > 0 {
			id := rapid.SampledFrom(names(m.tasks)).Draw(t, "task")
			from := rapid.IntRange(-5, 3000).Draw(t, "from")
			m.s.Damaged(m.now, id, from, from+rapid.IntRange(0, 300).Draw(t, "rows"))
		}
	case "blind":
		m.s.Blind(m.now, rapid.Bool().Draw(t, "blind"))
	case "release":
		id := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "worker")
		m.s.Release(m.now, id)
		if m.bad[id] {
			delete(m.crew, id)
			delete(m.drains, id)
			delete(m.bad, id)
		}
	}
}

// finish has one honest worker do everything that is left, while the others are silent.
func (m *world) finish(t fataler) {
	m.s.Blind(m.now, false)
	m.s.Join(m.now, Worker{ID: "honest", Speed: 1})
	m.crew["honest"] = map[string]*Unit{}
	ends := map[string]Time{}
	for begun := m.now; len(m.tasks) > 0; m.now += second {
		if m.now-begun > 100*time.Hour {
			t.Fatalf("%v are not over", names(m.tasks))
		}
		m.decide(t)
		m.check(t)
		for _, id := range names(m.crew["honest"]) {
			u := m.crew["honest"][id]
			if ends[id] == 0 {
				ends[id] = m.now + u.Expected
			}
			if ends[id] <= m.now {
				m.done(t, "honest", u, u.Expected)
				break // one at a time
			}
		}
		var has []Held
		for _, id := range names(m.crew["honest"]) {
			has = append(has, Held{Unit: id})
		}
		m.s.Beat(m.now, "honest", has)
		for _, id := range names(m.tasks) {
			if x := m.s.tasks[id]; x != nil && x.area != nil && x.area.done.has(0, x.area.height()) {
				m.s.Remove(m.now, id)
				m.ends(t, id, "done")
			}
		}
	}
	if left := len(m.s.units); left > 0 {
		t.Fatalf("%d units are left", left)
	}
}
