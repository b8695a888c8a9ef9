package worker

import (
	"context"
	"errors"
	"testing"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/problem"
)

// A worker that is only tried has left when the try is over, and did nothing.
func TestTry(t *testing.T) {
	d := newDesk(t)
	joined, err := Try(t.Context(), d.options())
	if err != nil || joined == nil || joined.Worker != me {
		t.Fatal(joined, err)
	}
	if d.joins != 1 || len(d.beats) != 1 || !d.beats[0].Draining || len(d.beats[0].Has) != 0 || d.beats[0].Worker != me || d.beats[0].Epoch != epoch {
		t.Errorf("%d joins, beats %+v", d.joins, d.beats)
	}
}

func TestTryIsRefused(t *testing.T) {
	d := newDesk(t)
	d.hook = func(string, string, wire.Query) error { return fault.New(problem.Forbidden, "quarantined") }
	if joined, err := Try(t.Context(), d.options()); joined != nil || fault.KindOf(err) != problem.Forbidden {
		t.Error(joined, err)
	}
	d.hook = nil
	o := d.options()
	cut := errors.New("a port is closed")
	o.Queue = func(context.Context, wire.Joined, func(wire.Tell)) (queue.Taker, error) { return nil, cut }
	if joined, err := Try(t.Context(), o); joined == nil || !errors.Is(err, cut) {
		t.Error(joined, err)
	}
}
