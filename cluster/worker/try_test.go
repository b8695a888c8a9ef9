package worker

import (
	"context"
	"errors"
	"slices"
	"testing"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
)

// A worker that is only tried has left when the try is over, and did nothing.
func TestTry(t *testing.T) {
	d := newDesk(t)
	joined, err := Try(t.Context(), d, d.options())
	if err != nil || joined == nil || joined.Worker != me {
		t.Fatal(joined, err)
	}
	if d.joins != 1 || len(d.beats) != 0 || !slices.Equal(d.left, []string{me}) {
		t.Errorf("%d joins, beats %+v, left: %v", d.joins, d.beats, d.left)
	}
}

func TestTryIsRefused(t *testing.T) {
	d := newDesk(t)
	d.hook = func(string, string, wire.Query) error { return fault.New(problem.Forbidden, "quarantined") }
	if joined, err := Try(t.Context(), d, d.options()); joined != nil || fault.KindOf(err) != problem.Forbidden {
		t.Error(joined, err)
	}
	if d.left != nil {
		t.Errorf("left without having joined: %v", d.left)
	}
}

// Where the queue cannot be reached, or nobody waits for that any more, the coordinator is told that the worker is gone.
func TestTryWithoutTheQueue(t *testing.T) {
	d := newDesk(t)
	o := d.options()
	ctx, cancel := context.WithCancel(t.Context())
	cut := errors.New("a port is closed")
	o.Queue = func(context.Context, wire.Joined, func(wire.Tell)) (queue.Taker, error) { cancel(); return nil, cut }
	if joined, err := Try(ctx, d, o); joined == nil || !errors.Is(err, cut) {
		t.Error(joined, err)
	}
	if !slices.Equal(d.left, []string{me}) {
		t.Errorf("left: %v", d.left)
	}
}
