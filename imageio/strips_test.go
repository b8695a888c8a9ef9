package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"classsr/internal/par"
	"classsr/picture"
)

// awaitGoroutines demands that there are only so many goroutines, after those that are about to end.
func awaitGoroutines(t testing.TB, want int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, want %d", runtime.NumGoroutine(), want)
}

// failingWriter takes a number of bytes, and counts how often it is called after it has failed.
type failingWriter struct {
	left   int
	failed bool
	after  int
}

var errFull = errors.New("disk full")

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.failed {
		w.after++
	}
	if w.left -= len(b); w.left < 0 {
		w.failed = true
		return 0, errFull
	}
	return len(b), nil
}

// boundaries is a writer that notes where each Write ends.
type boundaries struct{ ends []int }

func (b *boundaries) Write(p []byte) (int, error) {
	end := len(p)
	if n := len(b.ends); n > 0 {
		end += b.ends[n-1]
	}
	b.ends = append(b.ends, end)
	return len(p), nil
}

// TestEncodersReportErrorsOfTheWriter fails at every byte of small files, and around every write of larger ones.
func TestEncodersReportErrorsOfTheWriter(t *testing.T) {
	before := runtime.NumGoroutine()
	for format := range outputs {
		for _, p := range []*picture.Picture{patterned(3, 4, 3, false, 8), patterned(60001, 25, 1, false, 8)} {
			var writes boundaries
			if _, err := Encode(&writes, p, format, EncodeOptions{}); err != nil {
				t.Fatal(err)
			}
			whole := writes.ends[len(writes.ends)-1]
			rooms := make([]int, 0, whole)
			if whole < 2000 {
				for room := range whole {
					rooms = append(rooms, room)
				}
			} else {
				for i := 0; i < len(writes.ends); i += 1 + len(writes.ends)/4 {
					rooms = append(rooms, writes.ends[i]-1, min(writes.ends[i], whole-1))
				}
				rooms = append(rooms, 0, whole-1)
			}
			for _, room := range rooms {
				testFailingWriter(t, p, format, room)
			}
		}
	}
	awaitGoroutines(t, before)
}

func testFailingWriter(t *testing.T, p *picture.Picture, format string, room int) {
	t.Helper()
	w := &failingWriter{left: room}
	e, err := NewEncoder(w, p.Config(), format, EncodeOptions{Threads: 1 + room%3})
	if err != nil {
		t.Fatal(err)
	}
	for y := 0; y < p.Height; y++ {
		failed := err
		if err = e.WriteRows(p.Band(y, y+1)); failed != nil && !errors.Is(err, failed) {
			t.Errorf("%s, room for %d bytes: error %v after %v", format, room, err, failed)
		}
	}
	for range 2 {
		if err := e.Close(); !errors.Is(err, errFull) {
			t.Errorf("%s, room for %d bytes: Close gives %v", format, room, err)
		}
	}
	if w.after > 0 {
		t.Errorf("%s, room for %d bytes: the writer is called after it has failed", format, room)
	}
	if _, err := Encode(&failingWriter{left: room}, p, format, EncodeOptions{}); !errors.Is(err, errFull) {
		t.Errorf("%s, room for %d bytes: Encode gives %v", format, room, err)
	}
}

// shortWriter takes half of what it gets and says nothing.
type shortWriter struct{}

func (shortWriter) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestEncodersNoticeShortWrites(t *testing.T) {
	for format := range outputs {
		if _, err := Encode(shortWriter{}, patterned(9, 9, 1, false, 8), format, EncodeOptions{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

// TestEncodersMissRows closes encoders before all rows are there: an error, and nothing that looks complete.
func TestEncodersMissRows(t *testing.T) {
	before := runtime.NumGoroutine()
	p := patterned(60001, 25, 1, false, 8)
	for format := range outputs {
		for rows := range p.Height {
			var b bytes.Buffer
			e, err := NewEncoder(&b, p.Config(), format, EncodeOptions{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			for y := range rows {
				if err := e.WriteRows(p.Band(y, y+1)); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Close(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("ends after %d of 25 rows", rows)) {
				t.Errorf("%s with %d rows: error %v", format, rows, err)
			}
			if _, err := Decode(b.Bytes(), Limits{}); err == nil {
				t.Errorf("%s with %d rows looks complete", format, rows)
			}
		}
	}
	awaitGoroutines(t, before)
}

func TestEncodersPanicAtMisuse(t *testing.T) {
	p := patterned(8, 6, 3, false, 8)
	for format := range outputs {
		for _, c := range []picture.Config{
			{}, {Width: 1, Colors: 1, Depth: 8}, {Width: 1, Height: 1, Colors: 2, Depth: 8}, {Width: 1, Height: 1, Colors: 1, Depth: 1},
		} {
			mustPanic(t, "form", func() { _, _ = NewEncoder(io.Discard, c, format, EncodeOptions{}) })
		}
		var b bytes.Buffer
		e, err := NewEncoder(&b, p.Config(), format, EncodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.WriteRows(p.Band(0, 4)); err != nil {
			t.Fatal(err)
		}
		short := p.Band(0, 2)
		short.Pix8 = short.Pix8[1:]
		for _, other := range []*picture.Picture{
			picture.New(8, 1, 3, true, 8), picture.New(9, 1, 3, false, 8), picture.New(8, 1, 3, false, 16), picture.New(8, 1, 1, false, 8),
		} {
			mustPanic(t, "form", func() { _ = e.WriteRows(other) })
		}
		mustPanic(t, "more rows", func() { _ = e.WriteRows(p.Band(0, 3)) })
		mustPanic(t, "samples", func() { _ = e.WriteRows(short) })
		if err := e.WriteRows(p.Band(4, 6)); err != nil {
			t.Fatal(err)
		}
		mustPanic(t, "more rows", func() { _ = e.WriteRows(p.Band(0, 1)) })
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		mustPanic(t, "closed", func() { _ = e.WriteRows(p.Band(0, 1)) })
		if !bytes.Equal(b.Bytes(), encoded(t, p, format)) {
			t.Errorf("%s: a panic changes the file", format)
		}
	}
}

// mustPanic demands a panic with this text.
func mustPanic(t *testing.T, want string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text := fmt.Sprint(recover()); !strings.Contains(text, want) {
			t.Errorf("panics with %.200q, want %q", text, want)
		}
	}()
	call()
}

// testCodec is a format that stores nothing. It counts strips, and does what a test says.
type testCodec struct {
	at       func(index int) error // called while strip number index is compressed
	now, max atomic.Int32          // that are compressed at a time
	written  int
}

func (c *testCodec) put(*strip, *picture.Picture) {}

func (c *testCodec) compress(_ int, s *strip) error {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.max.Load(); now > most && !c.max.CompareAndSwap(most, now); most = c.max.Load() {
	}
	return c.at(s.index)
}

func (c *testCodec) write(_ io.Writer, s *strip) error {
	if s.index != c.written {
		return fmt.Errorf("strip %d is written after %d others", s.index, c.written)
	}
	c.written++
	return nil
}

func (c *testCodec) end(io.Writer) error { return nil }

// testSink is a sink of a hundred strips of one row each.
func testSink(codec stripCodec, threads int) (*stripSink, *picture.Picture) {
	p := picture.New(1, 100, 1, false, 8)
	return newStripSink(io.Discard, p.Config(), stripLayout{rows: 1, strips: 100, rawBytes: 1}, codec, EncodeOptions{Threads: threads}), p
}

func TestStripsInFlightAreBounded(t *testing.T) {
	for threads, most := range map[int]int{1: 1, 3: 3, 1024: maxStripThreads} {
		codec := &testCodec{at: func(int) error { time.Sleep(time.Millisecond); return nil }}
		sink, p := testSink(codec, threads)
		if err := picture.Copy(sink, p.Rows(7)); err != nil || codec.written != 100 {
			t.Errorf("%d threads: %d strips, %v", threads, codec.written, err)
		}
		if n := int(codec.max.Load()); n > most {
			t.Errorf("%d threads compress %d strips at a time", threads, n)
		}
	}
}

func TestEncodersReportErrorsOfCompressing(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, broken := range []int{0, 1, 50, 98, 99} {
		codec := &testCodec{at: func(index int) error {
			if index >= broken {
				return errFull
			}
			return nil
		}}
		sink, p := testSink(codec, 2)
		if err := picture.Copy(sink, p.Rows(1)); !errors.Is(err, errFull) || codec.written != broken {
			t.Errorf("%d strips are written, then error %v", codec.written, err)
		}
	}
	awaitGoroutines(t, before)
}

// A panic of a worker comes once, from WriteRows or Close; then the encoder only has to be closed.
func TestEncodersPassPanicsOn(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, broken := range []int{0, 50, 99} {
		sink, p := testSink(&testCodec{at: func(index int) error {
			if index == broken {
				panic("broken strip")
			}
			return nil
		}}, 2)
		func() {
			defer func() {
				if r, ok := recover().(*par.Panic); !ok || r.Value != "broken strip" {
					t.Errorf("strip %d: recovered %v", broken, r)
				}
			}()
			_ = picture.Copy(sink, p.Rows(1))
		}()
		if err := sink.Close(); !errors.Is(err, errPanicked) {
			t.Errorf("strip %d: Close gives %v", broken, err)
		}
	}
	awaitGoroutines(t, before)
}

// Whoever gives up only closes: what runs ends first, what waits is not begun.
func TestEncodersAreGivenUp(t *testing.T) {
	before := runtime.NumGoroutine()
	var ended atomic.Int32
	sink, p := testSink(&testCodec{at: func(int) error { time.Sleep(20 * time.Millisecond); ended.Add(1); return nil }}, 1)
	if err := sink.WriteRows(p.Band(0, 2)); err != nil {
		t.Fatal(err)
	}
	if err := sink.Close(); err == nil || ended.Load() > 1 {
		t.Errorf("error %v, %d strips", err, ended.Load())
	}
	awaitGoroutines(t, before)
}
