package blobs

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"classsr/fault"
)

// room is a promise of bytes on the disk, some of which are written already.
type room struct{ bytes, written int64 }

// Reserve promises so many bytes until release is called, which may be called more than once. Errors are of kind fault.Unavailable if the disk is
// too full, of kind fault.Busy if the store holds as much as it may, of kind fault.TooLarge if it never holds so much. Reserve(0) tells whether the
// disk is too full now.
func (s *Store) Reserve(bytes int64) (release func(), err error) {
	if bytes > s.Most {
		return nil, fault.New(fault.TooLarge, "it takes %s on the disk, and the server holds at most %s in all", humanize.Bytes(uint64(bytes)), humanize.Bytes(uint64(s.Most)))
	}
	r, err := s.reserve(max(bytes, 0))
	if err != nil {
		return nil, err
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.release(r)
	}, nil
}

func (s *Store) reserve(bytes int64) (*room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &room{}
	return r, s.extend(r, bytes)
}

// extend makes room larger, with the lock held.
func (s *Store) extend(r *room, by int64) error {
	if by > 0 && by > s.Most-s.used-s.promised {
		return fault.New(fault.Busy, "the server holds %s of pictures and results, and at most %s: remove some, or wait until older ones are removed",
			humanize.Bytes(uint64(max(s.used+s.promised, 0))), humanize.Bytes(uint64(s.Most)))
	}
	d, err := s.disk(s.folder)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
	case err != nil:
		return fmt.Errorf("cannot tell how much room the disk has: %w", fault.Default(fault.Unavailable, err))
	case by > d.free-s.KeepFree-(s.promised-s.written):
		return fault.New(fault.Unavailable, "the server's disk is full: try again later")
	}
	r.bytes += by
	s.promised += by
	return nil
}

// grow makes room for so many bytes in all.
func (s *Store) grow(r *room, bytes int64) error {
	if bytes <= r.bytes { // which nobody else changes
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.extend(r, max(bytes-r.bytes, step))
}

// wrote notes how much is on the disk.
func (s *Store) wrote(r *room, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written += bytes - r.written
	r.written = bytes
}

// shrink gives back what more was promised.
func (s *Store) shrink(r *room, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.promised -= r.bytes - bytes
	r.bytes = bytes
}

// release gives everything back, with the lock held.
func (s *Store) release(r *room) {
	s.promised -= r.bytes
	s.written -= r.written
	*r = room{}
}

// Usage tells how many bytes pictures and results have, and how many the disk has free.
func (s *Store) Usage() (used, free int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.disk(s.folder)
	if errors.Is(err, errors.ErrUnsupported) {
		return s.used, max(s.Most-s.used, 0), nil
	}
	return s.used, d.free, err
}

// Disk tells how large the disk of a folder is, and how much of it this program may still write, in bytes. Where the system does not tell, the error is
// errors.ErrUnsupported.
func Disk(folder string) (size, free int64, err error) {
	d, err := diskOf(folder)
	return d.size, d.free, err
}

// KeepFree is how many bytes a Store leaves free on a disk of that size, unless its Options say otherwise.
func KeepFree(size int64) int64 { return min(keptFree, size/keptFreeEach) }

// Bound is how many bytes pictures and results may have together: Options.Most, or what it stands for.
func (s *Store) Bound() int64 { return s.Most }
