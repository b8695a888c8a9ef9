package library

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/internal/atomicfile"
	"classsr/models"
	"classsr/server/blobs"
)

// Add keeps the model that r holds and an owner sends, and gives its SHA-256. size is how many bytes come; -1 if that is not known. check, which may be nil, looks at the file
// before it is kept: its error is returned as it is, as are those of r. A model that is there already stays. Other errors are of kind fault.TooLarge if the file
// is, of kind fault.Busy if there is no room for it, of kind fault.Unavailable if the disk is full. After an error nothing is left.
func (l *Library) Add(owner string, r io.Reader, size int64, check func(f io.ReaderAt, size int64) error) (blobs.Sum, error) {
	return l.add(owner, r, size, func(_ blobs.Sum, f io.ReaderAt, size int64) error {
		if check == nil {
			return nil
		}
		return check(f, size)
	})
}

// AddAs is Add of a model whose SHA-256 is known. Another one is an error of kind fault.Damaged.
func (l *Library) AddAs(want blobs.Sum, r io.Reader, size int64) error {
	_, err := l.add("", r, size, func(got blobs.Sum, _ io.ReaderAt, _ int64) error {
		if got != want {
			return fault.New(fault.Damaged, "the model that came is not %s", models.InFile(want))
		}
		return nil
	})
	return err
}

// add is Add with a check that is told the file's SHA-256.
func (l *Library) add(owner string, r io.Reader, size int64, check func(sum blobs.Sum, f io.ReaderAt, size int64) error) (sum blobs.Sum, err error) {
	if size < 0 {
		size = l.MostFile
	}
	if size > l.MostFile {
		return sum, l.tooLarge()
	}
	release, err := l.reserve(owner, size)
	if err != nil {
		return sum, err
	}
	defer release()
	f, err := os.CreateTemp(l.folder, incoming+"*")
	if err != nil {
		return sum, cannotKeep(err)
	}
	kept := false
	defer func() {
		_ = f.Close() // it was synced, or is removed
		if !kept {    // after a panic, too
			_ = os.Remove(f.Name())
		}
	}()
	sum, size, err = l.receive(f, r)
	if err != nil {
		return sum, err
	}
	if l.Use(sum) == nil {
		return sum, nil
	}
	if err := check(sum, f, size); err != nil {
		return sum, err
	}
	kept, err = l.keep(f, sum, &entry{bytes: size, owner: owner})
	return sum, err
}

func cannotKeep(err error) error {
	return fmt.Errorf("cannot keep a model: %w", fault.Default(fault.Unavailable, err))
}

func (l *Library) tooLarge() error {
	return fault.New(fault.TooLarge, "the model's file has more than the %s that are allowed here: a machine with more memory takes larger ones", humanize.Bytes(uint64(l.MostFile)))
}

// reserve makes room for a file, here and on the disk.
func (l *Library) reserve(owner string, size int64) (release func(), err error) {
	disk := func() {}
	if l.Reserve != nil {
		if disk, err = l.Reserve(size); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.promise(owner, size); err != nil {
		disk()
		return nil, err
	}
	return func() {
		disk()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.promised -= size
	}, nil
}

// receive writes what comes to a file, after a look at how it begins.
func (l *Library) receive(f *os.File, r io.Reader) (sum blobs.Sum, size int64, err error) {
	first := make([]byte, firstBytes)
	n, err := io.ReadFull(r, first)
	short := n > 0 && errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !short && !errors.Is(err, io.EOF) {
		return sum, 0, err
	}
	if err := checkFirst(first[:n]); err != nil {
		return sum, 0, err
	}
	h := sha256.New()
	out := &disk{w: io.MultiWriter(f, h)}
	if _, err := out.Write(first[:n]); err != nil {
		return sum, 0, cannotKeep(err)
	}
	more, err := io.Copy(out, io.LimitReader(r, l.MostFile-int64(n)+1))
	switch size = int64(n) + more; {
	case out.err != nil:
		return sum, 0, cannotKeep(out.err)
	case err != nil:
		return sum, 0, err
	case size > l.MostFile:
		return sum, 0, l.tooLarge()
	}
	return blobs.Sum(h.Sum(nil)), size, nil
}

// disk keeps the error of writing, to tell it from one of what is written.
type disk struct {
	w   io.Writer
	err error
}

func (d *disk) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.err = err
	return n, err
}

// keep gives a file its name, and returns when that is on disk. kept is false if the model was there already.
func (l *Library) keep(f *os.File, sum blobs.Sum, e *entry) (kept bool, err error) {
	if err := f.Sync(); err != nil {
		return false, cannotKeep(err)
	}
	if err := f.Close(); err != nil { // some systems do not rename what is open
		return false, cannotKeep(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.use(sum) == nil {
		return false, nil
	}
	if err := os.Rename(f.Name(), l.path(sum)); err != nil {
		return false, cannotKeep(err)
	}
	e.used = l.now()
	e.noted = e.used
	l.files[sum] = e
	l.used += e.bytes
	if err := atomicfile.SyncFolder(l.folder); err != nil {
		return true, errors.Join(cannotKeep(err), l.remove(sum))
	}
	return true, nil
}
