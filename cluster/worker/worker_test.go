package worker

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
)

// stopAt blocks the worker at its first call of a kind.
func (d *desk) stopAt(what string) *blocker {
	b := d.newBlocker()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = func(w, _ string, _ wire.Query) error {
		if w == what {
			b.here()
		}
		return nil
	}
	return b
}

// Units that are dropped end at every stage, and the next one is done.
func TestDroppedUnits(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	for _, what := range []string{"input", "append"} {
		d := newDesk(t)
		at := d.stopAt(what)
		d.start(d.options())
		d.give("u1", wire.Rows, d.pack("u1", p.input(0, 600)...))
		<-at.reached
		d.has("u1")
		if err := d.memory.Tell(me, wire.Tell{Drop: []string{"u1", "other"}}); err != nil {
			t.Error(err)
		}
		d.has()
		at.free()
		d.give("u2", wire.Pictures, d.pack("u2", uploads(t)[0]))
		if got := d.over("u2"); got.last == nil {
			t.Errorf("%s: %+v", what, got.failed)
		}
		d.mu.Lock()
		if u := d.units["u1"]; u.last != nil || u.failed != nil || u.puts > 1 {
			t.Errorf("%s: what was dropped went on: %+v %+v, %d pieces", what, u.last, u.failed, u.puts)
		}
		d.mu.Unlock()
	}
}

// What is said of units while they are computed and sent is what there is.
func TestBeats(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	d := newDesk(t)
	at := d.stopAt("append")
	d.start(d.options())
	d.give("u1", wire.Rows, d.pack("u1", p.input(0, 600)...))
	d.give("u2", wire.Pictures, d.pack("u2", uploads(t)...))
	<-at.reached
	d.await("one is computed, and one waits", func() bool {
		b := d.beats[len(d.beats)-1]
		return len(b.Has) == 2 && b.Has[0].Stage == wire.Computing && b.Has[0].Share > 0 && b.Has[0].Share < 1 && b.Has[1].Stage == wire.Waiting && b.Waiting > 1 && b.Waiting < 2
	})
	at.free()
	d.over("u2")
	d.has()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, b := range d.beats {
		if _, err := wire.Encode(b); err != nil || b.Worker != me || b.Epoch != epoch || b.Seq != i+1 || b.RSS <= 0 || b.Draining {
			t.Fatalf("%+v: %v", b, err)
		}
	}
}

// A worker that is to end gives back what it has not begun, finishes what it computes, and does nothing more.
func TestDrain(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	for _, how := range []string{"told", "ended", "no grace"} {
		t.Run(how, func(t *testing.T) {
			d := newDesk(t)
			at := d.stopAt("append")
			o := d.options()
			if how == "no grace" {
				o.Grace = 0
			}
			end := d.start(o)
			d.give("u1", wire.Rows, d.pack("u1", p.input(0, 600)...))
			d.give("u2", wire.Pictures, d.pack("u2", uploads(t)...))
			<-at.reached
			d.has("u1", "u2")
			ended := make(chan error, 1)
			if how == "told" {
				if err := d.memory.Tell(me, wire.Tell{Drain: true}); err != nil {
					t.Error(err)
				}
			} else {
				time.AfterFunc(0, func() { ended <- end() })
			}
			d.await("the rest is given back", func() bool {
				b := d.beats[len(d.beats)-1]
				return b.Draining && !slices.ContainsFunc(b.Has, func(h wire.Held) bool { return h.Unit == "u2" })
			})
			at.free()
			if how != "told" {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			d.await("nothing is held", func() bool { b := d.beats[len(d.beats)-1]; return b.Draining && len(b.Has) == 0 })
			d.mu.Lock()
			defer d.mu.Unlock()
			if u := d.units["u1"]; (u.last != nil) == (how == "no grace") || u.failed != nil {
				t.Errorf("what was computed: %+v %+v", u.last, u.failed)
			}
			if u := d.units["u2"]; u.last != nil || u.failed != nil {
				t.Errorf("what was not begun: %+v %+v", u.last, u.failed)
			}
			if d.joins != 1 {
				t.Errorf("it joined %d times", d.joins)
			}
		})
	}
}

// A worker that is told to join again, has no place any more, or is not known any more, forgets what it had and joins again.
func TestJoiningAgain(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	for _, how := range []string{"told", "no place", "not known"} {
		t.Run(how, func(t *testing.T) {
			d := newDesk(t)
			at := d.newBlocker()
			d.hook = func(what, unit string, _ wire.Query) error {
				if what == "append" && unit == "u1" {
					at.here()
					if how == "not known" {
						return fault.New(fault.Unauthorized, "no such token")
					}
				}
				return nil
			}
			d.start(d.options())
			d.give("u1", wire.Rows, d.pack("u1", p.input(0, 600)...))
			<-at.reached
			var err error
			switch how {
			case "told":
				err = d.memory.Tell(me, wire.Tell{Join: true})
			case "no place":
				err = d.memory.Close(me)
			}
			if err != nil {
				t.Error(err)
			}
			at.free()
			d.await("it joins again", func() bool { return d.joins == 2 })
			d.give("u2", wire.Pictures, d.pack("u2", uploads(t)[0]))
			if got := d.over("u2"); got.last == nil {
				t.Errorf("%+v", got.failed)
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if u := d.units["u1"]; u.last != nil || u.failed != nil {
				t.Errorf("%+v %+v", u.last, u.failed)
			}
		})
	}
}

// A refusal ends the worker, after some tries if its token may be a new one; what may pass does not.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		err   error
		tries int // after which it is final; 0: it is not
	}{
		{fault.New(fault.Unauthorized, "no such token"), 1 + newTokenTries},
		{fault.New(problem.Forbidden, "quarantined"), 1},
		{fault.New(fault.Conflict, "another version"), 1},
		{fault.New(fault.Busy, "too many"), 0},
		{fault.New(fault.Unavailable, "not there"), 0},
		{errors.New("strange"), 0},
	} {
		d := newDesk(t)
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		d.hook = func(string, string, wire.Query) error {
			if tries++; tries == 20 {
				cancel()
			}
			return c.err
		}
		err := Run(ctx, d.options())
		if final := c.tries > 0; final != errors.Is(err, c.err) || final && tries != c.tries || !final && err != nil {
			t.Errorf("%v: %v after %d tries", c.err, err, tries)
		}
		cancel()
	}
}

// Whatever a coordinator says to what is asked about a unit, it ends, and the next one is done.
func TestAnswersAboutUnits(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 300, 3, false, 8))
	for _, what := range []string{"input", "append", "last", "fail"} {
		for kind, fails := range map[fault.Kind]bool{
			fault.NotFound: false, fault.Damaged: false, fault.TooLarge: false, fault.Conflict: true, fault.Unavailable: true, fault.Internal: true,
		} {
			t.Run(what+" "+string(kind), func(t *testing.T) {
				d := newDesk(t)
				d.hook = func(w, unit string, q wire.Query) error {
					if unit == "u1" && (w == what || w == "append" && what == "last" && q.Last) {
						return fault.New(kind, "no")
					}
					return nil
				}
				d.start(d.options())
				input := d.pack("u1", p.input(0, 300)...)
				if what == "fail" {
					input = input[:10]
				}
				d.give("u1", wire.Rows, input)
				if fails && what != "fail" {
					if got := d.over("u1"); got.failed == nil || !got.failed.Elsewhere || got.failed.Kind != kind {
						t.Errorf("%+v %+v", got.failed, got.last)
					}
				}
				d.give("u2", wire.Pictures, d.pack("u2", uploads(t)[0]))
				if got := d.over("u2"); got.last == nil {
					t.Errorf("%+v", got.failed)
				}
				d.has()
				d.mu.Lock()
				defer d.mu.Unlock()
				if u := d.units["u1"]; u.last != nil || !fails && u.failed != nil || d.joins != 1 {
					t.Errorf("%+v %+v, joined %d times", u.last, u.failed, d.joins)
				}
			})
		}
	}
}

// A mistake in the program costs what it was made in, and not the worker.
func TestMistakes(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(64, 100, 3, false, 8))
	d := newDesk(t)
	o := d.options()
	mistakes := 2
	o.Corrupt = func([]byte) {
		if mistakes--; mistakes >= 0 {
			panic("a mistake")
		}
	}
	d.start(o)
	d.give("rows", wire.Rows, d.pack("rows", p.input(0, 100)...))
	if got := d.over("rows"); got.failed == nil || got.failed.Kind != fault.Internal {
		t.Errorf("%+v", got.failed)
	}
	all := uploads(t)
	d.give("pictures", wire.Pictures, d.pack("pictures", all[0], all[1]))
	got := d.over("pictures")
	files, _, err := got.unpack()
	if err != nil || files[0].Error == nil || files[0].Error.Kind != fault.Internal || files[0].Error.Elsewhere || files[1].Error != nil {
		t.Errorf("%+v %v", files, err)
	}
}

// counted counts what a queue is told of units.
type counted struct {
	queue.Taker
	mu            sync.Mutex
	working, done map[string]int
	again         map[string]int // how often a unit comes more than once
	last          wire.Unit
}

func (c *counted) Next(ctx context.Context) (wire.Unit, queue.Receipt, error) {
	c.mu.Lock()
	u := c.last
	again := c.again[u.ID] > 0
	c.again[u.ID]--
	c.mu.Unlock()
	if again {
		return u, &slip{c, u.ID}, nil
	}
	u, _, err := c.Taker.Next(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = u
	return u, &slip{c, u.ID}, err
}

type slip struct {
	*counted
	unit string
}

func (s *slip) Working() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.working[s.unit]++
	return nil
}

func (s *slip) Done() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[s.unit]++
	return nil
}

// The queue hears of units as long as they are worked on, and that they are over; units that it gives twice are done once, those of another coordinator not at all.
func TestReceipts(t *testing.T) {
	p := divide(t, "fsrcnn-x2", nil, branchtest.Patchwork(120, 600, 3, false, 8))
	d := newDesk(t)
	at := d.stopAt("append")
	o := d.options()
	c := &counted{working: map[string]int{}, done: map[string]int{}, again: map[string]int{"u1": 2}}
	join := o.Queue
	o.Queue = func(ctx context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error) {
		taker, err := join(ctx, j, told)
		c.Taker = taker
		return c, err
	}
	d.start(o)
	d.give("u1", wire.Rows, d.pack("u1", p.input(0, 600)...))
	if err := d.memory.Give(t.Context(), me, wire.Unit{ID: "old", Epoch: "e0", Kind: wire.Rows}); err != nil {
		t.Fatal(err)
	}
	<-at.reached
	c.is(t, "they are worked on", func() bool { return c.working["u1"] > 4 && c.done["old"] == 1 && c.done["u1"] == 0 })
	at.free()
	if got := d.over("u1"); got.last == nil {
		t.Errorf("%+v", got.failed)
	}
	d.has()
	c.is(t, "it is over", func() bool { return c.done["u1"] == 1 })
}

// is waits until something is so.
func (c *counted) is(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 600 {
		c.mu.Lock()
		ok := so()
		c.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: it did not happen", what)
}

func TestAbout(t *testing.T) {
	a, err := About(t.Context(), "attic", "1.2.3", budget.New(memory300, 2))
	if err != nil {
		t.Fatal(err)
	}
	back, err := wire.ParseAbout(a.Values())
	if err != nil || back != a || a.Cores != 2 || a.Memory != memory300 || a.Speed < 0.01 || a.Speed > 100 {
		t.Errorf("%+v %v", a, err)
	}
	again, err := About(t.Context(), "attic", "1.2.3", budget.New(memory300, 1))
	if err != nil || again.Models != a.Models || again.Cores != 1 {
		t.Errorf("%+v %v", again, err)
	}
	t.Logf("%+v", a)
}

// Rows are coded where the line is slow, and now and then it is tried whether it is.
func TestCodings(t *testing.T) {
	second := func(rate float64) time.Duration { return time.Duration(1e6 / rate * float64(time.Second)) }
	for name, c := range map[string]struct {
		raw, coded float64 // bytes a second
		least      int     // of 200 bands
		most       int
	}{
		"fast":           {1e9, 1e9, 198, 199},
		"decoding slows": {400e6, 50e6, 198, 199},
		"1 Gbit":         {110e6, 60e6, 3, 4},
		"slow":           {1e6, 1e6, 0, 0},
	} {
		var l line
		raw := 0
		for range 200 {
			coding := l.coding()
			if coding == wire.Raw {
				raw++
				l.sent(1e6, second(c.raw), coding)
			} else {
				l.sent(1e6, second(c.coded), coding)
			}
			l.sent(100, time.Nanosecond, coding) // a short message
		}
		if raw < c.least || raw > c.most {
			t.Errorf("%s: %d bands were sent as they are", name, raw)
		}
	}
}
