// Package filelock keeps programs from working on the same file or folder at once.
package filelock

import (
	"errors"
	"io/fs"
	"os"

	"github.com/gofrs/flock"
)

// Errors of Take, to be tested for by errors.Is.
var (
	ErrHeld   = errors.New("somebody else holds the lock")
	ErrInWay  = errors.New("it is in the way: remove it")
	ErrNoLock = errors.New("the file system has no locks")
)

// Take locks until unlock is called, against other processes and other calls in this one; it never waits. What is locked is an empty file
// of this name, which the caller puts beside what it is about: locks of some systems forbid writing what is locked. It is removed at the
// end; one that a killed program leaves behind locks nothing. An error is one of those above, or of the system.
func Take(name string) (unlock func(), err error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: ErrInWay}
	}
	for {
		l := flock.New(name, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o666))
		locked, err := l.TryLock()
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			_ = os.Remove(name) // it is of no use
			return nil, ErrNoLock
		case err != nil:
			return nil, err
		case !locked:
			_ = l.Close()
			return nil, ErrHeld
		}
		held, err := l.Stat()
		there, thereErr := os.Lstat(name)
		if err == nil && thereErr == nil && os.SameFile(held, there) {
			return func() { release(l, name) }, nil
		}
		_ = l.Close() // of a program that removed it meanwhile
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
