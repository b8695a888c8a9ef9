package par

import "sync"

// Queue runs pieces of work on other goroutines, so many at a time, and gives their results in the order in which they were submitted.
// One goroutine submits and takes. A queue without work has no goroutines; one that is given up must be stopped.
type Queue[T any] struct {
	depth int
	order []*queued[T] // submitted and not taken, the oldest first

	mu      sync.Mutex
	waiting []*queued[T] // not begun, the oldest first
	idle    []int        // numbers of workers that do not run
	running sync.WaitGroup
}

// queued is a piece of work, and its result once done is closed.
type queued[T any] struct {
	work     func(worker int) (T, error)
	done     chan struct{}
	value    T
	err      error
	panicked *Panic
}

// NewQueue makes a queue with so many workers (as Threads gives them), which holds at most depth pieces of work: those that wait, those
// that run, and those whose results were not taken.
func NewQueue[T any](threads, depth int) *Queue[T] {
	if depth < 1 {
		panic("par: a queue holds at least one piece of work")
	}
	q := &Queue[T]{depth: depth}
	for worker := min(Threads(threads), depth) - 1; worker >= 0; worker-- {
		q.idle = append(q.idle, worker)
	}
	return q
}

// Len is the number of pieces of work that were submitted and not taken.
func (q *Queue[T]) Len() int { return len(q.order) }

// Submit has work called on another goroutine, after those that were submitted before it have begun. worker, in [0, threads), tells which
// one calls, so that it can use scratch memory of its own. Submit returns at once. It panics if the queue holds depth pieces already.
func (q *Queue[T]) Submit(work func(worker int) (T, error)) {
	if len(q.order) == q.depth {
		panic("par: the queue is full")
	}
	piece := &queued[T]{work: work, done: make(chan struct{})}
	q.order = append(q.order, piece)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, piece)
	if last := len(q.idle) - 1; last >= 0 {
		worker := q.idle[last]
		q.idle = q.idle[:last]
		q.running.Go(func() { q.run(worker) })
	}
}

// Next waits for the oldest piece of work and gives its result. A panic in it is passed on, as a *Panic. Next panics if there is none.
func (q *Queue[T]) Next() (T, error) {
	if len(q.order) == 0 {
		panic("par: the queue is empty")
	}
	piece := q.order[0]
	q.order[0] = nil
	q.order = q.order[1:]
	<-piece.done
	if piece.panicked != nil {
		panic(piece.panicked)
	}
	return piece.value, piece.err
}

// Stop gives the queue up: work that has not begun is dropped, and the rest waited for; then no goroutine is left. Results and errors are
// lost, but a panic is passed on, as a *Panic.
func (q *Queue[T]) Stop() {
	q.mu.Lock()
	q.waiting = nil
	q.mu.Unlock()
	q.running.Wait()
	order := q.order
	q.order = nil
	for _, piece := range order {
		if piece.panicked != nil {
			panic(piece.panicked)
		}
	}
}

// run does work until none waits.
func (q *Queue[T]) run(worker int) {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.idle = append(q.idle, worker)
			q.mu.Unlock()
			return
		}
		piece := q.waiting[0]
		q.waiting[0] = nil
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		piece.do(worker)
	}
}

func (p *queued[T]) do(worker int) {
	defer close(p.done)
	defer func() {
		if r := recover(); r != nil {
			p.panicked = caught(r)
		}
	}()
	p.value, p.err = p.work(worker)
}
