package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
)

// TestGrace ends the server: jobs that take longer than grace are queued again, as if they had not begun.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		path := filepath.Join(t.TempDir(), "jobs.db")
		table := open(t, path, Options{Files: d})
		quick, slow, waits := add(t, table, job("a", 1)), add(t, table, job("b", 2)), add(t, table, job("b", 3))
		runs(t, table, 20*time.Second, runner(func(ctx context.Context, j Job, told Told) (Result, error) {
			if j.ID == quick.ID {
				time.Sleep(15 * time.Second)
				return Result{}, nil
			}
			told.Progress(0.5)
			return endless(ctx, j, told)
		}), synctest.Wait)
		if got := state(t, table, slow, Queued); got.Attempts != 0 || got.Progress != 0 || !got.Started.IsZero() || got.Position != 1 {
			t.Errorf("the slow one: %+v", got)
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		table = open(t, path, Options{Files: d})
		defer func() { _ = table.Close() }()
		state(t, table, quick, Done)
		if got := state(t, table, slow, Queued); got.Attempts != 0 {
			t.Errorf("the slow one was begun %d times", got.Attempts)
		}
		runs(t, table, 0, good, func() { waitFor(t, table, waits, Done) })
		state(t, table, slow, Done)
	})
}

// TestFairSlots gives an owner who has much to do all places but one while another waits, and all while nobody does.
func TestFairSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{Jobs: 3})
		for range 6 {
			j := job("a", 1)
			j.Weight = 100 // it would be next anyway
			add(t, table, j)
		}
		running := map[string]int{}
		var mu sync.Mutex
		go1 := make(chan bool)
		runs(t, table, 0, runner(func(_ context.Context, j Job, _ Told) (Result, error) {
			mu.Lock()
			running[j.Owner]++
			mu.Unlock()
			<-go1
			mu.Lock()
			running[j.Owner]--
			mu.Unlock()
			return Result{}, nil
		}), func() {
			synctest.Wait()
			if running["a"] != 3 {
				t.Errorf("alone, a has %v", running)
			}
			for range 4 {
				add(t, table, job("b", 2))
			}
			go1 <- true
			synctest.Wait()
			if running["a"] != 2 || running["b"] != 1 {
				t.Errorf("beside b, a has %v", running)
			}
			close(go1)
		})
	})
}

func TestJobsThatTakeTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		table := fresh(t, Options{MostTime: time.Minute, Files: d})
		j := add(t, table, job("a", 1))
		runs(t, table, 0, endless, func() {
			begun := time.Now()
			got := waitFor(t, table, j, Failed)
			if got.Error == nil || got.Error.Kind != fault.TooLarge || time.Since(begun) != time.Minute {
				t.Errorf("failed after %s: %+v", time.Since(begun), got.Error)
			}
		})
		d.gives(t, "result "+j.ID)
	})
}

func TestErrorsAndPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{})
		damaged, broken, mistaken := add(t, table, job("a", 1)), add(t, table, job("a", 2)), add(t, table, job("a", 3))
		runs(t, table, 0, runner(func(_ context.Context, j Job, _ Told) (Result, error) {
			switch j.Picture[0] {
			case 1:
				return Result{}, fault.New(fault.Damaged, "the picture is cut off")
			case 2:
				panic("index out of range in /a/secret/path")
			}
			return Result{}, errors.New("open /a/secret/path")
		}), synctest.Wait)
		if got := state(t, table, damaged, Failed); *got.Error != (Error{fault.Damaged, "the picture is cut off"}) {
			t.Errorf("a damaged picture: %+v", got.Error)
		}
		for _, j := range []Job{broken, mistaken} {
			if got := state(t, table, j, Failed); *got.Error != (Error{fault.Internal, mistake}) {
				t.Errorf("a mistake: %+v", got.Error)
			}
		}
	})
}

// TestFullDiskDuringRuns lets jobs wait while the disk is full.
func TestFullDiskDuringRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		table := fresh(t, Options{Files: d})
		j := add(t, table, job("a", 1))
		tries := 0
		runs(t, table, 0, runner(func(context.Context, Job, Told) (Result, error) {
			if tries++; tries == 1 {
				d.set(true)
				return Result{}, fault.New(fault.Unavailable, "no space left")
			}
			return Result{}, nil
		}), func() {
			begun := time.Now()
			time.Sleep(time.Hour)
			if tries != 1 || !table.Stats().Paused {
				t.Errorf("%d tries while the disk was full", tries)
			}
			_, _, err := table.Add(job("a", 2), "")
			kind(t, "a job for a full disk", err, fault.Unavailable)
			d.set(false)
			if got := waitFor(t, table, j, Done); got.Attempts != 1 || time.Since(begun) > time.Hour+diskPause {
				t.Errorf("begun %d times, after %s", got.Attempts, time.Since(begun))
			}
		})
		if table.Stats().Paused {
			t.Error("still paused")
		}
	})
}

// TestDiskThatIsNotFull gives up a job that says that the disk is full, again and again, where it is not.
func TestDiskThatIsNotFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := fresh(t, Options{})
		j, other := add(t, table, job("a", 1)), add(t, table, job("b", 2))
		tries := 0
		runs(t, table, 0, runner(func(_ context.Context, j Job, _ Told) (Result, error) {
			if j.Owner == "a" {
				tries++
				return Result{}, fault.New(fault.Unavailable, "permission denied")
			}
			return Result{}, nil
		}), func() {
			waitFor(t, table, j, Failed)
			waitFor(t, table, other, Done)
		})
		if tries != mostTries+1 {
			t.Errorf("%d tries", tries)
		}
	})
}

// TestPicturesThatKill runs a job that ended the process alone after some time, and gives it up at last; one beside it is done.
func TestPicturesThatKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{Jobs: 3})
	killer, innocent := add(t, table, job("a", 1)), add(t, table, job("b", 2))
	for life := 1; life < 30; life++ {
		var begun []*entry
		for {
			e, _ := table.begin()
			if e == nil {
				break
			}
			begun = append(begun, e)
		}
		if table.jobs[killer.ID].State == Failed {
			break
		}
		alone := life > suspicious
		if alone != (len(begun) == 1) {
			t.Fatalf("in life %d %d jobs run", life, len(begun))
		}
		_ = table.db.Close() // the process ends here
		table = open(t, path, Options{Jobs: 3})
	}
	defer func() { _ = table.Close() }()
	e, _ := table.begin()
	table.end(t.Context(), e, Result{}, nil)
	state(t, table, innocent, Done)
	if got := state(t, table, killer, Failed); got.Attempts != hopeless || got.Error.Kind != fault.Internal {
		t.Errorf("after %d runs: %+v", got.Attempts, got.Error)
	}
}

// TestRunningAlone lets a job that may have ended the process wait until nothing runs, and others until it is done.
func TestRunningAlone(t *testing.T) {
	table := fresh(t, Options{Jobs: 3})
	first, _ := beginJob(table, job("a", 1))
	suspect, other := add(t, table, job("b", 2)), add(t, table, job("c", 3))
	table.jobs[suspect.ID].Attempts = suspicious
	if e, _ := table.begin(); e != nil {
		t.Fatalf("%s is begun beside another", e.ID)
	}
	table.end(t.Context(), first, Result{}, nil)
	e, _ := table.begin()
	if e == nil || e.ID != suspect.ID {
		t.Fatalf("begun, when nothing runs: %v", e)
	}
	if e, _ := table.begin(); e != nil {
		t.Errorf("%s is begun beside it", e.ID)
	}
	table.end(t.Context(), e, Result{}, nil)
	if e, _ := table.begin(); e == nil || e.ID != other.ID {
		t.Error("the other one is not begun")
	}
}

// TestWhatJobsTook counts, of a job's time, its share of the machine.
func TestWhatJobsTook(t *testing.T) {
	now := time.Now()
	table := fresh(t, Options{Jobs: 2, Now: func() time.Time { return now }})
	long, _ := beginJob(table, job("a", 1))
	now = now.Add(2 * time.Second)
	short, _ := beginJob(table, job("b", 2))
	now = now.Add(4 * time.Second) // half of it for each
	table.end(t.Context(), short, Result{}, nil)
	if got := table.Pace().Seconds(keyOf(&short.Job), 1); got < 1.99 || got > 2.01 {
		t.Errorf("the short one took %g seconds", got)
	}
	now = now.Add(time.Second)
	table.progress(long, 0.5)
	if got, _ := table.Get("a", long.ID); got.ETA < 0.5*0.5*1+0.5*5-0.01 || got.ETA > 0.5*0.5*1+0.5*5+0.01 { // half by the forecast, half by 5 seconds until now
		t.Errorf("the long one is forecast to take %g seconds more", got.ETA)
	}
}

// TestManyAtOnce has many jobs of several owners done, some of which are cancelled on the way: each that was accepted ends once.
func TestManyAtOnce(t *testing.T) {
	d := &disk{}
	table := fresh(t, Options{Jobs: 4, Files: d, Queue: 10_000})
	var mu sync.Mutex
	done := map[string]int{}
	all := map[string]Job{}
	runs(t, table, 0, runner(func(ctx context.Context, j Job, told Told) (Result, error) {
		told.Progress(0.5)
		told.Band(Band{Top: 0, Height: 1})
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() == nil {
			done[j.ID]++
		}
		return Result{}, ctx.Err()
	}), func() {
		var owners sync.WaitGroup
		for n := range 6 {
			owners.Go(func() {
				owner := fmt.Sprint("owner", n)
				for i := range 40 {
					j, _, err := table.Add(job(owner, byte(i%5)), fmt.Sprint("key", i))
					if err != nil {
						t.Error(err)
						continue
					}
					mu.Lock()
					all[j.ID] = j
					mu.Unlock()
					switch rand.IntN(6) {
					case 0:
						if got, err := table.Get(owner, j.ID); err != nil || got.State.Over() {
							continue
						}
						if _, err := table.Delete(owner, j.ID); err != nil {
							t.Error(err)
						}
					case 1:
						_ = table.Expire()
						_, _ = table.List(owner, "", 5)
					}
				}
			})
		}
		owners.Wait()
		for _, j := range all {
			f, err := table.Follow(j.Owner, j.ID, 0, true)
			if fault.KindOf(err) == fault.NotFound { // it was over when it was to be cancelled
				continue
			}
			for err == nil {
				_, err = f.Next(t.Context())
			}
			f.Close()
		}
	})
	for id, j := range all {
		got, err := table.Get(j.Owner, id)
		if err == nil && got.State == Done && done[id] != 1 || done[id] > 1 {
			t.Errorf("the job is %s, and was done %d times: %v", got.State, done[id], err)
		}
		if err == nil && !got.State.Over() {
			t.Errorf("a job is %s", got.State)
		}
	}
	if d.reserved != 0 || len(table.running) != 0 || table.work.jobs != 0 || table.queue.Len() != 0 || len(table.pending) != 0 || len(table.adding) != 0 || len(table.followers) != 0 {
		t.Errorf("something is left: %d bytes, %v, %d, %d, %v", d.reserved, table.running, table.work.jobs, table.queue.Len(), table.pending)
	}
}
