package budget

import (
	"container/list"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Parked is memory that nobody uses, kept for whoever parked it.
type Parked struct {
	bytes int64
	what  any // what has the memory; nil once it was dropped or taken
	since time.Time
	place *list.Element // in idle.list; nil when it is not parked any more
	owner *Reservation  // which Reserve claimed it for, until Take
}

// Park keeps bytes of what is reserved as idle memory, instead of giving them back: that of what, to which the caller keeps no reference.
// It counts as used until Take gives it back. It may be dropped first: when a call of Reserve or Resize needs the room, or after ten seconds.
// If there was more memory than reserved and no room for the rest, it is dropped at once.
func (r *Reservation) Park(bytes int64, what any) *Parked {
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	given := min(bytes, r.bytes)
	r.bytes -= given
	b.reserved -= given
	b.room.Release(given)
	p := &Parked{bytes: bytes}
	if bytes > b.memory-b.reserved-b.idle.bytes {
		b.returned(bytes)
		return p
	}
	p.what = what
	b.idle.add(p)
	b.returned(0)
	return p
}

// Take gives back what was parked and makes its memory part of what is reserved, which was reserved large enough for it. It gives nil if
// that was dropped or taken meanwhile, or if p is nil.
func (r *Reservation) Take(p *Parked) (what any) {
	if p == nil {
		return nil
	}
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	switch {
	case p.place != nil:
		r.budget.idle.remove(p)
	case p.owner != r:
		return nil
	}
	what, p.what, p.owner = p.what, nil, nil
	return what
}

// idle is the parked memory of a budget, and when it is dropped. The budget's lock is held in all its methods.
type idle struct {
	list    list.List // of *Parked, the oldest first
	bytes   int64     // of all of them
	keep    time.Duration
	garbage int64     // bytes that were dropped or released since memory was last given back to the system
	quiet   time.Time // since when nothing is reserved
	timer   *time.Timer
	waiting bool // the timer runs
}

func (i *idle) add(p *Parked) {
	p.since = time.Now()
	p.place = i.list.PushBack(p)
	i.bytes += p.bytes
}

func (i *idle) remove(p *Parked) {
	i.list.Remove(p.place)
	p.place = nil
	i.bytes -= p.bytes
}

// claim takes those of mine that are still parked and fit into r together.
func (i *idle) claim(r *Reservation, mine []*Parked) {
	left := r.bytes
	for _, p := range mine {
		if p != nil && p.place != nil && p.bytes <= left {
			i.remove(p)
			p.owner = r
			r.claimed = append(r.claimed, p)
			left -= p.bytes
		}
	}
}

// unclaim parks again, as long as before, what was claimed for r and not taken.
func (i *idle) unclaim(r *Reservation) {
	for _, p := range r.claimed {
		if p.owner == r {
			p.owner = nil
			p.place = i.list.PushFront(p)
			i.bytes += p.bytes
		}
	}
	r.claimed = nil
}

// oldest is the memory that was parked first; nil if none is.
func (i *idle) oldest() *Parked {
	if first := i.list.Front(); first != nil {
		return first.Value.(*Parked)
	}
	return nil
}

// fit drops the oldest until the others are at most limit bytes.
func (i *idle) fit(limit int64) {
	for i.bytes > limit {
		i.drop(i.oldest())
	}
}

// drop makes parked memory unreachable.
func (i *idle) drop(p *Parked) {
	i.remove(p)
	p.what = nil
	i.garbage += p.bytes
}

// worthReturning is how much garbage there must be before a collection is forced for it, in bytes.
const worthReturning = 32 << 20

// returned notes that so much is not reserved any more. The lock is held.
func (b *Budget) returned(bytes int64) {
	b.idle.garbage += bytes
	if b.reserved == 0 {
		b.idle.quiet = time.Now()
	}
	b.wake()
}

// wake sets the timer if there is something to do later. The lock is held.
func (b *Budget) wake() {
	i := &b.idle
	var due time.Time
	switch p := i.oldest(); {
	case i.waiting:
		return
	case p != nil:
		due = p.since.Add(i.keep)
	case b.reserved == 0 && i.garbage >= worthReturning:
		due = i.quiet.Add(i.keep)
	default:
		return
	}
	i.waiting = true
	if i.timer == nil {
		i.timer = time.AfterFunc(time.Until(due), b.tidy)
		return
	}
	i.timer.Reset(time.Until(due))
}

// Trim does at once what happens by itself after ten seconds: it drops all parked memory, and gives what is free back to the system.
func (b *Budget) Trim() {
	b.mu.Lock()
	b.idle.fit(0)
	b.idle.garbage = 0
	b.mu.Unlock()
	debug.FreeOSMemory()
}

// tidy drops what was parked too long. Once nothing was reserved for as long, it gives memory back to the system.
func (b *Budget) tidy() {
	b.mu.Lock()
	i := &b.idle
	i.waiting = false
	for p := i.oldest(); p != nil && time.Since(p.since) >= i.keep; p = i.oldest() {
		i.drop(p)
	}
	garbage := i.garbage
	rests := b.reserved == 0 && time.Since(i.quiet) >= i.keep
	if rests {
		i.garbage = 0
	}
	b.wake()
	b.mu.Unlock()
	if rests && garbage >= worthReturning {
		freeMemory(garbage)
	}
}

// freeMemory collects garbage and gives free memory back to the system. Both happen by themselves too, but not while a program does
// nothing. A process whose heap is many times as large is left alone: it would take long, for little.
func freeMemory(garbage int64) {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	if heap[0].Value.Uint64()/8 <= uint64(garbage) {
		debug.FreeOSMemory()
	}
}
