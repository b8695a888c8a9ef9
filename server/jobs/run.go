package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"classsr/fault"
	"classsr/internal/par"
)

// Runner does jobs.
type Runner interface {
	// Run does a job. It returns when all its files are on disk, or with an error. An error of kind fault.Unavailable means that the disk is full,
	// for instance, and the job is done again later. told may be called from any goroutine until Run returns.
	Run(ctx context.Context, j Job, told Told) (Result, error)
}

// Told is told how a job goes on.
type Told struct {
	Progress func(share float64) // of the work that is done, 0 to 1
	Band     func(Band)
	Watched  func() bool // whether somebody wants bands now; nil: nobody
	// Here is to be called before this process has a part in a job that other machines were to compute, as Options.Away said. It waits for the disk.
	Here func()
}

// Again tells whether a job will be begun again after a run that ended with err: the server ends, or the disk is full.
func Again(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(context.Cause(ctx), errEnding) || ctx.Err() == nil && fault.KindOf(err) == fault.Unavailable)
}

// mistake is what is told of errors of kind fault.Internal.
const mistake = "the server made a mistake with this picture; its log tells more"

// Causes of a run's end besides its own errors.
var (
	errCancelled = errors.New("the job was cancelled")
	errEnding    = errors.New("the server ends")
)

const (
	// suspicious is after how many runs that ended with the process a job runs alone, and hopeless after how many it fails: a picture that ends the
	// process does not do so for ever, and one beside it is not blamed.
	suspicious, hopeless = 3, 8

	diskPause = 2 * time.Second // until the next try after the disk took nothing
	writeWait = time.Second     // until the end of a run is written again
	mostTries = 5               // of a job that finds the disk unusable where the disk itself does not say so
)

// Run has jobs done, as many at a time as Options say, until ctx is done. Then no more are begun, those that run have until grace is over, and those
// that remain are queued again, as if they had not been begun. It is called once.
func (t *Table) Run(ctx context.Context, grace time.Duration, r Runner) error {
	runs, end := context.WithCancelCause(context.Background()) // of the runs, which end later than ctx
	defer end(nil)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, func() { end(errEnding) }) })
	defer stop()
	loops := t.o.Jobs
	if t.o.Slots != nil {
		loops = MostSlots
	}
	return par.Start(loops, func(int) error {
		for {
			e := t.next(ctx)
			if e == nil {
				return nil
			}
			t.do(runs, e, r)
		}
	})()
}

// Wake lets a loop of Run look whether something may be begun: more jobs may run now.
func (t *Table) Wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

// next waits for a job and begins it. It returns nil when ctx is done.
func (t *Table) next(ctx context.Context) *entry {
	for ctx.Err() == nil {
		e, wait := t.begin()
		if e != nil {
			t.Wake() // there may be more, for another loop
			return e
		}
		later, cancel := context.WithTimeout(ctx, wait)
		select {
		case <-later.Done():
		case <-t.woken:
		}
		cancel()
	}
	return nil
}

const idle = time.Hour // looking again after that long does no harm

// begin takes the next job out of the queue and writes that it runs. If there is none, wait is when to look again if nothing happens before.
func (t *Table) begin() (e *entry, wait time.Duration) {
	t.turn.Lock()
	defer t.turn.Unlock()
	if wait = t.pausedFor(); wait > 0 {
		return nil, wait
	}
	now := t.o.Now()
	if e, wait = t.choose(); e == nil {
		return nil, wait
	}
	j := e.Job
	j.State, j.Started = Running, now.UTC()
	switch {
	case e.away: // it counts when this process has a part in it
	case e.deaths() >= hopeless:
		j.State, j.Error = Failed, &Error{fault.Internal, "each time that this picture was enlarged the server ended"}
		t.ended(&j)
	default:
		j.Attempts++
	}
	err := t.writeAlone(jobChange(&j))
	t.mu.Lock()
	after := func() {}
	switch {
	case err != nil:
		t.queue.PushFront(e.Owner, e.ID, e.cost)
		e, wait = nil, t.pause(err)
	case j.State == Failed:
		e.Job = j
		t.queue.Correct(e.Owner, -e.cost)
		after = t.settle(e)
		t.tell(e)
		e, wait = nil, time.Millisecond
	default:
		e.Job, e.busy, e.counted, e.progress = j, true, !e.away, 0
		e.cancel = func(error) {} // until there is something to cancel
		t.running[e.Owner]++
		t.work.set(now, t.work.jobs+1)
		e.begun = t.work.until(now)
		t.tell(e)
	}
	t.mu.Unlock()
	after()
	return e, wait
}

// choose takes out of the queue what is begun next.
func (t *Table) choose() (e *entry, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	slots := t.o.slots()
	if t.o.Slots != nil && t.work.jobs >= slots { // else there are no more loops
		return nil, idle
	}
	here := 0 // jobs that this machine does
	for _, other := range t.jobs {
		if !other.busy || other.away {
			continue
		}
		if here++; other.deaths() >= suspicious {
			return nil, idle // it runs alone
		}
	}
	can := func(_, id string) bool { return t.o.Slots == nil || here < t.o.Jobs || t.away(t.jobs[id]) }
	id, ok := t.queue.NextOf(func(owner, id string) bool { return t.running[owner] < max(slots-1, 1) && can(owner, id) })
	if !ok {
		id, ok = t.queue.NextOf(can) // nobody else waits
	}
	if !ok {
		return nil, idle
	}
	e = t.jobs[id]
	e.away = t.away(e)
	if !e.away && e.deaths() >= suspicious && t.work.jobs > 0 { // it is next, when it can run alone
		t.queue.PushFront(e.Owner, id, e.cost)
		return nil, idle
	}
	return e, 0
}

// away tells whether other machines would compute a job that begins now. mu is held.
func (t *Table) away(e *entry) bool { return t.o.Away != nil && t.o.Away(&e.Job) }

// pause lets nothing be begun for a while, and tells how long, with mu held.
func (t *Table) pause(err error) time.Duration {
	if t.paused.IsZero() {
		t.o.Log.Warn("the disk takes nothing: jobs wait", "error", err.Error())
	}
	t.paused = t.o.Now().Add(diskPause)
	return diskPause
}

// pausedFor is how long nothing may be begun; 0 if the disk takes what it gets.
func (t *Table) pausedFor() time.Duration {
	t.mu.Lock()
	paused, now := t.paused, t.o.Now()
	t.mu.Unlock()
	if paused.IsZero() {
		return 0
	}
	if wait := paused.Sub(now); wait > 0 {
		return wait
	}
	full := t.diskFull()
	t.mu.Lock()
	defer t.mu.Unlock()
	if full != nil {
		return t.pause(full)
	}
	t.paused = time.Time{}
	return 0
}

// diskFull is what the disk says if it takes nothing.
func (t *Table) diskFull() error {
	release, err := t.o.Files.Reserve(0)
	if err == nil {
		release()
	}
	if fault.KindOf(err) != fault.Unavailable {
		return nil
	}
	return err
}

// do runs a job and writes down what became of it.
func (t *Table) do(runs context.Context, e *entry, r Runner) {
	ctx, cancel := context.WithCancelCause(runs)
	defer cancel(nil)
	if t.o.MostTime > 0 {
		late := time.AfterFunc(t.o.MostTime, func() {
			cancel(fault.New(fault.TooLarge, "it took longer than the %s that a job may take: make it smaller, or ask for a faster model", t.o.MostTime))
		})
		defer late.Stop()
	}
	t.mu.Lock()
	e.cancel = cancel
	j := t.look(e)
	j.Suspect = e.deaths() >= suspicious
	t.mu.Unlock()
	if j.State == Cancelled { // meanwhile
		cancel(errCancelled)
	}
	t.o.Log.Info("a job begins", t.named(&j, "attempt", j.Attempts)...)
	result, err := t.guarded(ctx, r, e, j)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	t.end(runs, e, result, err)
}

// guarded calls a runner, whose panics make the job fail and nothing else.
func (t *Table) guarded(ctx context.Context, r Runner, e *entry, j Job) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.o.Log.Error("a job made the program panic", "job", j.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			result, err = Result{}, fault.New(fault.Internal, "panic: %v", p)
		}
	}()
	return r.Run(ctx, j, Told{
		Progress: func(share float64) { t.progress(e, share) },
		Band:     func(b Band) { t.band(e, b) },
		Watched:  func() bool { return t.watched(e) },
		Here:     func() { t.here(e) },
	})
}

// here counts a run that was to be elsewhere: from now on this process may end by it.
func (t *Table) here(e *entry) {
	t.turn.Lock()
	defer t.turn.Unlock()
	if e.State != Running || e.counted {
		return
	}
	j := e.Job
	j.Attempts++
	if err := t.writeAlone(jobChange(&j)); err != nil { // it goes on all the same
		t.o.Log.Warn("it was not noted that a job is done here", t.named(&j, "error", err.Error())...)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Job, e.counted = j, true
}

// end writes down what became of a run. Until that is on disk the job is not over, and its place is taken: while the disk takes nothing it is tried
// again, until the server ends, which leaves the job to the next one.
func (t *Table) end(runs context.Context, e *entry, result Result, err error) {
	t.mu.Lock()
	now := t.o.Now()
	spent := t.work.until(now) - e.begun
	t.work.set(now, t.work.jobs-1)
	if t.running[e.Owner]--; t.running[e.Owner] == 0 {
		delete(t.running, e.Owner)
	}
	t.mu.Unlock()
	for !t.record(e, result, err, spent) {
		select {
		case <-runs.Done():
			return
		case <-time.After(writeWait):
		}
	}
	t.Wake()
}

// record makes the result of a run the job's, on disk first. It returns false if the disk does not take it.
func (t *Table) record(e *entry, result Result, err error, spent float64) bool {
	t.turn.Lock()
	defer t.turn.Unlock()
	j := e.Job
	if j.State == Running {
		t.outcome(&j, result, t.patient(e, err))
		if j.State == Queued && e.counted {
			j.Attempts--
		}
		if j.State.Over() && j.State != Done {
			t.removeResult(j.ID)
		}
		if failed := t.writeAlone(jobChange(&j)); failed != nil {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.pause(failed)
			return false
		}
	} else { // it was cancelled
		t.removeResult(j.ID)
	}
	t.mu.Lock()
	e.Job, e.busy, e.counted, e.spent = j, false, false, spent
	after := func() {}
	if j.State.Over() {
		t.queue.Correct(j.Owner, spent-e.cost)
		after = t.settle(e)
	} else {
		e.cancel, e.bands, e.progress = nil, nil, 0
		e.tries++
		t.queue.PushFront(j.Owner, j.ID, e.cost)
		if fault.KindOf(err) == fault.Unavailable {
			t.pause(err)
		}
	}
	t.tell(e)
	t.mu.Unlock()
	after()
	if j.State == Done && !e.away { // the pace is this machine's
		t.o.Pace.Observe(keyOf(&j), j.Forecast, spent)
	}
	ended := t.named(&j, "state", string(j.State), "seconds", spent)
	if err != nil {
		ended = append(ended, "error", err.Error())
	}
	t.o.Log.Info("a job ends", ended...)
	return true
}

// named are the properties of a line of the log about a job: those that name it, and others.
func (t *Table) named(j *Job, others ...any) []any {
	all := []any{"job", j.ID, "owner", j.Owner}
	if t.o.Names {
		all = append(all, "name", j.Name)
	}
	return append(all, others...)
}

// patient is the error of a run. One about the disk is the job's own if it comes again and again where the disk is not full: a file that cannot be
// read, for instance.
func (t *Table) patient(e *entry, err error) error {
	if fault.KindOf(err) != fault.Unavailable || errors.Is(err, errEnding) || fault.Disk(err) != nil || e.tries < mostTries || t.diskFull() != nil {
		return err
	}
	return fault.As(fault.Internal, err)
}

// outcome says in a job's record what became of its run.
func (t *Table) outcome(j *Job, result Result, err error) {
	switch {
	case err == nil:
		j.State, j.Result = Done, &result
	case errors.Is(err, errEnding), fault.KindOf(err) == fault.Unavailable: // the run does not count
		j.State, j.Started = Queued, time.Time{}
		return
	default:
		j.State, j.Error = Failed, &Error{fault.KindOf(err), err.Error()}
		var several *Failures
		if errors.As(err, &several) {
			j.Failures = several.All
		}
		if j.Error.Kind == fault.Internal {
			j.Error.Message = mistake // the log has it
		}
	}
	t.ended(j)
}
