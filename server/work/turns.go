package work

import (
	"context"
	"sync"

	"classsr/fault"
	"classsr/server/fair"
)

// waitSeconds of direct requests may be before another one.
const waitSeconds = 10

// turns lets direct requests in: so many at a time, owner by owner.
type turns struct {
	mu      sync.Mutex
	free    int
	queue   *fair.Queue[*turn]
	waiting float64 // seconds of those that wait
}

// turn is one that waits.
type turn struct {
	owner   string
	seconds float64
	in      chan struct{} // closed when it may go on
}

func newTurns(atATime int) *turns {
	return &turns{free: atATime, queue: fair.New[*turn]()}
}

// len is how many wait.
func (t *turns) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue.Len()
}

// enter waits for a turn. leave, which is called once with the seconds that it took, lets the next one in. If those that wait would take too long, it is an error of
// kind fault.Busy.
func (t *turns) enter(ctx context.Context, owner string, weight, seconds float64) (leave func(took float64), err error) {
	w := &turn{owner, seconds, make(chan struct{})}
	t.mu.Lock()
	if t.waiting > waitSeconds && t.queue.LenOf(owner) > 0 { // who has none waiting yet is let in line
		defer t.mu.Unlock()
		return nil, later(t.waiting)
	}
	t.queue.Push(owner, weight, seconds, w)
	t.waiting += seconds
	t.admit()
	t.mu.Unlock()
	leave = func(took float64) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.queue.Correct(owner, took-seconds)
		t.free++
		t.admit()
	}
	select {
	case <-w.in:
		return leave, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	waited := t.queue.Remove(w)
	if waited {
		t.waiting -= seconds
	}
	t.mu.Unlock()
	if !waited { // it was let in meanwhile
		leave(0)
	}
	return nil, fault.As(fault.Usage, ctx.Err()) // whoever asked is gone
}

// admit lets in those whose turn it is.
func (t *turns) admit() {
	for t.free > 0 {
		w, ok := t.queue.Next(nil)
		if !ok {
			t.waiting = 0 // of what adding and taking away left
			return
		}
		t.free--
		t.waiting -= w.seconds
		close(w.in)
	}
}
