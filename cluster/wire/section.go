package wire

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"

	"classsr/fault"
	"classsr/internal/regular"
)

// Section makes a pack one file that can be read from any place, as http.ServeContent asks for, and tells how many bytes it has. files are the paths of the
// pack's files; those of files without bytes are not looked at. At most one of them is open at a time, until Close. A file that is missing is an error of kind
// fault.NotFound, one of another size of fault.Damaged. It is for one goroutine.
func Section(p Pack, files []string) (io.ReadSeekCloser, int64, error) {
	if len(files) != len(p.Files) {
		panic("wire: there must be a path for each file of a pack")
	}
	head, err := p.header()
	if err != nil {
		return nil, 0, err
	}
	s := &section{head: head, ends: []int64{int64(len(head))}, paths: []string{""}, opened: -1}
	for i, f := range p.Files {
		if f.Bytes == 0 {
			continue
		}
		info, err := os.Stat(files[i])
		if err == nil && (!info.Mode().IsRegular() || info.Size() != f.Bytes) {
			err = changed(files[i], f.Bytes)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("cannot send %s of %s: %w", f.Role, f.Task, err)
		}
		s.ends, s.paths = append(s.ends, s.size()+f.Bytes), append(s.paths, files[i])
	}
	return s, s.size(), nil
}

func changed(path string, size int64) error {
	return fault.New(fault.Damaged, "%s is not the file of %d bytes that it was: somebody has changed it", path, size)
}

// section is a pack as a file. Its parts are the head and the files that have bytes.
type section struct {
	head  []byte
	paths []string // of the parts; the first is the head, which has none
	ends  []int64  // where each part ends

	at     int64
	file   *os.File // nil: none is open
	opened int      // which part that is
	closed bool
}

func (s *section) size() int64 { return s.ends[len(s.ends)-1] }

// Read implements io.Reader.
func (s *section) Read(b []byte) (n int, err error) {
	switch {
	case s.closed:
		return 0, fs.ErrClosed
	case len(b) == 0:
		return 0, nil
	case s.at >= s.size():
		return 0, io.EOF
	case s.at < s.ends[0]:
		n = copy(b, s.head[s.at:])
	default:
		n, err = s.readFile(b)
	}
	s.at += int64(n)
	return n, err
}

// readFile reads from the file that the place lies in.
func (s *section) readFile(b []byte) (int, error) {
	i := sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > s.at })
	begin, end := s.ends[i-1], s.ends[i]
	if err := s.open(i); err != nil {
		return 0, err
	}
	n, err := s.file.ReadAt(b[:min(int64(len(b)), end-s.at)], s.at-begin)
	switch {
	case n > 0 && errors.Is(err, io.EOF):
		return n, nil
	case errors.Is(err, io.EOF): // not the end of the pack
		return 0, changed(s.paths[i], end-begin)
	}
	return n, err
}

// open opens the file of a part, unless it is open.
func (s *section) open(i int) error {
	if s.opened == i {
		return nil
	}
	s.shut()
	f, err := regular.Open(s.paths[i])
	if err != nil {
		return err
	}
	s.file, s.opened = f, i
	return nil
}

func (s *section) shut() {
	if s.file != nil {
		_ = s.file.Close() // nothing was written
	}
	s.file, s.opened = nil, -1
}

// Seek implements io.Seeker.
func (s *section) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size()
	default:
		return 0, fault.New(fault.Internal, "there is no way %d to seek", whence)
	}
	if offset < 0 {
		return 0, fault.New(fault.Internal, "there is nothing before the beginning of a pack")
	}
	s.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (s *section) Close() error {
	s.shut()
	s.closed = true
	return nil
}
