package worker

import (
	"context"
	"errors"
	"time"

	"classsr/cluster/wire"
)

// Leaver is a Transport by which a worker can say that it is gone.
type Leaver interface {
	Transport
	// Leave ends what Join began. It tries once.
	Leave(ctx context.Context, worker string) error
}

// Try joins a coordinator once, comes to its place in the queue and leaves again, without having done anything. joined is nil if the coordinator does not take the
// worker, or does not answer: err says why, as Join of Transport. With joined, err is about the queue, or about leaving.
func Try(ctx context.Context, to Leaver, o Options) (joined *wire.Joined, err error) {
	const leaving = 10 * time.Second // that it may take, also where ctx is done
	j, err := to.Join(ctx, o.About)
	if err != nil {
		return nil, err
	}
	taker, err := o.Queue(ctx, j, func(wire.Tell) {})
	if err == nil {
		err = taker.Close()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
	defer cancel()
	return &j, errors.Join(err, to.Leave(last, j.Worker))
}
