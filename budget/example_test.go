package budget_test

import (
	"context"
	"fmt"

	"classsr/budget"
)

// worker has memory that is worth keeping from one picture to the next.
type worker struct{ arena []float32 }

// enlarge reserves what a picture takes, with the worker of an earlier call if that is still there, which it parks again.
func enlarge(ctx context.Context, b *budget.Budget, picture, arena int64, idle *budget.Parked) (*budget.Parked, error) {
	r, err := b.Reserve(ctx, picture+arena, idle)
	if err != nil {
		return idle, err
	}
	defer r.Release()
	w, ok := r.Take(idle).(*worker)
	if !ok {
		fmt.Println("a new arena")
		w = &worker{make([]float32, arena/4)}
	}
	if err := b.AcquireThreads(ctx, 1); err != nil {
		return r.Park(arena, w), err
	}
	clear(w.arena) // as long as each part takes to compute
	b.ReleaseThreads(1)
	return r.Park(arena, w), nil
}

func Example() {
	b := budget.New(100<<20, 2)
	var idle *budget.Parked
	for _, picture := range []int64{50 << 20, 60 << 20, 80 << 20} {
		var err error
		if idle, err = enlarge(context.Background(), b, picture, 40<<20, idle); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(b.InUse())
	// Output:
	// a new arena
	// it would take 126 MB of memory, more than the 105 MB allowed: allow more memory
	// 0 41943040
}
