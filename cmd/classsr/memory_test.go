package main

import (
	"runtime/debug"
	"testing"
)

func TestGoIsHeldToTheBudget(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "")
	for _, memory := range []int64{200e6, 1 << 60, 0} {
		b := newBudget(memory, 3, besides)
		if memory > 0 && b.Memory() != memory || b.Threads() != 3 {
			t.Errorf("asked for %d bytes and 3 threads, got %d and %d", memory, b.Memory(), b.Threads())
		}
		if limit := debug.SetMemoryLimit(-1); limit <= b.Memory() || limit > b.Memory()+40e6 {
			t.Errorf("Go is limited to %d bytes for a budget of %d", limit, b.Memory())
		}
	}
	debug.SetMemoryLimit(1 << 40)
	t.Setenv("GOMEMLIMIT", "1TiB")
	if newBudget(200e6, 1, besides); debug.SetMemoryLimit(-1) != 1<<40 {
		t.Error("GOMEMLIMIT does not count")
	}
}
