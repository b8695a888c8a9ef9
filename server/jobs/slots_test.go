package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
)

// As many jobs run as there is room for elsewhere, and more when there is more.
func TestSlotsThatChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slots, running atomic.Int32
		slots.Store(2)
		table := fresh(t, Options{Slots: func() int { return int(slots.Load()) }, Away: func(*Job) bool { return true }})
		for i := range 20 {
			add(t, table, job("a", byte(i)))
		}
		end := make(chan bool)
		runs(t, table, 0, runner(func(context.Context, Job, Told) (Result, error) {
			running.Add(1)
			<-end
			running.Add(-1)
			return Result{}, nil
		}), func() {
			expect := func(n int32) {
				t.Helper()
				synctest.Wait()
				if got := running.Load(); got != n {
					t.Errorf("%d run, not %d", got, n)
				}
			}
			expect(2)
			slots.Store(10)
			table.Wake()
			expect(10)
			slots.Store(1)
			for range 8 {
				end <- true
			}
			expect(2) // those that run go on
			end <- true
			expect(1)
			end <- true
			expect(1)
			close(end)
		})
	})
}

// A job that other machines compute is not to blame for processes that end, unless they had a part in it.
func TestJobsElsewhereAreNotToBlame(t *testing.T) {
	for name, x := range map[string]struct {
		here    bool
		suspect bool
		becomes State // when there are no other machines any more
	}{
		"elsewhere": {false, false, Done},
		"here":      {true, true, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			path, away := filepath.Join(t.TempDir(), "jobs.db"), true
			o := Options{Slots: func() int { return 3 }, Away: func(*Job) bool { return away }}
			table := open(t, path, o)
			j := add(t, table, job("a", 1))
			suspect := false
			for range hopeless {
				e, _ := table.begin()
				if e == nil {
					t.Fatal("it is not begun")
				}
				ctx, end := context.WithCancel(t.Context())
				table.do(ctx, e, runner(func(_ context.Context, j Job, told Told) (Result, error) {
					suspect = j.Suspect
					if x.here {
						told.Here()
						told.Here()
					}
					end()
					return Result{}, table.db.Close() // as if the process ended
				}))
				table = open(t, path, o)
			}
			if suspect != x.suspect {
				t.Errorf("suspect: %v", suspect)
			}
			away = false
			synctest.Test(t, func(t *testing.T) {
				runs(t, table, 0, good, func() { waitFor(t, table, j, x.becomes) })
			})
			if err := table.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the server breaks off by itself counts neither elsewhere nor here.
func TestRunsThatAreBrokenOffDoNotCount(t *testing.T) {
	table := fresh(t, Options{Slots: func() int { return 3 }, Away: func(*Job) bool { return true }})
	j := add(t, table, job("a", 1))
	for i := range 2 {
		e, _ := table.begin()
		if i == 1 {
			table.here(e)
		}
		table.end(t.Context(), e, Result{}, errEnding)
		if got := state(t, table, j, Queued); got.Attempts != 0 {
			t.Errorf("%d attempts", got.Attempts)
		}
	}
}

// A job that failed on several machines tells so, and can be tried again.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		table := fresh(t, Options{Files: d})
		j := add(t, table, job("a", 1))
		broken := FailedOn(fault.New(fault.Internal, "it failed everywhere"), []Failure{{Machine: "shed", Message: "no", Time: time.Now().UTC()}})
		runs(t, table, 0, runner(func(context.Context, Job, Told) (Result, error) { return Result{}, broken }), func() {
			got := waitFor(t, table, j, Failed)
			if len(got.Failures) != 1 || got.Failures[0].Machine != "shed" {
				t.Errorf("%+v", got.Failures)
			}
		})
		if _, err := table.Retry("b", j.ID); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		again, err := table.Retry("a", j.ID)
		if err != nil || again.State != Queued || again.Error != nil || again.Failures != nil || !again.Ended.IsZero() {
			t.Fatalf("%+v, %v", again, err)
		}
		if _, err := table.Retry("a", j.ID); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
		runs(t, table, 0, good, func() { waitFor(t, table, j, Done) })
		if _, err := table.Retry("a", j.ID); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
		if errors.Is(broken, context.Canceled) || fault.KindOf(broken) != fault.Internal {
			t.Error(broken)
		}
		d.gives(t, "result "+j.ID) // of the first run
	})
}

// What this machine does itself takes no places from what others could do.
func TestSlotsOfLargeJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{Jobs: 2, Slots: func() int { return 30 }, Away: func(j *Job) bool { return !j.Looked }})
		for i := range 20 {
			large := job("large", byte(i))
			large.Looked = true
			add(t, table, large)
			add(t, table, job("small", byte(100+i)))
		}
		var mu sync.Mutex
		most, now := map[string]int{}, map[string]int{}
		count := func(owner string, n int) {
			mu.Lock()
			defer mu.Unlock()
			now[owner] += n
			most[owner] = max(most[owner], now[owner])
		}
		runs(t, table, 0, runner(func(_ context.Context, j Job, _ Told) (Result, error) {
			count(j.Owner, 1)
			defer count(j.Owner, -1)
			time.Sleep(time.Minute)
			return Result{}, nil
		}), func() {
			time.Sleep(time.Second)
			synctest.Wait()
			mu.Lock()
			if now["large"] != 2 || now["small"] != 20 {
				t.Errorf("%v run", now)
			}
			mu.Unlock()
			time.Sleep(11 * time.Minute)
			synctest.Wait()
			if s := table.Stats(); s.States[Done] != 40 || most["large"] != 2 {
				t.Errorf("%v; at most %v ran", s.States, most)
			}
		})
	})
}
