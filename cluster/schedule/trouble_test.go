package schedule

import (
	"slices"
	"testing"
	"time"
)

// A picture that ends whatever process computes it is found within six deaths, and all others are done.
func TestAPictureThatKills(t *testing.T) {
	s := New(Options{})
	addMany(t, s, 64, 0.01)
	now, lost := Time(0), 0
	var dead []Action
	for s.Look().Tasks > 0 {
		s.Join(now, Worker{ID: "a", Speed: 1000})
		actions := s.Decide(now)
		for _, a := range actions {
			if a.Kind == Dead {
				dead = append(dead, a)
			}
		}
		for _, a := range actions {
			if a.Kind != Give {
				continue
			}
			if slices.Contains(a.Unit.Tasks, "p017") {
				lost++
				s.Beat(now, "a", []Held{{Unit: a.Unit.ID}})
				break // it vanishes, and joins again
			}
			s.Done(now, a.Unit.ID, "a", 0)
		}
		now += second
		if lost > 20 {
			t.Fatal("it goes on for ever")
		}
	}
	want(t, append(dead, s.Decide(now)...), "dead p017 vanished")
	if x := s.Look(); x.Pictures != 63 {
		t.Fatalf("%d are done", x.Pictures)
	}
	t.Logf("%d deaths", lost)
}

// Units that no worker ever gets, since the queue is broken, are nobody's death.
func TestWhatNeverArrivesDoesNotKill(t *testing.T) {
	s := New(Options{})
	add(t, s, picture("p", 1))
	lost := 0
	for now := Time(0); now < 2*time.Hour; now += beat {
		if s.workers["a"] == nil {
			s.Join(now, Worker{ID: "a", Speed: 1})
		}
		s.Beat(now, "a", nil)
		for _, a := range s.Decide(now) {
			switch a.Kind {
			case Lost:
				lost++
			case Dead:
				t.Fatalf("dead after %d workers that never had it: %+v", lost, a.Failures)
			}
		}
	}
	if lost < hopeless {
		t.Fatalf("%d workers were lost", lost)
	}
}

func TestQuarantine(t *testing.T) {
	s := New(Options{Depth: 1})
	s.Join(0, Worker{ID: "bad", Speed: 1})
	add(t, s, picture("p", 1))
	want(t, s.Decide(0), "give bad u1 p")
	s.Join(0, Worker{ID: "good", Speed: 0.5})
	s.Failed(0, "u1", "bad", "", Wrong, "another hash")
	want(t, s.Decide(0), "give good u2 p") // not the one that was wrong, though it has room, too
	add(t, s, picture("q", 1), picture("r", 1))
	want(t, s.Decide(0), "give bad u3 q")
	s.Failed(0, "u3", "bad", "q", Wrong, "another hash")
	want(t, s.Decide(0), "quarantined bad")
	if s.Join(0, Worker{ID: "bad"}) || !s.Beat(0, "bad", nil) {
		t.Fatal("it may join, or is not known")
	}
	s.Leave(0, "bad")
	if s.Join(0, Worker{ID: "bad"}) {
		t.Fatal("whoever leaves comes back as if nothing had been")
	}
	s.Release(0, "bad")
	if !s.Join(0, Worker{ID: "bad", Speed: 1}) {
		t.Fatal("it was released")
	}
	want(t, s.Decide(0), "give bad u4 r") // q still is to go elsewhere
	if x := s.Look(); x.Dead != 0 || x.Wrong != 2 {
		t.Fatalf("pictures are to blame for the machine: %+v", x)
	}
}

func TestFailuresAreByPicture(t *testing.T) {
	s := New(Options{Depth: 1})
	s.Join(0, Worker{ID: "a", Speed: 100})
	s.Join(0, Worker{ID: "b", Speed: 0.01})
	s.Drain(0, "b")
	add(t, s, picture("p", 1), picture("q", 1), picture("r", 1), picture("s", 1))
	want(t, s.Decide(0), "give a u1 p+q")
	s.Failed(0, "u1", "a", "p", Picture, "no PNG")
	s.Failed(0, "u1", "a", "q", Broken, "no disk")
	s.Failed(0, "u1", "a", "r", Broken, "is not in it")
	if !s.Done(0, "u1", "a", second) {
		t.Fatal("it does not count")
	}
	all := s.Decide(0)
	want(t, all, "dead p picture, give a u2 q") // nobody else can have it
	if f := all[0].Failures; len(f) != 1 || f[0].Says != "no PNG" || f[0].Worker != "a" {
		t.Fatalf("%+v", f)
	}
	s.Failed(0, "u2", "a", "", Broken, "no disk")
	want(t, s.Decide(0), "give a u3 q")
	s.Failed(0, "u3", "a", "q", Broken, "no disk")
	s.Done(0, "u3", "a", 0)
	all = s.Decide(0)
	want(t, all, "dead q broken, give a u4 r")
	if len(all[0].Failures) != 3 {
		t.Fatalf("%+v", all[0].Failures)
	}
}

func TestElsewhere(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "small", Speed: 1, Memory: 100})
	add(t, s, Task{ID: "large", Cost: 1, Memory: 1000}, picture("p", 1))
	now := Time(0)
	want(t, s.Decide(now), "give small u1 p")
	s.Done(now, "u1", "small", 0)
	want(t, wait(s, &now, lease, "small"), "")
	s.Join(now, Worker{ID: "b", Speed: 1})
	want(t, s.Decide(now), "give b u2 large")
	s.Failed(now, "u2", "b", "", Elsewhere, "too little")
	want(t, wait(s, &now, lease, "small", "b"), "")
	all := wait(s, &now, 3*second, "small", "b")
	want(t, all, "dead large elsewhere")

	add(t, s, Task{ID: "huge", Cost: 1, Memory: 1000})
	s.Leave(now, "b")
	want(t, wait(s, &now, lease, "small"), "")
	want(t, wait(s, &now, 3*second, "small"), "dead huge too_large")
}

// With nobody there, nothing ends for want of a machine.
func TestNobody(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "small", Speed: 1, Memory: 100})
	add(t, s, Task{ID: "large", Cost: 1, Memory: 1000})
	now := Time(0)
	wait(s, &now, 3*second, "small")
	s.Leave(now, "small")
	want(t, wait(s, &now, 3*lease), "")
	s.Join(now, Worker{ID: "b", Speed: 1})
	want(t, s.Decide(now), "give b u1 large")
}

func TestSecondCopies(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "slow", Speed: 0.1})
	add(t, s, picture("p", 1), picture("q", 1))
	now := Time(0)
	want(t, s.Decide(now), "give slow u1 p, give slow u2 q")
	s.Join(now, Worker{ID: "fast", Speed: 1})
	s.Join(now, Worker{ID: "third", Speed: 1})
	all := wait(s, &now, second, "slow", "fast", "third")
	want(t, all, "give fast u2 q, give third u1 p") // what would end last, first
	if all[0].Unit.Attempt != 2 {
		t.Fatal("a second copy needs another number")
	}
	if !s.Done(now, "u1", "third", second) || s.Done(now, "u1", "slow", second) {
		t.Fatal("the first result counts, and no other")
	}
	want(t, s.Decide(now), "drop slow u1")
	s.Leave(now, "fast")
	want(t, wait(s, &now, second, "slow", "third"), "give third u2 q")
	s.Leave(now, "third")
	want(t, wait(s, &now, second, "slow"), "")
	if !s.Done(now, "u2", "slow", 0) || s.Look().Pictures != 2 {
		t.Fatal("the first holder has it still")
	}
}

// A copy that is given back goes to another worker next, and not to the same one over and over.
func TestCopiesThatComeBack(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "hangs", Speed: 1})
	add(t, s, picture("p", 1))
	now := Time(0)
	want(t, s.Decide(now), "give hangs u1 p")
	s.Join(now, Worker{ID: "forgets", Speed: 9})
	s.Join(now, Worker{ID: "good", Speed: 1})
	beat := func() {
		s.Beat(now, "hangs", []Held{{Unit: "u1", Begun: true}})
		s.Beat(now, "forgets", nil)
		s.Beat(now, "good", nil)
	}
	var given []string
	for range 60 {
		now += second
		beat()
		for _, a := range s.Decide(now) {
			if a.Kind != Give {
				continue
			}
			given = append(given, a.Worker)
			if a.Worker == "good" {
				if !s.Done(now, "u1", "good", second) {
					t.Fatal("it does not count")
				}
				if len(given) != 2 || given[0] != "forgets" {
					t.Errorf("it was given to %v", given)
				}
				return
			}
			s.Failed(now, "u1", a.Worker, "", Broken, "I forgot")
		}
	}
	t.Fatalf("it was given to %v", given)
}

// Where both that have a picture live and hang, a third one gets it in place of the first, and so on, but less and less often.
func TestTwoThatHang(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 1))
	now := Time(0)
	want(t, s.Decide(now), "give a u1 p")
	s.Join(now, Worker{ID: "b", Speed: 1})
	s.Join(now, Worker{ID: "c", Speed: 1})
	all := wait(s, &now, 4*beat, "a", "b", "c")
	want(t, all, "give b u1 p, drop a u1, give c u1 p")
	if all[2].Unit.Attempt != 3 {
		t.Errorf("a third copy needs another number than %d", all[2].Unit.Attempt)
	}
	want(t, wait(s, &now, lease-2*beat, "a", "b", "c"), "") // a does not get it again at once
	copies := 0
	for _, a := range wait(s, &now, 2*time.Hour, "a", "b", "c") {
		if a.Kind == Give {
			copies++
		}
	}
	if copies < 3 || copies > 12 {
		t.Errorf("it was given %d times in two hours", copies)
	}
	if u := s.Look().Units[0]; len(u.Holders) != 2 || !s.Done(now, "u1", u.Holders[1], second) {
		t.Errorf("%+v", u)
	}
}

// A picture of which more and more is done, after a while, is only slow.
func TestTwoThatAreSlow(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 1))
	s.Decide(0)
	s.Join(0, Worker{ID: "b", Speed: 1})
	s.Join(0, Worker{ID: "c", Speed: 1})
	copies := 0
	for now := second; now < time.Hour; now += second {
		for _, id := range []string{"a", "b", "c"} {
			if _, yours := s.Yours("u1", id); yours {
				s.Beat(now, id, []Held{{Unit: "u1", Begun: true, Share: max(now-5*second, 0).Hours()}})
			} else {
				s.Beat(now, id, nil)
			}
		}
		copies += len(s.Decide(now))
	}
	if copies != 1 {
		t.Errorf("it was given %d times more", copies)
	}
}

func TestNoCopiesThatAreNotWorthIt(t *testing.T) {
	s := New(Options{})
	s.Join(0, Worker{ID: "a", Speed: 1})
	add(t, s, picture("p", 6))
	now := Time(0)
	s.Decide(now)
	s.Join(now, Worker{ID: "b", Speed: 1.2}) // 5 s in place of 6
	want(t, wait(s, &now, 8*second, "a", "b"), "")
	want(t, wait(s, &now, second, "a", "b"), "give b u1 p") // it is overdue
	want(t, wait(s, &now, time.Minute, "a", "b"), "")
}

// What may have ended the coordinator's process is computed by others only.
func TestApart(t *testing.T) {
	s := New(Options{Depth: 1})
	s.Join(0, Worker{ID: "own", Speed: 9, Here: true})
	p := picture("p", 1)
	p.Apart = true
	add(t, s, p)
	add(t, s, picture("q", 1))
	want(t, s.Decide(0), "give own u1 q")
	if !s.Given("u1") || s.Given("u2") {
		t.Error("another unit is given")
	}
	s.Join(0, Worker{ID: "shed", Speed: 1})
	want(t, s.Decide(0), "give shed u2 p")
}
