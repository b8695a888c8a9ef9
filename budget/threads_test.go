package budget

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestThreadsAreLimited(t *testing.T) {
	b := New(1, 3)
	var busy, most atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if err := b.AcquireThreads(t.Context(), 1); err != nil {
					t.Error(err)
				}
				now := busy.Add(1)
				for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
				}
				busy.Add(-1)
				b.ReleaseThreads(1)
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 {
		t.Errorf("%d threads of 3 computed at once", most.Load())
	}
}

// Two pieces of work share one core evenly, whichever began.
func TestThreadsAreHandedOutInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(1, 1)
		var order []int
		for work := range 2 {
			go func() {
				for range 3 {
					if err := b.AcquireThreads(t.Context(), 1); err != nil {
						t.Error(err)
					}
					order = append(order, work)
					time.Sleep(time.Millisecond)
					b.ReleaseThreads(1)
				}
			}()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if want := []int{0, 1, 0, 1, 0, 1}; !slices.Equal(order, want) {
			t.Errorf("the core went to %v, want %v", order, want)
		}
	})
}

// Who wants all cores gets them in its turn, and more than there are counts as all.
func TestAllThreadsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(1, 3)
		acquire := func(n int) {
			if err := b.AcquireThreads(t.Context(), n); err != nil {
				t.Error(err)
			}
		}
		acquire(1)
		all, one := false, false
		go func() {
			acquire(8)
			all = true
		}()
		synctest.Wait()
		go func() {
			acquire(1)
			one = true
		}()
		synctest.Wait()
		if all || one {
			t.Error("cores were handed out twice or out of turn")
		}
		b.ReleaseThreads(1)
		synctest.Wait()
		if !all || one {
			t.Errorf("all: %t; the next: %t", all, one)
		}
		b.ReleaseThreads(8)
		synctest.Wait()
		if !one {
			t.Error("the next one still waits")
		}
	})
}

func BenchmarkThread(b *testing.B) {
	budget := New(1, 2)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if err := budget.AcquireThreads(ctx, 1); err != nil {
			b.Fatal(err)
		}
		budget.ReleaseThreads(1)
	}
}

// Four wait for one core.
func BenchmarkThreadInTurns(b *testing.B) {
	budget := New(1, 1)
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := budget.AcquireThreads(b.Context(), 1); err != nil {
				b.Error(err)
			}
			budget.ReleaseThreads(1)
		}
	})
}
