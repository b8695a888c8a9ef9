package imageio

import "io"

// blockBytes is small against a compressed strip of usual size, and large against what a single write costs.
const blockBytes = 64 << 10

// blocks is a buffer of compressed bytes. It grows without copying, by blocks of equal size, and keeps them for what comes next. Writing to
// it never fails. It is a buffered writer to image/jpeg (which asks for Flush), so that no other buffer lies between.
type blocks struct {
	all     [][]byte
	current []byte // all[at/blockBytes]
	size    int    // bytes written
}

// Write implements io.Writer.
func (b *blocks) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		copied := copy(b.space(), p)
		b.size += copied
		p = p[copied:]
	}
	return n, nil
}

// WriteByte implements io.ByteWriter.
func (b *blocks) WriteByte(c byte) error {
	b.space()[0] = c
	b.size++
	return nil
}

// Flush does nothing: all that was written is there.
func (b *blocks) Flush() error { return nil }

// space gives the rest of the block that is written to, at least a byte.
func (b *blocks) space() []byte {
	at := b.size % blockBytes
	if at == 0 {
		if block := b.size / blockBytes; block == len(b.all) {
			b.all = append(b.all, make([]byte, blockBytes))
		}
		b.current = b.all[b.size/blockBytes]
	}
	return b.current[at:]
}

// reset makes the buffer empty.
func (b *blocks) reset() { b.size = 0 }

// head gives the first n bytes to change, at most those of a block.
func (b *blocks) head(n int) []byte { return b.all[0][:n] }

// each calls use with all bytes from number from up to number to, in their order, a block at a time.
func (b *blocks) each(from, to int, use func([]byte) error) error {
	for from < to {
		at := from % blockBytes
		n := min(blockBytes-at, to-from)
		if err := use(b.all[from/blockBytes][at : at+n]); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// writeTo writes bytes number from to number to-1.
func (b *blocks) writeTo(w io.Writer, from, to int) error {
	return b.each(from, to, func(part []byte) error {
		n, err := w.Write(part)
		if err == nil && n < len(part) {
			err = io.ErrShortWrite
		}
		return err
	})
}

// blocksFor gives the bytes of the blocks that hold size bytes.
func blocksFor(size int64) int64 { return (size + blockBytes - 1) / blockBytes * blockBytes }
