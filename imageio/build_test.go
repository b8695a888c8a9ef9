package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"classsr/picture"

	"golang.org/x/image/tiff"
)

// testPNG describes a PNG that image/png cannot write.
type testPNG struct {
	width, height, bits int
	colorType           byte
	interlaced          bool
	filtered            bool        // by all filters in turn, else by none
	chunks              []testChunk // between header and pixels
	sample              func(x, y, channel int) int
}

type testChunk struct {
	kind string
	body []byte
}

func (f testPNG) channels() int {
	return map[byte]int{pngGray: 1, pngRGB: 3, pngPalette: 1, pngGrayAlpha: 2, pngRGBA: 4}[f.colorType]
}

// adam7 is the passes of interlaced pictures: x0, y0, dx, dy.
var adam7 = [][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}

// bytes gives the file.
func (f testPNG) bytes() []byte {
	interlaced := byte(0)
	var raw []byte
	if f.interlaced {
		interlaced = 1
		for _, pass := range adam7 {
			raw = f.appendPass(raw, pass)
		}
	} else {
		raw = f.appendPass(raw, [4]int{0, 0, 1, 1})
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(f.width))
	header = binary.BigEndian.AppendUint32(header, uint32(f.height))
	header = append(header, byte(f.bits), f.colorType, 0, 0, interlaced)
	file := appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", header)
	for _, c := range f.chunks {
		file = appendChunk(file, c.kind, c.body)
	}
	file = appendChunk(file, "IDAT", deflated(raw))
	return appendChunk(file, "IEND", nil)
}

// repaired gives a damaged PNG checksums that fit, so that the damage reaches what lies behind them.
func repaired(file []byte) []byte {
	file = slices.Clone(file)
	for pos := 8; pos+12 <= len(file); {
		length := int64(binary.BigEndian.Uint32(file[pos:]))
		if length > int64(len(file)-pos-12) {
			break
		}
		end := pos + 8 + int(length)
		binary.BigEndian.PutUint32(file[end:], crc32.ChecksumIEEE(file[pos+4:end]))
		pos = end + 4
	}
	return file
}

// appendPass appends the rows of the pixels at x0, x0+dx, ... and y0, y0+dy, ...
func (f testPNG) appendPass(raw []byte, pass [4]int) []byte {
	x0, y0, dx, dy := pass[0], pass[1], pass[2], pass[3]
	var above []byte
	for y := y0; y < f.height && x0 < f.width; y += dy {
		raw = append(raw, 0)
		start := len(raw)
		bits, n := 0, 0
		for x := x0; x < f.width; x += dx {
			for c := range f.channels() {
				bits, n = bits<<f.bits|f.sample(x, y, c), n+f.bits
				for ; n >= 8; n -= 8 {
					raw = append(raw, byte(bits>>(n-8)))
				}
			}
		}
		if n > 0 {
			raw = append(raw, byte(bits<<(8-n)))
		}
		if row := slices.Clone(raw[start:]); f.filtered {
			raw[start-1] = byte(y / dy % 5)
			filterRow(raw[start:], row, above, max(1, f.bits*f.channels()/8), y/dy%5)
			above = row
		}
	}
	return raw
}

// filterRow filters a row as the PNG specification defines it.
func filterRow(dst, row, above []byte, step, filter int) {
	at := func(row []byte, i int) int {
		if i < 0 || row == nil {
			return 0
		}
		return int(row[i])
	}
	for i := range row {
		a, b, c := at(row, i-step), at(above, i), at(above, i-step)
		p := a + b - c
		paeth := a
		if abs(p-b) < abs(p-a) {
			paeth = b
		}
		if abs(p-c) < min(abs(p-a), abs(p-b)) {
			paeth = c
		}
		dst[i] = row[i] - byte([]int{0, a, b, (a + b) / 2, paeth}[filter])
	}
}

func abs(v int) int { return max(v, -v) }

func deflated(raw []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(raw)
	_ = w.Close()
	return b.Bytes()
}

// patterned is a picture whose samples all differ from their neighbours'.
func patterned(width, height, colors int, alpha bool, depth int) *picture.Picture {
	p := picture.New(width, height, colors, alpha, depth)
	for i := range width * height * p.Channels() {
		v := uint32(i)*2654435761 + 12345
		if depth == 8 {
			p.Pix8[i] = uint8(v >> 16)
		} else {
			p.Pix16[i] = uint16(v >> 12)
		}
	}
	return p
}

// encoded gives p as a PNG or JPEG file.
func encoded(t testing.TB, p *picture.Picture, format string) []byte {
	t.Helper()
	var b memoryFile
	if err := Encode(&b, p, format, EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// plainJPEG is a small JPEG without any metadata.
func plainJPEG(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, opaqueStd(p), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegment inserts a segment after the start of a JPEG.
func withSegment(file []byte, marker byte, body string) []byte {
	out := append([]byte{}, file[:2]...)
	out = append(out, 0xff, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), file[2:]...)
}

// withChunk inserts a chunk after the header of a PNG.
func withChunk(file []byte, kind, body string) []byte {
	const headerEnd = 8 + 25
	out := appendChunk(append([]byte{}, file[:headerEnd]...), kind, []byte(body))
	return append(out, file[headerEnd:]...)
}

// extendedWebP puts the chunk of a plain lossless WebP and further chunks behind a VP8X chunk with these flags.
func extendedWebP(file []byte, flags byte, further ...testChunk) []byte {
	bits := binary.LittleEndian.Uint32(file[21:])
	w, h := bits&0x3fff, bits>>14&0x3fff
	vp8x := []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), 0, byte(h), byte(h >> 8), 0}
	body := appendRIFF([]byte("WEBP"), testChunk{"VP8X", vp8x})
	body = append(body, file[12:]...)
	for _, c := range further {
		body = appendRIFF(body, c)
	}
	return appendRIFF(nil, testChunk{"RIFF", body})
}

func appendRIFF(dst []byte, c testChunk) []byte {
	dst = append(dst, c.kind...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c.body)))
	dst = append(dst, c.body...)
	if len(c.body)%2 == 1 {
		dst = append(dst, 0)
	}
	return dst
}

// tiffEntry is a field of a directory: its values, or where they do not fit in 4 bytes their offset.
type tiffEntry struct {
	tag, kind uint16
	count     uint32
	value     uint32
}

// appendDirectory appends a little-endian directory.
func appendDirectory(dst []byte, next uint32, entries ...tiffEntry) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(entries)))
	for _, e := range entries {
		dst = binary.LittleEndian.AppendUint16(dst, e.tag)
		dst = binary.LittleEndian.AppendUint16(dst, e.kind)
		dst = binary.LittleEndian.AppendUint32(dst, e.count)
		dst = binary.LittleEndian.AppendUint32(dst, e.value)
	}
	return binary.LittleEndian.AppendUint32(dst, next)
}

// exifBlock is an EXIF block that holds an orientation, behind any other entries.
func exifBlock(orientation int, before ...tiffEntry) string {
	entries := append(before, tiffEntry{tagOrientation, 3, 1, uint32(orientation)})
	return string(appendDirectory([]byte("II*\x00\x08\x00\x00\x00"), 0, entries...))
}

// rawTIFF is an uncompressed TIFF of 8 bit gray samples with further fields, whose tags must be above 279; tail is put at
// offset 8, before the directory.
func rawTIFF(w, h int, pix []byte, tail string, further ...tiffEntry) []byte {
	body := append([]byte(tail), pix...)
	out := binary.LittleEndian.AppendUint32([]byte("II*\x00"), uint32(8+len(body)))
	out = append(out, body...)
	entries := []tiffEntry{
		{tagWidth, 4, 1, uint32(w)}, {tagHeight, 4, 1, uint32(h)}, {tagBitsPerSample, 3, 1, 8}, {tagCompression, 3, 1, 1},
		{tagPhotometric, 3, 1, 1}, {tagStripOffsets, 4, 1, uint32(8 + len(tail))},
	}
	for len(further) > 0 && further[0].tag < tagStripByteCounts {
		entries, further = append(entries, further[0]), further[1:]
	}
	entries = append(entries, tiffEntry{tagStripByteCounts, 4, 1, uint32(len(pix))})
	return appendDirectory(out, 0, append(entries, further...)...)
}

// encodedTIFF is p as golang.org/x/image/tiff writes it.
func encodedTIFF(t testing.TB, p *picture.Picture) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, opaqueStd(p), &tiff.Options{Compression: tiff.Deflate, Predictor: true}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reference reads a file of testdata/reference.
func reference(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "reference", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
