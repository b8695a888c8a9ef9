// Package queuetest holds what every queue has to pass. For tests only.
package queuetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
)

// Ends is a queue that is tried: its coordinator's end, of epoch e1, and how workers come to it.
type Ends struct {
	Giver queue.Giver
	Join  func(l queue.Login, told func(wire.Tell)) (queue.Taker, error)
	Beats <-chan wire.Beat
}

// Unit gives a unit of that name.
func Unit(id string) wire.Unit { return wire.Unit{ID: id, Epoch: "e1", Kind: wire.Pictures} }

// Next takes a unit and says that it is done.
func Next(t *testing.T, x queue.Taker) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	u, r, err := x.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Working(), r.Done()); err != nil {
		t.Error(err)
	}
	return u.ID
}

// Nothing sees that no unit comes.
func Nothing(t *testing.T, x queue.Taker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if u, _, err := x.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v %v", u, err)
	}
}

// Conform tries what a Giver and its Takers promise.
func Conform(t *testing.T, q Ends) {
	ctx := t.Context()
	open := func(worker string, told func(wire.Tell)) queue.Taker {
		t.Helper()
		l, err := q.Giver.Open(ctx, worker)
		if err != nil {
			t.Fatal(err)
		}
		x, err := q.Join(l, told)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
		return x
	}
	said := make(chan wire.Tell, 10)
	a, b := open("a", func(w wire.Tell) { said <- w }), open("b", nil)
	give := func(worker, id string) {
		t.Helper()
		if err := q.Giver.Give(ctx, worker, Unit(id)); err != nil {
			t.Fatal(err)
		}
	}
	give("a", "u1")
	give("b", "u2")
	give("a", "u3")
	if x, y, z := Next(t, a), Next(t, b), Next(t, a); x != "u1" || y != "u2" || z != "u3" {
		t.Errorf("%s %s %s", x, y, z)
	}
	Nothing(t, a)

	if err := q.Giver.Tell("a", wire.Tell{Drop: []string{"u9"}}); err != nil {
		t.Error(err)
	}
	select {
	case w := <-said:
		if len(w.Drop) != 1 || w.Drop[0] != "u9" {
			t.Errorf("%+v", w)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was said")
	}
	if err := a.Beat(wire.Beat{Worker: "a", Epoch: "e1", Seq: 1}); err != nil {
		t.Error(err)
	}
	select {
	case beat := <-q.Beats:
		if beat.Worker != "a" || beat.Seq != 1 {
			t.Errorf("%+v", beat)
		}
	case <-time.After(10 * time.Second):
		t.Error("no beat was heard")
	}

	// Places anew, with other units.
	give("a", "u4")
	if err := q.Giver.Renew(ctx, func() map[string][]wire.Unit { return map[string][]wire.Unit{"b": {Unit("u5"), Unit("u6")}} }); err != nil {
		t.Fatal(err)
	}
	if x, y := Next(t, b), Next(t, b); x != "u5" || y != "u6" {
		t.Errorf("%s %s", x, y)
	}
	Nothing(t, a)
	give("a", "u7")
	if x := Next(t, a); x != "u7" {
		t.Error(x)
	}

	// A worker that begins anew: nothing waits for it, and its other self is shut out.
	give("a", "u8")
	again := open("a", nil)
	give("a", "u10")
	if x := Next(t, again); x != "u10" {
		t.Error(x)
	}
	shut := func(x queue.Taker) {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if u, _, err := x.Next(ctx); fault.KindOf(err) != fault.NotFound || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v %v", u, err)
		}
	}
	shut(a)
	if err := q.Giver.Close("b"); err != nil {
		t.Error(err)
	}
	shut(b)
	if err := q.Giver.Give(ctx, "b", Unit("u11")); err == nil {
		t.Error("given to a worker without a place")
	}
}
