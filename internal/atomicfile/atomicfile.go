// Package atomicfile writes files that are either complete or absent: the content goes to a temporary file in the same
// folder, which takes the final name only after everything was written to disk. A failed or cancelled write leaves nothing
// behind and an older file of that name untouched.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists is returned (wrapped) by Write when the file is there and may not be replaced.
var ErrExists = errors.New("file exists already")

var errIsFolder = errors.New("it is a folder")

// Write calls write with a buffered writer to a temporary file beside path, then gives that file the name path. Unless
// overwrite is set, a file that exists by then is kept and ErrExists returned. A file that is replaced keeps its mode, and a
// symbolic link keeps pointing to the file that is replaced. An error of write is returned as it is.
func Write(path string, overwrite bool, write func(io.Writer) error) (err error) {
	target := path
	if overwrite {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			target = resolved
		}
	}
	f, err := createPartial(target)
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
		return describe(path, err)
	}
	if err := finish(f, buffered, target); err != nil {
		return describe(path, err)
	}
	if err := publish(f.Name(), target, overwrite); err != nil {
		return describe(path, err)
	}
	return nil
}

// finish puts everything on disk.
func finish(f *os.File, buffered *bufio.Writer, target string) error {
	if err := buffered.Flush(); err != nil {
		return err
	}
	if info, err := os.Stat(target); err == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// publish gives the temporary file its name.
func publish(partial, target string, overwrite bool) error {
	if overwrite {
		return os.Rename(partial, target)
	}
	// A link, unlike a rename, never replaces a file that came into being meanwhile. Not every file system has links.
	switch err := os.Link(partial, target); {
	case err == nil:
		return os.Remove(partial)
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	}
	if _, err := os.Lstat(target); err == nil {
		return ErrExists
	}
	return os.Rename(partial, target)
}

// describe names the file the user asked for instead of the temporary one.
func describe(path string, err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	case !errors.Is(err, ErrExists):
		return err // of write, which says itself what it is about
	}
	return fmt.Errorf("cannot write %s: %w", path, err)
}
