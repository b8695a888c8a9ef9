package par

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestQueueGivesResultsInOrder(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 3}, {2, 3}, {3, 2}, {8, 9}, {4, 20}} {
		threads, depth := size[0], size[1]
		q := NewQueue[int](threads, depth)
		var busy [8]atomic.Bool
		next := 0
		take := func() {
			if v, err := q.Next(); v != next*next || err != nil {
				t.Fatalf("%v: result %d is %d, %v", size, next, v, err)
			}
			next++
		}
		for i := range 200 {
			if q.Len() == depth {
				take()
			}
			q.Submit(func(worker int) (int, error) {
				if worker < 0 || worker >= threads || !busy[worker].CompareAndSwap(false, true) {
					t.Errorf("%v: worker %d works twice at a time, or should not exist", size, worker)
				}
				time.Sleep(time.Duration(i%3) * 10 * time.Microsecond)
				busy[worker].Store(false)
				return i * i, nil
			})
		}
		for q.Len() > 0 {
			take()
		}
		if next != 200 {
			t.Errorf("%v: %d results", size, next)
		}
	}
}

// Work begins in the order in which it was submitted, as many pieces at a time as there are threads.
func TestQueueBeginsInOrder(t *testing.T) {
	q := NewQueue[int](2, 10)
	var mu sync.Mutex
	var begun []int
	go1, both := make(chan struct{}), make(chan struct{})
	for i := range 10 {
		q.Submit(func(int) (int, error) {
			mu.Lock()
			begun = append(begun, i)
			if len(begun) == 2 {
				close(both)
			}
			mu.Unlock()
			<-go1
			return i, nil
		})
	}
	<-both
	time.Sleep(10 * time.Millisecond)
	mu.Lock()
	if n := len(begun); n != 2 {
		t.Errorf("%d pieces of work run on 2 threads", n)
	}
	mu.Unlock()
	close(go1)
	for i := range 10 {
		if v, err := q.Next(); v != i || err != nil {
			t.Errorf("result %d is %d, %v", i, v, err)
		}
	}
	for i, v := range begun {
		if v < i-1 || v > i+1 { // two goroutines may pass each other on the way to the lock
			t.Errorf("work began in the order %v", begun)
		}
	}
}

func TestQueuePassesErrorsAndPanicsOn(t *testing.T) {
	q := NewQueue[int](2, 4)
	failure := errors.New("broken piece")
	q.Submit(func(int) (int, error) { return 1, nil })
	q.Submit(func(int) (int, error) { return 2, failure })
	q.Submit(func(int) (int, error) { wrongShape(); return 3, nil })
	q.Submit(func(int) (int, error) { return 4, nil })
	if v, err := q.Next(); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if v, err := q.Next(); v != 2 || !errors.Is(err, failure) {
		t.Errorf("%d, %v", v, err)
	}
	func() {
		defer func() { checkPanic(t, recover()) }()
		_, err := q.Next()
		t.Errorf("Next returned (%v) after a panic", err)
	}()
	q.Stop() // the panic was passed on once, which is enough
}

// Stop waits for what runs, drops what waits, and leaves no goroutine.
func TestQueueStops(t *testing.T) {
	before := runtime.NumGoroutine()
	q := NewQueue[int](2, 10)
	var begun, ended atomic.Int32
	both, release := make(chan struct{}), make(chan struct{})
	for range 10 {
		q.Submit(func(int) (int, error) {
			if begun.Add(1) == 2 {
				close(both)
			}
			<-release
			ended.Add(1)
			return 0, nil
		})
	}
	<-both
	stopped := make(chan struct{})
	go func() {
		q.Stop()
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Error("Stop did not wait for the work that runs")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	<-stopped
	if b, e := begun.Load(), ended.Load(); b != 2 || e != 2 {
		t.Errorf("%d pieces of work began and %d ended, want the 2 that ran", b, e)
	}
	if q.Len() != 0 {
		t.Error("a stopped queue is not empty")
	}
	awaitGoroutines(t, before)
}

// A panic is not lost if nobody takes the result.
func TestQueuePassesPanicsOnWhenStopped(t *testing.T) {
	q := NewQueue[int](1, 2)
	begun := make(chan struct{})
	q.Submit(func(int) (int, error) { close(begun); wrongShape(); return 0, nil })
	<-begun
	defer func() {
		checkPanic(t, recover())
		q.Stop() // says nothing any more
	}()
	q.Stop()
	t.Error("Stop returned after a panic")
}

// Goroutines are gone once all work is done, without a Stop.
func TestQueuesWithoutWorkHaveNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	q := NewQueue[int](3, 5)
	for range 5 {
		q.Submit(func(int) (int, error) { return 0, nil })
	}
	for q.Len() > 0 {
		if _, err := q.Next(); err != nil {
			t.Error(err)
		}
	}
	awaitGoroutines(t, before)
}

func TestQueuesAreBounded(t *testing.T) {
	q := NewQueue[int](1, 1)
	for text, call := range map[string]func(){
		"holds at least": func() { NewQueue[int](1, 0) },
		"empty":          func() { _, _ = q.Next() },
		"full": func() {
			q.Submit(func(int) (int, error) { return 0, nil })
			q.Submit(func(int) (int, error) { return 0, nil })
		},
	} {
		func() {
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, text) {
					t.Errorf("panics with %q, want %q", said, text)
				}
				q.Stop()
			}()
			call()
		}()
	}
}

// awaitGoroutines demands that there are only so many goroutines, after those that are about to end.
func awaitGoroutines(t *testing.T, want int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, want %d", runtime.NumGoroutine(), want)
}
