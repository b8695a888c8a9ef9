// Package atomicfile writes files that are either complete or absent: the content goes to a temporary file in the same
// folder, which takes the final name only after everything was written to disk. A failed or cancelled write leaves nothing
// behind and an older file of that name untouched; what is left of a program that was killed is removed when the same file is
// written again, or by Sweep.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"classsr/fault"
)

// ErrExists is returned (wrapped) by Write when the file is there and may not be replaced. It is of kind fault.Conflict.
var ErrExists = fault.New(fault.Conflict, "file exists already")

// Write calls write with a buffered writer to a temporary file beside path (which is an io.WriterAt, too), then gives that file the name path. Unless
// overwrite is set, a file that exists by then is kept and ErrExists returned. A file that is replaced keeps its mode, and a
// symbolic link keeps pointing to the file that is replaced; only files are replaced, no folders and devices. An error of write
// is returned as it is.
func Write(path string, overwrite bool, write func(io.Writer) error) error {
	return WriteThen(path, overwrite, write, nil)
}

// WriteThen is Write with a step in between: complete, if not nil, is called when all is on disk, before the file gets its name, and is told
// what the file will be like. If it returns an error, the file gets no name and the error is returned as it is.
func WriteThen(path string, overwrite bool, write func(io.Writer) error, complete func(fs.FileInfo) error) error {
	return writeAs(path, overwrite, false, write, complete)
}

// WritePrivate writes a small file that only its user may read, from its first byte on. One that is there is replaced, and its mode kept.
func WritePrivate(path string, content []byte) error {
	return writeAs(path, true, true, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}, nil)
}

func writeAs(path string, overwrite, private bool, write func(io.Writer) error, complete func(fs.FileInfo) error) error {
	target := path
	if overwrite {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			target = resolved
		}
		if err := replaceable(target); err != nil {
			return describe(path, err)
		}
	}
	f, err := createPartial(target)
	if err != nil {
		return describe(path, err)
	}
	defer f.discard()
	if private {
		if err := f.Chmod(0o600); err != nil && runtime.GOOS != "windows" { // where folders say who may read
			return describe(path, err)
		}
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	if err := write(changeable{buffered, f.File}); err != nil {
		return describe(path, err)
	}
	if err := finish(f.File, buffered, target); err != nil {
		return describe(path, err)
	}
	if complete != nil {
		info, err := os.Lstat(f.name)
		if err != nil {
			return describe(path, err)
		}
		if err := complete(info); err != nil {
			return err
		}
	}
	if err := f.publish(target, overwrite); err != nil {
		return describe(path, err)
	}
	return describe(path, SyncFolder(filepath.Dir(target)))
}

// changeable is a buffered writer that can go back to what was written.
type changeable struct {
	*bufio.Writer
	file *os.File
}

// WriteAt implements io.WriterAt.
func (c changeable) WriteAt(p []byte, offset int64) (int, error) {
	if err := c.Flush(); err != nil {
		return 0, err
	}
	return c.file.WriteAt(p, offset)
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
	if locks {
		return nil // closing it would give up the lock before it has its name
	}
	return f.Close()
}

// rename gives the temporary file its name.
func rename(partial, target string, overwrite bool) error {
	if overwrite {
		return again(func() error { return os.Rename(partial, target) })
	}
	// A link, unlike a rename, never replaces a file that came into being meanwhile. Not every file system has links.
	switch err := os.Link(partial, target); {
	case err == nil:
		return again(func() error { return os.Remove(partial) })
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	}
	if _, err := os.Lstat(target); err == nil {
		return ErrExists
	}
	return again(func() error { return os.Rename(partial, target) })
}

// SyncFolder puts new names in a folder on disk. Where a folder cannot be opened or synced, as on Windows, there is nothing to be done.
func SyncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // nothing was written
	if err := f.Sync(); errors.Is(err, syscall.EIO) {
		return err
	}
	return nil
}

// replaceable returns an error if there is something at path that is no file.
func replaceable(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	what := "it is not a file, but a device or the like"
	if info.IsDir() {
		what = "it is a folder"
	}
	return &fs.PathError{Op: "replace", Path: path, Err: fault.New(fault.Conflict, "%s", what)}
}

// Writable returns an error if no file could be written at path now, so that long work is not started in vain.
func Writable(path string) error {
	f, err := createPartial(path)
	if err != nil {
		return describe(path, err)
	}
	f.discard()
	return describe(path, replaceable(path))
}

// describe names the file the user asked for instead of the temporary one. What the operating system has no better word for is of kind
// fault.Unavailable.
func describe(path string, err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	case !errors.Is(err, ErrExists) && !errors.Is(err, errAbandoned):
		return err // of write, which says itself what it is about
	}
	return fmt.Errorf("cannot write %s: %w", path, fault.Default(fault.Unavailable, err))
}
