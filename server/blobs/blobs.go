// Package blobs keeps files on a disk, with a bound: pictures that were sent, by their SHA-256, and the results of jobs. It knows neither
// pictures nor jobs: who needs a file is told to it.
//
// A file has its name only when all of it is on disk. What a killed server leaves behind, and what nobody needs any more, is removed by Sweep.
package blobs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"classsr/fault"
)

// Options say how much a Store may hold.
type Options struct {
	// Most is how many bytes pictures and results may have together. 0 means half of what is free or taken by them already, at most 50 GB.
	Most int64
	// KeepFree is how many bytes stay free on the disk. 0 means 256 MB, or 2 % of a disk that is small.
	KeepFree int64

	disk func(folder string) (disk, error) // nil: the system's
}

// disk is how large a disk is, and how much of it this program may still write, in bytes.
type disk struct{ size, free int64 }

// Bounds that Options have by default.
const (
	mostBytes    = 50e9
	keptFree     = 256 << 20
	keptFreeEach = 50 // one part of so many of the disk
)

// Store is a folder of files. It is safe for concurrent use. One process has it at a time, which the caller sees to.
type Store struct {
	folder string
	Options

	mu       sync.Mutex
	pictures map[Sum]int64    // bytes of what is on disk
	views    map[Sum]int64    // bytes of those that are kept beside their pictures
	results  map[string]int64 // of all files of a job
	used     int64            // their sum
	promised int64            // bytes that were reserved
	written  int64            // of these, bytes that are on disk already
	pinned   map[Sum]int      // by how many Received
	doomed   map[Sum]bool     // pictures to be removed when they are pinned no more
	incoming map[string]bool  // names of files that are being received
	needed   func(Sum) bool   // as Sweep was told
}

// Folders of a Store.
const (
	incomingFolder = "incoming"
	picturesFolder = "pictures"
	resultsFolder  = "results"
)

// Open opens the store in a folder, and makes it if it is not there. Sweep is to be called next: until then the files that are there do not
// count.
func Open(folder string, o Options) (*Store, error) {
	if o.disk == nil {
		o.disk = diskOf
	}
	s := &Store{
		folder: folder, Options: o, pictures: map[Sum]int64{}, views: map[Sum]int64{}, results: map[string]int64{}, pinned: map[Sum]int{}, doomed: map[Sum]bool{}, incoming: map[string]bool{},
	}
	for _, name := range []string{incomingFolder, picturesFolder, resultsFolder} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			return nil, fmt.Errorf("cannot keep pictures in %s: %w", folder, fault.Default(fault.Unavailable, err))
		}
	}
	d, err := o.disk(folder)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		d = disk{mostBytes, mostBytes}
	case err != nil:
		return nil, fmt.Errorf("cannot tell how much room there is in %s: %w", folder, fault.Default(fault.Unavailable, err))
	}
	if s.KeepFree <= 0 {
		s.KeepFree = KeepFree(d.size)
	}
	if s.Most <= 0 {
		taken, err := s.taken()
		if err != nil {
			return nil, fmt.Errorf("cannot look through %s: %w", folder, fault.Default(fault.Unavailable, err))
		}
		s.Most = min(mostBytes, (d.free+taken)/2)
	}
	return s, nil
}

// Picture is the path of a picture, whether it is there or not.
func (s *Store) Picture(sum Sum) string {
	name := sum.String()
	return filepath.Join(s.folder, picturesFolder, name[:2], name)
}

// Result is the path of a file of a job; ending begins with a point, as .png or .map.png. The folder that it is in is made. It panics if job is
// not made of at least two letters and digits, or ending of letters, digits and points: neither may come from a request unseen.
func (s *Store) Result(job, ending string) string {
	if !named(job) || !strings.HasPrefix(ending, ".") || !allIn(ending, letters+".") || strings.Contains(ending, "..") {
		panic("blobs: no name of a result")
	}
	path := filepath.Join(s.resultFolder(job), job+ending)
	_ = os.Mkdir(filepath.Dir(path), 0o700) // mostly it is there; if not, who writes the file is told
	return path
}

// resultFolder is where the files of a job are. Names of jobs begin with their time, so folders are made of what is at their ends.
func (s *Store) resultFolder(job string) string {
	return filepath.Join(s.folder, resultsFolder, job[len(job)-2:])
}

const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// named tells whether a text can be the name of a job.
func named(job string) bool { return len(job) >= 2 && len(job) <= 64 && allIn(job, letters) }

func allIn(text, of string) bool {
	return strings.Trim(text, of) == "" && strings.ToValidUTF8(text, "") == text
}

// AddResult counts the files of a job as they are on disk now, for Usage; call it when they are complete, and give back what was reserved for them
// afterwards. It tells their bytes.
func (s *Store) AddResult(job string) (bytes int64, err error) {
	files, err := s.filesOf(job)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		bytes += f.Size()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += bytes - s.results[job]
	s.results[job] = bytes
	return bytes, nil
}

// filesOf lists the files of a job.
func (s *Store) filesOf(job string) (files []fs.FileInfo, err error) {
	if !named(job) {
		panic("blobs: no name of a job")
	}
	entries, err := os.ReadDir(s.resultFolder(job))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if owner, ok := ownerOf(e.Name()); !ok || owner != job {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() { // else it is gone meanwhile
			files = append(files, info)
		}
	}
	return files, nil
}

// RemovePicture removes a picture. One that is not there is no error. If the same picture is just being received, it stays for as long, and is
// then removed unless it is needed by what Sweep was told.
func (s *Store) RemovePicture(sum Sum) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pinned[sum] > 0 {
		s.doomed[sum] = true
		return nil
	}
	return s.removePicture(sum)
}

// removePicture removes a picture and its view. It is to be called with the lock held.
func (s *Store) removePicture(sum Sum) error {
	if err := os.Remove(s.Picture(sum)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove a picture: %w", err)
	}
	s.used -= s.pictures[sum]
	delete(s.pictures, sum)
	return s.removeView(sum)
}

// RemoveResult removes all files of a job. If there are none it is no error.
func (s *Store) RemoveResult(job string) error {
	files, err := s.filesOf(job)
	for _, f := range files {
		if e := os.Remove(filepath.Join(s.resultFolder(job), f.Name())); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot remove the results of a job: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= s.results[job]
	delete(s.results, job)
	return nil
}
