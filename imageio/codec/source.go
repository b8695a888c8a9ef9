package codec

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"

	"classsr/fault"
)

// Source gives the bytes of a picture's file by their offsets. A file on a disk is read where it lies, and only as far as somebody asks; what
// comes through a pipe is kept as far as it was read, since the decoders begin again at its first byte.
type Source struct {
	r    io.ReaderAt
	pipe *pipe // the same as r if the bytes come through one
	size int64 // of the file; of a pipe, what has come so far
	// held is how many of the bytes lie in memory: all of a file in memory, none of one on a disk.
	held int64
	// Nothing at limit or beyond is read; tooFar is the error then. most is a limit that no other one exceeds.
	limit, most     int64
	tooFar, tooLong error

	first  []byte // the beginning, which is looked at again and again
	window []byte // what else was read last
	at     int64  // where window begins
}

const (
	// firstLook is what is read of a file before its form is judged, unless its headers are longer.
	firstLook = 64 << 10
	// fieldLook is what is read for a field that lies somewhere in a file, as others often lie beside it.
	fieldLook = 4 << 10
)

// NextLook is what is read at once of the rest.
const NextLook = 64 << 10

// FileSource reads the beginning of a file of this size.
func FileSource(r io.ReaderAt, size int64) (*Source, error) {
	s := &Source{r: r, size: size, limit: math.MaxInt64, most: math.MaxInt64}
	return s, s.start()
}

// MemorySource is a file in memory.
func MemorySource(data []byte) *Source {
	n := int64(len(data))
	return &Source{r: bytes.NewReader(data), size: n, held: n, limit: math.MaxInt64, most: math.MaxInt64, first: data}
}

// PipeSource reads the beginning of what comes through a pipe, of which at most so many bytes are read.
func PipeSource(r io.Reader, most int64) (*Source, error) {
	p := &pipe{r: r}
	s := &Source{r: p, pipe: p, limit: most, most: most, tooLong: TooLong(most)}
	s.tooFar = s.tooLong
	return s, s.start()
}

func (s *Source) start() error {
	if s.pipe != nil {
		s.pipe.fill(min(firstLook, s.most))
		s.first = s.pipe.blocks[0][:s.pipe.n]
		return s.seen(s.pipe.err)
	}
	first := make([]byte, min(firstLook, s.size))
	n, err := s.r.ReadAt(first, 0)
	s.first = first[:n]
	return s.seen(err)
}

// seen takes note of how far a read came; the end of a file is no error.
func (s *Source) seen(err error) error {
	if s.pipe != nil {
		s.size, s.held = s.pipe.n, s.pipe.n
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fault.Default(fault.Unavailable, err)
}

// Bytes gives n bytes at an offset, which are valid until the next call. If the file ends before, the error is io.ErrUnexpectedEOF.
func (s *Source) Bytes(offset int64, n int) ([]byte, error) {
	b, err := s.Some(offset, n, fieldLook)
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return b[:n], nil
}

// Some gives at least n bytes at an offset, fewer only where the file ends; they are valid until the next call. If they must be read, ahead
// bytes are read at once.
func (s *Source) Some(offset int64, n, ahead int) ([]byte, error) {
	end := offset + int64(n)
	switch {
	case end <= int64(len(s.first)):
		return s.first[offset:], nil
	case offset >= s.at && end <= s.at+int64(len(s.window)):
		return s.window[offset-s.at:], nil
	case offset < 0 || n < 0:
		panic("imageio: bytes before the beginning of a file")
	case end > s.limit && (!s.Ended() || s.size > s.limit):
		return nil, s.tooFar
	}
	most := s.limit
	if s.Ended() {
		most = min(most, s.size)
	}
	length := min(max(int64(n), int64(ahead)), most-offset)
	if length <= 0 {
		return nil, nil
	}
	if int64(cap(s.window)) < length {
		s.window = make([]byte, length)
	}
	read, err := s.r.ReadAt(s.window[:length], offset)
	s.window, s.at = s.window[:read], offset
	if err := s.seen(err); err != nil {
		return nil, err
	}
	return s.window, nil
}

// Allow sets how far the file may be read from now on, and the error about one that goes on.
func (s *Source) Allow(limit int64, tooFar error) {
	if s.limit, s.tooFar = limit, tooFar; s.most < limit {
		s.limit, s.tooFar = s.most, s.tooLong
	}
}

// Size is the length of the file; of a pipe, what has come so far.
func (s *Source) Size() int64 { return s.size }

// First is the beginning of the file.
func (s *Source) First() []byte { return s.first }

// Piped reports whether the bytes come through a pipe, so that those which were read are held in memory.
func (s *Source) Piped() bool { return s.pipe != nil }

// Limit is the offset from which on nothing is read, TooFar the error then.
func (s *Source) Limit() int64 { return s.limit }

// TooFar is the error of reading beyond Limit.
func (s *Source) TooFar() error { return s.tooFar }

// Ended reports whether size is that of the whole file.
func (s *Source) Ended() bool { return s.pipe == nil || errors.Is(s.pipe.err, io.EOF) }

// ReadOn reads what comes through a pipe as far as an offset, or to its end.
func (s *Source) ReadOn(end int64) error {
	for s.size < end && !s.Ended() {
		s.pipe.fill(min(end, s.most+1))
		if err := s.seen(s.pipe.err); err != nil {
			return err
		}
		if s.size > s.most {
			return s.tooLong
		}
	}
	return nil
}

// Reader reads the file from an offset on. Its beginning is what was judged, whatever has become of the file since.
func (s *Source) Reader(offset int64) *bufio.Reader {
	rest := max(offset, int64(len(s.first)))
	var r io.Reader = io.NewSectionReader(s.r, rest, s.size-rest)
	if offset < rest {
		r = io.MultiReader(bytes.NewReader(s.first[offset:]), r)
	}
	return bufio.NewReaderSize(r, s.Buffer())
}

// Section reads n bytes from an offset on.
func (s *Source) Section(offset, n int64) io.Reader { return io.NewSectionReader(s.r, offset, n) }

// Buffer is how much of the file is read at once.
func (s *Source) Buffer() int { return int(min(s.size, NextLook)) }

// pipe keeps what was read of a stream in blocks, so that nothing is copied when there is more.
type pipe struct {
	r      io.Reader
	blocks [][]byte
	n      int64 // bytes in them
	err    error // of the stream; io.EOF at its end
}

const pipeBlock = firstLook

// ReadAt reads on as far as it must.
func (p *pipe) ReadAt(b []byte, offset int64) (int, error) {
	p.fill(offset + int64(len(b)))
	done := 0
	for at := offset; done < len(b) && at < p.n; at = offset + int64(done) {
		block := p.blocks[at/pipeBlock][at%pipeBlock:]
		done += copy(b[done:], block[:min(int64(len(block)), p.n-at)])
	}
	if done < len(b) {
		return done, p.err
	}
	return done, nil
}

// fill reads until there are so many bytes, or the stream ends or fails.
func (p *pipe) fill(end int64) {
	for p.n < end && p.err == nil {
		if p.n == int64(len(p.blocks))*pipeBlock {
			p.blocks = append(p.blocks, make([]byte, pipeBlock))
		}
		room := p.blocks[len(p.blocks)-1][p.n%pipeBlock:]
		n, err := io.ReadFull(p.r, room[:min(int64(len(room)), end-p.n)])
		p.n += int64(n)
		if p.err = err; errors.Is(err, io.ErrUnexpectedEOF) {
			p.err = io.EOF
		}
	}
}
