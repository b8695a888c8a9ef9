package strips

import "io"

// BlockBytes is small against a compressed strip of usual size, and large against what a single write costs.
const BlockBytes = 64 << 10

// Blocks is a buffer of compressed bytes. It grows without copying, by blocks of equal size, and keeps them for what comes next. Writing to
// it never fails.
type Blocks struct {
	all     [][]byte
	current []byte // all[at/BlockBytes]
	size    int    // bytes written
}

// Write implements io.Writer.
func (b *Blocks) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		copied := copy(b.space(), p)
		b.size += copied
		p = p[copied:]
	}
	return n, nil
}

// space gives the rest of the block that is written to, at least a byte.
func (b *Blocks) space() []byte {
	at := b.size % BlockBytes
	if at == 0 {
		if block := b.size / BlockBytes; block == len(b.all) {
			b.all = append(b.all, make([]byte, BlockBytes))
		}
		b.current = b.all[b.size/BlockBytes]
	}
	return b.current[at:]
}

// Len is the number of bytes written.
func (b *Blocks) Len() int { return b.size }

// reset makes the buffer empty.
func (b *Blocks) reset() { b.size = 0 }

// Head gives the first n bytes to change, at most those of a block.
func (b *Blocks) Head(n int) []byte { return b.all[0][:n] }

// Each calls use with all bytes from number from up to number to, in their order, a block at a time.
func (b *Blocks) Each(from, to int, use func([]byte) error) error {
	for from < to {
		at := from % BlockBytes
		n := min(BlockBytes-at, to-from)
		if err := use(b.all[from/BlockBytes][at : at+n]); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// WriteRange writes bytes number from to number to-1.
func (b *Blocks) WriteRange(w io.Writer, from, to int) error {
	return b.Each(from, to, func(part []byte) error {
		n, err := w.Write(part)
		if err == nil && n < len(part) {
			err = io.ErrShortWrite
		}
		return err
	})
}

// BlocksFor gives the bytes of the blocks that hold size bytes.
func BlocksFor(size int64) int64 { return (size + BlockBytes - 1) / BlockBytes * BlockBytes }
