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
				if err := b.AcquireThread(t.Context()); err != nil {
					t.Error(err)
				}
				now := busy.Add(1)
				for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
				}
				busy.Add(-1)
				b.ReleaseThread()
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
					if err := b.AcquireThread(t.Context()); err != nil {
						t.Error(err)
					}
					order = append(order, work)
					time.Sleep(time.Millisecond)
					b.ReleaseThread()
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

func BenchmarkThread(b *testing.B) {
	budget := New(1, 2)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if err := budget.AcquireThread(ctx); err != nil {
			b.Fatal(err)
		}
		budget.ReleaseThread()
	}
}

// Four wait for one core.
func BenchmarkThreadInTurns(b *testing.B) {
	budget := New(1, 1)
	b.SetParallelism(4)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := budget.AcquireThread(b.Context()); err != nil {
				b.Error(err)
			}
			budget.ReleaseThread()
		}
	})
}
