// Package strips writes pictures as strips of rows, each compressed on its own: what formats that do so share.
package strips

import (
	"context"
	"errors"
	"fmt"
	"io"

	"classsr/budget"
	"classsr/internal/par"
	"classsr/picture"
)

// A Sink copies rows to a strip;
// full strips are compressed on other goroutines while further rows are taken, and written in their order. Where strips begin depends on
// the picture alone, so that neither the heights of bands nor the number of threads change a byte.

const (
	// maxThreads bounds how many strips are compressed at a time: more gain little, and each takes memory.
	maxThreads = 16
	// maxRawBytes bounds the rows that lie in strips, where these are long because a row is.
	maxRawBytes = 32 << 20
)

// Layout is how a picture is cut into strips, and how much memory that takes at most.
type Layout struct {
	Rows   int // of a strip; the last one may have fewer
	Strips int

	RawBytes    int   // of the rows of a strip, as they lie in memory
	AboveBytes  int   // of the row above, if the format looks at it
	PackedBytes int64 // of a compressed strip
	WorkerBytes int64 // of what each worker needs besides
	KeptBytes   int64 // of what is kept until the last strip is there, in formats that write nothing before
}

// slots gives how many strips are in memory at a time: one for each thread, and one that takes rows meanwhile.
func (l Layout) slots(threads int) int {
	threads = min(par.Threads(threads), maxThreads)
	return min(threads+1, l.Strips, max(1, maxRawBytes/l.RawBytes))
}

// Workers is how many workers compress strips.
func (l Layout) Workers(threads int) int {
	return min(par.Threads(threads), maxThreads, l.slots(threads))
}

// Bytes gives the memory that a sink with so many threads holds at most.
func (l Layout) Bytes(threads int) int64 {
	const small = 64 << 10 // headers, the queue, and what each goroutine needs
	slot := int64(l.RawBytes) + int64(l.AboveBytes) + BlocksFor(l.PackedBytes)
	return int64(l.slots(threads))*slot + int64(l.Workers(threads))*l.WorkerBytes + int64(l.AboveBytes) + l.KeptBytes + small
}

// Strip is a run of rows, first as they are, then compressed.
type Strip struct {
	Index   int
	Rows    int // that it will have
	Taken   int // that it has
	Raw     []byte
	Above   []byte // the row above the first one, in formats that look at it
	Packed  Blocks
	RawSum  uint32 // the checksum of what was compressed, in formats that have one
	RawSize int64  // and its length
}

// Codec is how a format compresses strips.
type Codec interface {
	// Put copies rows to strip.Raw, behind those that it has.
	Put(s *Strip, rows *picture.Picture)
	// Compress makes strip.Packed of strip.Raw, which it may change. Several workers do so at a time.
	Compress(worker int, s *Strip) error
	// Write writes a compressed strip, and what comes before it. Strips come in their order.
	Write(w io.Writer, s *Strip) error
	// End writes what comes after the last strip.
	End(w io.Writer) error
}

// Sink is a sink of rows for such formats.
type Sink struct {
	w      io.Writer
	config picture.Config
	layout Layout
	codec  Codec
	shared *budget.Budget // whose cores compress; nil for any
	queue  *par.Queue[*Strip]

	slots   int      // strips that may still be made
	free    []*Strip // that wait for rows
	filling *Strip   // that takes rows; nil between strips
	begun   int      // strips
	row     int      // rows that were taken
	err     error    // what keeps the picture from being complete
	closed  bool
}

// Options steers a Sink; the zero value is good.
type Options struct {
	Threads int // how many strips are compressed at a time, at most 16; 0 means one for each usable core
	// Shared, if not nil, has the cores that each strip waits for. Whoever closes the sink waits for strips that wait.
	Shared *budget.Budget
}

// NewSink returns a sink that writes a picture of this form to w.
func NewSink(w io.Writer, c picture.Config, layout Layout, codec Codec, o Options) *Sink {
	slots := layout.slots(o.Threads)
	return &Sink{
		w: w, config: c, layout: layout, codec: codec, shared: o.Shared,
		slots: slots, queue: par.NewQueue[*Strip](layout.Workers(o.Threads), slots),
	}
}

// errPanicked is what a sink says after a panic in the middle of its work.
var errPanicked = errors.New("the picture was given up")

// WriteRows implements picture.RowSink.
func (s *Sink) WriteRows(band *picture.Picture) error {
	s.check(band)
	if s.err == nil {
		s.err = errPanicked // unless it comes back
		s.err = s.take(band)
	}
	return s.err
}

// check panics where a band is not the next one of the picture.
func (s *Sink) check(band *picture.Picture) {
	form := band.Config()
	form.Height = s.config.Height
	if form != s.config {
		panic("strips: a band of another form than its picture")
	}
	band.Check()
	if s.closed {
		panic("strips: rows for an encoder that is closed")
	}
	if band.Height > s.config.Height-s.row {
		panic("strips: more rows than the picture has")
	}
}

// take copies the rows of a band to strips, and has those compressed that are full.
func (s *Sink) take(band *picture.Picture) error {
	for from := 0; from < band.Height; {
		if s.filling == nil {
			if err := s.begin(); err != nil {
				return err
			}
		}
		to := s.filling
		rows := min(to.Rows-to.Taken, band.Height-from)
		part := band
		if rows < band.Height { // bands of a row or two shall leave no garbage
			part = band.Band(from, from+rows)
		}
		s.codec.Put(to, part)
		to.Taken += rows
		from += rows
		s.row += rows
		if to.Taken == to.Rows {
			s.filling = nil
			s.queue.Submit(func(worker int) (*Strip, error) { return to, s.compress(worker, to) })
		}
	}
	return nil
}

// compress compresses a strip as soon as there is a core for it. Cores are held for a band's computing at most, so that one comes soon.
func (s *Sink) compress(worker int, full *Strip) error {
	if s.shared != nil {
		if err := s.shared.AcquireThreads(context.Background(), 1); err != nil {
			return err
		}
		defer s.shared.ReleaseThreads(1)
	}
	return s.codec.Compress(worker, full)
}

// begin takes a strip for the next rows: a free one, a new one, or the oldest once it is written.
func (s *Sink) begin() error {
	if len(s.free) == 0 && s.slots == 0 {
		if err := s.writeOldest(); err != nil {
			return err
		}
	}
	if last := len(s.free) - 1; last >= 0 {
		s.filling, s.free = s.free[last], s.free[:last]
	} else {
		s.slots--
		s.filling = &Strip{Raw: make([]byte, s.layout.RawBytes), Above: make([]byte, s.layout.AboveBytes)}
	}
	first := s.begun * s.layout.Rows
	s.filling.Index, s.filling.Taken = s.begun, 0
	s.filling.Rows = min(s.layout.Rows, s.config.Height-first)
	s.begun++
	return nil
}

// writeOldest waits until the oldest strip is compressed, and writes it.
func (s *Sink) writeOldest() error {
	done, err := s.queue.Next()
	if err != nil {
		return fmt.Errorf("compressing the picture: %w", err)
	}
	if err := s.codec.Write(s.w, done); err != nil {
		return err
	}
	done.Packed.reset()
	s.free = append(s.free, done)
	return nil
}

// Close implements picture.RowSink.
func (s *Sink) Close() error {
	if s.closed {
		return s.err
	}
	s.closed = true
	defer func() {
		s.queue.Stop()
		s.free, s.filling, s.codec = nil, nil, nil
	}()
	switch {
	case s.err != nil:
	case s.row < s.config.Height:
		s.err = fmt.Errorf("the picture ends after %d of %d rows", s.row, s.config.Height)
	default:
		s.err = errPanicked // unless it comes back
		s.err = s.finish()
	}
	return s.err
}

// finish writes what was not written yet.
func (s *Sink) finish() error {
	for s.queue.Len() > 0 {
		if err := s.writeOldest(); err != nil {
			return err
		}
	}
	return s.codec.End(s.w)
}
