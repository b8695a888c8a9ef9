package jobs

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"classsr/fault"
	"classsr/server/problem"
)

// diskWait is when to come again after the disk took nothing.
const diskWait = 5 * time.Second

// Add puts a job into the queue; it is on disk when Add returns. ID, State and Created are made here. key, if not empty, is that of the request: the
// same key of the same owner again gives the job that there is already (replayed), if picture and order are the same, and else an error of kind
// fault.Conflict. Other errors are of kind fault.Busy if too much waits or is kept, of kind fault.Unavailable if the disk is full; they say when to
// come again. After an error the picture's file is removed, if nothing else has it.
func (t *Table) Add(j Job, key string) (added Job, replayed bool, err error) {
	j.Key = key
	if key != "" {
		id, done, err := t.claim(&j)
		if err != nil {
			t.removeUnneeded(j.Picture)
			return Job{}, false, err
		}
		if id != "" {
			added, err := t.Get(j.Owner, id)
			return added, true, err
		}
		defer done()
	}
	if err := t.admit(&j); err != nil {
		return Job{}, false, err
	}
	release, err := t.reserve(j.Bytes)
	if err == nil {
		if err = t.write(jobChange(&j)); err != nil {
			release()
			err = unavailable(err)
		}
	}
	if err != nil {
		t.refuse(&j)
		return Job{}, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.settled(&j)
	e := t.insert(j)
	e.release = release
	t.enqueue(e)
	t.tell(e)
	t.Wake()
	return t.look(e), false, nil
}

// unavailable is the error of a transaction, which is about the disk nearly always.
func unavailable(err error) error {
	return problem.Later(fault.Unavailable, diskWait, "the table of jobs cannot be written: %w", err)
}

// asked is what a job is for: jobs with one key have to agree in it.
func asked(j *Job) [sha256.Size]byte {
	order, err := json.Marshal(j.Order) // in the order of its names
	if err != nil {
		panic("jobs: an order cannot be encoded")
	}
	return sha256.Sum256(append(j.Picture[:], order...))
}

// claim finds the job of a key, or keeps the key until done is called. Of several requests with one key that come at once, one adds the job, and the
// others wait for it.
func (t *Table) claim(j *Job) (id string, done func(), err error) {
	name := owned(j.Owner, j.Key)
	for {
		t.mu.Lock()
		if id, known := t.keys[name]; known {
			same := asked(j) == asked(&t.jobs[id].Job)
			t.mu.Unlock()
			if !same {
				return "", nil, fault.New(fault.Conflict, "this idempotency key was used for another picture, or for other options: use a new one")
			}
			return id, nil, nil
		}
		other := t.adding[name]
		if other == nil {
			mine := make(chan struct{})
			t.adding[name] = mine
			t.mu.Unlock()
			return "", func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.adding, name)
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		<-other
	}
}

// admit refuses a job that there is no place for. Otherwise it keeps a place, until settled is called, and gives the job its identifier.
func (t *Table) admit(j *Job) error {
	t.trim(j.Owner, byCount, func() bool { _, own := t.full(j.Owner, 1); return !own })
	t.trim("", byCount, func() bool { all, _ := t.full(j.Owner, 1); return !all })
	t.mu.Lock()
	t.refs[j.Picture]++
	t.held[j.Owner]++
	t.pending[j.Owner]++
	t.mu.Unlock()
	err := t.placeFor(j)
	if err != nil {
		t.refuse(j)
	}
	return err
}

// placeFor refuses a job, which is counted already, or gives it its identifier.
func (t *Table) placeFor(j *Job) error {
	all, own := t.full(j.Owner, 0)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.room(j.Owner, j.Most, 0); err != nil {
		return err
	}
	if all || own {
		return problem.Later(fault.Busy, protected, "too many jobs are remembered: remove some, or try again later")
	}
	now := t.o.Now()
	t.lastID = max(t.lastID+1, now.UnixMilli()) // so identifiers rise
	j.ID, j.State, j.Created = newID(t.lastID), Queued, now.UTC()
	return nil
}

// Room returns the error that Add would return since too many jobs wait, for whoever asks before a picture has come. most is the owner's own bound, or 0.
func (t *Table) Room(owner string, most int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.room(owner, most, 1)
}

// room refuses so many jobs more than those that wait and are being added, if that is too much. mu is held.
func (t *Table) room(owner string, most, more int) error {
	waiting, mine := t.queue.Len()+more, t.queue.LenOf(owner)+t.pending[owner]+more
	for _, n := range t.pending {
		waiting += n
	}
	bound := t.o.PerOwner
	if most > 0 {
		bound = min(bound, most)
	}
	switch {
	case waiting > t.o.Queue:
		return problem.Later(fault.Busy, t.untilPlace(), "%d jobs wait, and no more are taken: try again later", waiting-1)
	case mine > bound:
		return problem.Later(fault.Busy, t.untilPlace(), "%d of your jobs wait, and no more are taken: try again later", mine-1)
	}
	return nil
}

// full tells whether more jobs are remembered than may be, with so many more: in all, or half as many of an owner.
func (t *Table) full(owner string, more int) (all, own bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, held := range t.held {
		n += held
	}
	return n+more > t.o.Records, t.held[owner]+more > max(t.o.Records/2, 1)
}

// settled ends what admit keeps, with mu held.
func (t *Table) settled(j *Job) {
	if t.pending[j.Owner]--; t.pending[j.Owner] == 0 {
		delete(t.pending, j.Owner)
	}
}

// refuse gives up a job that was to be added.
func (t *Table) refuse(j *Job) {
	t.mu.Lock()
	t.settled(j)
	unneeded := t.forgetJob(j)
	t.mu.Unlock()
	if unneeded {
		t.removePicture(j.Picture)
	}
}

// forgetJob counts a job no more. It tells whether its picture is needed no more.
func (t *Table) forgetJob(j *Job) (unneeded bool) {
	if t.held[j.Owner]--; t.held[j.Owner] == 0 {
		delete(t.held, j.Owner)
	}
	return t.unref(j.Picture)
}

// reserve sets disk space aside. If the server holds too much, results that are old enough make room.
func (t *Table) reserve(bytes int64) (release func(), err error) {
	release, err = t.o.Files.Reserve(bytes)
	if fault.KindOf(err) == fault.Busy {
		t.trim("", byBytes, func() bool {
			release, err = t.o.Files.Reserve(bytes)
			return fault.KindOf(err) != fault.Busy
		})
	}
	if err != nil {
		return nil, err
	}
	return release, nil
}
