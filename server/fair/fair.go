// Package fair says whose turn it is: a queue of several owners' work in which each owner gets the same time, however much it asks for. It knows nothing of what
// the work is.
package fair

import (
	"iter"
	"slices"
	"sync"
)

// Queue hands out the work of several owners in turn (start-time fair queueing). Each owner has a virtual time, which grows by the seconds that are spent on
// it, divided by its weight; next is the oldest work of the owner with the smallest one. An owner who comes with nothing in the queue begins where the others
// are, so that nobody saves time up. The zero value is not ready: New makes one. It is safe for concurrent use.
type Queue[K comparable] struct {
	mu     sync.Mutex
	owners map[string]*owner[K]
	now    float64 // the virtual time of what was handed out last
}

// owner is an owner with work in the queue, or whose time is ahead of the others'.
type owner[K comparable] struct {
	name   string
	weight float64
	time   float64
	waits  []entry[K]
}

type entry[K comparable] struct {
	key  K
	cost float64
}

// New makes a queue without work.
func New[K comparable]() *Queue[K] { return &Queue[K]{owners: map[string]*owner[K]{}} }

// Push puts work that takes cost seconds behind its owner's other work. A weight of 2 gives the owner twice the time of others; one that is not positive
// counts as 1.
func (q *Queue[K]) Push(name string, weight, cost float64, key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owner(name)
	if weight > 0 {
		o.weight = weight
	}
	o.waits = append(o.waits, entry[K]{key, cost})
}

// PushFront puts work back that was handed out, before all other work of its owner, and gives the owner its time back.
func (q *Queue[K]) PushFront(name string, key K, cost float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owner(name)
	o.time -= cost / o.weight
	o.waits = slices.Insert(o.waits, 0, entry[K]{key, cost})
}

// owner gives an owner, who begins at the present if it has nothing in the queue.
func (q *Queue[K]) owner(name string) *owner[K] {
	o := q.owners[name]
	if o == nil {
		o = &owner[K]{name: name, weight: 1, time: q.now}
		q.owners[name] = o
	}
	if len(o.waits) == 0 {
		o.time = max(o.time, q.now)
	}
	return o
}

// Next hands out the work that comes next, of owners that accept takes (nil: all). ok is false if there is none.
func (q *Queue[K]) Next(accept func(owner string) bool) (key K, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first *owner[K]
	for _, o := range q.owners {
		if len(o.waits) > 0 && (first == nil || o.before(first)) && (accept == nil || accept(o.name)) {
			first = o
		}
	}
	if first == nil {
		return key, false
	}
	e := first.waits[0]
	first.waits = slices.Delete(first.waits, 0, 1)
	q.now = max(q.now, first.time)
	first.time += e.cost / first.weight
	q.forget()
	return e.key, true
}

// before orders owners by their time, and by their names where that is the same.
func (o *owner[K]) before(other *owner[K]) bool {
	if o.time != other.time {
		return o.time < other.time
	}
	return o.name < other.name
}

// forget drops owners who have nothing in the queue and no time ahead of the present.
func (q *Queue[K]) forget() {
	for name, o := range q.owners {
		if len(o.waits) == 0 && o.time <= q.now {
			delete(q.owners, name)
		}
	}
}

// Correct says that work that was handed out took so many seconds more than was reckoned, or less if it is negative.
func (q *Queue[K]) Correct(name string, seconds float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if o := q.owners[name]; o != nil {
		o.time += seconds / o.weight
	}
}

// Remove takes work out of the queue; it returns false if it was not there.
func (q *Queue[K]) Remove(key K) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.owners {
		for i, e := range o.waits {
			if e.key == key {
				o.waits = slices.Delete(o.waits, i, i+1)
				return true
			}
		}
	}
	return false
}

// Order gives the work in the order in which it will be handed out if nothing else comes, with its seconds.
func (q *Queue[K]) Order() iter.Seq2[K, float64] {
	q.mu.Lock()
	defer q.mu.Unlock()
	var ahead []owner[K] // copies that are played through
	for _, o := range q.owners {
		if len(o.waits) > 0 {
			o := *o
			o.waits = slices.Clone(o.waits)
			ahead = append(ahead, o)
		}
	}
	return func(yield func(K, float64) bool) {
		owners := slices.Clone(ahead)
		for len(owners) > 0 {
			first := 0
			for i := range owners {
				if owners[i].before(&owners[first]) {
					first = i
				}
			}
			o := &owners[first]
			e := o.waits[0]
			if !yield(e.key, e.cost) {
				return
			}
			o.time += e.cost / o.weight
			if o.waits = o.waits[1:]; len(o.waits) == 0 {
				owners = slices.Delete(owners, first, first+1)
			}
		}
	}
}

// Len is how much work waits, and LenOf how much of one owner.
func (q *Queue[K]) Len() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.owners {
		n += len(o.waits)
	}
	return n
}

// LenOf is how much work of one owner waits.
func (q *Queue[K]) LenOf(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if o := q.owners[name]; o != nil {
		return len(o.waits)
	}
	return 0
}
