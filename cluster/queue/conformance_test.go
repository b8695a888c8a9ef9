package queue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
)

// ends is a queue that is tried: its coordinator's end, and how workers come to it.
type ends struct {
	giver queue.Giver
	join  func(l queue.Login, told func(wire.Tell)) (queue.Taker, error)
	beats <-chan wire.Beat
}

func unit(id string) wire.Unit { return wire.Unit{ID: id, Epoch: "e1", Kind: wire.Pictures} }

// next takes a unit and says that it is done.
func next(t *testing.T, x queue.Taker) string {
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

// nothing sees that no unit comes.
func nothing(t *testing.T, x queue.Taker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if u, _, err := x.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v %v", u, err)
	}
}

// conform tries what a Giver and its Takers promise.
func conform(t *testing.T, q ends) {
	ctx := t.Context()
	open := func(worker string, told func(wire.Tell)) queue.Taker {
		t.Helper()
		l, err := q.giver.Open(ctx, worker)
		if err != nil {
			t.Fatal(err)
		}
		x, err := q.join(l, told)
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
		if err := q.giver.Give(ctx, worker, unit(id)); err != nil {
			t.Fatal(err)
		}
	}
	give("a", "u1")
	give("b", "u2")
	give("a", "u3")
	if x, y, z := next(t, a), next(t, b), next(t, a); x != "u1" || y != "u2" || z != "u3" {
		t.Errorf("%s %s %s", x, y, z)
	}
	nothing(t, a)

	if err := q.giver.Tell("a", wire.Tell{Drop: []string{"u9"}}); err != nil {
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
	case beat := <-q.beats:
		if beat.Worker != "a" || beat.Seq != 1 {
			t.Errorf("%+v", beat)
		}
	case <-time.After(10 * time.Second):
		t.Error("no beat was heard")
	}

	// Places anew, with other units.
	give("a", "u4")
	if err := q.giver.Renew(ctx, map[string][]wire.Unit{"b": {unit("u5"), unit("u6")}}); err != nil {
		t.Fatal(err)
	}
	if x, y := next(t, b), next(t, b); x != "u5" || y != "u6" {
		t.Errorf("%s %s", x, y)
	}
	nothing(t, a)
	give("a", "u7")
	if x := next(t, a); x != "u7" {
		t.Error(x)
	}

	// A worker that begins anew: nothing waits for it, and its other self is shut out.
	give("a", "u8")
	again := open("a", nil)
	give("a", "u10")
	if x := next(t, again); x != "u10" {
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
	if err := q.giver.Close("b"); err != nil {
		t.Error(err)
	}
	shut(b)
	if err := q.giver.Give(ctx, "b", unit("u11")); err == nil {
		t.Error("given to a worker without a place")
	}
}

func TestMemory(t *testing.T) {
	beats := make(chan wire.Beat, 10)
	m := queue.NewMemory(queue.Heard{Beat: func(b wire.Beat) { beats <- b }})
	conform(t, ends{m, func(l queue.Login, told func(wire.Tell)) (queue.Taker, error) { return m.Join(l.User, told) }, beats})
}
