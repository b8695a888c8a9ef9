// Package fault gives errors a kind, which says what the receiver can do about them. Packages that read files, flags and requests give their
// errors a kind where they arise; only the edges of the program (the command line, a server) turn kinds into exit codes and answers.
//
//	if fault.KindOf(err) == fault.TooLarge { ... }
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
	// Usage means that the request is not possible or contradicts itself; ask for something else.
	Usage Kind = "usage"
	// Unsupported means that the file has a form that this program does not read or write; convert it first.
	Unsupported Kind = "unsupported"
	// Damaged means that the file is cut short or contradicts itself; get it again.
	Damaged Kind = "damaged"
	// TooLarge means that it would take more memory, pixels or bytes than allowed; allow more, or make it smaller.
	TooLarge Kind = "too_large"
	// Busy means that another process or request is using it; try again later.
	Busy Kind = "busy"
	// Unauthorized means that the caller has not proved that it may do this.
	Unauthorized Kind = "unauthorized"
	// NotFound means that there is no file, model or job of that name.
	NotFound Kind = "not_found"
	// Conflict means that something exists already that would be lost or contradicted.
	Conflict Kind = "conflict"
	// Unavailable means that the machine cannot do it now, because of missing disk space or permission, for instance.
	Unavailable Kind = "unavailable"
	// Internal means a mistake in the program, or an error without a kind.
	Internal Kind = "internal"
)

// Error is an error with a kind. Its text is that of Err, without the kind.
type Error struct {
	Kind Kind
	Err  error // never nil
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives Err, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind, with a text as made by fmt.Errorf (%w wraps).
func New(kind Kind, format string, args ...any) error {
	return &Error{kind, fmt.Errorf(format, args...)}
}

// As gives an error a kind, instead of the one that it may have; nil stays nil.
func As(kind Kind, err error) error {
	if err == nil {
		return nil
	}
	return &Error{kind, err}
}

// Default gives an error a kind if it has none so far (KindOf gives Internal); nil stays nil.
func Default(kind Kind, err error) error {
	if err == nil || KindOf(err) != Internal {
		return err
	}
	return &Error{kind, err}
}

// KindOf is the kind of an error: the outermost one that it was given, else the one that fits the operating system's error, else Internal.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrExist):
		return Conflict
	case errors.Is(err, fs.ErrPermission), Disk(err) != nil:
		return Unavailable
	case Locked(err):
		return Busy
	}
	return Internal
}

// Disk gives the operating system's error in err that says of a disk that it is full, or cannot be written at all: what comes next will fail
// as well. It gives nil if there is none.
func Disk(err error) error { return among(diskErrors, err) }

// Locked tells whether err is the operating system's about a file that another program keeps to itself, as Windows allows.
func Locked(err error) bool { return among(lockErrors, err) != nil }

// among gives the one of the causes that err is about, or nil.
func among(causes []syscall.Errno, err error) error {
	for _, cause := range causes {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}
