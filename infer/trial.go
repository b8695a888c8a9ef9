package infer

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// A trial takes so long at most, and what is done in the beginning, when memory is used for the first time, does not count.
const trialTime, trialStart = 1500 * time.Millisecond, 400 * time.Millisecond

// trial is what was done of a picture, and when.
type trial struct {
	mu          sync.Mutex
	start       time.Time
	first, last mark // of those that count
}

// mark is what was done until some time after the start.
type mark struct {
	after  time.Duration
	pixels int
	macs   int64
}

// done is told of each band of a piece.
func (t *trial) done(pixels int, macs int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last.pixels += pixels
	t.last.macs += macs
	if t.last.after = time.Since(t.start); t.last.after < trialStart {
		t.first = t.last
	}
}

// share is the share of a picture that is enlarged in a second.
func (t *trial) share(p *plan) float64 {
	seconds := (t.last.after - t.first.after).Seconds()
	if macs := p.macs() - p.routerMACs(); macs > 0 {
		return float64(t.last.macs-t.first.macs) / float64(macs) / seconds
	}
	return float64(t.last.pixels-t.first.pixels) / float64(p.pixels()) / seconds
}

// try enlarges a picture by a plan, for a moment, and gives how many seconds all of it takes; 0 if a moment is too short to tell. Unlike the costs of
// classes it knows of caches, of cores that get in each other's way, and of how the picture is cut.
func (u *Upscaler) try(ctx context.Context, v view, p *plan, k kept) (float64, error) {
	claim, err := u.claim(ctx, v.source.Config(), Beside{}, k)
	if err != nil {
		return 0, err
	}
	if v.window != nil {
		v.window.Begin(p.windowRows())
	}
	j, err := newJob(v, p, u.Scale())
	if err != nil {
		claim.Release()
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	t := trial{start: time.Now()}
	e := u.begin(limited, claim, j, u.method.canvas(j, nil, false), 0, t.done)
	for err == nil {
		_, err = e.NextRows()
	}
	_ = e.Close() // which ends the work
	switch {
	case errors.Is(err, io.EOF):
		return e.finished.Sub(e.start).Seconds(), nil
	case limited.Err() == nil || ctx.Err() != nil:
		return 0, err
	}
	if t.last.pixels == t.first.pixels { // bands take long: there is one at most
		return 0, nil
	}
	return 1 / t.share(p), nil
}
