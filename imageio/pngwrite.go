package imageio

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"classsr/internal/par"
	"classsr/picture"
)

// A PNG is written as strips of rows, each filtered and compressed on its own by one worker and put in an IDAT chunk of its
// own. Every strip ends with a sync flush, on a byte boundary, so that the strips in order are one valid deflate stream; its
// closing block and checksum come in a last, small IDAT chunk. The height of strips depends on the picture alone, so the
// bytes of the file do not depend on the number of workers.

// stripBytes is the size that strips are cut to, before compression: large against deflate's window of 32 KiB, so that
// starting afresh costs little, and small enough for many workers to share a picture.
const stripBytes = 512 << 10

// strip is a run of compressed rows.
type strip struct {
	chunk bytes.Buffer // the whole IDAT chunk
	sum   uint32       // Adler-32 of its bytes before compression
	size  int64        // their number
}

// encodePNG writes p, holding a few strips for each thread in memory.
func encodePNG(w io.Writer, p *picture.Picture, o EncodeOptions) error {
	layout := newPNGLayout(p)
	if _, err := w.Write(pngHeader(p)); err != nil {
		return err
	}
	threads := par.Threads(o.Threads)
	workers := make([]stripWorker, threads)
	// A few rounds of work for each worker keep them busy while the slowest finishes.
	batch := make([]strip, min(4*threads, layout.strips))
	sum := uint32(1)
	for first := 0; first < layout.strips; first += len(batch) {
		part := batch[:min(len(batch), layout.strips-first)]
		err := par.Do(context.Background(), threads, len(part), func(worker, i int) error {
			return workers[worker].compress(&part[i], p, layout, first+i)
		})
		if err != nil {
			return fmt.Errorf("compressing PNG: %w", err)
		}
		for i := range part {
			sum = joinAdler32(sum, part[i].sum, part[i].size)
			if _, err := w.Write(part[i].chunk.Bytes()); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(pngEnd(sum))
	return err
}

// pngLayout is how a picture's rows are stored and cut into strips.
type pngLayout struct {
	rowBytes   int // without the byte that names the filter
	pixelBytes int
	rows       int // of a strip
	strips     int
}

func newPNGLayout(p *picture.Picture) pngLayout {
	l := pngLayout{pixelBytes: p.Channels() * p.Depth / 8}
	l.rowBytes = p.Width * l.pixelBytes
	l.rows = max(1, stripBytes/(l.rowBytes+1))
	l.strips = (p.Height + l.rows - 1) / l.rows
	return l
}

// pngHeader is the signature and the header chunk.
func pngHeader(p *picture.Picture) []byte {
	kind := map[int]byte{1: pngGray, 2: pngGrayAlpha, 3: pngRGB, 4: pngRGBA}[p.Channels()]
	body := binary.BigEndian.AppendUint32(nil, uint32(p.Width))
	body = binary.BigEndian.AppendUint32(body, uint32(p.Height))
	body = append(body, byte(p.Depth), kind, 0, 0, 0)
	return appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", body)
}

// pngEnd closes the stream of all strips (an empty final block, the checksum) and the file.
func pngEnd(sum uint32) []byte {
	const finalBlock = "\x01\x00\x00\xff\xff"
	end := appendChunk(nil, "IDAT", binary.BigEndian.AppendUint32([]byte(finalBlock), sum))
	return appendChunk(end, "IEND", nil)
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
