package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"classsr/fault"
	"classsr/server/blobs"
)

// disk notes what is removed, and can be full.
type disk struct {
	mu       sync.Mutex
	full     bool
	reserved int64
	removed  []string
}

func (d *disk) Reserve(bytes int64) (func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return nil, fault.New(fault.Unavailable, "full")
	}
	d.reserved += bytes
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.reserved -= bytes
	}, nil
}

func (d *disk) RemovePicture(s blobs.Sum) error { d.note("picture " + s.String()[:2]); return nil }
func (d *disk) RemoveResult(id string) error    { d.note("result " + id); return nil }

func (d *disk) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.removed = append(d.removed, what)
}

// runner does jobs as a test says.
type runner func(ctx context.Context, j Job, told Told) (Result, error)

func (r runner) Run(ctx context.Context, j Job, told Told) (Result, error) { return r(ctx, j, told) }

func open(t interface {
	Fatal(...any)
	Helper()
}, path string, files Files) *Table {
	t.Helper()
	table, err := Open(path, Options{Queue: 100, Jobs: 2, Retention: time.Hour, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func job(owner string, picture byte) Job {
	return Job{Owner: owner, Picture: blobs.Sum{picture}, Order: map[string]string{"scale": "4"}, Forecast: 1, Bytes: 10, Model: "span-x4", Ending: ".png"}
}

func add(t *testing.T, table *Table, j Job) Job {
	t.Helper()
	added, _, err := table.Add(j, "")
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// run runs a table until test is done with it.
func run(t *testing.T, table *Table, grace time.Duration, r Runner, test func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- table.Run(ctx, grace, r) }()
	test()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// wait waits until a job is in a state.
func wait(t *testing.T, table *Table, j Job, want State) Job {
	t.Helper()
	f, err := table.Follow(j.Owner, j.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		events, err := f.Next(t.Context())
		if err != nil {
			t.Fatalf("while waiting for %s: %v", want, err)
		}
		for _, e := range events {
			if e.Band == nil && e.Job.State == want {
				return e.Job
			}
		}
	}
}

var good = runner(func(_ context.Context, j Job, _ Told) (Result, error) {
	return Result{Bytes: 5, Sum: j.Picture}, nil
})

func TestJobsAreDone(t *testing.T) {
	d := &disk{}
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), d)
	j := add(t, table, job("a", 1))
	if j.State != Queued || j.Position != 1 || len(j.ID) != 26 {
		t.Errorf("added: %+v", j)
	}
	run(t, table, 0, good, func() {
		done := wait(t, table, j, Done)
		if done.Result == nil || done.Result.Bytes != 5 || done.Expires.Sub(done.Ended) != time.Hour || done.Progress != 1 {
			t.Errorf("done: %+v", done)
		}
	})
	if d.reserved != 0 {
		t.Errorf("%d bytes are still set aside", d.reserved)
	}
	if _, err := table.Get("b", j.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another owner sees it: %v", err)
	}
	if _, err := table.Delete("a", j.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Get("a", j.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("removed: %v", err)
	}
	if !slices.Equal(d.removed, []string{"result " + j.ID, "picture 01"}) {
		t.Errorf("removed %v", d.removed)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, nil)
	var ids sync.Map
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			j, _, err := table.Add(job("a", 1), "k")
			if err != nil {
				t.Error(err)
			}
			ids.Store(j.ID, true)
		})
	}
	all.Wait()
	count := 0
	ids.Range(func(any, any) bool { count++; return true })
	if count != 1 {
		t.Fatalf("one key made %d jobs", count)
	}
	if _, _, err := table.Add(job("a", 2), "k"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the key for another picture: %v", err)
	}
	if _, replayed, err := table.Add(job("b", 2), "k"); err != nil || replayed {
		t.Errorf("another owner's key: %v %v", replayed, err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table = open(t, path, nil)
	if _, replayed, err := table.Add(job("a", 1), "k"); err != nil || !replayed {
		t.Errorf("after a restart: %v %v", replayed, err)
	}
}

func TestQueueIsBounded(t *testing.T) {
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), nil)
	table.Queue = 10
	for range 5 {
		add(t, table, job("a", 1))
	}
	if _, _, err := table.Add(job("a", 1), ""); fault.KindOf(err) != fault.Busy {
		t.Errorf("more than half the queue is one owner's: %v", err)
	}
	for i := range 5 {
		add(t, table, job(fmt.Sprint("b", i), 1))
	}
	if _, _, err := table.Add(job("c", 1), ""); fault.KindOf(err) != fault.Busy {
		t.Errorf("a full queue takes one: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	d := &disk{full: true}
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), d)
	if _, _, err := table.Add(job("a", 1), ""); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("taken with a full disk: %v", err)
	}
	if n := table.Stats().States[Queued]; n != 0 {
		t.Errorf("%d jobs wait", n)
	}
	d.full = false
	j := add(t, table, job("a", 1))
	tries := 0
	run(t, table, 0, runner(func(context.Context, Job, Told) (Result, error) {
		if tries++; tries == 1 {
			return Result{}, fault.New(fault.Unavailable, "full")
		}
		return Result{}, nil
	}), func() { wait(t, table, j, Done) })
	if got, _ := table.Get("a", j.ID); tries != 2 || got.Attempts != 1 {
		t.Errorf("%d tries, %d attempts", tries, got.Attempts)
	}
}

func TestCancel(t *testing.T) {
	d := &disk{}
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), d)
	first, second := add(t, table, job("a", 1)), add(t, table, job("a", 2))
	if j, err := table.Delete("a", second.ID); err != nil || j.State != Cancelled {
		t.Fatalf("%+v %v", j, err)
	}
	begun := make(chan bool, 1)
	run(t, table, 0, runner(func(ctx context.Context, _ Job, _ Told) (Result, error) {
		begun <- true
		<-ctx.Done()
		return Result{}, ctx.Err()
	}), func() {
		<-begun
		if j, err := table.Delete("a", first.ID); err != nil || j.State != Cancelled {
			t.Fatalf("%+v %v", j, err)
		}
		wait(t, table, first, Cancelled)
	})
	if len(begun) > 0 {
		t.Error("a cancelled job was begun")
	}
	if d.reserved != 0 {
		t.Errorf("%d bytes are still set aside", d.reserved)
	}
}

// When the server ends, jobs that take longer than grace are queued again, and counted as if they had not begun.
func TestGrace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, nil)
	quick, slow := add(t, table, job("a", 1)), add(t, table, job("b", 2))
	begun := make(chan bool, 2)
	run(t, table, 50*time.Millisecond, runner(func(ctx context.Context, j Job, _ Told) (Result, error) {
		begun <- true
		if j.ID == quick.ID {
			time.Sleep(10 * time.Millisecond)
			return Result{}, nil
		}
		<-ctx.Done()
		return Result{}, ctx.Err()
	}), func() { <-begun; <-begun })
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table = open(t, path, nil)
	if j, _ := table.Get("a", quick.ID); j.State != Done {
		t.Errorf("the quick one is %s", j.State)
	}
	if j, _ := table.Get("b", slow.ID); j.State != Queued || j.Attempts != 0 {
		t.Errorf("the slow one is %s, begun %d times", j.State, j.Attempts)
	}
}

func TestEventsTellEverything(t *testing.T) {
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), nil)
	j := add(t, table, job("a", 1))
	var states []State
	bands := 0
	run(t, table, 0, runner(func(_ context.Context, _ Job, told Told) (Result, error) {
		for i := range 20 {
			told.Progress(float64(i) / 20)
			told.Band(Band{Top: i, Height: 1, Width: 8, Whole: 20})
		}
		return Result{}, nil
	}), func() {
		f, err := table.Follow("a", j.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for {
			events, err := f.Next(t.Context())
			if errors.Is(err, ErrEnd) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Band != nil {
					bands++
				} else if len(states) == 0 || states[len(states)-1] != e.Job.State {
					states = append(states, e.Job.State)
				}
			}
		}
	})
	if states[len(states)-1] != Done {
		t.Errorf("told of %v", states)
	}
	if _, err := table.Follow("b", j.ID, 0); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another owner may listen: %v", err)
	}
}

func TestExpire(t *testing.T) {
	d := &disk{}
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), d)
	j := add(t, table, job("a", 1))
	run(t, table, 0, good, func() { wait(t, table, j, Done) })
	now := time.Now()
	later := func(by time.Duration) { now = now.Add(by) }
	table.Now = func() time.Time { return now }
	if err := table.AddPicture(Picture{Owner: "a", Sum: blobs.Sum{7}}); err != nil {
		t.Fatal(err)
	}
	later(59 * time.Minute)
	if n := table.Expire(); n != 0 {
		t.Errorf("%d went too early", n)
	}
	if _, err := table.Picture("a", blobs.Sum{7}); err != nil { // used
		t.Error(err)
	}
	later(2 * time.Minute)
	if n := table.Expire(); n != 1 {
		t.Errorf("%d went", n)
	}
	if _, err := table.Picture("a", blobs.Sum{7}); err != nil {
		t.Error("an upload that was used went")
	}
	later(61 * time.Minute)
	table.Expire()
	if _, err := table.Picture("a", blobs.Sum{7}); fault.KindOf(err) != fault.NotFound {
		t.Error("an upload that nobody used stays")
	}
	if !slices.Contains(d.removed, "picture 07") || !slices.Contains(d.removed, "picture 01") {
		t.Errorf("removed %v", d.removed)
	}
}

func TestBrokenTable(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "jobs.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("nonsense", 4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	table := open(t, path, nil)
	add(t, table, job("a", 1))
	if names, _ := filepath.Glob(path + ".broken-*"); len(names) != 1 {
		t.Errorf("put aside: %v", names)
	}
	if _, err := Open(path, Options{Queue: 1, Jobs: 1}); fault.KindOf(err) != fault.Busy {
		t.Errorf("a second one opens it: %v", err)
	}
}

// However jobs are added, begun, cancelled and cut off by crashes: none is lost, none is done twice, and what is told is what is on disk.
func TestCrashes(t *testing.T) {
	all, tries := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		folder := filepath.Join(all, fmt.Sprint(tries))
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "jobs.db")
		table := open(t, path, nil)
		want := map[string]State{} // of every job that was accepted
		done := map[string]int{}
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"add", "add", "add", "finish", "finish", "begin", "cancel", "crash"}), 1, 25).Draw(t, "steps")
		for n, step := range steps {
			switch step {
			case "add":
				j, _, err := table.Add(job(fmt.Sprint("owner", n%3), byte(n)), "")
				if err != nil {
					t.Fatal(err)
				}
				want[j.ID] = Queued
			case "begin":
				if e, _ := table.begin(); e != nil {
					want[e.ID] = Running
				}
			case "finish":
				if e, _ := table.begin(); e != nil {
					table.end(context.Background(), e, Result{}, nil)
					want[e.ID] = Done
					done[e.ID]++
				}
			case "cancel":
				ids := slices.Sorted(maps.Keys(want))
				if len(ids) == 0 {
					continue
				}
				id := rapid.SampledFrom(ids).Draw(t, "which")
				if want[id] == Queued {
					if _, err := table.Delete(table.jobs[id].Owner, id); err != nil {
						t.Fatal(err)
					}
					want[id] = Cancelled
				}
			case "crash":
				copied := filepath.Join(folder, fmt.Sprint("copy", n))
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(copied, text, 0o600); err != nil {
					t.Fatal(err)
				}
				_ = table.db.Close()
				path = copied
				table = open(t, path, nil)
				for id, s := range want {
					if s == Running {
						want[id] = Queued
					}
				}
			}
			got := map[string]State{}
			for id, e := range table.jobs {
				got[id] = e.State
			}
			if !maps.Equal(got, want) {
				t.Fatalf("after %s: %v, want %v", step, got, want)
			}
			queued := 0
			for _, s := range want {
				if s == Queued {
					queued++
				}
			}
			if table.queue.Len() != queued {
				t.Fatalf("after %s: %d in the queue, %d are queued", step, table.queue.Len(), queued)
			}
		}
		for id, n := range done {
			if n > 1 {
				t.Fatalf("%s was done %d times", id, n)
			}
		}
		_ = table.Close()
	})
}
