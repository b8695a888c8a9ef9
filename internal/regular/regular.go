// Package regular opens files for reading and refuses what is none: a pipe, a device or a socket, whose name may stand where a file's
// is expected, would keep the program waiting or never end. Use Open, or ReadFile for small files. It follows symbolic links.
package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"classsr/fault"
)

// ErrPipe is in the error about a pipe, for callers that know what to do with one.
var ErrPipe = errors.New("it is a pipe, not a file")

// Open opens a file for reading. Its errors are fs.PathErrors as those of os.Open; one about something that is no regular file is of kind
// fault.Unsupported. It never waits for a pipe's other end, and touches no device.
func Open(path string) (*os.File, error) {
	// Asked before opening: opening a device may do something, as rewinding a tape.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := check(path, info.Mode()); err != nil {
		return nil, err
	}
	return openChecked(path)
}

// openChecked opens what was a file a moment ago, and asks again.
func openChecked(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = check(path, info.Mode())
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

// ReadFile reads a whole file. One of more than limit bytes is refused, with an error of kind fault.TooLarge, before it fills the memory.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tooLarge := &fs.PathError{
		Op: "read", Path: path, Err: fault.New(fault.TooLarge, "it is larger than the %d bytes that such a file may have", limit),
	}
	if info.Size() > limit {
		return nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, limit)) // it may grow meanwhile, and files of /proc claim to be empty
	if err != nil {
		return nil, err
	}
	if n, _ := f.Read(make([]byte, 1)); n > 0 {
		return nil, tooLarge
	}
	return data, nil
}

// check says what a file that is not regular is.
func check(path string, mode fs.FileMode) error {
	var err error
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		err = errors.New("it is a folder, not a file")
	case mode&fs.ModeNamedPipe != 0:
		err = fault.New(fault.Unsupported, "%w: save its contents to a file first", ErrPipe)
	case mode&fs.ModeSocket != 0:
		err = errors.New("it is a socket, not a file")
	case mode&fs.ModeDevice != 0:
		err = errors.New("it is a device, not a file")
	default:
		err = errors.New("it is not a regular file")
	}
	return &fs.PathError{Op: "open", Path: path, Err: fault.Default(fault.Unsupported, err)}
}
