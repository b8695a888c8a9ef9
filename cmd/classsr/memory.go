package main

import (
	"os"
	"runtime/debug"

	"classsr/budget"
)

// besides is what Go may have on top of the budget, in bytes: for models and their packed weights, goroutines, the runtime itself, and
// garbage that waits for its collection. The program's file, of which up to 17 MB are resident, is not among it: Go does not count that.
const besides = 22 << 20

// besidesServing is the same for the server, whose table and connections take some that Go does not count.
const besidesServing = 16 << 20

// garbagePercent is how much garbage there may be before it is collected, of what is in use. Nearly all of that is numbers, which are not
// looked at, so that collecting often costs little.
const garbagePercent = 25

// newBudget makes the budget of a command, of so many bytes and threads (0: what the process may use), and holds Go to it and so many bytes beside it: garbage is
// collected before the process would exceed the budget by much, however little there is. GOMEMLIMIT, if it is set, says how much that is
// instead.
func newBudget(memory int64, threads int, beside int64) *budget.Budget {
	b := budget.New(memory, threads)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(b.Memory() + beside)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	return b
}
