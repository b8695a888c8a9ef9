package par

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestDoCallsEveryIndexOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 7, 100} {
		counts := make([]atomic.Int32, 53)
		err := Do(context.Background(), threads, len(counts), func(worker, i int) error {
			if worker < 0 || worker >= max(Threads(threads), 1) {
				t.Errorf("worker %d of %d threads", worker, threads)
			}
			counts[i].Add(1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range counts {
			if n := counts[i].Load(); n != 1 {
				t.Errorf("%d threads: index %d was called %d times", threads, i, n)
			}
		}
	}
}

func TestDoStopsAtTheFirstError(t *testing.T) {
	failure := errors.New("broken piece")
	var calls atomic.Int32
	err := Do(context.Background(), 2, 1000, func(_, i int) error {
		calls.Add(1)
		if i == 3 {
			return failure
		}
		return nil
	})
	if !errors.Is(err, failure) {
		t.Errorf("got error %v, want %v", err, failure)
	}
	if calls.Load() == 1000 {
		t.Error("work went on to the end after the error")
	}
}

func TestDoHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	err := Do(ctx, 2, 1000, func(_, i int) error {
		if i == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestDoPassesPanicsOn(t *testing.T) {
	defer func() {
		if p := recover(); p != "wrong shape" {
			t.Errorf("recovered %v, want the worker's panic", p)
		}
	}()
	_ = Do(context.Background(), 3, 10, func(_, i int) error {
		if i == 2 {
			panic("wrong shape")
		}
		return nil
	})
}

func TestAheadGivesValuesInOrder(t *testing.T) {
	next, stop := Ahead(context.Background(), 3, 2, func(n int) (int, error) {
		if n == 50 {
			return 0, errors.New("no more")
		}
		return n * n, nil
	})
	defer stop()
	for n := 3; n < 50; n++ {
		if v, err := next(); v != n*n || err != nil {
			t.Fatalf("value %d is %d, %v", n, v, err)
		}
	}
	if _, err := next(); err == nil || err.Error() != "no more" {
		t.Errorf("the error of the call is %v", err)
	}
}

// Nobody waits for a value after the end, and no goroutine is left.
func TestAheadStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	next, stop := Ahead(ctx, 0, 1, func(n int) (int, error) { return n, nil })
	if _, err := next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for range 10 {
		if _, err := next(); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
			break
		}
	}
	stop()
}
