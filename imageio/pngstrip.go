package imageio

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// pngWorker is the memory that one worker uses for strip after strip.
type pngWorker struct {
	other     blocks
	deflaters [2]*flate.Writer
}

// The two ways to compress; a strip is kept as the one that makes it smaller. Paeth's filter leaves photographs as noise
// around zero, in which the short matches that a fast search finds do more harm than good, and coding single bytes is
// smaller. Drawings and smooth pictures repeat themselves, which only matches make small. A part of the strip does not tell
// well which of the two wins.
var stripLevels = [2]int{flate.HuffmanOnly, 2}

// deflatersBytes is the memory that a worker's two compressors take.
const deflatersBytes = 1600 << 10

// compress makes the IDAT chunk of a strip's filtered rows.
func (w *pngWorker) compress(s *strip, raw []byte) error {
	s.rawSum, s.rawSize = adler32.Checksum(raw), int64(len(raw))
	if err := w.deflate(&s.packed, s.index, raw, 0); err != nil {
		return err
	}
	w.other.reset()
	switch err := w.deflate(&shorter{&w.other, s.packed.size}, s.index, raw, 1); {
	case err == nil:
		s.packed, w.other = w.other, s.packed
	case !errors.Is(err, errNotShorter):
		return err
	}
	n := s.packed.size
	binary.BigEndian.PutUint32(s.packed.head(4), uint32(n-8))
	sum := crc32.NewIEEE()
	_ = s.packed.each(4, n, func(part []byte) error { _, err := sum.Write(part); return err }) // it never fails
	_, err := s.packed.Write(sum.Sum(nil))
	return err
}

// deflate writes the chunk of strip number index to dst, with raw compressed in one of the ways and flushed, up to its checksum. Its length
// is left open.
func (w *pngWorker) deflate(dst io.Writer, index int, raw []byte, way int) error {
	start := "\x00\x00\x00\x00IDAT"
	if index == 0 {
		start += "\x78\x01" // zlib: deflate with a window of 32 KiB, fast
	}
	if _, err := io.WriteString(dst, start); err != nil {
		return err
	}
	if w.deflaters[way] == nil {
		writer, err := flate.NewWriter(dst, stripLevels[way])
		if err != nil {
			return err
		}
		w.deflaters[way] = writer
	}
	w.deflaters[way].Reset(dst)
	if _, err := w.deflaters[way].Write(raw); err != nil {
		return err
	}
	return w.deflaters[way].Flush()
}

// shorter is a buffer that takes fewer bytes than so many, and then fails, so that no more is compressed in vain.
type shorter struct {
	*blocks
	than int
}

var errNotShorter = errors.New("not shorter")

// Write implements io.Writer.
func (s *shorter) Write(p []byte) (int, error) {
	if s.size+len(p) >= s.than {
		return 0, errNotShorter
	}
	return s.blocks.Write(p)
}
