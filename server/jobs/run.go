package jobs

import (
	"context"
	"errors"
	"time"

	"classsr/fault"
	"classsr/internal/par"
)

// Runner does jobs.
type Runner interface {
	// Run does a job. It returns when its files are on disk, or nothing of them is. told may be called from any goroutine until then.
	Run(ctx context.Context, j Job, told Told) (Result, error)
}

// Told is told how a job goes on.
type Told struct {
	Progress func(share float64) // of the work that is done, 0 to 1
	Band     func(Band)
}

// What ends a run besides its own errors.
var (
	errCancelled = errors.New("cancelled")
	errEnding    = errors.New("the server ends")
)

const (
	// suspicious is how often a job may have been running when the process ended before it runs alone, and hopeless how often at all.
	suspicious, hopeless = 3, 8
	diskPause            = 2 * time.Second // until the next try after the disk was full
)

// Run has jobs done, as many at a time as the options say, until ctx is done. Then no more are begun; those that run have until grace is over, and what remains
// is queued again, for the next process.
func (t *Table) Run(ctx context.Context, grace time.Duration, r Runner) error {
	runs, end := context.WithCancelCause(context.Background())
	defer end(nil)
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() { end(errEnding) })
		for range t.Jobs {
			t.wake()
		}
	})
	defer stop()
	return par.Do(context.Background(), t.Jobs, t.Jobs, func(_, _ int) error {
		for {
			e := t.next(ctx)
			if e == nil {
				return nil
			}
			t.do(runs, e, r)
		}
	})
}

func (t *Table) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

// next waits for a job and begins it. It returns nil when ctx is done.
func (t *Table) next(ctx context.Context) *entry {
	for {
		if ctx.Err() != nil {
			t.wake() // for the other loops
			return nil
		}
		e, wait := t.begin()
		if e != nil {
			t.wake() // there may be more
			return e
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-t.woken:
		case <-timer:
		}
	}
}

// begin takes the next job out of the queue and says on disk that it runs. If there is none, wait is when to look again, if that is not when something changes.
func (t *Table) begin() (e *entry, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	if wait = t.paused.Sub(now); wait > 0 {
		return nil, wait
	}
	if t.work.jobs > 0 && t.alone() {
		return nil, 0
	}
	id, ok := t.queue.Next(func(owner string) bool { return t.running[owner] < max(t.Jobs-1, 1) })
	if !ok {
		id, ok = t.queue.Next(nil)
	}
	if !ok {
		return nil, 0
	}
	e = t.jobs[id]
	if e.Attempts >= suspicious && t.work.jobs > 0 { // it may have ended the process: it runs alone
		t.queue.PushFront(e.Owner, id, t.seconds(&e.Job))
		return nil, 0
	}
	j := e.Job
	j.State, j.Started, j.Attempts = Running, now.UTC(), j.Attempts+1
	if j.Attempts > hopeless {
		j.State, j.Ended, j.Expires = Failed, now.UTC(), now.UTC().Add(t.Retention)
		j.Error = &Error{fault.Internal, "the server ended each time that it was at this picture"}
	}
	if err := t.write(change{jobsBucket, []byte(id), j}); err != nil {
		t.pause(err)
		t.queue.PushFront(e.Owner, id, t.seconds(&e.Job))
		return nil, diskPause
	}
	e.Job = j
	t.changed(id)
	if j.State == Failed {
		t.over(e)
		return nil, time.Millisecond
	}
	t.running[e.Owner]++
	t.work.set(now, t.work.jobs+1)
	e.begun, e.busy = t.work.until(now), true
	return e, 0
}

// alone tells whether a job runs that has to run alone.
func (t *Table) alone() bool {
	for _, e := range t.jobs {
		if e.State == Running && e.Attempts > suspicious {
			return true
		}
	}
	return false
}

// pause lets nothing begin for a while.
func (t *Table) pause(err error) {
	t.paused = t.Now().Add(diskPause)
	t.Log.Warn("the disk takes nothing: jobs wait", "error", err.Error())
}

// do runs a job and writes down what became of it.
func (t *Table) do(runs context.Context, e *entry, r Runner) {
	ctx, cancel := context.WithCancelCause(runs)
	defer cancel(nil)
	if t.MostTime > 0 {
		late := time.AfterFunc(t.MostTime, func() {
			cancel(fault.New(fault.TooLarge, "it took longer than the %s that are allowed", t.MostTime))
		})
		defer late.Stop()
	}
	t.mu.Lock()
	e.cancel = cancel
	j := e.Job
	t.mu.Unlock()
	if j.State == Cancelled { // meanwhile
		cancel(errCancelled)
	}
	t.Log.Info("job begins", "job", j.ID, "owner", j.Owner, "attempt", j.Attempts)
	result, err := r.Run(ctx, j, Told{
		Progress: func(share float64) { t.progress(e, share) },
		Band:     func(b Band) { t.band(e, b) },
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	t.end(runs, e, result, err)
}

// end writes down what became of a run. Until that is on disk, the job is not over: while the disk is full, it is tried again.
func (t *Table) end(runs context.Context, e *entry, result Result, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	spent := t.work.until(now) - e.begun
	t.work.set(now, t.work.jobs-1)
	if t.running[e.Owner]--; t.running[e.Owner] == 0 {
		delete(t.running, e.Owner)
	}
	t.queue.Correct(e.Owner, spent-t.seconds(&e.Job))
	j := e.Job
	switch {
	case j.State == Cancelled:
		t.removeResult(j.ID)
	case err == nil:
		j.State, j.Result = Done, &result
		t.Pace.Observe(paceKey(&j), j.Forecast, spent)
	case errors.Is(err, errEnding):
		j.State, j.Started, j.Attempts = Queued, time.Time{}, j.Attempts-1
	case fault.KindOf(err) == fault.Unavailable:
		t.pause(err)
		j.State, j.Started, j.Attempts = Queued, time.Time{}, j.Attempts-1
	default:
		j.State, j.Error = Failed, &Error{fault.KindOf(err), err.Error()}
	}
	if j.State.Over() {
		j.Ended = now.UTC()
		j.Expires = j.Ended.Add(t.Retention)
	}
	for t.write(change{jobsBucket, []byte(j.ID), j}) != nil { // it stays Running on disk until then, and is done again if the process ends
		t.mu.Unlock()
		select {
		case <-runs.Done():
			t.mu.Lock()
			return
		case <-time.After(time.Second):
		}
		t.mu.Lock()
		if e.State == Cancelled {
			j.State, j.Result, j.Error = Cancelled, nil, nil
			t.removeResult(j.ID)
		}
	}
	e.Job = j
	e.cancel, e.busy = nil, false
	if j.State.Over() {
		t.over(e)
	} else {
		e.Progress, e.bands = 0, nil
		t.queue.PushFront(j.Owner, j.ID, t.seconds(&j))
	}
	t.Log.Info("job ends", "job", j.ID, "owner", j.Owner, "state", string(j.State), "seconds", spent, "error", errorText(err))
	t.changed(j.ID)
	t.wake()
}

func (t *Table) removeResult(id string) {
	if t.Files == nil {
		return
	}
	if err := t.Files.RemoveResult(id); err != nil {
		t.Log.Error("a result was not removed", "job", id, "error", err.Error())
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
