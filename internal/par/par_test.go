package par

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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
	defer func() { checkPanic(t, recover()) }()
	_ = Do(context.Background(), 3, 10, func(_, i int) error {
		if i == 2 {
			wrongShape()
		}
		return nil
	})
}

// A panic that goes through several calls of Do is told once, with the stack of where it began.
func TestDoPassesPanicsOnThroughCalls(t *testing.T) {
	defer func() { checkPanic(t, recover()) }()
	_ = Do(context.Background(), 2, 2, func(_, _ int) error {
		return Do(context.Background(), 2, 2, func(_, _ int) error {
			wrongShape()
			return nil
		})
	})
}

func wrongShape() { panic("wrong shape") }

// checkPanic demands the panic of wrongShape, with where it happened.
func checkPanic(t *testing.T, recovered any) {
	t.Helper()
	p, ok := recovered.(*Panic)
	if !ok || p.Value != "wrong shape" || !strings.Contains(string(p.Stack), "par.wrongShape") {
		t.Fatalf("recovered %v, want the worker's panic and stack", recovered)
	}
	if text := p.Error(); !strings.HasPrefix(text, "wrong shape\n") || strings.Count(text, "par.wrongShape") != 1 {
		t.Errorf("the panic says %q", text)
	}
}

func TestPanicsWithErrorsAreErrors(t *testing.T) {
	cause := errors.New("cause")
	if !errors.Is(&Panic{Value: cause}, cause) || errors.Is(&Panic{Value: "text"}, cause) {
		t.Error("a panic with an error does not wrap it")
	}
}

func TestThreadsAreBounded(t *testing.T) {
	for n, want := range map[int]int{1: 1, 100: 100, 1 << 40: MaxThreads, 0: runtime.GOMAXPROCS(0), -5: runtime.GOMAXPROCS(0)} {
		if got := Threads(n); got != want {
			t.Errorf("Threads(%d) is %d, want %d", n, got, want)
		}
	}
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
	for range 2 {
		if _, err := next(); err == nil || err.Error() != "no more" {
			t.Errorf("the error of the call is %v", err)
		}
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

// Values that were made before a panic are given, then the panic.
func TestAheadPassesPanicsOn(t *testing.T) {
	next, stop := Ahead(context.Background(), 0, 2, produceTwo)
	defer stop()
	for n := range 2 {
		if v, err := next(); v != n || err != nil {
			t.Fatalf("value %d is %d, %v", n, v, err)
		}
	}
	defer func() { checkPanic(t, recover()) }()
	_, err := next()
	t.Errorf("next returned (%v) after a panic", err)
}

// A panic is not lost if nobody asks for the value.
func TestAheadPassesPanicsOnWhenStopped(t *testing.T) {
	_, stop := Ahead(context.Background(), 0, 3, produceTwo)
	defer func() { checkPanic(t, recover()) }()
	for range 100 { // until produce has panicked
		time.Sleep(time.Millisecond)
	}
	stop()
	t.Error("stop returned after a panic")
}

func produceTwo(n int) (int, error) {
	if n == 2 {
		wrongShape()
	}
	return n, nil
}
