package vp8l

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"testing"

	"golang.org/x/image/webp"
)

// encoded compresses a picture, all strips with one worker.
func encoded(t testing.TB, c Config, samples []byte) []byte {
	t.Helper()
	e := New(c)
	w := e.NewWorker()
	line := c.Width * c.Channels
	packed := make([]bytes.Buffer, c.Strips())
	for i := range packed {
		first := i * c.StripRows()
		var above []byte
		if i > 0 {
			above = samples[(first-1)*line : first*line]
		}
		rows := min(c.StripRows(), c.Height-first)
		if err := w.EncodeStrip(&packed[i], i, samples[first*line:(first+rows)*line], above); err != nil {
			t.Fatal(err)
		}
		if n := int64(packed[i].Len()); n > c.MaxBytes(rows) {
			t.Errorf("a strip of %d rows takes %d bytes, at most %d were said", rows, n, c.MaxBytes(rows))
		}
	}
	j := e.Join()
	var out bytes.Buffer
	if err := j.Write(&out, func(i int, use func([]byte) error) error { return use(packed[i].Bytes()) }); err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != j.Bytes() {
		t.Errorf("%d bytes, said were %d", out.Len(), j.Bytes())
	}
	return out.Bytes()
}

// decoded gives what golang.org/x/image/webp makes of it: red, green, blue and alpha.
func decoded(t testing.TB, picture []byte) []byte {
	t.Helper()
	if len(picture)%2 == 1 {
		picture = append(picture, 0)
	}
	file := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(12+len(picture)))...)
	file = append(file, "WEBPVP8L"...)
	file = append(binary.LittleEndian.AppendUint32(file, uint32(len(picture))), picture...)
	img, err := webp.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return img.(*image.NRGBA).Pix
}

// rgba gives samples of any number of channels as red, green, blue and alpha.
func rgba(c Config, samples []byte) []byte {
	var out []byte
	for ; len(samples) > 0; samples = samples[c.Channels:] {
		s := samples[:c.Channels]
		switch c.Channels {
		case 1:
			out = append(out, s[0], s[0], s[0], 255)
		case 2:
			out = append(out, s[0], s[0], s[0], s[1])
		case 3:
			out = append(append(out, s...), 255)
		default:
			out = append(out, s...)
		}
	}
	return out
}

// FuzzRoundTrip compresses anything: the content over and over, with a sample changed now and then.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("rows"), uint16(30), uint16(40), uint8(1), uint8(0))
	f.Add([]byte{0, 0, 0, 1}, uint16(70), uint16(100), uint8(0), uint8(30))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint16(3), uint16(2000), uint8(2), uint8(250))
	f.Add([]byte{255, 0, 128}, uint16(4000), uint16(1), uint8(3), uint8(99))
	f.Fuzz(func(t *testing.T, content []byte, width, height uint16, channels, change uint8) {
		c := Config{Width: 1 + int(width)%MaxSide, Height: 1 + int(height)%MaxSide, Channels: 1 + int(channels)%4}
		if c.Width*c.Height > 1<<13 {
			return // larger ones, of several strips, are in imageio's tests
		}
		samples := make([]byte, c.Width*c.Height*c.Channels)
		for i := range samples {
			if len(content) > 0 {
				samples[i] = content[i%len(content)]
			}
			if change > 0 && i*i%257 < int(change) {
				samples[i] += byte(i * int(change))
			}
		}
		if !bytes.Equal(decoded(t, encoded(t, c, samples)), rgba(c, samples)) {
			t.Fatal("other samples")
		}
	})
}

// TestErrors expects the writer's error.
func TestErrors(t *testing.T) {
	c := Config{Width: 300, Height: 200, Channels: 3}
	samples := make([]byte, 300*200*3)
	for i := range samples {
		samples[i] = byte(i * i)
	}
	w := New(c).NewWorker()
	if err := w.EncodeStrip(full{}, 0, samples, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, nil }

func BenchmarkEncodeStrip(b *testing.B) {
	c := Config{Width: 1024, Height: 256, Channels: 3}
	samples := make([]byte, c.Width*c.Height*3)
	for i := range samples {
		x, y := i/3%c.Width, i/3/c.Width
		samples[i] = byte(x*x/700 + y*y/90 + i*i*7%11)
	}
	w := New(c).NewWorker()
	b.SetBytes(int64(len(samples)))
	for b.Loop() {
		_ = w.EncodeStrip(io.Discard, 0, samples, nil)
	}
}
