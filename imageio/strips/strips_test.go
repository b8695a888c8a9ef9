package strips

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
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

var errFull = errors.New("disk full")

// testCodec is a format that stores nothing. It counts strips, and does what a test says.
type testCodec struct {
	at       func(index int) error // called while strip number index is compressed
	now, max atomic.Int32          // that are compressed at a time
	written  int
}

func (c *testCodec) Put(*Strip, *picture.Picture) {}

func (c *testCodec) Compress(_ int, s *Strip) error {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.max.Load(); now > most && !c.max.CompareAndSwap(most, now); most = c.max.Load() {
	}
	return c.at(s.Index)
}

func (c *testCodec) Write(_ io.Writer, s *Strip) error {
	if s.Index != c.written {
		return fmt.Errorf("strip %d is written after %d others", s.Index, c.written)
	}
	c.written++
	return nil
}

func (c *testCodec) End(io.Writer) error { return nil }

// testSink is a sink of a hundred strips of one row each.
func testSink(codec Codec, threads int) (*Sink, *picture.Picture) {
	p := picture.New(1, 100, 1, false, 8)
	return NewSink(io.Discard, p.Config(), Layout{Rows: 1, Strips: 100, RawBytes: 1}, codec, Options{Threads: threads}), p
}

func TestStripsInFlightAreBounded(t *testing.T) {
	for threads, most := range map[int]int{1: 1, 3: 3, 1024: maxThreads} {
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

func TestSinksReportErrorsOfCompressing(t *testing.T) {
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

// A panic of a worker comes once, from WriteRows or Close; then the sink only has to be closed.
func TestSinksPassPanicsOn(t *testing.T) {
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
func TestSinksAreGivenUp(t *testing.T) {
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

func TestBlocks(t *testing.T) {
	var b Blocks
	var want []byte
	for i := range 3 * BlockBytes / 4 {
		part := []byte(fmt.Sprint(i))
		if i%2 == 0 {
			part = part[:1]
		}
		_, _ = b.Write(part)
		want = append(want, part...)
	}
	for _, cut := range [][2]int{{0, len(want)}, {5, 6}, {BlockBytes, 2 * BlockBytes}, {BlockBytes - 1, BlockBytes + 1}, {7, 7}} {
		var got bytes.Buffer
		if err := b.WriteRange(&got, cut[0], cut[1]); err != nil || !bytes.Equal(got.Bytes(), want[cut[0]:cut[1]]) {
			t.Errorf("bytes %v are others (%v)", cut, err)
		}
	}
	held := len(b.all)
	b.reset()
	if _, err := b.Write(want); err != nil || len(b.all) != held || b.size != len(want) {
		t.Error("a buffer does not use its memory again")
	}
	if int64(held*BlockBytes) != BlocksFor(int64(len(want))) {
		t.Errorf("%d blocks hold %d bytes", held, len(want))
	}
}
