// Package budget shares the memory and the cores of a process between everything that works in it at the same time.
//
// A piece of work reserves all the memory it will take, once and before it takes any, and releases it at its end:
//
//	r, err := b.Reserve(ctx, bytes)
//	if err != nil {
//		return err
//	}
//	defer r.Release()
//
// Memory that is worth keeping for the next piece of work is parked (Reservation.Park): it is given up as soon as others need the room,
// or when nobody has asked for it for ten seconds. A worker holds a core (AcquireThreads) while it computes a part.
//
// The package counts; it neither allocates nor measures. What was counted and is no longer used is gone only after the next garbage
// collection, so a program that must keep to its limit sets debug.SetMemoryLimit as well.
package budget

import (
	"context"
	"sync"
	"time"

	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/sysmem"

	"github.com/dustin/go-humanize"
	"golang.org/x/sync/semaphore"
)

// Budget is the memory and the cores that all work in a process shares. It is safe for concurrent use.
type Budget struct {
	memory  int64
	threads int

	room  *semaphore.Weighted // memory that is not reserved, in the order of the calls
	cores *semaphore.Weighted

	mu       sync.Mutex // guards what follows, and the fields of reservations and parked memory
	reserved int64      // at most memory, less what room has
	idle     idle
}

// New makes a budget of so many bytes of memory and so many threads. Without a positive number it is four fifths of the memory that the
// process may use (less if that is under 240 MB: the process itself needs some 48 MB), and all cores.
func New(memory int64, threads int) *Budget {
	memory = sysmem.Allowed(memory)
	threads = par.Threads(threads)
	return &Budget{
		memory: memory, threads: threads,
		room: semaphore.NewWeighted(memory), cores: semaphore.NewWeighted(int64(threads)),
		idle: idle{keep: 10 * time.Second},
	}
}

var process = sync.OnceValue(func() *Budget { return New(0, 0) })

// Default is the budget of the process, for all who are not given another: New(0, 0), made at the first call.
func Default() *Budget { return process() }

// Part sets so many bytes of the memory aside, for good, as the memory of a budget of its own, which shares the cores: work that draws on it waits for none that
// draws on the rest. It is made before b is used; b.Memory is less by these bytes afterwards. It panics if b has not so much.
func (b *Budget) Part(bytes int64) *Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bytes <= 0 || bytes >= b.memory || b.reserved+b.idle.bytes > 0 {
		panic("budget: no part of the memory that is there")
	}
	b.memory -= bytes
	b.room = semaphore.NewWeighted(b.memory)
	return &Budget{memory: bytes, threads: b.threads, room: semaphore.NewWeighted(bytes), cores: b.cores, idle: idle{keep: b.idle.keep}}
}

// Memory is the whole memory, in bytes.
func (b *Budget) Memory() int64 { return b.memory }

// Threads is how many threads may compute at the same time.
func (b *Budget) Threads() int { return b.threads }

// InUse gives the bytes that are reserved now and the bytes that are parked; together they never exceed Memory.
func (b *Budget) InUse() (reserved, parked int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reserved, b.idle.bytes
}

// AcquireThreads waits for n cores to compute with (more than Threads counts as all of them), and takes them until ReleaseThreads. Cores
// are handed out in the order of the calls. It fails only with ctx's error. Who holds cores must not wait for memory or for more cores.
func (b *Budget) AcquireThreads(ctx context.Context, n int) error {
	return b.cores.Acquire(ctx, int64(min(n, b.threads)))
}

// ReleaseThreads gives back n cores that were acquired together.
func (b *Budget) ReleaseThreads(n int) { b.cores.Release(int64(min(n, b.threads))) }

// Reservation is memory that its owner may use until Release.
type Reservation struct {
	budget  *Budget
	bytes   int64
	claimed []*Parked // for it by Reserve, of which some were taken
}

// Reserve waits until so many bytes are free, strictly in the order of the calls: a large request is not overtaken by small ones. It fails
// at once with an error of kind fault.TooLarge if that is more than the whole memory, or less than nothing (a sum that overflowed), and
// with ctx's error if ctx is done before. Parked memory is dropped, the oldest first, as far as its room is needed; but mine, what the caller
// parked before and will use again as part of these bytes, is kept for it to Take, if it was still there and as far as it fits.
//
// A piece of work reserves once. Two that hold some memory and wait for more would wait for each other.
func (b *Budget) Reserve(ctx context.Context, bytes int64, mine ...*Parked) (*Reservation, error) {
	if bytes < 0 || bytes > b.memory {
		return nil, fault.New(fault.TooLarge, "it would take %s of memory, more than the %s allowed: allow more memory", format(bytes), format(b.memory))
	}
	if err := b.room.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	r := &Reservation{budget: b, bytes: bytes}
	b.mu.Lock()
	b.reserved += bytes
	b.idle.claim(r, mine)
	b.idle.fit(b.memory - b.reserved)
	b.mu.Unlock()
	return r, nil
}

// Resize changes how much is reserved. Less is always possible. More is had at once or, if so much is not free or others are waiting, not
// at all: then Resize changes nothing and returns false.
func (r *Reservation) Resize(bytes int64) bool {
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	more := max(bytes, 0) - r.bytes
	if more > 0 && !b.room.TryAcquire(more) {
		return false
	}
	r.bytes += more
	b.reserved += more
	if r.bytes == 0 {
		b.idle.unclaim(r)
	}
	b.idle.fit(b.memory - b.reserved)
	if more < 0 {
		b.room.Release(-more)
		b.returned(-more)
	}
	return true
}

// Release gives everything back that is still reserved; what was parked, kept for it and not taken stays parked. Later calls do nothing.
func (r *Reservation) Release() { r.Resize(0) }

// format gives a number of bytes for people; what overflowed is more than anything.
func format(bytes int64) string { return humanize.Bytes(uint64(bytes)) }
