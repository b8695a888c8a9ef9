package worker

import (
	"context"

	"classsr/cluster/wire"
)

// Try joins a coordinator once, comes to its place in the queue and leaves again, without having done anything. joined is nil if the coordinator does not take the
// worker, or does not answer: err says why, as Join of Transport. With joined, err is about the queue; then the coordinator notices by itself that nobody is there.
func Try(ctx context.Context, o Options) (joined *wire.Joined, err error) {
	j, err := o.Transport.Join(ctx, o.About)
	if err != nil {
		return nil, err
	}
	taker, err := o.Queue(ctx, j, func(wire.Tell) {})
	if err != nil {
		return &j, err
	}
	err = taker.Beat(wire.Beat{Worker: j.Worker, Epoch: j.Epoch, Seq: 1, Draining: true}) // what it was given meanwhile goes to others
	if closing := taker.Close(); err == nil {
		err = closing
	}
	return &j, err
}
