package work

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
)

// At no time are more let in than may be, all come to their turn, and whoever leaves the line gives room to the others.
func TestTurnsAreTaken(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		most := rapid.IntRange(1, 3).Draw(r, "at a time")
		type visit struct {
			owner    string
			patience time.Duration
			takes    time.Duration
		}
		visits := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) visit {
			return visit{
				rapid.SampledFrom([]string{"alice", "bob", "carol"}).Draw(r, "owner"),
				time.Duration(rapid.IntRange(1, 20).Draw(r, "patience")) * time.Second,
				time.Duration(rapid.IntRange(1, 3).Draw(r, "takes")) * time.Second / 2,
			}
		}), 1, 12).Draw(r, "visits")
		synctest.Test(t, func(*testing.T) {
			turns := newTurns(most)
			var inside, done, gone atomic.Int64
			var all sync.WaitGroup
			for _, v := range visits {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(context.Background(), v.patience)
					defer cancel()
					leave, err := turns.enter(ctx, v.owner, 1, v.takes.Seconds())
					if err != nil {
						if !errors.Is(err, context.DeadlineExceeded) && fault.KindOf(err) != fault.Busy {
							r.Errorf("%v", err)
						}
						gone.Add(1)
						return
					}
					if n := inside.Add(1); n > int64(most) {
						r.Errorf("%d are in, %d may be", n, most)
					}
					time.Sleep(v.takes)
					inside.Add(-1)
					leave(v.takes.Seconds())
					done.Add(1)
				})
			}
			all.Wait()
			if done.Load()+gone.Load() != int64(len(visits)) || done.Load() == 0 {
				r.Errorf("%d came to their turn and %d left, of %d", done.Load(), gone.Load(), len(visits))
			}
			if turns.free != most || turns.queue.Len() != 0 || turns.waiting > 1e-9 {
				r.Errorf("in the end %d are free of %d, %d wait, for %g seconds", turns.free, most, turns.queue.Len(), turns.waiting)
			}
		})
	})
}

// An owner with a long line is told to come again, and one who comes new is let in before it.
func TestTurnsAreFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		var order []string
		var all sync.WaitGroup
		visit := func(owner string) {
			all.Go(func() {
				leave, err := turns.enter(context.Background(), owner, 1, 4)
				if err != nil {
					order = append(order, owner+": "+string(fault.KindOf(err)))
					return
				}
				order = append(order, owner)
				time.Sleep(4 * time.Second)
				leave(4)
			})
			synctest.Wait()
		}
		for range 5 { // one is in, three wait for 12 seconds
			visit("greedy")
		}
		visit("other")
		all.Wait()
		want := []string{"greedy", "greedy: busy", "other", "greedy", "greedy", "greedy"}
		if len(order) != len(want) {
			t.Fatalf("%v", order)
		}
		for i := range want {
			if order[i] != want[i] && (i <= 1 || i >= 4) {
				t.Errorf("%v, want %v", order, want)
			}
		}
		if order[2] != "other" && order[3] != "other" {
			t.Errorf("who comes new waits behind a line: %v", order)
		}
	})
}

// Those who gave up waiting are not in the way of others.
func TestTurnsThatWereGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1)
		leave, err := turns.enter(context.Background(), "alice", 1, 4)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				if _, err := turns.enter(ctx, "alice", 1, 4); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
			})
		}
		all.Wait()
		all.Go(func() {
			leave, err := turns.enter(context.Background(), "alice", 1, 4)
			if err != nil {
				t.Errorf("nobody waits, but: %v", err)
				return
			}
			leave(4)
		})
		synctest.Wait()
		all.Go(func() {
			leave, err := turns.enter(context.Background(), "alice", 1, 4)
			if err != nil {
				t.Errorf("one waits for four seconds, but: %v", err)
				return
			}
			leave(4)
		})
		synctest.Wait()
		leave(4)
		all.Wait()
	})
}
