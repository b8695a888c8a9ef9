// Package atomicfile writes files that are either complete or absent: the content goes to a temporary file in the same
// folder, which takes the final name only after everything was written. A failed or cancelled write leaves nothing behind
// and an older file of that name untouched.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrExists is returned (wrapped) by Write when the file is there and may not be replaced.
var ErrExists = errors.New("file exists already")

var errIsFolder = errors.New("it is a folder")

// Write calls write with a buffered writer to a temporary file beside path, then renames that file to path. Unless overwrite
// is set, a file that exists by then is kept and ErrExists returned. An error of write is returned as it is.
func Write(path string, overwrite bool, write func(io.Writer) error) (err error) {
	f, err := createPartial(path)
	if err != nil {
		return describe(path, err)
	}
	defer forgetPartial(f.Name())
	defer func() {
		if err != nil {
			_ = f.Close() // a second Close is harmless, and the first error is the one to report
			_ = os.Remove(f.Name())
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<20)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return describe(path, err)
	}
	// CreateTemp makes files that only their owner can read; results get the usual mode.
	if err := f.Chmod(0o644); err != nil {
		return describe(path, err)
	}
	if err := f.Close(); err != nil {
		return describe(path, err)
	}
	if !overwrite {
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("%s: %w", path, ErrExists)
		}
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return describe(path, err)
	}
	return nil
}

// describe names the file the user asked for instead of the temporary one.
func describe(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	var linkErr *os.LinkError
	if errors.As(err, &linkErr) {
		err = linkErr.Err
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}
