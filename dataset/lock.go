package dataset

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"

	"classsr/fault"
)

// lock keeps other processes, and other calls in this one, from preparing the file at path until unlock is called. If somebody is at
// it the error, of kind fault.Busy, comes at once. What is locked is an empty file beside it: locks of some systems forbid writing
// what is locked. It is removed at the end; one that a killed run leaves behind locks nothing.
func (p *preparation) lock(path string) (unlock func(), err error) {
	name := p.partial + ".lock"
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot write %s: %s is in the way: remove it", path, name)
	}
	for {
		l := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
		locked, err := l.TryLock()
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			p.Note(fmt.Sprintf("%s is on a file system without locks: make sure that no other classsr prepare writes it", path))
			_ = os.Remove(name) // it is of no use
			return func() {}, nil
		case err != nil:
			return nil, fmt.Errorf("cannot write %s: %w", path, cause(err))
		case !locked:
			_ = l.Close()
			return nil, fault.New(fault.Busy, "cannot write %s: another classsr prepare is writing it: wait for it, or choose another file", path)
		}
		held, err := l.Stat()
		there, thereErr := os.Lstat(name)
		if err == nil && thereErr == nil && os.SameFile(held, there) {
			return func() { release(l, name) }, nil
		}
		_ = l.Close() // of a run that removed it meanwhile
	}
}

// release removes the file of a lock while nobody else can hold it; where open files cannot be removed, afterwards.
func release(l *flock.Flock, name string) {
	removed := os.Remove(name)
	_ = l.Close()
	if removed != nil {
		_ = os.Remove(name) // nothing is lost if it stays
	}
}
