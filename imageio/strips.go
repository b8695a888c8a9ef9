package imageio

import (
	"context"
	"errors"
	"fmt"
	"io"

	"classsr/budget"
	"classsr/internal/par"
	"classsr/picture"
)

// Formats that store a picture as strips of rows, each compressed on its own, share the sink of this file. It copies rows to a strip;
// full strips are compressed on other goroutines while further rows are taken, and written in their order. Where strips begin depends on
// the picture alone, so that neither the heights of bands nor the number of threads change a byte.

const (
	// maxStripThreads bounds how many strips are compressed at a time: more gain little, and each takes memory.
	maxStripThreads = 16
	// maxRawBytes bounds the rows that lie in strips, where these are long because a row is.
	maxRawBytes = 32 << 20
)

// stripLayout is how a picture is cut into strips, and how much memory that takes at most.
type stripLayout struct {
	rows   int // of a strip; the last one may have fewer
	strips int

	rawBytes    int   // of the rows of a strip, as they lie in memory
	aboveBytes  int   // of the row above, if the format looks at it
	packedBytes int64 // of a compressed strip
	workerBytes int64 // of what each worker needs besides
}

// slots gives how many strips are in memory at a time: one for each thread, and one that takes rows meanwhile.
func (l stripLayout) slots(threads int) int {
	threads = min(par.Threads(threads), maxStripThreads)
	return min(threads+1, l.strips, max(1, maxRawBytes/l.rawBytes))
}

func (l stripLayout) workers(threads int) int {
	return min(par.Threads(threads), maxStripThreads, l.slots(threads))
}

// bytes gives the memory that a sink with so many threads holds at most.
func (l stripLayout) bytes(threads int) int64 {
	const small = 64 << 10 // headers, the queue, and what each goroutine needs
	slot := int64(l.rawBytes) + int64(l.aboveBytes) + blocksFor(l.packedBytes)
	return int64(l.slots(threads))*slot + int64(l.workers(threads))*l.workerBytes + int64(l.aboveBytes) + small
}

// strip is a run of rows, first as they are, then compressed.
type strip struct {
	index   int
	rows    int // that it will have
	taken   int // that it has
	raw     []byte
	above   []byte // the row above the first one, in formats that look at it
	packed  blocks
	rawSum  uint32 // the checksum of what was compressed, in formats that have one
	rawSize int64  // and its length
}

// stripCodec is how a format compresses strips.
type stripCodec interface {
	// put copies rows to strip.raw, behind those that it has.
	put(s *strip, rows *picture.Picture)
	// compress makes strip.packed of strip.raw, which it may change. Several workers do so at a time.
	compress(worker int, s *strip) error
	// write writes a compressed strip, and what comes before it. Strips come in their order.
	write(w io.Writer, s *strip) error
	// end writes what comes after the last strip.
	end(w io.Writer) error
}

// stripSink is a sink of rows for such formats.
type stripSink struct {
	w      io.Writer
	config picture.Config
	layout stripLayout
	codec  stripCodec
	shared *budget.Budget // whose cores compress; nil for any
	queue  *par.Queue[*strip]

	slots   int      // strips that may still be made
	free    []*strip // that wait for rows
	filling *strip   // that takes rows; nil between strips
	begun   int      // strips
	row     int      // rows that were taken
	err     error    // what keeps the picture from being complete
	closed  bool
}

func newStripSink(w io.Writer, c picture.Config, layout stripLayout, codec stripCodec, o EncodeOptions) *stripSink {
	slots := layout.slots(o.Threads)
	return &stripSink{
		w: w, config: c, layout: layout, codec: codec, shared: o.Shared,
		slots: slots, queue: par.NewQueue[*strip](layout.workers(o.Threads), slots),
	}
}

// errPanicked is what a sink says after a panic in the middle of its work.
var errPanicked = errors.New("the picture was given up")

// WriteRows implements picture.RowSink.
func (s *stripSink) WriteRows(band *picture.Picture) error {
	s.check(band)
	if s.err == nil {
		s.err = errPanicked // unless it comes back
		s.err = s.take(band)
	}
	return s.err
}

// check panics where a band is not the next one of the picture.
func (s *stripSink) check(band *picture.Picture) {
	form := band.Config()
	form.Height = s.config.Height
	if form != s.config {
		panic("imageio: a band of another form than its picture")
	}
	checkSamples(band)
	if s.closed {
		panic("imageio: rows for an encoder that is closed")
	}
	if band.Height > s.config.Height-s.row {
		panic("imageio: more rows than the picture has")
	}
}

// take copies the rows of a band to strips, and has those compressed that are full.
func (s *stripSink) take(band *picture.Picture) error {
	for from := 0; from < band.Height; {
		if s.filling == nil {
			if err := s.begin(); err != nil {
				return err
			}
		}
		to := s.filling
		rows := min(to.rows-to.taken, band.Height-from)
		s.codec.put(to, band.Band(from, from+rows))
		to.taken += rows
		from += rows
		s.row += rows
		if to.taken == to.rows {
			s.filling = nil
			s.queue.Submit(func(worker int) (*strip, error) { return to, s.compress(worker, to) })
		}
	}
	return nil
}

// compress compresses a strip as soon as there is a core for it. Cores are held for a band's computing at most, so that one comes soon.
func (s *stripSink) compress(worker int, full *strip) error {
	if s.shared != nil {
		if err := s.shared.AcquireThreads(context.Background(), 1); err != nil {
			return err
		}
		defer s.shared.ReleaseThreads(1)
	}
	return s.codec.compress(worker, full)
}

// begin takes a strip for the next rows: a free one, a new one, or the oldest once it is written.
func (s *stripSink) begin() error {
	if len(s.free) == 0 && s.slots == 0 {
		if err := s.writeOldest(); err != nil {
			return err
		}
	}
	if last := len(s.free) - 1; last >= 0 {
		s.filling, s.free = s.free[last], s.free[:last]
	} else {
		s.slots--
		s.filling = &strip{raw: make([]byte, s.layout.rawBytes), above: make([]byte, s.layout.aboveBytes)}
	}
	first := s.begun * s.layout.rows
	s.filling.index, s.filling.taken = s.begun, 0
	s.filling.rows = min(s.layout.rows, s.config.Height-first)
	s.begun++
	return nil
}

// writeOldest waits until the oldest strip is compressed, and writes it.
func (s *stripSink) writeOldest() error {
	done, err := s.queue.Next()
	if err != nil {
		return fmt.Errorf("compressing the picture: %w", err)
	}
	if err := s.codec.write(s.w, done); err != nil {
		return err
	}
	done.packed.reset()
	s.free = append(s.free, done)
	return nil
}

// Close implements picture.RowSink.
func (s *stripSink) Close() error {
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
func (s *stripSink) finish() error {
	for s.queue.Len() > 0 {
		if err := s.writeOldest(); err != nil {
			return err
		}
	}
	return s.codec.end(s.w)
}
