// Package par runs independent pieces of work on several goroutines. It is the only place of the program that starts
// goroutines for computing, so the number of busy cores is decided in one place.
package par

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// MaxThreads bounds what Threads gives: callers make memory for each thread, and no machine has more cores that help.
const MaxThreads = 1024

// Threads returns n, at most 1024, or the number of usable cores if n is not positive.
func Threads(n int) int {
	if n > 0 {
		return min(n, MaxThreads)
	}
	return runtime.GOMAXPROCS(0)
}

// Do calls work(worker, i) for every i in [0, n), with i taken in rising order from a shared queue by at most threads
// workers; worker, in [0, threads), tells which one calls, so that it can use scratch memory of its own. It waits for all
// calls to return. After the first error, or once ctx is done, no new call starts; that error (or ctx.Err()) is returned.
// A panic in work, even after an error, is passed on to the caller of Do, as a *Panic.
func Do(ctx context.Context, threads, n int, work func(worker, i int) error) error {
	threads = min(Threads(threads), n)
	var next atomic.Int64
	var first firstFailure
	run := func(worker int) {
		defer first.recoverPanic()
		for !first.happened() {
			if err := ctx.Err(); err != nil {
				first.set(err)
				return
			}
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			if err := work(worker, i); err != nil {
				first.set(err)
				return
			}
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < threads; w++ {
		wg.Go(func() { run(w) })
	}
	run(0)
	wg.Wait()
	if first.panicked != nil {
		panic(first.panicked)
	}
	return first.err
}

// firstFailure keeps the first error or panic of several workers.
type firstFailure struct {
	mu       sync.Mutex
	failed   atomic.Bool
	err      error
	panicked *Panic
}

func (f *firstFailure) happened() bool { return f.failed.Load() }

func (f *firstFailure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
	f.failed.Store(true)
}

func (f *firstFailure) recoverPanic() {
	if p := recover(); p != nil {
		panicked := caught(p)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.panicked == nil {
			f.panicked = panicked
		}
		f.failed.Store(true)
	}
}
