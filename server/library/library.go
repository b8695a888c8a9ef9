// Package library keeps models in files, named by their SHA-256, in a folder with a bound: what a server was sent, and what a worker has fetched from it. It
// takes model files of the program's own only, as `classsr convert` writes them.
//
// A file has its name only when all of it is on disk and was looked at. What nobody has used for long goes, and what was used longest ago when there is no
// room for something new; but nothing that is needed, or was used a moment ago.
package library

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/models"
	"classsr/server/blobs"
)

// Options say how much a Library may hold.
type Options struct {
	// Most is how many bytes all files may have together; 0 means 1 GB.
	Most int64
	// MostFile is how many bytes one may have, at most Most; 0 means a quarter of Most.
	MostFile int64
	// Keep is how long a model is kept that nobody uses; 0 means 30 days.
	Keep time.Duration
	// Needed, if not nil, tells of models that have to stay. It must not call the Library.
	Needed func(blobs.Sum) bool
	// Reserve, if not nil, tells whether the disk has room for so many bytes, as blobs.Store.Reserve does.
	Reserve func(bytes int64) (release func(), err error)

	now func() time.Time // nil: time.Now
}

const (
	mostBytes = 1e9
	keepTime  = 30 * 24 * time.Hour
	// graceTime is how long a model stays after it was used, whatever else there is no room for: a job of it may be about to come.
	graceTime = 10 * time.Minute
	// noteTime is how often it is noted on the disk, at most, that a model was used.
	noteTime = time.Minute
	// ownShare of all bytes, one part of so many, is what one owner's models may have beside those of others.
	ownShare = 2
)

// Library is a folder of models. It is safe for concurrent use. One process has it at a time, which the caller sees to.
type Library struct {
	folder string
	Options

	mu       sync.Mutex
	files    map[blobs.Sum]*entry
	used     int64 // bytes of all of them
	promised int64 // bytes of those that come
}

// entry is a file that is there.
type entry struct {
	bytes       int64
	used, noted time.Time // the latter is the file's
	owner       string    // who sent it; "": that is not known any more
}

const (
	ending   = ".safetensors"
	incoming = "incoming-" // begins names of files that are not complete
)

// Open opens the library in a folder, which it makes if it is not there, and removes what was left half-done.
func Open(folder string, o Options) (*Library, error) {
	if o.Most <= 0 {
		o.Most = mostBytes
	}
	const share = 4
	if o.MostFile = min(o.MostFile, o.Most); o.MostFile <= 0 {
		o.MostFile = o.Most / share
	}
	if o.Keep <= 0 {
		o.Keep = keepTime
	}
	if o.now == nil {
		o.now = time.Now
	}
	l := &Library{folder: folder, Options: o, files: map[blobs.Sum]*entry{}}
	if err := l.look(); err != nil {
		return nil, fmt.Errorf("cannot keep models in %s: %w", folder, fault.Default(fault.Unavailable, err))
	}
	return l, nil
}

// look finds what there is.
func (l *Library) look() error {
	if err := os.MkdirAll(l.folder, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(l.folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if matched, _ := filepath.Match(incoming+"*", e.Name()); matched {
			if err := os.Remove(filepath.Join(l.folder, e.Name())); err != nil {
				return err
			}
			continue
		}
		sum, err := blobs.ParseSum(e.Name()[:max(len(e.Name())-len(ending), 0)])
		if err != nil || filepath.Ext(e.Name()) != ending {
			continue // somebody else's
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		l.files[sum] = &entry{bytes: info.Size(), used: info.ModTime(), noted: info.ModTime()}
		l.used += info.Size()
	}
	return nil
}

// path is that of a model's file, whether it is there or not.
func (l *Library) path(sum blobs.Sum) string { return filepath.Join(l.folder, sum.String()+ending) }

// Use notes that a model is used, so that it stays for a while. One that is not there is an error of kind fault.NotFound.
func (l *Library) Use(sum blobs.Sum) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.use(sum)
}

// use is Use with the lock held.
func (l *Library) use(sum blobs.Sum) error {
	e := l.files[sum]
	if e == nil {
		return notHere(sum)
	}
	now := l.now()
	e.used = now
	if now.Sub(e.noted) < noteTime && e.noted.Before(now.Add(noteTime)) {
		return nil
	}
	e.noted = now
	if err := os.Chtimes(l.path(sum), now, now); errors.Is(err, fs.ErrNotExist) { // somebody has removed it
		l.forget(sum)
		return notHere(sum)
	}
	return nil // where the time cannot be noted, the model goes earlier than it has to
}

func notHere(sum blobs.Sum) error {
	return fault.New(fault.NotFound, "the model %s is not here, or not any more: send its file again", models.InFile(sum))
}

// forget takes a model out of the list, with the lock held.
func (l *Library) forget(sum blobs.Sum) {
	if e := l.files[sum]; e != nil {
		l.used -= e.bytes
		delete(l.files, sum)
	}
}

// Remove removes a model. One that is not there is no error.
func (l *Library) Remove(sum blobs.Sum) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.remove(sum)
}

// remove is Remove with the lock held. A file that somebody reads can be read to its end.
func (l *Library) remove(sum blobs.Sum) error {
	if err := os.Remove(l.path(sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a model: %w", err)
	}
	l.forget(sum)
	return nil
}

// Expire removes models that nobody has used for long.
func (l *Library) Expire() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all error
	now := l.now()
	for sum, e := range l.files {
		if now.Sub(e.used) > l.Keep && !l.needed(sum) {
			all = errors.Join(all, l.remove(sum))
		}
	}
	return all
}

func (l *Library) needed(sum blobs.Sum) bool { return l.Needed != nil && l.Needed(sum) }

// promise makes room for so many bytes of an owner's, with the lock held: what was used longest ago goes, of his own if he has half of all. If that is not enough, the error
// is of kind fault.Busy.
func (l *Library) promise(owner string, bytes int64) error {
	for {
		own := l.of(owner)
		tooMany := own > 0 && own+bytes > l.Most/ownShare
		if !tooMany && l.used+l.promised+bytes <= l.Most {
			break
		}
		oldest, found := l.oldest(func(e *entry) bool {
			return tooMany && e.owner == owner || !tooMany && l.now().Sub(e.used) > graceTime
		})
		if !found {
			return fault.New(fault.Busy, "there are %s of models here that jobs need or that came just now, and at most %s are kept: try again later",
				humanize.Bytes(uint64(l.used+l.promised)), humanize.Bytes(uint64(l.Most)))
		}
		if err := l.remove(oldest); err != nil {
			return err
		}
	}
	l.promised += bytes
	return nil
}

// of is how many bytes an owner's models have.
func (l *Library) of(owner string) (bytes int64) {
	for _, e := range l.files {
		if owner != "" && e.owner == owner {
			bytes += e.bytes
		}
	}
	return bytes
}

// oldest gives the model that was used longest ago of those that may go and are not needed.
func (l *Library) oldest(mayGo func(*entry) bool) (oldest blobs.Sum, found bool) {
	for sum, e := range l.files {
		if mayGo(e) && !l.needed(sum) && (!found || e.used.Before(l.files[oldest].used)) {
			oldest, found = sum, true
		}
	}
	return oldest, found
}
