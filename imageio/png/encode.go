package png

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"classsr/imageio/deflate"
	"classsr/imageio/strips"
	"classsr/internal/kernel"
	"classsr/metadata"
	"classsr/picture"
)

// A PNG is written as strips of rows, each filtered and compressed on its own by one worker and put in an IDAT chunk of its
// own. Every strip ends with a sync flush, on a byte boundary, so that the strips in order are one valid deflate stream; its
// closing block and checksum come in a last, small IDAT chunk. The height of strips depends on the picture alone, so the
// bytes of the file do not depend on the number of workers.

// stripBytes is the size that strips are cut to, before compression: large against deflate's window of 32 KiB, so that
// starting afresh costs little, and small enough for many workers to share a picture.
const stripBytes = 512 << 10

// lineBytes is the length of a row as it is compressed: a byte that names its filter, then the pixels.
func lineBytes(c picture.Config) int { return 1 + c.Width*pixelBytes(c) }

// pixelBytes is the length of a pixel.
func pixelBytes(c picture.Config) int { return c.Channels() * c.Depth / 8 }

// Layout is how a picture is cut into strips, and what that takes.
func Layout(c picture.Config) strips.Layout {
	line := lineBytes(c)
	rows := max(1, stripBytes/line)
	raw := line * min(rows, c.Height)
	packed := int64(deflate.MaxBytes(raw)) + chunkBytes
	return strips.Layout{
		Rows: rows, Strips: (c.Height-1)/rows + 1,
		RawBytes: raw, AboveBytes: line, PackedBytes: packed, WorkerBytes: deflate.Bytes,
	}
}

// EncodeOptions steers NewEncoder; the zero value is good.
type EncodeOptions struct {
	Level    deflate.Level
	Metadata *metadata.Data // may be nil
}

// NewEncoder returns a sink that writes a picture of this form to w.
func NewEncoder(w io.Writer, c picture.Config, o EncodeOptions, s strips.Options) *strips.Sink {
	layout := Layout(c)
	e := &encoder{
		config: c, line: lineBytes(c), last: make([]byte, lineBytes(c)), sum: 1, level: o.Level,
		workers: make([]worker, layout.Workers(s.Threads)),
	}
	if o.Metadata != nil {
		e.metadata = chunks(o.Metadata)
	}
	return strips.NewSink(w, c, layout, e, s)
}

// encoder writes strips as PNG.
type encoder struct {
	metadata []byte // chunks
	config   picture.Config
	line     int
	last     []byte // the last row of the strip before the one that takes rows
	sum      uint32 // Adler-32 of the strips that were written
	level    deflate.Level
	workers  []worker
}

// Put implements strips.Codec.
func (c *encoder) Put(s *strips.Strip, rows *picture.Picture) {
	if s.Taken == 0 {
		s.Above, c.last = c.last, s.Above
	}
	line := c.line
	n := line - 1
	for y := range rows.Height {
		dst := s.Raw[(s.Taken+y)*line:][:line]
		if rows.Depth == 8 {
			copy(dst[1:], rows.Pix8[y*n:][:n])
			continue
		}
		for i, v := range rows.Pix16[y*n/2:][:n/2] {
			binary.BigEndian.PutUint16(dst[1+2*i:], v)
		}
	}
	if taken := s.Taken + rows.Height; taken == s.Rows {
		copy(c.last, s.Raw[(taken-1)*line:][:line])
	}
}

// Compress implements strips.Codec.
func (c *encoder) Compress(worker int, s *strips.Strip) error {
	if c.workers[worker].deflater == nil {
		c.workers[worker].deflater = deflate.New(c.level)
	}
	raw := s.Raw[:s.Rows*c.line]
	for y := s.Rows - 1; y >= 0; y-- { // upwards, as the row above must not be filtered yet
		above := s.Above
		if y > 0 {
			above = raw[(y-1)*c.line:][:c.line]
		}
		line := raw[y*c.line:][:c.line]
		kind := c.workers[worker].chooseFilter(line[1:], above[1:], pixelBytes(c.config))
		line[0] = byte(kind)
		kernel.Filter(kind, line[1:], above[1:], pixelBytes(c.config))
	}
	return c.workers[worker].compress(s, raw)
}

// chooseFilter gives the filter that leaves the smallest sum, of several the last one. A row like the one above needs no sums: Up leaves
// zeros.
func (w *worker) chooseFilter(row, above []byte, pixelBytes int) int {
	if bytes.Equal(row, above) {
		return kernel.FilterUp
	}
	best := kernel.FilterPaeth
	kernel.FilterSums(&w.sums, row, above, pixelBytes)
	for kind, sum := range w.sums {
		if sum < w.sums[best] {
			best = kind
		}
	}
	return best
}

// Write implements strips.Codec.
func (c *encoder) Write(w io.Writer, s *strips.Strip) error {
	if s.Index == 0 {
		if _, err := w.Write(append(header(c.config), c.metadata...)); err != nil {
			return err
		}
	}
	c.sum = joinAdler32(c.sum, s.RawSum, s.RawSize)
	return s.Packed.WriteRange(w, 0, s.Packed.Len())
}

// End implements strips.Codec: it closes the stream of all strips (an empty final block, the checksum) and the file.
func (c *encoder) End(w io.Writer) error {
	const finalBlock = "\x01\x00\x00\xff\xff"
	chunks := appendChunk(nil, "IDAT", binary.BigEndian.AppendUint32([]byte(finalBlock), c.sum))
	_, err := w.Write(appendChunk(chunks, "IEND", nil))
	return err
}

// header is the signature and the header chunk.
func header(c picture.Config) []byte {
	kind := map[int]byte{1: typeGray, 2: typeGrayAlpha, 3: typeRGB, 4: typeRGBA}[c.Channels()]
	body := binary.BigEndian.AppendUint32(nil, uint32(c.Width))
	body = binary.BigEndian.AppendUint32(body, uint32(c.Height))
	body = append(body, byte(c.Depth), kind, 0, 0, 0)
	return appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", body)
}

// appendChunk appends length, kind, body and their checksum.
func appendChunk(dst []byte, kind string, body []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)))
	start := len(dst)
	dst = append(append(dst, kind...), body...)
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[start:]))
}

// joinAdler32 gives the Adler-32 of two runs of bytes from their sums; the second run has length bytes.
//
// Of a run d1..dn the low half of the sum is A = 1 + d1 + ... + dn and the high half B = n + n*d1 + ... + 1*dn, both modulo
// 65521; the first run's A-1 thus enters the joint B once for every byte of the second.
func joinAdler32(first, second uint32, length int64) uint32 {
	const mod = 65521
	a1, b1 := int64(first&0xffff), int64(first>>16)
	a2, b2 := int64(second&0xffff), int64(second>>16)
	a := (a1 + a2 - 1 + mod) % mod
	b := (b1 + b2 + (a1-1+mod)%mod*(length%mod)) % mod
	return uint32(b<<16 | a)
}
