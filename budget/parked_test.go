package budget

import (
	"runtime/metrics"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestParkedMemoryIsTakenAgain(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 80)
	p := r.Park(30, "arena")
	checkUse(t, b, 50, 30)
	r.Release()
	checkUse(t, b, 0, 30)
	r = reserve(t, b, 70) // beside it
	checkUse(t, b, 70, 30)
	if r.Take(p) != "arena" || r.Take(p) != nil || r.Take(nil) != nil {
		t.Error("parked memory is not taken exactly once")
	}
	checkUse(t, b, 70, 0)
}

// The oldest goes first, and no more than has to.
func TestParkedMemoryMakesRoom(t *testing.T) {
	b := New(100, 1)
	var parked []*Parked
	for range 3 {
		r := reserve(t, b, 30)
		parked = append(parked, r.Park(30, "arena"))
	}
	r := reserve(t, b, 15)
	checkUse(t, b, 15, 60)
	if !r.Resize(50) {
		t.Error("what is parked stands in the way of growing")
	}
	checkUse(t, b, 50, 30)
	if r.Take(parked[0]) != nil || r.Take(parked[1]) != nil || r.Take(parked[2]) == nil {
		t.Error("the last one was dropped, or another was not")
	}
}

// Memory that the caller parked is kept for it, even where it would not fit beside the reservation; that of others makes room.
func TestReserveKeepsItsOwn(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 90)
	mine, other := r.Park(60, "mine"), r.Park(30, "other")
	r.Release()
	r = reserve(t, b, 80, nil, mine)
	checkUse(t, b, 80, 0)
	if r.Take(other) != nil || r.Take(mine) != "mine" || r.Take(mine) != nil {
		t.Error("its own memory cannot be taken once, or that of others was kept")
	}
}

// What was kept for a reservation that had no use for it is parked again, counts, and makes room for others.
func TestKeptAndNotTaken(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 90)
	first, second := r.Park(30, "first"), r.Park(40, "second")
	r.Release()
	r = reserve(t, b, 80, first, second)
	checkUse(t, b, 80, 0)
	r.Take(first)
	r.Release()
	checkUse(t, b, 0, 40)
	r = reserve(t, b, 70)
	checkUse(t, b, 70, 0)
	if r.Take(second) != nil {
		t.Error("it is kept where its room is needed")
	}
}

// What is larger than the new reservation is treated like anybody else's.
func TestReserveKeepsNoMoreThanItReserves(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 90)
	mine := r.Park(90, "mine")
	if r = reserve(t, b, 80, mine); r.Take(mine) != nil {
		t.Error("more was kept than reserved")
	}
	checkUse(t, b, 80, 0)
}

func TestParkedForAnotherReservation(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 50)
	p := r.Park(20, "arena")
	first, second := reserve(t, b, 20, p), reserve(t, b, 20, p)
	if second.Take(p) != nil || first.Take(p) == nil {
		t.Error("parked memory went to another reservation than the one that it was kept for")
	}
}

func TestParkMoreThanReserved(t *testing.T) {
	b := New(100, 1)
	r := reserve(t, b, 40)
	fits := r.Park(70, "arena")
	checkUse(t, b, 0, 70)
	r = reserve(t, b, 20)
	tooMuch := r.Park(40, "arena")
	checkUse(t, b, 0, 70)
	if r = reserve(t, b, 20); r.Take(tooMuch) != nil || r.Take(fits) == nil {
		t.Error("what is parked is not what there is room for")
	}
}

// Those who wait get what is parked meanwhile.
func TestParkingWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		r := reserve(t, b, 100)
		served := false
		go func() {
			reserve(t, b, 60)
			served = true
		}()
		synctest.Wait()
		p := r.Park(100, "arena")
		synctest.Wait()
		if !served || r.Take(p) != nil {
			t.Errorf("served: %t", served)
		}
		checkUse(t, b, 60, 0)
	})
}

func TestIdleMemoryIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		reserve(t, b, 10)
		for range 3 {
			r := reserve(t, b, 20)
			r.Park(20, "arena")
			time.Sleep(3 * time.Second)
		}
		var parked []int64
		for range 9 { // from second 9.5 on
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			_, now := b.InUse()
			parked = append(parked, now)
			time.Sleep(500 * time.Millisecond)
		}
		if want := []int64{60, 40, 40, 40, 20, 20, 20, 0, 0}; !slices.Equal(parked, want) {
			t.Errorf("parked second by second: %v, want %v", parked, want)
		}
	})
}

// What is used again and again stays, and an idle budget leaves no timer behind.
func TestUsedMemoryStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(100, 1)
		var p *Parked
		for n := range 10 {
			r := reserve(t, b, 20, p)
			if what := r.Take(p); (what == nil) != (n == 0) {
				t.Errorf("call %d gets %v", n, what)
			}
			p = r.Park(20, "arena")
			time.Sleep(9 * time.Second)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		checkUse(t, b, 0, 0)
		if b.idle.waiting {
			t.Error("the timer goes on")
		}
	})
}

// After the last work, memory goes back to the system, also what was never parked.
func TestIdleProcessGivesMemoryBack(t *testing.T) {
	b := New(1<<30, 1)
	b.idle.keep = 100 * time.Millisecond
	used := func(bytes int) []byte {
		memory := make([]byte, bytes)
		for i := 0; i < bytes; i += 4096 {
			memory[i] = 1
		}
		return memory
	}
	kept := func() uint64 {
		memory := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(memory)
		return memory[0].Value.Uint64() - memory[1].Value.Uint64()
	}
	r := reserve(t, b, 128<<20)
	released := used(64 << 20)
	p := r.Park(64<<20, used(64<<20))
	if now := kept(); now < 128<<20 {
		t.Fatalf("%d bytes are kept at first, with %d", now, len(released))
	}
	r.Release()
	for end := time.Now().Add(20 * time.Second); kept() > 40<<20; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are kept at last", kept())
		}
	}
	if reserve(t, b, 64<<20).Take(p) != nil {
		t.Error("what was idle can be taken")
	}
}

// Trim drops what is parked and nothing else, and leaves nothing to do for later.
func TestTrim(t *testing.T) {
	b := New(200<<20, 1)
	r := reserve(t, b, 150<<20)
	p := r.Park(100<<20, "arena")
	b.Trim()
	checkUse(t, b, 50<<20, 0)
	if r.Take(p) != nil {
		t.Error("parked memory is still there")
	}
	if b.idle.garbage != 0 {
		t.Errorf("%d bytes would be given back a second time", b.idle.garbage)
	}
}
