package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"classsr/fault"
	"classsr/server/blobs"
)

// disk notes what is reserved and removed, and can be full.
type disk struct {
	mu       sync.Mutex
	full     bool
	most     int64 // 0: no bound
	reserved int64
	removed  []string
}

func (d *disk) Reserve(bytes int64) (func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.full:
		return nil, fault.New(fault.Unavailable, "the disk is full")
	case d.most > 0 && d.reserved+bytes > d.most:
		return nil, fault.New(fault.Busy, "the server holds too much")
	}
	d.reserved += bytes
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.reserved -= bytes
	}, nil
}

func (d *disk) RemovePicture(s blobs.Sum) error { return d.note(fmt.Sprint("picture ", s[0])) }
func (d *disk) RemoveResult(id string) error    { return d.note("result " + id) }

func (d *disk) note(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.removed = append(d.removed, what)
	return nil
}

func (d *disk) set(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

// gives checks what was removed since it was called last.
func (d *disk) gives(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.removed, want) {
		t.Errorf("removed %v, not %v", d.removed, want)
	}
	d.removed = nil
}

// runner does jobs as a test says.
type runner func(ctx context.Context, j Job, told Told) (Result, error)

func (r runner) Run(ctx context.Context, j Job, told Told) (Result, error) { return r(ctx, j, told) }

// good does every job at once.
var good = runner(func(_ context.Context, j Job, _ Told) (Result, error) {
	return Result{Bytes: 100, Sum: j.Picture}, nil
})

// endless does no job.
var endless = runner(func(ctx context.Context, _ Job, _ Told) (Result, error) {
	<-ctx.Done()
	return Result{}, ctx.Err()
})

// open opens a table for a test.
func open(t *testing.T, path string, o Options) *Table {
	t.Helper()
	table, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// fresh opens a new table, which is closed at the end.
func fresh(t *testing.T, o Options) *Table {
	t.Helper()
	table := open(t, filepath.Join(t.TempDir(), "jobs.db"), o)
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	return table
}

// job is a job of an owner's that takes a second.
func job(owner string, picture byte) Job {
	return Job{
		Owner: owner, Picture: blobs.Sum{picture}, Order: map[string]string{"scale": "4"}, Forecast: 1, Bytes: 10, Model: "span-x4", Ending: ".png", Name: "a.jpg",
		Format: "jpeg", Width: 8, Height: 6, OutWidth: 32, OutHeight: 24,
	}
}

func add(t *testing.T, table *Table, j Job) Job {
	t.Helper()
	added, _, err := table.Add(j, "")
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// runs has a table's jobs done while test runs. Timers and waiting are those of a bubble.
func runs(t *testing.T, table *Table, grace time.Duration, r Runner, test func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- table.Run(ctx, grace, r) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	test()
}

// waitFor waits until a job is in a state.
func waitFor(t *testing.T, table *Table, j Job, want State) Job {
	t.Helper()
	f, err := table.Follow(j.Owner, j.ID, 0, true)
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

// state checks a job's state.
func state(t *testing.T, table *Table, j Job, want State) Job {
	t.Helper()
	got, err := table.Get(j.Owner, j.ID)
	if err != nil || got.State != want {
		t.Errorf("the job is %q, not %s: %v", got.State, want, err)
	}
	return got
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("%s: %v (%s), want %s", what, err, fault.KindOf(err), want)
	}
}

func TestJobsAreDone(t *testing.T) {
	d := &disk{}
	table := fresh(t, Options{Files: d, Retention: time.Hour})
	j := add(t, table, job("a", 1))
	if j.State != Queued || j.Position != 1 || j.ETA != 1 || len(j.ID) != 26 {
		t.Errorf("added: %+v", j)
	}
	_, err := table.Get("b", j.ID)
	kind(t, "another owner's job", err, fault.NotFound)
	runs(t, table, 0, good, func() {
		done := waitFor(t, table, j, Done)
		if done.Result == nil || done.Result.Bytes != 100 || done.Result.Sum != j.Picture || done.Expires.Sub(done.Ended) != time.Hour || done.Progress != 1 || done.Attempts != 1 {
			t.Errorf("done: %+v", done)
		}
	})
	if d.reserved != 0 {
		t.Errorf("%d bytes are still set aside", d.reserved)
	}
	if s := table.Stats(); s.States[Done] != 1 || s.Bytes != 100 || s.Waiting != 0 {
		t.Errorf("in numbers: %+v", s)
	}
	d.gives(t)
	_, err = table.Delete("b", j.ID)
	kind(t, "removing another owner's job", err, fault.NotFound)
	if _, err := table.Delete("a", j.ID); err != nil {
		t.Fatal(err)
	}
	_, err = table.Get("a", j.ID)
	kind(t, "a job that was removed", err, fault.NotFound)
	d.gives(t, "result "+j.ID, "picture 1")
}

func TestIdentifiersRise(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{Now: func() time.Time { return now }})
	var ids []string
	for range 50 {
		ids = append(ids, add(t, table, job("a", 1)).ID)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Minute) // clocks are set back
	table = open(t, path, Options{Now: func() time.Time { return now }})
	defer func() { _ = table.Close() }()
	ids = append(ids, add(t, table, job("a", 1)).ID)
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != len(ids) {
		t.Errorf("later jobs do not have larger identifiers: %v", ids)
	}
	if got := timeOf(ids[0]); got != 1_000_000 {
		t.Errorf("the first one is of %d", got)
	}
	if timeOf("") != 0 || timeOf("../../../../etc/passwd-----") != 0 || timeOf(ids[0][1:]) != 0 {
		t.Error("what is no identifier has a time")
	}
	list, err := table.List("a", ids[10], 3)
	if err != nil || len(list) != 3 || list[0].ID != ids[9] || list[2].ID != ids[7] {
		t.Errorf("the jobs before the tenth: %v %v", list, err)
	}
	if list, _ := table.List("b", "", 10); len(list) != 0 {
		t.Errorf("another owner's list has %v", list)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{Queue: 4})
	ids := make([]string, 20)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			j, _, err := table.Add(job("a", 1), "k")
			if err != nil {
				t.Error(err)
			}
			ids[i] = j.ID
		})
	}
	all.Wait()
	if n := len(slices.Compact(ids)); n != 1 || table.Stats().States[Queued] != 1 {
		t.Fatalf("one key made %d jobs", n)
	}
	_, _, err := table.Add(job("a", 2), "k")
	kind(t, "the key for another picture", err, fault.Conflict)
	other := job("a", 1)
	other.Order = map[string]string{"scale": "2"}
	_, _, err = table.Add(other, "k")
	kind(t, "the key for other options", err, fault.Conflict)
	if _, replayed, err := table.Add(job("b", 2), "k"); err != nil || replayed {
		t.Errorf("another owner's key: %v %v", replayed, err)
	}
	add(t, table, job("a", 1)) // now the owner has half of the queue
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table = open(t, path, Options{Queue: 4})
	defer func() { _ = table.Close() }()
	if j, replayed, err := table.Add(job("a", 1), "k"); err != nil || !replayed || j.ID != ids[0] {
		t.Errorf("after a restart, with no place left: %v %v", replayed, err)
	}
	for range 2 { // the first cancels it, the second removes it, and its key
		if _, err := table.Delete("a", ids[0]); err != nil {
			t.Fatal(err)
		}
	}
	if j, replayed, err := table.Add(job("a", 1), "k"); err != nil || replayed || j.ID == ids[0] {
		t.Errorf("the key of a job that was removed: %v %v", replayed, err)
	}
}

func TestQueueIsBounded(t *testing.T) {
	d := &disk{}
	table := fresh(t, Options{Queue: 10, Files: d})
	var all sync.WaitGroup
	for range 50 { // all at once
		all.Go(func() {
			if _, _, err := table.Add(job("a", 1), ""); err != nil && fault.KindOf(err) != fault.Busy {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := table.Stats().States[Queued]; n != 5 {
		t.Errorf("of one owner %d jobs wait, where the queue takes 10", n)
	}
	few := job("b", 2)
	few.Most = 1
	add(t, table, few)
	_, _, err := table.Add(few, "")
	kind(t, "more jobs than the owner may have", err, fault.Busy)
	for i := range 4 {
		add(t, table, job(fmt.Sprint("c", i), 3))
	}
	_, _, err = table.Add(job("d", 4), "")
	kind(t, "one more than the queue takes", err, fault.Busy)
	if d.reserved != 100 || table.refs[blobs.Sum{4}] != 0 || table.refs[blobs.Sum{1}] != 5 || table.held["d"] != 0 {
		t.Errorf("refused jobs left something: %d bytes, %v, %v", d.reserved, table.refs, table.held)
	}
	if d.removed[len(d.removed)-1] != "picture 4" {
		t.Errorf("the picture of a refused job stays: %v", d.removed)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	now := time.Now()
	table := fresh(t, Options{Records: 10, Now: func() time.Time { return now }})
	var ended []Job
	for range 5 {
		e, _ := beginJob(table, job("a", 1))
		table.end(t.Context(), e, Result{}, fault.New(fault.Damaged, "damaged"))
		ended = append(ended, e.Job)
	}
	_, _, err := table.Add(job("a", 1), "")
	kind(t, "an owner with half of all records", err, fault.Busy)
	now = now.Add(protected)
	add(t, table, job("a", 1)) // makes room for itself
	if _, err := table.Get("a", ended[0].ID); err == nil {
		t.Error("the oldest one is still there")
	}
	for i := range 5 {
		add(t, table, job(fmt.Sprint("b", i), 1))
	}
	add(t, table, job("c", 1)) // of those who have most
	if len(table.jobs) != 10 || table.held["a"] != 4 {
		t.Errorf("%d jobs are remembered: %v", len(table.jobs), table.held)
	}
}

// beginJob adds a job and begins it.
func beginJob(table *Table, j Job) (*entry, error) {
	_, _, err := table.Add(j, "")
	e, _ := table.begin()
	return e, err
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		table := fresh(t, Options{Files: d})
		first, second := add(t, table, job("a", 1)), add(t, table, job("a", 2))
		if j, err := table.Delete("a", second.ID); err != nil || j.State != Cancelled || j.Position != 0 {
			t.Fatalf("cancelled: %+v %v", j, err)
		}
		stop := make(chan bool)
		begun := 0
		runs(t, table, 0, runner(func(ctx context.Context, _ Job, _ Told) (Result, error) {
			begun++
			<-ctx.Done()
			<-stop
			return Result{Bytes: 1}, nil // it was too late for it to notice
		}), func() {
			waitFor(t, table, first, Running)
			if j, err := table.Delete("a", first.ID); err != nil || j.State != Cancelled {
				t.Fatalf("cancelled: %+v %v", j, err)
			}
			if j, err := table.Delete("a", first.ID); err != nil || j.State != Cancelled {
				t.Errorf("removed before it stopped: %+v %v", j, err)
			}
			d.gives(t)
			close(stop)
			synctest.Wait()
			d.gives(t, "result "+first.ID)
		})
		state(t, table, first, Cancelled)
		if d.reserved != 0 || begun != 1 {
			t.Errorf("%d bytes are still set aside; %d were begun", d.reserved, begun)
		}
	})
}

func TestExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		table := fresh(t, Options{Files: d, Retention: time.Hour})
		j := add(t, table, job("a", 1))
		waits := add(t, table, job("b", 2))
		e, _ := table.begin()
		table.end(t.Context(), e, Result{Bytes: 1}, nil)
		if err := table.AddPicture(Picture{Owner: "a", Sum: blobs.Sum{7}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Second)
		if n := table.Expire(); n != 0 {
			t.Errorf("%d jobs went too early", n)
		}
		if _, err := table.Picture("a", blobs.Sum{7}); err != nil { // that is a use
			t.Error(err)
		}
		_, err := table.Picture("b", blobs.Sum{7})
		kind(t, "another owner's upload", err, fault.NotFound)
		time.Sleep(time.Second)
		if n := table.Expire(); n != 1 {
			t.Errorf("%d jobs went", n)
		}
		d.gives(t, "result "+j.ID, "picture 1")
		time.Sleep(time.Hour - 2*time.Second)
		table.Expire()
		d.gives(t)
		time.Sleep(time.Second)
		table.Expire()
		d.gives(t, "picture 7")
		_, err = table.Picture("a", blobs.Sum{7})
		kind(t, "an upload that nobody used", err, fault.NotFound)
		state(t, table, waits, Queued)
	})
}

// TestResultsMakeRoom lets results go, the oldest first of the owner who has most, where there are too many bytes of them.
func TestResultsMakeRoom(t *testing.T) {
	now := time.Now()
	d := &disk{most: 1000}
	table := fresh(t, Options{Files: d, Bytes: 250, Now: func() time.Time { return now }})
	var all []Job
	for _, owner := range []string{"a", "b", "a", "a"} {
		now = now.Add(time.Second)
		e, _ := beginJob(table, job(owner, 1))
		table.end(t.Context(), e, Result{Bytes: 60, Disk: 100}, nil)
		all = append(all, e.Job)
	}
	if n := table.Expire(); n != 0 {
		t.Errorf("%d went that had just ended", n)
	}
	now = now.Add(protected)
	if n := table.Expire(); n != 2 {
		t.Errorf("%d went", n)
	}
	d.gives(t, "result "+all[0].ID, "result "+all[2].ID)
	d.most = 5 // as if the rest were taken by what is there
	_, _, err := table.Add(job("c", 1), "")
	kind(t, "a job where the server holds too much", err, fault.Busy)
	if n := table.Stats().States[Done]; n != 0 {
		t.Errorf("%d results stay where a job needs room", n)
	}
}

func TestPictures(t *testing.T) {
	d := &disk{}
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{Files: d, Records: 2})
	p := Picture{Owner: "a", Sum: blobs.Sum{1}, Name: "a.jpg", Format: "jpeg", Width: 3, Height: 4, Bytes: 5}
	for range 2 {
		if err := table.AddPicture(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.AddPicture(Picture{Owner: "b", Sum: blobs.Sum{1}}); err != nil {
		t.Fatal(err)
	}
	kind(t, "more uploads than are remembered", table.AddPicture(Picture{Owner: "c", Sum: blobs.Sum{2}}), fault.Busy)
	d.gives(t, "picture 2")
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table = open(t, path, Options{Files: d})
	defer func() { _ = table.Close() }()
	got, err := table.Picture("a", blobs.Sum{1})
	if p.Used = got.Used; err != nil || got != p {
		t.Errorf("after a restart: %+v %v", got, err)
	}
	needed, _ := table.Known()
	if err := table.RemovePicture("b", blobs.Sum{1}); err != nil || !needed(blobs.Sum{1}) {
		t.Errorf("one of two owners: %v", err)
	}
	j := add(t, table, job("a", 1))
	kind(t, "an upload that a job needs", table.RemovePicture("a", blobs.Sum{1}), fault.Conflict)
	if _, err := table.Delete("a", j.ID); err != nil {
		t.Fatal(err)
	}
	if err := table.RemovePicture("a", blobs.Sum{1}); err != nil {
		t.Fatal(err)
	}
	if got, err := table.Picture("a", blobs.Sum{1}); err != nil || got.Width != 8 || got.Name != "a.jpg" {
		t.Errorf("what a job knows of its picture: %+v %v", got, err)
	}
	d.gives(t)
	if _, err := table.Delete("a", j.ID); err != nil || needed(blobs.Sum{1}) {
		t.Errorf("the picture is still needed: %v", err)
	}
	d.gives(t, "result "+j.ID, "picture 1")
}

func TestNotesAndPaceAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{})
	if table.Note("days") != nil {
		t.Error("a new table has notes")
	}
	if err := table.SaveNote("days", []byte(`{"a":5}`)); err != nil {
		t.Fatal(err)
	}
	table.Pace().Observe(keyOf(new(job("a", 1))), 1, 3)
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	table = open(t, path, Options{})
	defer func() { _ = table.Close() }()
	if got := table.Note("days"); string(got) != `{"a":5}` {
		t.Errorf("the note is %s", got)
	}
	if j := add(t, table, job("a", 1)); j.ETA < 2.99 || j.ETA > 3.01 {
		t.Errorf("what took three times as long before is forecast to take %g seconds", j.ETA)
	}
}

func TestDefaultsAndClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	table := open(t, path, Options{})
	f, err := table.Follow("a", "", 0, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, ErrEnd) {
		t.Errorf("who listens to a closed table gets %v", err)
	}
	_, _, err = table.Add(job("a", 1), "")
	kind(t, "adding to a closed table", err, fault.Unavailable)
	if s := table.Stats(); s.States[Queued] != 0 || len(table.held) != 0 || len(maps.Collect(maps.All(table.refs))) != 0 {
		t.Errorf("a closed table has %+v", s)
	}
}
