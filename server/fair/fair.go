// Package fair says whose turn it is: a queue of several owners' work in which each owner gets the same time, however much it asks for. It knows
// nothing of what the work is.
package fair

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync"
)

// Queue hands out the work of several owners in turn (start-time fair queueing). Each owner has a virtual time, which grows by the seconds that are
// spent on it, divided by its weight. Next is the oldest work of the owner whose time is the smallest. An owner who comes with nothing in the queue
// begins where the others are, so nobody saves time up. While two owners have work in the queue, what they get, divided by their weights, differs
// by no more than the longest work of each. New makes one. It is safe for concurrent use.
type Queue[K comparable] struct {
	mu     sync.Mutex
	owners map[string]*owner[K]
	now    float64 // the virtual time of the latest work that was handed out
	length int
}

type owner[K comparable] struct {
	name   string
	weight float64
	time   float64
	waits  []entry[K] // the oldest first
}

type entry[K comparable] struct {
	key  K
	cost float64 // seconds
}

// remembered is how many owners without work are kept, with the time that they had. Owners are named in a file that somebody wrote; this is only
// for files that change for years.
const remembered = 1000

// New makes a queue without work.
func New[K comparable]() *Queue[K] { return &Queue[K]{owners: map[string]*owner[K]{}} }

// Push puts work that takes cost seconds behind its owner's other work. An owner of weight 2 gets twice the time of others; a weight that is not
// positive leaves it as it is, 1 at first. A cost below 0 counts as 0.
func (q *Queue[K]) Push(name string, weight, cost float64, key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owner(name)
	if weight > 0 {
		o.weight = weight
	}
	q.begin(o)
	o.waits = append(o.waits, entry[K]{key, max(cost, 0)})
	q.length++
}

// PushFront puts work back that was handed out, before all other work of its owner, who gets the time back. cost is what it was pushed with.
func (q *Queue[K]) PushFront(name string, key K, cost float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owner(name)
	o.time -= max(cost, 0) / o.weight
	q.begin(o)
	o.waits = slices.Insert(o.waits, 0, entry[K]{key, max(cost, 0)})
	q.length++
}

// owner finds an owner, or makes one.
func (q *Queue[K]) owner(name string) *owner[K] {
	o := q.owners[name]
	if o == nil {
		q.forget()
		o = &owner[K]{name: name, weight: 1, time: q.present()}
		q.owners[name] = o
	}
	return o
}

// present is where those begin who have nothing in the queue: at the time of the latest work that was handed out, or of an owner who is behind that,
// since its work came back.
func (q *Queue[K]) present() float64 {
	now := q.now
	for _, o := range q.owners {
		if len(o.waits) > 0 {
			now = min(now, o.time)
		}
	}
	return now
}

// begin lets an owner who has nothing in the queue begin at the present, or later if it had more than its share before.
func (q *Queue[K]) begin(o *owner[K]) {
	if len(o.waits) == 0 {
		o.time = max(o.time, q.present())
	}
}

// forget drops owners who have no work and whose time is no later than the present, once there are many: they would begin at the present anyway.
func (q *Queue[K]) forget() {
	if len(q.owners) >= remembered {
		maps.DeleteFunc(q.owners, func(_ string, o *owner[K]) bool { return len(o.waits) == 0 && o.time <= q.now })
	}
}

// Next hands out the work that comes next, of owners whom accept takes (nil: all); accept must not call the queue. ok is false if there is none.
func (q *Queue[K]) Next(accept func(owner string) bool) (key K, ok bool) {
	if accept == nil {
		return q.NextOf(nil)
	}
	return q.NextOf(func(owner string, _ K) bool { return accept(owner) })
}

// NextOf is Next where accept is shown an owner's oldest work, too.
func (q *Queue[K]) NextOf(accept func(owner string, oldest K) bool) (key K, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first *owner[K]
	for _, o := range q.owners {
		if len(o.waits) > 0 && (first == nil || compare(o, first) < 0) && (accept == nil || accept(o.name, o.waits[0].key)) {
			first = o
		}
	}
	if first == nil {
		return key, false
	}
	q.now = max(q.now, first.time)
	q.length--
	return first.take().key, true
}

// take takes out an owner's oldest work, which the owner pays for.
func (o *owner[K]) take() entry[K] {
	e := o.waits[0]
	o.waits = slices.Delete(o.waits, 0, 1)
	o.time += e.cost / o.weight
	return e
}

// compare orders owners by their times, and by their names where these are the same.
func compare[K comparable](a, b *owner[K]) int {
	return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.name, b.name))
}

// Correct says that work of an owner's that was handed out took so many seconds more than it was pushed with; less if it is negative.
func (q *Queue[K]) Correct(name string, seconds float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	o := q.owner(name)
	o.time += seconds / o.weight
}

// Remove takes work out of the queue, which its owner has not paid for yet. It returns false if the queue has no such work.
func (q *Queue[K]) Remove(key K) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.owners {
		if i := slices.IndexFunc(o.waits, func(e entry[K]) bool { return e.key == key }); i >= 0 {
			o.waits = slices.Delete(o.waits, i, i+1)
			q.length--
			return true
		}
	}
	return false
}

// Order gives the work, with its seconds, in the order in which Next(nil) would hand it out if nothing else came. It is that of the moment when the
// loop begins; the queue may be used meanwhile.
func (q *Queue[K]) Order() iter.Seq2[K, float64] {
	return func(yield func(K, float64) bool) {
		owners := q.copies()
		for len(owners) > 0 {
			first := slices.MinFunc(owners, compare[K])
			if e := first.take(); !yield(e.key, e.cost) {
				return
			}
			if len(first.waits) == 0 {
				owners = slices.DeleteFunc(owners, func(o *owner[K]) bool { return o == first })
			}
		}
	}
}

// copies are all owners who have work.
func (q *Queue[K]) copies() (owners []*owner[K]) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.owners {
		if len(o.waits) > 0 {
			o := *o
			o.waits = slices.Clone(o.waits)
			owners = append(owners, &o)
		}
	}
	return owners
}

// Len is how many pieces of work are in the queue.
func (q *Queue[K]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.length
}

// LenOf is how many of them are one owner's.
func (q *Queue[K]) LenOf(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if o := q.owners[name]; o != nil {
		return len(o.waits)
	}
	return 0
}
