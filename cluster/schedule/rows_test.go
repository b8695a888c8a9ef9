package schedule

import (
	"fmt"
	"testing"
	"time"
)

// Pictures are cut as the plan's formula says: shares by speed, and fractions of them where cutting is cheap.
func TestShares(t *testing.T) {
	for _, x := range []struct {
		name     string
		repeated float64
		workers  int
		rows     int
	}{
		{"span-x4", 42, 2, 1888}, {"span-x4", 42, 3, 1280}, {"carn-x4", 36, 3, 1280}, {"real-x4", 95, 3, 1280}, {"fsrcnn-x4", 11, 3, 640}, {"span-x4", 42, 20, 192},
	} {
		s := New(Options{})
		for i := range x.workers {
			s.Join(0, Worker{ID: fmt.Sprint(i), Speed: 2})
		}
		add(t, s, even("p", 3750, 400, x.repeated))
		all := s.Decide(0)
		if len(all) != x.workers || all[0].Unit.Rows != [2]int{0, x.rows} {
			t.Errorf("%s on %d: %s; want %d rows", x.name, x.workers, brief(all), x.rows)
		}
	}
}

func TestRowsByTheirFastness(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	s.Join(0, Worker{ID: "b", Speed: 3})
	add(t, s, even("p", 3200, 400, 200))
	want(t, s.Decide(0), "give a u1 0-800, give b u2 800-3200")
	if !s.Done(0, "u1", "a", 0) || !s.Done(0, "u2", "b", 0) {
		t.Fatal("they do not count")
	}
	s.Damaged(0, "p", 810, 820)
	want(t, s.Decide(0), "give a u3 800-832")
	s.Remove(0, "p")
	want(t, s.Decide(0), "drop a u3")
}

func TestRowsThatAreThere(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	x := even("p", 3200, 10, 200)
	x.Rows.Done = [][2]int{{0, 1000}, {3100, 3200}}
	add(t, s, x)
	want(t, s.Decide(0), "give a u1 992-3104")
	x = even("q", 320, 10, 200)
	x.Rows.Done = [][2]int{{0, 320}}
	add(t, s, x, picture("r", 1))
	want(t, s.Decide(0), "give a u2 r")
}

// A second unit of rows comes only when the first one is nearly done.
func TestRowsAreNotHoarded(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, even("p", 3200, 400, 5)) // in parts: k is 3 on one worker
	now := Time(0)
	first := s.Decide(now)
	if len(first) != 1 || first[0].Unit.Rows[1] >= 3200 {
		t.Fatal(brief(first))
	}
	u := first[0].Unit
	want(t, wait(s, &now, u.Expected-8*second, "a"), "")
	if all := wait(s, &now, 4*second, "a"); len(all) != 1 || all[0].Unit.Rows[0] != u.Rows[1] {
		t.Fatal(brief(all))
	}
}

func TestRowsOfALostWorker(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, even("p", 3200, 400, 200))
	want(t, s.Decide(0), "give a u1 0-3200")
	s.Progress(0, "u1", "a", 64)
	s.Progress(0, "u1", "a", 1000)
	s.Progress(0, "u1", "a", 640) // late, and nothing new
	s.Progress(0, "u1", "b", 3200)
	s.Join(0, Worker{ID: "a", Speed: 1}) // it began anew
	want(t, s.Decide(0), "give a u2 992-3200")
}

func TestStealing(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, even("p", 3200, 320, 0.001)) // 10 rows a second
	s.tasks["p"].area.Repeated = 1e6       // nobody would cut it
	now := Time(0)
	want(t, s.Decide(now), "give a u1 0-3200")
	wait(s, &now, 100*second, "a")
	s.Progress(now, "u1", "a", 1000)
	s.Join(now, Worker{ID: "b", Speed: 1})
	all := wait(s, &now, second, "a", "b")
	want(t, all, "shorten a u1 0-2112, give b u2 2112-3200") // 2200 rows are left, and each has half of them
	if until, yours := s.Yours("u1", "a"); until != 2112 || !yours {
		t.Fatal("it is not shorter")
	}
	s.Progress(now, "u1", "a", 2500) // it was past that already
	if !s.Done(now, "u1", "a", 0) || !s.Done(now, "u2", "b", 0) || !s.tasks["p"].area.done.has(0, 3200) {
		t.Fatal("not all is there")
	}
}

func TestNothingToSteal(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, even("p", 3200, 5, 200)) // 5 s, so less than 3 for each
	now := Time(0)
	want(t, s.Decide(now), "give a u1 0-3200")
	s.Join(now, Worker{ID: "b", Speed: 1})
	want(t, wait(s, &now, 4*second, "a", "b"), "")
}

// A machine that hangs, but lives, loses its rows; one that is only slow has time enough in the end.
func TestHangingRows(t *testing.T) {
	s := New(Options{})
	for _, id := range []string{"a", "b", "c"} {
		s.Join(0, Worker{ID: id, Speed: 1})
	}
	add(t, s, even("p", 128, 4, 500))
	now := Time(0)
	want(t, s.Decide(now), "give a u1 0-64, give b u2 64-128")
	s.Done(now, "u2", "b", 0)
	if all := brief(wait(s, &now, 10*second, "a", "b", "c")); all != "" {
		t.Fatal(all)
	}
	moves := 0
	for range 3600 {
		for _, a := range wait(s, &now, second, "a", "b", "c") {
			if a.Kind == Give {
				moves++
			}
		}
	}
	if moves < 3 || moves > 9 {
		t.Fatalf("rows that cost far more than was thought moved %d times in an hour", moves)
	}
}

func TestRowsThatKill(t *testing.T) {
	s := New(Options{})
	add(t, s, even("p", 3200, 400, 200))
	var all []Action
	for now := Time(0); now < 20*second; now += second {
		s.Join(now, Worker{ID: "a", Speed: 1})
		actions := s.Decide(now)
		for _, a := range actions {
			if a.Kind == Give {
				s.Beat(now, "a", []Held{{Unit: a.Unit.ID}})
			}
		}
		all = append(all, actions...)
	}
	if len(all) == 0 || all[len(all)-1].Kind != Dead || all[len(all)-1].Why != Vanished {
		t.Fatal(brief(all))
	}
	add(t, s, even("q", 3200, 400, 200))
	for now := 20 * second; now < 60*second; now += second { // machines vanish, but rows come
		s.Join(now, Worker{ID: "a", Speed: 1})
		for _, a := range s.Decide(now) {
			s.Progress(now, a.Unit.ID, "a", a.Unit.Rows[0]+100)
		}
	}
	if x := s.Look(); x.Dead != 1 || x.Tasks != 1 {
		t.Fatalf("%+v", x)
	}
}

func TestRowsFitTheMemory(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1, Memory: 700})
	s.Join(0, Worker{ID: "tiny", Speed: 1, Memory: 10})
	x := even("p", 3200, 400, 200)
	x.Rows.Memory = func(rows int) int64 { return int64(rows) }
	add(t, s, x)
	want(t, s.Decide(0), "give a u1 0-672")
}

func TestPicturesGoOnBesideRows(t *testing.T) {
	s := New(Options{Target: time.Second})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, even("p", 3200, 400, 200), even("q", 3200, 400, 200), picture("r", 1))
	want(t, s.Decide(0), "give a u1 0-3200, give a u2 r")
}
