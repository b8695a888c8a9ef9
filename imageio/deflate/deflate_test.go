package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// inflated decompresses what Write has made, with the last block that it leaves out.
func inflated(t testing.TB, stream []byte) []byte {
	t.Helper()
	got, err := io.ReadAll(flate.NewReader(bytes.NewReader(append(stream, 1, 0, 0, 0xff, 0xff))))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// rows are contents of many kinds.
func rows() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	made := func(n int, next func(i int, before []byte) byte) []byte {
		data := make([]byte, n)
		for i := range data {
			data[i] = next(i, data[:i])
		}
		return data
	}
	small := func() byte { return byte(int(r.NormFloat64() * 3)) }
	return map[string][]byte{
		"nothing":   {},
		"one":       {7},
		"few":       []byte("abcabcabc"),
		"zeros":     make([]byte, 300000),
		"noise":     made(200000, func(int, []byte) byte { return byte(r.Uint32()) }),
		"small":     made(300000, func(int, []byte) byte { return small() }),
		"rare":      made(300000, func(_ int, _ []byte) byte { return byte(r.ExpFloat64() * 0.7) }),
		"fibonacci": made(100000, func(_ int, _ []byte) byte { return byte(min(r.ExpFloat64()/0.48, 40)) }),
		"repeating": made(300000, func(i int, _ []byte) byte { return byte(i % 4801 * 77 / 5) }),
		"far": made(200000, func(i int, before []byte) byte {
			if i < window {
				return byte(r.Uint32())
			}
			return before[i-window]
		}),
		"too far": made(200000, func(i int, before []byte) byte {
			if i < window+1 {
				return byte(r.Uint32())
			}
			return before[i-window-1]
		}),
		"mixed": made(400000, func(i int, before []byte) byte {
			if i > 2000 && i/1000%3 > 0 {
				return before[i-1000]
			}
			return small()
		}),
	}
}

func TestRoundTrip(t *testing.T) {
	for name, data := range rows() {
		for _, level := range []Level{Default, Fast, Small} {
			roundTrip(t, name, data, level)
		}
	}
}

func roundTrip(t *testing.T, name string, data []byte, level Level) {
	c := New(level)
	if err := c.Write(io.Discard, rows()["small"][:50000]); err != nil {
		t.Fatal(err)
	}
	{
		var b bytes.Buffer
		if err := c.Write(&b, data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(inflated(t, b.Bytes()), data) {
			t.Errorf("%s: other bytes", name)
		}
		if most := MaxBytes(len(data)); b.Len() > most {
			t.Errorf("%s: %d bytes, at most %d were said", name, b.Len(), most)
		}
		var again bytes.Buffer
		if err := New(level).Write(&again, data); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Errorf("%s: a used Compressor makes other bytes (%v)", name, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	c := New(Default)
	for _, name := range []string{"small", "rare", "mixed", "zeros", "noise"} {
		data := rows()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				_ = c.Write(io.Discard, data)
			}
		})
	}
}

// FuzzRoundTrip compresses anything: the content over and over, with a byte changed now and then.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("rows"), uint32(1000), uint8(0))
	f.Add([]byte{0, 0, 0, 1}, uint32(200000), uint8(3))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint32(70000), uint8(250))
	f.Fuzz(func(t *testing.T, content []byte, size uint32, change uint8) {
		data := make([]byte, size%(1<<19))
		for i := range data {
			if len(content) > 0 {
				data[i] = content[i%len(content)]
			}
			if change > 0 && i*i%257 < int(change)/8 {
				data[i] += byte(i * int(change))
			}
		}
		for _, level := range []Level{Default, Fast, Small} {
			var b bytes.Buffer
			if err := New(level).Write(&b, data); err != nil {
				t.Fatal(err)
			}
			if b.Len() > MaxBytes(len(data)) {
				t.Errorf("%d bytes of %d", b.Len(), len(data))
			}
			if !bytes.Equal(inflated(t, b.Bytes()), data) {
				t.Fatal("other bytes")
			}
		}
	})
}

// failing is a writer that fails after some bytes.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// TestErrors expects the writer's error, and nothing of it later.
func TestErrors(t *testing.T) {
	data := rows()["small"]
	c := New(Default)
	for room := 0; room < 100000; room += 9999 {
		w := failing(room)
		if err := c.Write(&w, data); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%d bytes of room: %v", room, err)
		}
		var b bytes.Buffer
		if err := c.Write(&b, data); err != nil || !bytes.Equal(inflated(t, b.Bytes()), data) {
			t.Errorf("after an error: %v", err)
		}
	}
}
