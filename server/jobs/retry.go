package jobs

import (
	"time"

	"classsr/fault"
)

// Retry puts a job of an owner's that failed back into the queue, as if it had not been begun. One that did not fail is an error of kind fault.Conflict; other
// errors are as those of Add.
func (t *Table) Retry(owner, id string) (Job, error) {
	t.turn.Lock()
	defer t.turn.Unlock()
	t.mu.Lock()
	e, err := t.find(owner, id)
	if err == nil {
		err = t.retriable(e)
	}
	t.mu.Unlock()
	if err != nil {
		return Job{}, err
	}
	j := e.Job
	j.State, j.Attempts, j.Error, j.Failures = Queued, 0, nil, nil
	j.Started, j.Ended, j.Expires = time.Time{}, time.Time{}, time.Time{}
	release, err := t.o.Files.Reserve(j.Bytes)
	if err != nil {
		return Job{}, err
	}
	if err := t.writeAlone(jobChange(&j)); err != nil {
		release()
		return Job{}, unavailable(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Job, e.release, e.tries = j, release, 0
	t.enqueue(e)
	t.tell(e)
	t.Wake()
	return t.look(e), nil
}

// retriable returns an error if a job cannot be tried again. mu is held.
func (t *Table) retriable(e *entry) error {
	if e.State != Failed || e.busy {
		return fault.New(fault.Conflict, "only jobs that failed can be tried again; this one is %s", e.State)
	}
	return t.room(e.Owner, e.Most, 1)
}
