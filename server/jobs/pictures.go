package jobs

import (
	"time"

	"classsr/fault"
	"classsr/server/blobs"
	"classsr/server/problem"
)

// uploadTime is how long an upload is kept after its last use.
const uploadTime = time.Hour

// AddPicture remembers an upload; it is on disk when AddPicture returns. One that is known already is used. Errors are of kind fault.Busy if too many
// are remembered, of kind fault.Unavailable if the disk is full; then the file is removed, if nothing else has it.
func (t *Table) AddPicture(p Picture) error {
	t.turn.Lock()
	defer t.turn.Unlock()
	p.Used = t.o.Now().UTC()
	name := owned(p.Owner, p.Sum.String())
	t.mu.Lock()
	_, known := t.pictures[name]
	full := !known && len(t.pictures) >= t.o.Records
	t.mu.Unlock()
	var err error
	if full {
		err = problem.Later(fault.Busy, uploadTime/10, "too many pictures are remembered: remove some, or try again later")
	} else if err = t.writeAlone(change{picturesBucket, name, p}); err != nil {
		err = unavailable(err)
	}
	if err != nil {
		t.removeUnneeded(p.Sum)
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pictures[name] = p
	if !known {
		t.refs[p.Sum]++
	}
	return nil
}

// Picture gives an upload of an owner's, or what a job of the owner's knows of it, and counts as a use. One that is not there, or another's, is an
// error of kind fault.NotFound.
func (t *Table) Picture(owner string, sum blobs.Sum) (Picture, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := owned(owner, sum.String())
	if p, known := t.pictures[name]; known {
		p.Used = t.o.Now().UTC()
		t.pictures[name] = p // on disk it has the time before: after a restart it may go earlier
		return p, nil
	}
	if t.refs[sum] > 0 {
		for _, e := range t.jobs {
			if e.Owner == owner && e.Picture == sum {
				return Picture{Owner: owner, Sum: sum, Name: e.Name, Format: e.Format, Width: e.Width, Height: e.Height, Used: e.Created}, nil
			}
		}
	}
	return Picture{}, fault.New(fault.NotFound, "there is no such picture: send it first")
}

// RemovePicture forgets an upload. Its file stays while a job has it; one that waits or runs makes it an error of kind fault.Conflict.
func (t *Table) RemovePicture(owner string, sum blobs.Sum) error {
	needed := func(e *entry) bool { return e.Owner == owner && e.Picture == sum && !e.State.Over() }
	if len(t.pick(needed)) > 0 {
		return fault.New(fault.Conflict, "a job of yours needs this picture: cancel it first")
	}
	return t.forgetPicture(owner, sum, func(Picture) bool { return true })
}

// forgetPicture forgets an upload if it is still as it should be then.
func (t *Table) forgetPicture(owner string, sum blobs.Sum, still func(Picture) bool) error {
	t.turn.Lock()
	defer t.turn.Unlock()
	name := owned(owner, sum.String())
	t.mu.Lock()
	p, known := t.pictures[name]
	t.mu.Unlock()
	if !known || !still(p) {
		return nil
	}
	if err := t.writeAlone(change{picturesBucket, name, nil}); err != nil {
		return unavailable(err)
	}
	t.mu.Lock()
	delete(t.pictures, name)
	unneeded := t.unref(sum)
	t.mu.Unlock()
	if unneeded {
		t.removePicture(sum)
	}
	return nil
}

// removeUnneeded removes a picture that nothing has.
func (t *Table) removeUnneeded(sum blobs.Sum) {
	t.mu.Lock()
	unneeded := t.refs[sum] == 0
	t.mu.Unlock()
	if unneeded {
		t.removePicture(sum)
	}
}

// unref counts one less who has a picture, with mu held, and tells whether nobody has it any more.
func (t *Table) unref(sum blobs.Sum) (unneeded bool) {
	if t.refs[sum]--; t.refs[sum] > 0 {
		return false
	}
	delete(t.refs, sum)
	return true
}

// expirePictures forgets uploads that nobody used for an hour.
func (t *Table) expirePictures(now time.Time) {
	old := func(p Picture) bool { return now.Sub(p.Used) >= uploadTime }
	var all []Picture
	t.mu.Lock()
	for _, p := range t.pictures {
		if old(p) {
			all = append(all, p)
		}
	}
	t.mu.Unlock()
	for _, p := range all {
		if err := t.forgetPicture(p.Owner, p.Sum, old); err != nil {
			t.o.Log.Error("an upload that is too old was not removed", "picture", p.Sum.String(), "error", err.Error())
		}
	}
}

// Known gives functions that tell which pictures are needed, and of which jobs results are, for removing what is left over. They do not wait for the
// disk.
func (t *Table) Known() (picture func(blobs.Sum) bool, result func(job string) bool) {
	picture = func(sum blobs.Sum) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.refs[sum] > 0
	}
	result = func(id string) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		e := t.jobs[id]
		return e != nil && (e.State == Done || e.busy)
	}
	return picture, result
}

// NeedsModel tells whether a job that is not over is to be done by a model, by the name that its order gives. It does not wait for the disk.
func (t *Table) NeedsModel(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.jobs {
		if !e.State.Over() && e.Order["model"] == name {
			return true
		}
	}
	return false
}
