package jobs

import (
	"cmp"
	"slices"
	"time"

	"classsr/server/blobs"
)

// protected is how long what is over is kept at least: it is not for making room before.
const protected = 10 * time.Minute

// Delete cancels a job that is not over, and removes one that is, with its files. It gives the job as it is then. A job that was cancelled and has not
// stopped yet stays.
func (t *Table) Delete(owner, id string) (Job, error) {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.mu.Lock()
	e, err := t.find(owner, id)
	if err != nil {
		t.mu.Unlock()
		return Job{}, err
	}
	j, busy := t.look(e), e.busy
	t.mu.Unlock()
	switch {
	case !j.State.Over():
		return t.cancel(e)
	case busy:
		return j, nil
	}
	return j, t.drop(e)
}

// cancel ends a job that is not over, with turn held.
func (t *Table) cancel(e *entry) (Job, error) {
	j := e.Job
	j.State = Cancelled
	t.ended(&j)
	if err := t.writeAlone(jobChange(&j)); err != nil {
		return e.Job, unavailable(err)
	}
	t.mu.Lock()
	e.Job = j
	t.queue.Remove(e.ID)
	after := func() {}
	if e.busy {
		e.cancel(errCancelled) // the run gives back what the job has
	} else {
		after = t.settle(e)
	}
	t.tell(e)
	t.Wake()
	j = t.look(e)
	t.mu.Unlock()
	after()
	return j, nil
}

// ended says when a job was over, and until when it is kept.
func (t *Table) ended(j *Job) {
	j.Ended = t.o.Now().UTC()
	j.Expires = j.Ended.Add(t.o.Retention)
}

// settle takes from a job what it had while it was not over, with mu held. after is to be called when mu is not held any more.
func (t *Table) settle(e *entry) (after func()) {
	release, ended := e.release, Ended{e.Job, e.spent, e.cost}
	e.release, e.cancel, e.bands, e.progress = nil, nil, nil, 0
	return func() {
		if release != nil {
			release()
		}
		if t.o.Ended != nil {
			t.o.Ended(ended)
		}
	}
}

// drop removes a job that is over, its record first and then its files, with turn held.
func (t *Table) drop(e *entry) error {
	if err := t.writeAlone(change{jobsBucket, e.ID, nil}); err != nil {
		return unavailable(err)
	}
	t.mu.Lock()
	delete(t.jobs, e.ID)
	if e.Key != "" {
		delete(t.keys, owned(e.Owner, e.Key))
	}
	unneeded := t.forgetJob(&e.Job)
	t.tellGone(e)
	t.mu.Unlock()
	t.removeResult(e.ID)
	if unneeded {
		t.removePicture(e.Picture)
	}
	return nil
}

// removeResult removes the files of a job. Those that stay are removed by the sweep of the next process.
func (t *Table) removeResult(id string) {
	if err := t.o.Files.RemoveResult(id); err != nil {
		t.o.Log.Error("the files of a job were not removed", "job", id, "error", err.Error())
	}
}

func (t *Table) removePicture(sum blobs.Sum) {
	if err := t.o.Files.RemovePicture(sum); err != nil {
		t.o.Log.Error("a picture was not removed", "picture", sum.String(), "error", err.Error())
	}
}

// Expire removes what is too old or too much: jobs whose time is over, uploads that nobody used for an hour, and, while results take more than
// Options.Bytes, the oldest of the owner who has most. It also keeps what was learnt about the speed of this machine. It is to be called each minute,
// and tells how many jobs went.
func (t *Table) Expire() (removed int) {
	now := t.o.Now()
	for _, e := range t.pick(func(e *entry) bool { return e.State.Over() && !e.busy && !now.Before(e.Expires) }) {
		if t.dropIfOver(e) {
			removed++
		}
	}
	if t.o.Bytes > 0 {
		removed += t.trim("", byBytes, func() bool { return t.Stats().Bytes <= t.o.Bytes })
	}
	t.expirePictures(now)
	t.turn.Lock()
	defer t.turn.Unlock()
	if err := t.savePace(); err != nil {
		t.o.Log.Error("what was learnt about forecasts was not kept", "error", err.Error())
	}
	return removed
}

// pick finds jobs.
func (t *Table) pick(wanted func(*entry) bool) (found []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.jobs {
		if wanted(e) {
			found = append(found, e)
		}
	}
	return found
}

// dropIfOver removes a job, unless somebody else has removed it meanwhile.
func (t *Table) dropIfOver(e *entry) (dropped bool) {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.mu.Lock()
	there := t.jobs[e.ID] == e && e.State.Over() && !e.busy
	t.mu.Unlock()
	if !there {
		return false
	}
	if err := t.drop(e); err != nil {
		t.o.Log.Error("a job was not removed", "job", e.ID, "error", err.Error())
		return false
	}
	return true
}

// measure is by what somebody has most.
type measure func(*entry) int64

func byBytes(e *entry) int64 { return e.onDisk() }
func byCount(*entry) int64   { return 1 }

// trim removes what is over until it is enough: of one owner, or with an empty name of the one who has most by a measure. It tells how much it removed.
func (t *Table) trim(owner string, by measure, enough func() bool) (removed int) {
	for !enough() {
		e := t.victim(owner, by)
		if e == nil || !t.dropIfOver(e) {
			return removed
		}
		removed++
	}
	return removed
}

// victim is what makes room first: what was cancelled, then the oldest of what was over for some time.
func (t *Table) victim(owner string, by measure) (victim *entry) {
	now := t.o.Now()
	has := map[string]int64{}
	over := t.pick(func(e *entry) bool {
		has[e.Owner] += by(e)
		return (owner == "" || e.Owner == owner) && by(e) > 0 && e.State.Over() && !e.busy && (e.State == Cancelled || now.Sub(e.Ended) >= protected)
	})
	if len(over) == 0 {
		return nil
	}
	order := func(e *entry) (cancelled int) {
		if e.State == Cancelled {
			return 0
		}
		return 1
	}
	return slices.MinFunc(over, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(has[b.Owner], has[a.Owner]), a.Ended.Compare(b.Ended), cmp.Compare(a.ID, b.ID))
	})
}
