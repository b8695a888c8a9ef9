package dataset

import (
	"errors"
	"fmt"

	"classsr/fault"
	"classsr/internal/filelock"
)

// lock keeps other processes, and other calls in this one, from preparing the file at path until unlock is called. If somebody is at
// it the error, of kind fault.Busy, comes at once.
func (p *preparation) lock(path string) (unlock func(), err error) {
	name := p.partial + ".lock"
	unlock, err = filelock.Take(name)
	switch {
	case err == nil:
		return unlock, nil
	case errors.Is(err, filelock.ErrNoLock):
		p.Note(fmt.Sprintf("%s is on a file system without locks: make sure that no other classsr prepare writes it", path))
		return func() {}, nil
	case errors.Is(err, filelock.ErrInWay):
		return nil, fmt.Errorf("cannot write %s: %s is in the way: remove it", path, name)
	case errors.Is(err, filelock.ErrHeld):
		return nil, fault.New(fault.Busy, "cannot write %s: another classsr prepare is writing it: wait for it, or choose another file", path)
	}
	return nil, fmt.Errorf("cannot write %s: %w", path, cause(err))
}
