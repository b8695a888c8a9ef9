package budget

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
)

func reserve(t *testing.T, b *Budget, bytes int64, mine ...*Parked) *Reservation {
	t.Helper()
	r, err := b.Reserve(t.Context(), bytes, mine...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkUse compares what is in use.
func checkUse(t *testing.T, b *Budget, reserved, parked int64) {
	t.Helper()
	if r, p := b.InUse(); r != reserved || p != parked {
		t.Errorf("%d bytes are reserved and %d parked, want %d and %d", r, p, reserved, parked)
	}
}

func TestNewFillsIn(t *testing.T) {
	if b := New(100, 3); b.Memory() != 100 || b.Threads() != 3 {
		t.Errorf("%d bytes and %d threads, want those asked for", b.Memory(), b.Threads())
	}
	if b := Default(); b.Memory() < 32<<20 || b.Threads() < 1 || b != Default() {
		t.Errorf("%d bytes and %d threads by default", b.Memory(), b.Threads())
	}
}

func TestReserveRefusesTooMuch(t *testing.T) {
	b := New(100, 1)
	for _, bytes := range []int64{101, 1 << 62, -1} {
		if _, err := b.Reserve(t.Context(), bytes); fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%d of 100 bytes: %v", bytes, err)
		}
	}
	reserve(t, b, 100)
	checkUse(t, b, 100, 0)
}

// A large request among a stream of small ones is served in its turn.
func TestNobodyStarves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		var order []string
		first := reserve(t, b, 60)
		ask := func(name string, bytes int64) {
			go func() {
				r := reserve(t, b, bytes)
				order = append(order, name) // one at a time: both large ones need all, small ones follow each other
				time.Sleep(time.Second)
				r.Release()
			}()
			synctest.Wait()
		}
		ask("large", 100)
		ask("small", 10) // would fit beside the first
		ask("second", 100)
		if len(order) != 0 {
			t.Fatalf("%v overtook", order)
		}
		first.Release()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(order) != 3 || order[0] != "large" || order[1] != "small" || order[2] != "second" {
			t.Errorf("served in the order %v", order)
		}
		checkUse(t, b, 0, 0)
	})
}

// Whoever gives up waiting leaves the queue as if it had never been there.
func TestGivingUpWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		first := reserve(t, b, 60)
		ctx, cancel := context.WithCancel(t.Context())
		var refusal error
		go func() { _, refusal = b.Reserve(ctx, 90) }()
		synctest.Wait()
		got := false
		go func() {
			reserve(t, b, 40)
			got = true
		}()
		synctest.Wait()
		if got {
			t.Error("a small request overtook a large one")
		}
		cancel()
		synctest.Wait()
		if !errors.Is(refusal, context.Canceled) || !got {
			t.Errorf("the one who gave up got %v; the next one was served: %t", refusal, got)
		}
		first.Release()
		checkUse(t, b, 40, 0)
		reserve(t, b, 60)
	})
}

func TestNothingForThoseWhoAreDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := New(100, 1)
	if _, err := b.Reserve(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("memory: %v", err)
	}
	if err := b.AcquireThreads(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a core: %v", err)
	}
	checkUse(t, b, 0, 0)
}

func TestResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		r := reserve(t, b, 80)
		if !r.Resize(50) || !r.Resize(90) || r.Resize(101) {
			t.Error("resizing does not follow what is free")
		}
		checkUse(t, b, 90, 0)
		var second *Reservation
		go func() { second = reserve(t, b, 30) }()
		synctest.Wait()
		if r.Resize(95) {
			t.Error("it grew before one who waits")
		}
		r.Resize(70)
		synctest.Wait()
		if second == nil {
			t.Fatal("the one who waits was not served")
		}
		checkUse(t, b, 100, 0)
		r.Release()
		r.Release()
		checkUse(t, b, 30, 0)
		if r.Resize(71) || !r.Resize(0) {
			t.Error("resizing after a release does not follow what is free")
		}
	})
}

// Eight at once stay within the budget, parking and taking back as they go. Nobody gets what another parked.
func TestSharedBudgetIsKept(t *testing.T) {
	b := New(1000, 1)
	var used, taken atomic.Int64
	var wg sync.WaitGroup
	for g := range int64(8) {
		wg.Go(func() {
			var parked *Parked
			for n := range int64(2000) {
				bytes := 100 + (g*131+n*37)%500
				r := reserve(t, b, bytes, parked)
				switch what := r.Take(parked); what {
				case nil: // it made room
				case g:
					taken.Add(1)
				default:
					t.Errorf("%d took what %v parked", g, what)
				}
				now := used.Add(bytes)
				if reserved, idle := b.InUse(); now > 1000 || reserved+idle > 1000 {
					t.Errorf("%d of 1000 bytes are in use, %d reserved, %d parked", now, reserved, idle)
				}
				runtime.Gosched() // the others run meanwhile
				used.Add(-bytes)
				parked = r.Park(bytes/2, g)
				r.Release()
			}
		})
	}
	wg.Wait()
	reserve(t, b, 1000)
	checkUse(t, b, 1000, 0)
	if taken.Load() == 0 {
		t.Error("nothing was taken again")
	}
}

// A part has memory of its own and the same cores.
func TestPart(t *testing.T) {
	b := New(1000, 2)
	p := b.Part(300)
	if b.Memory() != 700 || p.Memory() != 300 {
		t.Fatalf("%d and %d", b.Memory(), p.Memory())
	}
	all := reserve(t, b, 700)
	reserve(t, p, 300).Release() // waits for nobody
	if _, err := p.Reserve(t.Context(), 301); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("more than the part: %v", err)
	}
	all.Release()
	if err := b.AcquireThreads(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if p.AcquireThreads(ctx, 1) == nil {
		t.Error("the part has cores of its own")
	}
}
