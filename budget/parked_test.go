package budget

import (
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestParkedMemoryIsTakenAgain(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 80)
	p := r.Park(30, func() { t.Error("dropped without need") })
	checkUse(t, b, 50, 30)
	r.Release()
	checkUse(t, b, 0, 30)
	r = reserve(t, b, 70) // beside it
	checkUse(t, b, 70, 30)
	if !r.Take(p) || r.Take(p) || r.Take(nil) {
		t.Error("parked memory is not taken exactly once")
	}
	checkUse(t, b, 70, 0)
}

// The oldest goes first, and no more than has to.
func TestParkedMemoryMakesRoom(t *testing.T) {
	b := New(100, 1)
	var dropped []string
	park := func(name string, bytes int64) *Parked {
		r := reserve(t, b, bytes)
		defer r.Release()
		return r.Park(bytes, func() {
			b.InUse() // no lock is held
			dropped = append(dropped, name)
		})
	}
	first, second, third := park("first", 30), park("second", 30), park("third", 30)
	r := reserve(t, b, 15)
	if !slices.Equal(dropped, []string{"first"}) {
		t.Errorf("dropped %v for 15 bytes", dropped)
	}
	if !r.Resize(50) || !slices.Equal(dropped, []string{"first", "second"}) {
		t.Errorf("dropped %v for 50 bytes", dropped)
	}
	if r.Take(first) || r.Take(second) || !r.Take(third) {
		t.Error("what can be taken is not what was not dropped")
	}
}

// Memory that the caller parked is kept for it, if others make room enough, even where both together would not fit beside each other.
func TestReserveKeepsItsOwn(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 90)
	mine := r.Park(60, func() { t.Error("its own was dropped") })
	other := false
	r.Park(30, func() { other = true })
	r.Release()
	r = reserve(t, b, 80, nil, mine)
	checkUse(t, b, 80, 0)
	if !other || !r.Take(mine) || r.Take(mine) {
		t.Errorf("the other was dropped: %t; its own cannot be taken once", other)
	}
}

// What is larger than the new reservation is treated like anybody else's.
func TestReserveKeepsNoMoreThanItReserves(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 90)
	gone := false
	mine := r.Park(90, func() { gone = true })
	if r = reserve(t, b, 80, mine); !gone || r.Take(mine) {
		t.Error("more was kept than reserved")
	}
	checkUse(t, b, 80, 0)
}

func TestParkedForAnotherReservation(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 50)
	p := r.Park(20, func() {})
	first, second := reserve(t, b, 20, p), reserve(t, b, 20, p)
	if second.Take(p) || !first.Take(p) {
		t.Error("parked memory went to another reservation than the one that it was kept for")
	}
}

func TestParkMoreThanReserved(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 40)
	if p := r.Park(70, func() {}); p == nil {
		t.Error("there was room for more than had been reserved")
	}
	checkUse(t, b, 0, 70)
	r = reserve(t, b, 20)
	if p := r.Park(40, func() { t.Error("dropped, but not parked") }); p != nil {
		t.Error("parked more than there is")
	}
	checkUse(t, b, 0, 70)
}

// Those who wait get what is parked meanwhile.
func TestParkingWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		r := reserve(t, b, 100)
		served, dropped := false, false
		go func() {
			reserve(t, b, 60)
			served = true
		}()
		synctest.Wait()
		p := r.Park(100, func() { dropped = true })
		synctest.Wait()
		if !served || !dropped || r.Take(p) {
			t.Errorf("served: %t; dropped: %t", served, dropped)
		}
		checkUse(t, b, 60, 0)
	})
}

func TestIdleMemoryIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		busy := reserve(t, b, 10)
		drops := make(chan time.Duration, 3)
		start := time.Now()
		for range 3 {
			r := reserve(t, b, 20)
			r.Park(20, func() { drops <- time.Since(start) })
			time.Sleep(3 * time.Second)
		}
		dropped := []time.Duration{<-drops, <-drops, <-drops}
		if want := []time.Duration{10 * time.Second, 13 * time.Second, 16 * time.Second}; !slices.Equal(dropped, want) {
			t.Errorf("dropped after %v, want %v", dropped, want)
		}
		checkUse(t, b, 10, 0)
		busy.Release()
	})
}

// What is used again and again stays, and an idle budget leaves no timer behind.
func TestUsedMemoryStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		var gone atomic.Bool
		var p *Parked
		for n := range 10 {
			r := reserve(t, b, 20, p)
			if taken := r.Take(p); taken != (n > 0) {
				t.Errorf("call %d: taken: %t", n, taken)
			}
			p = r.Park(20, func() { gone.Store(true) })
			time.Sleep(9 * time.Second)
		}
		if gone.Load() {
			t.Error("memory in use was dropped")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !gone.Load() || b.idle.waiting {
			t.Errorf("dropped at last: %t; the timer runs: %t", gone.Load(), b.idle.waiting)
		}
	})
}

// After the last work, memory goes back to the system, also what was never parked.
func TestIdleProcessGivesMemoryBack(t *testing.T) {
	b := New(1<<30, 1)
	b.idle.keep = 20 * time.Millisecond
	r := reserve(t, b, 128<<20)
	parked, released := make([]byte, 64<<20), make([]byte, 64<<20)
	for _, memory := range [][]byte{parked, released} {
		for i := 0; i < len(memory); i += 4096 {
			memory[i] = 1
		}
	}
	r.Park(int64(len(parked)), func() { parked = nil })
	r.Release()
	kept := func() uint64 {
		memory := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(memory)
		return memory[0].Value.Uint64() - memory[1].Value.Uint64()
	}
	if now := kept(); now < 100<<20 {
		t.Fatalf("%d bytes are kept at first", now)
	}
	for end := time.Now().Add(10 * time.Second); kept() > 40<<20; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are kept at last", kept())
		}
	}
}
