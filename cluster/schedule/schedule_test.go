package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/fault"
)

const (
	lease = 30 * time.Second
	beat  = 5 * time.Second
)

// picture is a whole picture of so many canonical seconds.
func picture(id string, cost float64) Task { return Task{ID: id, Cost: cost, Bytes: 1000} }

// even is a picture in rows that all cost the same, and can be cut each 32 rows.
func even(id string, height int, seconds, repeated float64) Task {
	r := &Rows{Repeated: repeated}
	for row := 32; row < height; row += 32 {
		r.Cuts = append(r.Cuts, row)
	}
	r.Cuts = append(r.Cuts, height)
	for _, row := range r.Cuts {
		r.Cost = append(r.Cost, seconds*float64(row)/float64(height))
	}
	return Task{ID: id, Rows: r}
}

func add(t *testing.T, s *Scheduler, all ...Task) {
	t.Helper()
	for _, x := range all {
		if err := s.Add(0, x); err != nil {
			t.Fatal(err)
		}
	}
}

func addMany(t *testing.T, s *Scheduler, n int, cost float64) {
	for i := range n {
		add(t, s, picture(fmt.Sprintf("p%03d", i), cost))
	}
}

// brief writes actions on one line: kind, worker, unit or task, what is in it.
func brief(actions []Action) string {
	var all []string
	for _, a := range actions {
		x := string(a.Kind)
		if a.Worker != "" {
			x += " " + a.Worker
		}
		switch {
		case a.Kind == Dead:
			x += fmt.Sprintf(" %s %s", a.Task, a.Why)
		case a.Unit != nil && a.Kind != Drop:
			x += " " + a.Unit.ID
			if a.Unit.Rows != [2]int{} {
				x += fmt.Sprintf(" %d-%d", a.Unit.Rows[0], a.Unit.Rows[1])
			} else {
				x += " " + strings.Join(a.Unit.Tasks, "+")
			}
		case a.Unit != nil:
			x += " " + a.Unit.ID
		}
		all = append(all, x)
	}
	return strings.Join(all, ", ")
}

func want(t *testing.T, got []Action, wanted string) {
	t.Helper()
	if b := brief(got); b != wanted {
		t.Fatalf("got  %s\nwant %s", b, wanted)
	}
}

// wait lets seconds pass, in which those named beat and have what the scheduler thinks they have, and gives what is said meanwhile.
func wait(s *Scheduler, now *Time, d Time, alive ...string) (all []Action) {
	for until := *now + d; *now < until; {
		*now += second
		for _, id := range alive {
			if w := s.workers[id]; w != nil {
				var has []Held
				for _, h := range w.holds {
					has = append(has, Held{Unit: h.unit.id, Begun: h == w.holds[0]})
				}
				s.Beat(*now, id, has)
			}
		}
		all = append(all, s.Decide(*now)...)
	}
	return all
}

func TestUnitsSuitTheirWorkers(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "slow", Speed: 1})
	s.Join(0, Worker{ID: "fast", Speed: 3})
	addMany(t, s, 400, 0.5) // 200 s
	sizes := map[string][]int{}
	for _, a := range s.Decide(0) {
		sizes[a.Worker] = append(sizes[a.Worker], len(a.Unit.Tasks))
	}
	if !slices.Equal(sizes["slow"], []int{8, 8}) || !slices.Equal(sizes["fast"], []int{24, 24}) {
		t.Fatalf("units of %v pictures; each worker should have two units of 4 s", sizes)
	}
}

func TestUnitsShrinkAtTheEnd(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	addMany(t, s, 40, 0.25)
	var sizes []int
	now, doing := Time(0), []*Unit{}
	for {
		for _, a := range s.Decide(now) {
			sizes = append(sizes, len(a.Unit.Tasks))
			doing = append(doing, a.Unit)
		}
		if len(doing) == 0 {
			break
		}
		now += doing[0].Expected
		s.Done(now, doing[0].ID, "a", doing[0].Expected)
		doing = doing[1:]
	}
	if !slices.IsSortedFunc(sizes, func(a, b int) int { return b - a }) || sizes[0] != 16 || sizes[len(sizes)-1] != 1 {
		t.Fatalf("units of %v pictures", sizes)
	}
}

func TestUnitsAreBounded(t *testing.T) {
	s := New(Options{Batch: 5, BatchBytes: 3500, Depth: 1})
	s.Join(0, Worker{ID: "a", Speed: 1000})
	s.Join(0, Worker{ID: "b", Speed: 1000})
	add(t, s, Task{ID: "huge", Cost: 1, Bytes: 1 << 30})
	addMany(t, s, 100, 10)
	want(t, s.Decide(0), "give a u1 huge, give b u2 p000+p001+p002")
	s.options.BatchBytes = 1 << 30
	s.Done(0, "u1", "a", 0)
	want(t, s.Decide(0), "give a u3 p003+p004+p005+p006+p007")
	s = New(Options{Depth: 1})
	s.Join(0, Worker{ID: "a", Speed: 1000})
	for _, id := range []string{"p", "q", "r"} {
		add(t, s, Task{ID: id, Cost: 1, Head: 400 << 10})
	}
	addMany(t, s, 100, 10)
	want(t, s.Decide(0), "give a u1 p+q")
}

func TestThoseWhoHaveNothingComeFirst(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 1))
	want(t, s.Decide(0), "give a u1 p")
	s.Join(0, Worker{ID: "b", Speed: 1})
	add(t, s, picture("q", 1))
	want(t, s.Decide(0), "give b u2 q")
}

func TestSpeedIsLearned(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	addMany(t, s, 40, 4)
	for now := Time(0); now < 40*time.Second; now += 2 * time.Second {
		for _, a := range s.Decide(now) {
			if a.Kind == Give {
				s.Done(now, a.Unit.ID, "a", time.Duration(a.Unit.Cost/2*1e9))
			}
		}
	}
	if learned := s.Look().Workers[0].Learned; learned < 1.9 || learned > 2 {
		t.Fatalf("a speed of 2 was learned as %v", learned)
	}
}

func TestSpeedHasBounds(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	w := s.workers["a"]
	for range 1000 {
		s.learn(w, 1e6, 1)
	}
	if w.speed != 100 {
		t.Fatalf("%v", w.speed)
	}
	for range 1000 {
		s.learn(w, 1e-9, time.Hour)
	}
	if w.speed != 0.01 {
		t.Fatalf("%v", w.speed)
	}
}

func TestSilentWorkersAreLost(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 100))
	now := Time(0)
	want(t, s.Decide(now), "give a u1 p")
	want(t, wait(s, &now, lease, "a"), "")
	want(t, wait(s, &now, lease), "")
	want(t, wait(s, &now, 2*time.Second), "lost a")
	if s.Beat(now, "a", nil) || s.Alive(now, "a") {
		t.Fatal("a lost worker is known")
	}
	s.Join(now, Worker{ID: "b", Speed: 1})
	want(t, s.Decide(now), "give b u2 p")
	if s.Done(now, "u1", "a", 0) || !s.Done(now, "u2", "b", 0) {
		t.Fatal("a unit counts for the one that has it")
	}
}

func TestLeasesStandStill(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "far", Speed: 1})
	s.Join(0, Worker{ID: "here", Speed: 1, Here: true})
	now := Time(0)
	s.Decide(now)
	s.Blind(now, true)
	add(t, s, picture("p", 100), picture("q", 100), picture("r", 100))
	want(t, wait(s, &now, 10*lease), "give here u1 p, give here u2 q")
	s.Blind(now, false)
	want(t, wait(s, &now, lease, "here"), "give far u3 r")
	want(t, wait(s, &now, 2*second, "here"), "lost far")
}

func TestAStoppedCoordinatorLosesNobody(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	s.Decide(0)
	now := time.Hour
	want(t, s.Decide(now), "")
	want(t, wait(s, &now, 10*time.Second), "")
}

func TestUnitsThatDoNotArriveArePublishedAgain(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 1))
	want(t, s.Decide(0), "give a u1 p")
	var all []Action
	for now := beat; now < 10*lease; now += beat {
		s.Beat(now, "a", nil)
		all = append(all, s.Decide(now)...)
	}
	want(t, all, "again a u1 p, again a u1 p, lost a")
	if all[0].Unit.Attempt != 2 || all[1].Unit.Attempt != 3 {
		t.Fatal("what is published again needs another number")
	}
}

func TestWhatAWorkerShouldNotHaveIsDropped(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	s.Beat(0, "a", []Held{{Unit: "old"}})
	want(t, s.Decide(0), "drop a old")
}

func TestDrain(t *testing.T) {
	s := New(Options{Target: 50 * time.Millisecond})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 1), picture("q", 1), picture("r", 1))
	want(t, s.Decide(0), "give a u1 p, give a u2 q")
	s.Join(0, Worker{ID: "b", Speed: 1})
	s.Drain(0, "a")
	s.Beat(0, "a", []Held{{Unit: "u1", Begun: true}})
	want(t, s.Decide(0), "give b u3 q, give b u4 r")
	if !s.Done(second, "u1", "a", second) {
		t.Fatal("what had begun does not count")
	}
	s.Leave(second, "a")
	if x := s.Look(); len(x.Workers) != 1 || x.Pictures != 1 || x.Lost != 0 {
		t.Fatalf("%+v", x)
	}
}

func TestRemove(t *testing.T) {
	s := New(Options{Depth: 1, Batch: 2})
	s.Join(0, Worker{ID: "a", Speed: 10})
	add(t, s, picture("p", 1), picture("q", 1), picture("r", 1), picture("s", 1), picture("t", 1))
	want(t, s.Decide(0), "give a u1 p+q")
	for _, id := range []string{"p", "r", "s", "t"} {
		s.Remove(0, id)
	}
	s.Remove(0, "never there")
	want(t, s.Decide(0), "")
	s.Remove(0, "q")
	want(t, s.Decide(0), "drop a u1")
	if x := s.Look(); x.Tasks != 0 || x.Waiting != 0 || len(x.Units) != 0 {
		t.Fatalf("%+v", x)
	}
}

func TestBehind(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	now := Time(0)
	for range 60 {
		s.Behind(time.Second)
		wait(s, &now, second, "a")
	}
	addMany(t, s, 4000, 0.1)
	a := s.Decide(now)
	if s.target != time.Minute || len(a[0].Unit.Tasks) != 512 {
		t.Fatalf("a coordinator that is behind gives %d pictures for %v", len(a[0].Unit.Tasks), s.target)
	}
	wait(s, &now, time.Minute, "a")
	if s.target != 4*time.Second {
		t.Fatalf("a coordinator that is not, gives %v", s.target)
	}
}

func TestWake(t *testing.T) {
	s := New(Options{})
	if s.Wake() != Never {
		t.Fatal("there is something to do")
	}
	s.Join(0, Worker{ID: "a"})
	s.Decide(3 * second)
	if s.Wake() != 4*second {
		t.Fatalf("%v", s.Wake())
	}
}

func TestTasksThatContradictThemselves(t *testing.T) {
	for _, x := range []Task{
		{},
		{ID: "a", Cost: -1},
		{ID: "a", Rows: &Rows{}},
		{ID: "a", Rows: &Rows{Cuts: []int{3}}},
		{ID: "a", Rows: &Rows{Cuts: []int{3, 3}, Cost: []float64{1, 2}}},
		{ID: "a", Rows: &Rows{Cuts: []int{3, 4}, Cost: []float64{2, 1}}},
		{ID: "a", Rows: &Rows{Cuts: []int{3}, Cost: []float64{1}, Repeated: -1}},
	} {
		s := New(Options{})
		if err := s.Add(0, x); fault.KindOf(err) != fault.Internal || s.Look().Tasks != 0 {
			t.Errorf("%+v: %v", x, err)
		}
	}
}
