package tiff

import (
	"encoding/binary"
	"io"

	"classsr/imageio/deflate"
	"classsr/internal/kernel"
)

// worker is the memory that one worker uses for block after block.
type worker struct {
	block, line []byte
	deflater    *deflate.Compressor
}

// zlibBytes is more than what lies around a block's compressed bytes.
const zlibBytes = 16

// pack appends a block in zlib's form: a header (deflate with a window of 32 KiB), the compressed bytes, an empty final block, and the sum of
// what was compressed.
func (w *worker) pack(dst io.Writer, block []byte) error {
	if w.deflater == nil {
		w.deflater = deflate.New(deflate.Default)
	}
	if _, err := io.WriteString(dst, "\x78\x01"); err != nil {
		return err
	}
	if err := w.deflater.Write(dst, block); err != nil {
		return err
	}
	_, err := dst.Write(binary.BigEndian.AppendUint32([]byte("\x01\x00\x00\xff\xff"), kernel.Adler32(block)))
	return err
}
