package jobs

import (
	"time"

	"classsr/fault"
	"classsr/server/blobs"
)

// uploadTime is how long an upload is kept after its last use.
const uploadTime = time.Hour

// AddPicture remembers an upload; it is on disk when AddPicture returns.
func (t *Table) AddPicture(p Picture) error {
	p.Used = t.Now().UTC()
	name := owned(p.Owner, p.Sum.String())
	if err := t.write(change{picturesBucket, name, p}); err != nil {
		return unavailable(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pictures[string(name)] = p
	return nil
}

// Picture gives an upload of an owner's, or what is known of it from a job of the owner's; those of others are not found. That counts as a use.
func (t *Table) Picture(owner string, sum blobs.Sum) (Picture, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := string(owned(owner, sum.String()))
	if p, known := t.pictures[name]; known {
		p.Used = t.Now().UTC()
		t.pictures[name] = p // on disk it keeps the time before: after a restart it may go an hour earlier
		return p, nil
	}
	for _, e := range t.jobs {
		if e.Owner == owner && e.Picture == sum {
			return Picture{Owner: owner, Sum: sum, Name: e.Name, Format: e.Format, Width: e.Width, Height: e.Height, Used: e.Created}, nil
		}
	}
	return Picture{}, fault.New(fault.NotFound, "there is no such picture: send it to /v1/pictures first")
}

// RemovePicture forgets an upload. One that a job waits for is an error of kind fault.Conflict.
func (t *Table) RemovePicture(owner string, sum blobs.Sum) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.jobs {
		if e.Owner == owner && e.Picture == sum && !e.State.Over() {
			return fault.New(fault.Conflict, "a job needs that picture: cancel it first")
		}
	}
	return t.forget(owner, sum)
}

func (t *Table) forget(owner string, sum blobs.Sum) error {
	name := owned(owner, sum.String())
	if err := t.write(change{picturesBucket, name, nil}); err != nil {
		return unavailable(err)
	}
	delete(t.pictures, string(name))
	return t.free(sum)
}

// free removes a picture's file if nobody needs it any more.
func (t *Table) free(sum blobs.Sum) error {
	if t.Files == nil || t.needed(sum) {
		return nil
	}
	return t.Files.RemovePicture(sum)
}

// needed tells whether an upload or a job has a picture.
func (t *Table) needed(sum blobs.Sum) bool {
	for _, p := range t.pictures {
		if p.Sum == sum {
			return true
		}
	}
	for _, e := range t.jobs {
		if e.Picture == sum {
			return true
		}
	}
	return false
}

// Known gives functions that tell which pictures are needed, and which jobs there are, for removing what is left over.
func (t *Table) Known() (picture func(blobs.Sum) bool, result func(string) bool) {
	picture = func(sum blobs.Sum) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.needed(sum)
	}
	result = func(id string) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		e := t.jobs[id]
		return e != nil && e.State == Done
	}
	return picture, result
}

// Expire removes what is too old: results after their time, uploads that nobody used for an hour. It gives how many jobs went.
func (t *Table) Expire() (removed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	for _, e := range t.jobs {
		if e.State.Over() && !now.Before(e.Expires) && !e.busy {
			if err := t.drop(e); err != nil {
				t.Log.Error("a job that is too old was not removed", "job", e.ID, "error", err.Error())
				continue
			}
			removed++
		}
	}
	for _, p := range t.pictures {
		if now.Sub(p.Used) >= uploadTime {
			if err := t.forget(p.Owner, p.Sum); err != nil {
				t.Log.Error("an upload that is too old was not removed", "error", err.Error())
			}
		}
	}
	return removed
}
