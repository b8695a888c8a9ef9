package work

import (
	"context"
	"sync"
	"time"

	"classsr/budget"
	"classsr/fault"
	"classsr/server/fair"
	"classsr/server/tokens"
)

// waitSeconds of others may be before another one.
const waitSeconds = 10

// quickSeconds is what something may take, about, to be done beside small pictures that are enlarged at once.
const quickSeconds = 1

// inTurn does something for an owner when it is its turn: in turn with small pictures that are enlarged at once, and with the memory that is set aside for these; or, if
// it takes long or more memory than that, one at a time, with the memory that jobs have otherwise. do gets the part of the memory; where that is too small its error
// is of kind fault.TooLarge. An error is of kind fault.Busy if others would take too long, or ctx's.
func (w *Works) inTurn(ctx context.Context, owner tokens.Token, seconds float64, do func(part *budget.Budget) error) error {
	if seconds <= quickSeconds {
		if err := w.turns.take(ctx, owner, seconds, w.direct, do); fault.KindOf(err) != fault.TooLarge {
			return err
		}
	}
	return w.large.take(ctx, owner, seconds, w.Budget, do)
}

// turns lets short work in: so many at a time, owner by owner.
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

// take does something with a part of the memory when it has a turn.
func (t *turns) take(ctx context.Context, owner tokens.Token, seconds float64, part *budget.Budget, do func(part *budget.Budget) error) error {
	leave, err := t.enter(ctx, owner.Name, owner.Weight, seconds)
	if err != nil {
		return err
	}
	begun := time.Now()
	defer func() { leave(time.Since(begun).Seconds()) }()
	return do(part)
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
