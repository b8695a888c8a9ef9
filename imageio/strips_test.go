package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

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
		for _, p := range []*picture.Picture{patterned(3, 4, 3, false, 8), wide(format)} {
			var writes boundaries
			if err := Encode(&writes, p, format, EncodeOptions{}); err != nil {
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
	if err := Encode(&failingWriter{left: room}, p, format, EncodeOptions{}); !errors.Is(err, errFull) {
		t.Errorf("%s, room for %d bytes: Encode gives %v", format, room, err)
	}
}

// wide is a picture of long rows, as long as the format holds them.
func wide(format string) *picture.Picture {
	return patterned(min(60001, outputs[format].maxSide), 25, 1, false, 8)
}

// shortWriter takes half of what it gets and says nothing.
type shortWriter struct{}

func (shortWriter) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestEncodersNoticeShortWrites(t *testing.T) {
	for format := range outputs {
		if err := Encode(shortWriter{}, patterned(9, 9, 1, false, 8), format, EncodeOptions{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: error %v", format, err)
		}
	}
}

// TestEncodersMissRows closes encoders before all rows are there: an error, and nothing that looks complete.
func TestEncodersMissRows(t *testing.T) {
	before := runtime.NumGoroutine()
	for format := range outputs {
		p := wide(format)
		for rows := range p.Height {
			var b memoryFile
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
			mustPanic(t, "form", func() { _, _ = NewEncoder(nowhere{}, c, format, EncodeOptions{}) })
		}
		var b memoryFile
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
