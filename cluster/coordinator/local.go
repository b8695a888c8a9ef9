package coordinator

import (
	"context"
	"io"
	"time"

	"classsr/cluster/queue"
	"classsr/cluster/wire"
	"classsr/fault"
	"classsr/server/blobs"
)

// Local is how a worker in the coordinator's own process speaks to it. It implements worker.Transport.
type Local struct{ c *Coordinator }

// Local gives the coordinator to a worker in the same process.
func (c *Coordinator) Local() Local { return Local{c} }

// hereID is the name of the worker in this process. No other one has it: theirs end with hexadecimal digits.
const hereID = "this-server"

// Join takes the worker in.
func (l Local) Join(ctx context.Context, a wire.About) (wire.Joined, error) {
	return l.c.join(ctx, &member{id: hereID, about: a, here: true, queue: l.c.own, joined: time.Now()})
}

// Queue comes to the worker's place.
func (l Local) Queue(_ context.Context, j wire.Joined, told func(wire.Tell)) (queue.Taker, error) {
	return l.c.own.Join(j.Worker, told)
}

// Input writes a unit's input.
func (l Local) Input(ctx context.Context, unit string, q wire.Query, to io.Writer) error {
	in, _, err := l.c.input(ctx, unit, q.Worker)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was read only
	_, err = io.Copy(to, in)
	return err
}

// Model writes the file of a model that a unit is to be done by.
func (l Local) Model(_ context.Context, unit string, q wire.Query, sum blobs.Sum, to io.Writer) error {
	f, err := l.c.model(unit, q.Worker, sum)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was read only
	_, err = io.Copy(to, f)
	return err
}

// Append appends to a unit's result. While the disk has no room it tries again, as long as workers elsewhere do.
func (l Local) Append(ctx context.Context, unit string, q wire.Query, body io.ReadSeeker) (until int, err error) {
	const patience, pause = 10 * time.Minute, time.Second
	first := q.Offset
	for begun := time.Now(); ; {
		q.Offset, until, err = l.c.append(unit, q, body)
		if fault.KindOf(err) != fault.Unavailable || time.Since(begun) > patience {
			return until, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(pause):
		}
		if _, err := body.Seek(q.Offset-first, io.SeekStart); err != nil {
			return 0, err
		}
	}
}

// Fail says that a unit could not be done as a whole.
func (l Local) Fail(_ context.Context, unit string, q wire.Query, p wire.Problem) error {
	return l.c.fail(unit, q, p)
}
