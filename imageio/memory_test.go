package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// heap is what lies in the heap, with what was not collected yet.
func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// peak is the most that the heap grows while something is done. Garbage is collected at once.
func peak(do func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(3))
	runtime.GC()
	before := heap()
	most, stop, stopped := before, make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				most = max(most, heap())
			}
		}
	}()
	do()
	close(stop)
	<-stopped
	return max(most, heap()) - before
}

// largeFiles gives pictures of some two million pixels of all kinds.
func largeFiles() map[string][]byte {
	size := image.Pt(1801, 1303)
	palette := testChunk{"PLTE", make([]byte, 3*256)}
	palette.body[1] = 1 // not gray
	files := map[string][]byte{}
	for name, kind := range map[string]struct {
		colorType byte
		bits      int
		chunks    []testChunk
	}{
		"gray 1": {pngGray, 1, nil}, "gray 8": {pngGray, 8, nil}, "gray 16": {pngGray, 16, nil}, "gray alpha": {pngGrayAlpha, 8, nil},
		"palette": {pngPalette, 8, []testChunk{palette}}, "palette alpha": {pngPalette, 4, []testChunk{palette, {"tRNS", []byte{1}}}},
		"rgb": {pngRGB, 8, nil}, "rgb 16": {pngRGB, 16, nil}, "rgba": {pngRGBA, 8, nil}, "rgba 16": {pngRGBA, 16, nil},
		"turned": {pngRGB, 8, []testChunk{{"eXIf", []byte(exifBlock(6))}}},
	} {
		for _, interlaced := range []bool{false, true}[:1+len(name)%2] { // some of them
			files[fmt.Sprintf("png %s interlaced %v", name, interlaced)] = flatPNG(size, kind.colorType, kind.bits, interlaced, kind.chunks...)
		}
	}
	for name, sampling := range map[string]string{
		"gray": "\x11", "gray 22": "\x22", "444": "\x11\x11\x11", "422": "\x21\x11\x11", "420": "\x22\x11\x11", "440": "\x12\x11\x11",
		"411": "\x41\x11\x11", "cmyk": "\x11\x11\x11\x11", "cmyk 420": "\x22\x11\x11\x22", "rgb": "\x11\x11\x11",
	} {
		f := flatJPEG{size: size, sampling: []byte(sampling)}
		if name == "rgb" || strings.HasPrefix(name, "cmyk") {
			f.adobe = []byte{0, 0}
		}
		files["jpeg "+name] = f.bytes()
		switch name {
		case "gray", "422", "cmyk 420":
			f.orientation = 6
			files["jpeg turned "+name] = f.bytes()
		case "gray 22", "444", "420", "cmyk":
			f.progressive, f.scans = true, 3
			files["jpeg progressive "+name] = f.bytes()
		}
	}
	for name, f := range map[string]flatWebP{
		"lossless": {lossless: true}, "2 colours": {lossless: true, colors: 2}, "4 colours": {lossless: true, colors: 4},
		"16 colours": {lossless: true, colors: 16}, "256 colours": {lossless: true, colors: 256},
		"lossy": {}, "lossy alpha": {alpha: 'r'}, "lossy compressed alpha": {alpha: 'c'},
	} {
		f.size = size
		files["webp "+name] = f.bytes()
	}
	for name, f := range map[string]testTIFF{
		"bilevel": {bits: 1, samples: 1, photometric: tiffBlackIsZero}, "gray": {bits: 8, samples: 1, photometric: tiffBlackIsZero},
		"rgb": {bits: 8, samples: 3, photometric: tiffRGB}, "rgba 16": {bits: 16, samples: 4, photometric: tiffRGB, extra: 2},
		"palette": {bits: 8, samples: 1, photometric: tiffPalette}, "tiles": {bits: 8, samples: 3, photometric: tiffRGB, block: image.Pt(256, 256)},
		"turned": {bits: 16, samples: 3, photometric: tiffRGB, orientation: 8}, "strips": {bits: 8, samples: 3, photometric: tiffRGB, block: image.Pt(0, 16)},
	} {
		f.size, f.order = size, binary.LittleEndian
		for _, f.compression = range []int{tiffNone, tiffDeflate} {
			files[fmt.Sprintf("tiff %s compression %d", name, f.compression)] = flatTIFF(f)
		}
	}
	maps.Copy(files, flatFiles(size))
	return files
}

// TestDecodeBytes measures what decoding takes: no more than was said, and not much less.
func TestDecodeBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "picture")
	for name, file := range largeFiles() {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		told, least, most := measured(t, path)
		if told.DecodeBytes < least || float64(told.DecodeBytes) > 1.3*float64(most) {
			t.Errorf("%s: decoding takes %d to %d bytes, %d were told", name, least, most, told.DecodeBytes)
		}
	}
}

// measured decodes the picture in a file, several times where garbage that was not collected or a moment that was missed could matter. It
// gives what was told before, and the least and the most that decoding took.
func measured(t *testing.T, path string) (told Config, least, most int64) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the timers of Windows are too coarse to catch the moment when most is in use")
	}
	for range 5 {
		var d *Decoded
		var err error
		took := peak(func() { d, err = DecodeFile(path, Limits{Accept: func(c Config) error { told = c; return nil }}) })
		if err != nil {
			t.Fatalf("%+v: %v", told, err)
		}
		if got := int64(cap(d.Pix8) + 2*cap(d.Pix16) + 4*cap(d.Pix32)); got > told.PictureBytes || told.PictureBytes < told.Bytes() {
			t.Errorf("%+v: %d bytes are kept", told, got)
		}
		if least == 0 || took < least {
			least = took
		}
		most = max(most, took)
		if told.DecodeBytes >= least && float64(told.DecodeBytes) <= 1.25*float64(most) {
			break
		}
	}
	return told, least, most
}

// TestDecodeBytesOfPipes measures files that are as long as their pixels.
func TestDecodeBytesOfPipes(t *testing.T) {
	noise := patterned(1201, 903, 3, false, 8)
	for name, file := range map[string][]byte{
		"png": encoded(t, noise, "png"), "jpeg": encoded(t, noise, "jpeg"),
		"tiff": testTIFF{size: image.Pt(401, 303), bits: 8, samples: 3, photometric: tiffRGB, order: binary.LittleEndian, compression: tiffNone}.bytes(),
	} {
		var told Config
		var d *Decoded
		var err error
		took := peak(func() {
			d, err = DecodeReader(&counted{Reader: bytes.NewReader(file)}, Limits{Accept: func(c Config) error { told = c; return nil }})
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if told.DecodeBytes < took {
			t.Errorf("%s: decoding takes %d bytes, %d were told", name, took, told.DecodeBytes)
		}
		runtime.KeepAlive(d)
	}
}

// counted counts the bytes that are read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// TestAcceptComesFirst asks how much of a file was read when its form is judged: its beginning, and once.
func TestAcceptComesFirst(t *testing.T) {
	for name, file := range largeFiles() {
		if strings.HasPrefix(name, "tiff") { // its headers are at the end
			continue
		}
		r, calls, enough := &counted{Reader: bytes.NewReader(file)}, 0, errors.New("enough")
		_, err := DecodeReader(r, Limits{Accept: func(c Config) error {
			if calls++; r.n > (64<<10) || c.Width == 0 || c.Depth == 0 || c.DecodeBytes < c.Bytes() {
				t.Errorf("%s: %d bytes were read for %+v", name, r.n, c)
			}
			return enough
		}})
		if calls != 1 || !errors.Is(err, enough) || r.n > (64<<10) {
			t.Errorf("%s: %d bytes were read, accepted %d times, error %v", name, r.n, calls, err)
		}
	}
}
