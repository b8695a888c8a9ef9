package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/picture"
)

// TestBeginningsEndTooEarly reads files of which more is to come: what is there is never called wrong.
func TestBeginningsEndTooEarly(t *testing.T) {
	const sniffLen = 32
	for name, file := range samples(t) {
		for n := sniffLen; n < len(file); n++ {
			s := codec.MemorySource(file[:n])
			format, err := sniff(s)
			if err != nil {
				t.Fatal(err)
			}
			scan := format.Scan(&codec.File{Src: s, Orientation: 1, Depth: 8})
			if err = scan.Header(); err == nil {
				err = scan.Rest()
			}
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || err == nil && format.ID != "tiff" {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(file), err)
			}
		}
	}
}

func TestDecodeReader(t *testing.T) {
	files := samples(t)
	noise := picture.New(300, 300, 3, false, 8)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix8 {
		noise.Pix8[i] = uint8(r.Uint32())
	}
	for name, format := range map[string]string{"large.png": "png", "large.jpg": "jpeg"} {
		files[name] = encoded(t, noise, format)
	}
	files["large.tif"] = encodedTIFF(t, noise)
	first := testTIFF{size: image.Pt(300, 200), bits: 8, samples: 3, photometric: tiffRGB, order: binary.BigEndian, compression: tiffNone, directoryFirst: true}
	files["first.tif"] = first.bytes()
	first.block, first.compression = image.Pt(64, 64), tiffDeflate
	files["first tiles.tif"] = first.bytes()
	for name, file := range files {
		want := mustDecode(t, file)
		for _, r := range []io.Reader{bytes.NewReader(file), iotest.HalfReader(bytes.NewReader(file)), iotest.DataErrReader(bytes.NewReader(file))} {
			got, err := DecodeReader(r, Limits{MaxBytes: int64(len(file))})
			if err != nil || !bytes.Equal(got.Pix8, want.Pix8) || !slices.Equal(got.Pix16, want.Pix16) {
				t.Errorf("%s: another picture, error %v", name, err)
			}
		}
		if _, err := DecodeReader(bytes.NewReader(file), Limits{MaxBytes: int64(len(file) - 1)}); fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: a byte more than allowed: %v", name, err)
		}
	}
	broken := errors.New("line is down")
	_, err := DecodeReader(io.MultiReader(bytes.NewReader(files["large.png"][:70000]), iotest.ErrReader(broken)), Limits{})
	if !errors.Is(err, broken) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v, want the reader's", err)
	}
}

// endless is a file's beginning and any number of zeros.
type endless struct {
	start []byte
	read  int64
}

func (e *endless) Read(b []byte) (int, error) {
	clear(b)
	if e.read < int64(len(e.start)) {
		copy(b, e.start[e.read:])
	}
	e.read += int64(len(b))
	return len(b), nil
}

// TestEndlessFiles feeds beginnings of pictures that zeros follow, without end: only so much may be read.
func TestEndlessFiles(t *testing.T) {
	const small, room = 64 << 10, 16<<20 + 1<<20
	png := testPNG{width: 9, height: 9, bits: 8, sample: func(int, int, int) int { return 0 }}.bytes()
	jpeg := encoded(t, patterned(8, 8, 3, false, 8), "jpeg")
	webp := slices.Clone(reference(t, "webp-lossy.webp")[:40])
	binary.LittleEndian.PutUint32(webp[4:], 0xfffffff0)
	binary.LittleEndian.PutUint32(webp[16:], 0xffffff00)
	for _, c := range []struct {
		name   string
		start  []byte
		limits Limits
		most   int64
		kind   fault.Kind
	}{
		{"PNG of a name", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), Limits{}, small, fault.Damaged},
		{"PNG of a header", png[:33], Limits{}, small, fault.Damaged},
		{"PNG of a long chunk", append(png[:33:33], "\x7f\xff\xff\xffIDAT"...), Limits{}, room, fault.Damaged},
		{"PNG, bytes limited", append(png[:33:33], "\x7f\xff\xff\xffIDAT"...), Limits{MaxBytes: 1 << 20}, 1<<20 + 1, fault.TooLarge},
		{"PNG of 81 pixels, 80 allowed", append(png[:33:33], "\x7f\xff\xff\xffIDAT"...), Limits{MaxPixels: 80}, small, fault.TooLarge},
		{"JPEG of two bytes", []byte("\xff\xd8"), Limits{}, room, fault.Damaged},
		{"JPEG without end", jpeg[:len(jpeg)-2], Limits{}, room, fault.Damaged},
		{"JPEG of no height", append([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x09\x01\x01\x11\x00"), jpeg...), Limits{}, room, fault.Damaged},
		{"WebP of a header", []byte("RIFF\xf0\xff\xff\xffWEBP"), Limits{}, small, fault.Damaged},
		{"WebP of a long chunk", webp, Limits{}, room, fault.Damaged},
		{"TIFF of a header", []byte("II*\x00\x08\x00\x00\x00"), Limits{}, small, fault.Damaged},
		{"TIFF, bytes limited", []byte("II*\x00\x00\x00\x00\x80"), Limits{MaxBytes: 1 << 20}, 1<<20 + 1, fault.TooLarge},
		{"zeros", nil, Limits{}, small, fault.Unsupported},
	} {
		file := &endless{start: c.start}
		_, err := DecodeReader(file, c.limits)
		if err == nil || fault.KindOf(err) != c.kind || file.read > c.most {
			t.Errorf("%s: %d bytes were read, error %v of kind %s; want at most %d and %s", c.name, file.read, err, fault.KindOf(err), c.most, c.kind)
		}
	}
}

func TestLongFileOfZeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.png")
	if err := os.WriteFile(path, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 3<<30); err != nil {
		t.Skip("no files with holes here:", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := DecodeFile(path, Limits{})
	runtime.ReadMemStats(&after)
	if fault.KindOf(err) != fault.Damaged {
		t.Errorf("error %v, want one of a damaged file", err)
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
		t.Errorf("refusing it took %d bytes", taken)
	}
	if _, err := DecodeFile(path, Limits{MaxBytes: 1 << 30}); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("error %v, want that the file is too long", err)
	}
}
