package blobs

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"classsr/fault"
	"classsr/internal/atomicfile"
)

// chunk is how many bytes are read at a time. The first ones are judged before more is read.
const chunk = 64 << 10

// step is how many bytes are reserved at a time where nobody says how many will come.
const step = 4 << 20

// Received is a file that was received and has no name yet. Discard ends its use in any case.
type Received struct {
	Sum  Sum
	Size int64 // bytes

	s    *Store
	room *room
	file *os.File // nil when it was closed
	path string
	kept bool

	failed error // of Keep
}

// Receive writes what r holds to a file without a name. size is how many bytes come at most, about; -1 if that is unknown. first, if not nil, is
// asked about the first 64 KiB, or all if there is less, before more is read; its error is returned as it is, as are those of r. Errors of the
// disk, and about its being full, are of kind fault.Unavailable; if the store may not hold more they are of kind fault.Busy. After an error
// nothing is left.
func (s *Store) Receive(r io.Reader, size int64, first func([]byte) error) (received *Received, err error) {
	room, err := s.reserve(max(size, 0))
	if err != nil {
		return nil, err
	}
	got := &Received{s: s, room: room}
	defer func() {
		if received == nil { // after a panic, too
			got.Discard()
		}
	}()
	if err := got.create(); err != nil {
		return nil, cannotKeep(err)
	}
	if err := got.fill(r, first); err != nil {
		return nil, err
	}
	s.shrink(room, got.Size)
	return got, nil
}

// cannotKeep is what is said when the disk does not take what was received.
func cannotKeep(err error) error {
	return fmt.Errorf("cannot keep what was sent: %w", fault.Default(fault.Unavailable, err))
}

// create makes the file.
func (r *Received) create() (err error) {
	name := rand.Text()
	r.s.mu.Lock()
	r.s.incoming[name] = true
	r.s.mu.Unlock()
	r.path = filepath.Join(r.s.folder, incomingFolder, name)
	r.file, err = os.OpenFile(r.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	return err
}

// fill writes all to the file, and hashes it.
func (r *Received) fill(from io.Reader, first func([]byte) error) error {
	h := sha256.New()
	buffer := make([]byte, chunk)
	for begun := false; ; begun = true {
		n, readErr := readFull(from, buffer)
		if readErr != nil && readErr != io.EOF { //nolint:errorlint // an end inside of something is no end
			return readErr
		}
		if !begun && n > 0 && first != nil {
			if err := first(buffer[:n]); err != nil {
				return err
			}
		}
		if err := r.write(h, buffer[:n]); err != nil {
			return err
		}
		if readErr != nil {
			r.Sum = Sum(h.Sum(nil))
			return nil
		}
	}
}

// readFull fills p. Unlike io.ReadFull it leaves the reader's errors as they are: the end of a file is io.EOF, after some bytes, too.
func readFull(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = r.Read(p[n:])
		n += more
	}
	return n, err
}

// write writes some bytes, for which there must be room.
func (r *Received) write(h hash.Hash, p []byte) error {
	if err := r.s.grow(r.room, r.Size+int64(len(p))); err != nil {
		return err
	}
	if _, err := r.file.Write(p); err != nil {
		return cannotKeep(err)
	}
	_, _ = h.Write(p) // hashes give no errors
	r.Size += int64(len(p))
	r.s.wrote(r.room, r.Size)
	return nil
}

// Path is where the file is, for judging it, until Discard. After Keep it is that of the picture.
func (r *Received) Path() string { return r.path }

// Keep gives the file its name, as a picture, and returns when that is on disk. If the picture is there already that one stays. From then on until
// Discard RemovePicture leaves it alone. After an error, which is of kind fault.Unavailable mostly, only Discard is of use.
func (r *Received) Keep() error {
	if r.kept || r.failed != nil {
		return r.failed
	}
	if err := r.keep(); err != nil {
		r.failed = cannotKeep(err)
	}
	return r.failed
}

func (r *Received) keep() error {
	err := errors.Join(r.file.Sync(), r.file.Close())
	r.file = nil
	if err == nil {
		err = os.Chmod(r.path, 0o400)
	}
	if err != nil {
		return err
	}
	target := r.s.Picture(r.Sum)
	if err := r.name(target); err != nil {
		return err
	}
	// Also if it was there: another upload of the same picture may not have come so far.
	for _, folder := range []string{filepath.Dir(target), filepath.Dir(filepath.Dir(target))} {
		if err := atomicfile.SyncFolder(folder); err != nil {
			_ = r.s.RemovePicture(r.Sum) // at Discard, that is
			return err
		}
	}
	return nil
}

// name moves the file to where pictures are, unless the picture is there already, and pins it.
func (r *Received) name(target string) error {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Mkdir(filepath.Dir(target), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	old, err := os.Lstat(target)
	switch {
	case err == nil && old.Mode().IsRegular() && old.Size() == r.Size:
		err = os.Remove(r.path)
	case err == nil: // somebody has changed it
		err = os.Remove(target)
		fallthrough
	default:
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(r.path, target)
		}
	}
	if err != nil {
		return err
	}
	s.used += r.Size - s.pictures[r.Sum]
	s.pictures[r.Sum] = r.Size
	s.release(r.room)
	s.pinned[r.Sum]++
	delete(s.incoming, filepath.Base(r.path))
	r.path, r.kept = target, true
	return nil
}

// Discard ends the use of what was received: it removes the file unless it was kept. To be called in any case, after Keep once what needs the
// picture is on record. More calls do nothing.
func (r *Received) Discard() {
	s := r.s
	if s == nil {
		return
	}
	r.s = nil
	if r.file != nil {
		_ = r.file.Close() // it is removed
	}
	if r.path != "" && !r.kept {
		_ = os.Remove(r.path) // or by Sweep
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(r.room)
	if !r.kept {
		delete(s.incoming, filepath.Base(r.path))
		return
	}
	if s.pinned[r.Sum]--; s.pinned[r.Sum] > 0 {
		return
	}
	delete(s.pinned, r.Sum)
	if s.doomed[r.Sum] {
		delete(s.doomed, r.Sum)
		if s.needed == nil || !s.needed(r.Sum) {
			_ = s.removePicture(r.Sum) // or by Sweep
		}
	}
}
