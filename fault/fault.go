// Package fault sorts errors by what whoever gets one can do about it. Packages that read files, flags and requests give their errors a
// kind where they arise; only the edges of the program (the command line, a server) turn kinds into exit codes and answers.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Kind says what an error calls for. Its text is what JSON and HTTP answers carry.
type Kind string

const (
	// Usage: what was asked for is not possible or contradicts itself; ask for something else.
	Usage Kind = "usage"
	// Unsupported: the file is of a form that this program does not read or write; convert it first.
	Unsupported Kind = "unsupported"
	// Damaged: the file is broken off, or not what it says; get it again.
	Damaged Kind = "damaged"
	// TooLarge: it would take more memory, pixels or bytes than allowed; allow more, or make it smaller.
	TooLarge Kind = "too_large"
	// Busy: somebody else is at it; try again later.
	Busy Kind = "busy"
	// Unauthorized: the caller has not shown that it may do this.
	Unauthorized Kind = "unauthorized"
	// NotFound: there is no file, model or job of that name.
	NotFound Kind = "not_found"
	// Conflict: something is there already that would be lost or contradicted.
	Conflict Kind = "conflict"
	// Unavailable: the machine cannot do it now, for want of disk space or permission for instance.
	Unavailable Kind = "unavailable"
	// Internal: a mistake in the program, or an error that nobody gave a kind.
	Internal Kind = "internal"
)

// Error is an error with a kind. Its text is that of Err.
type Error struct {
	Kind Kind
	Err  error // never nil
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the error that was given a kind.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind, with a text as of fmt.Errorf.
func New(kind Kind, format string, args ...any) error {
	return &Error{kind, fmt.Errorf(format, args...)}
}

// As gives an error a kind; nil stays nil. A kind that it has already is replaced.
func As(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{kind, err}
}

// Default gives an error a kind if KindOf finds none but Internal; nil stays nil.
func Default(kind Kind, err error) error {
	if err == nil || KindOf(err) != Internal {
		return err
	}
	return &Error{kind, err}
}

// KindOf tells the kind of an error: the outermost one that it was given, else what the operating system's error amounts to, else Internal.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrExist):
		return Conflict
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EROFS):
		return Unavailable
	}
	return Internal
}
