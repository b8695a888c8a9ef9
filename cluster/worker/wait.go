package worker

import (
	"context"
	"math/rand/v2"
	"time"
)

// Waits between tries.
const (
	firstWait = 500 * time.Millisecond
	mostWait  = 30 * time.Second
	doublings = 6 // after which a wait is mostWait
)

// pauses counts the waits between tries of one thing. They get longer, and differ, so that many workers do not come at the same time.
type pauses struct{ n int }

func (p *pauses) next() time.Duration {
	d := min(firstWait<<min(p.n, doublings), mostWait)
	p.n++
	return spread(d)
}

// spread is about that time, up to a third less.
func spread(d time.Duration) time.Duration { return d - rand.N(d/3+1) }

// sleep waits, or returns ctx's error before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
