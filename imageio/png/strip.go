package png

import (
	"encoding/binary"
	"hash/crc32"
	"io"

	"classsr/imageio/deflate"
	"classsr/imageio/strips"
	"classsr/internal/kernel"
)

// worker is the memory that one worker uses for strip after strip.
type worker struct {
	deflater *deflate.Compressor
	sums     [kernel.Filters]uint64
}

// chunkBytes is more than what lies around a strip's compressed rows.
const chunkBytes = 16

// compress makes the IDAT chunk of a strip's filtered rows.
func (w *worker) compress(s *strips.Strip, raw []byte) error {
	s.RawSum, s.RawSize = kernel.Adler32(raw), int64(len(raw))
	start := "\x00\x00\x00\x00IDAT"
	if s.Index == 0 {
		start += "\x78\x01" // zlib: deflate with a window of 32 KiB, fast
	}
	if _, err := io.WriteString(&s.Packed, start); err != nil {
		return err
	}
	if err := w.deflater.Write(&s.Packed, raw); err != nil {
		return err
	}
	n := s.Packed.Len()
	binary.BigEndian.PutUint32(s.Packed.Head(4), uint32(n-8))
	sum := crc32.NewIEEE()
	_ = s.Packed.Each(4, n, func(part []byte) error { _, err := sum.Write(part); return err }) // it never fails
	_, err := s.Packed.Write(sum.Sum(nil))
	return err
}
