package baseline

import (
	"encoding/binary"
	"io"
	"math/bits"

	"classsr/internal/kernel"
)

const (
	// blockRoom is more than a block can take: 64 codes of 16 bits with 11 bits behind each, and a zero after every byte.
	blockRoom = 2 * kernel.BlockSize * 27 / 8
	// maxBlockBytes is the most that a block takes, with a zero after every byte. The squares of its coefficients sum up to 64*128*128 at most,
	// like those of its samples. So 16 of them at most have 9 bits (they are 256 or more), which take 25 with their code, or 4 have 10, which
	// take 26; all others take 18 at most. One that zeros come before takes no more than it and a zero could. Two bytes are for roundings.
	maxBlockBytes = 2 * ((kernel.BlockSize*18+16*(25-18))/8 + 2)
	// bufferBytes are gathered before they are written.
	bufferBytes = 16 << 10
)

// bitWriter gathers the bits of codes, the highest first. A byte of 0xff is followed by a zero, since it would begin a marker otherwise.
type bitWriter struct {
	buffer []byte // with room for bufferBytes and what comes between two calls of flush
	n      int
	held   uint64 // the lowest bits are not in the buffer yet
	count  uint   // of them, below 32 between calls
}

// put adds the lowest bits of code, at most 32.
func (b *bitWriter) put(code uint32, length uint) {
	b.held = b.held<<length | uint64(code)
	b.count += length
	if b.count >= 32 {
		b.spill()
	}
}

// spill moves 32 bits to the buffer.
func (b *bitWriter) spill() {
	b.count -= 32
	b.n = appendStuffed(b.buffer, b.n, uint32(b.held>>b.count))
}

// appendStuffed writes four bytes at n, and gives the place behind them.
func appendStuffed(buffer []byte, n int, word uint32) int {
	if !hasFF(word) {
		binary.BigEndian.PutUint32(buffer[n:], word)
		return n + 4
	}
	return appendStuffedSlowly(buffer, n, word)
}

func appendStuffedSlowly(buffer []byte, n int, word uint32) int {
	for shift := 24; shift >= 0; shift -= 8 {
		v := byte(word >> shift)
		buffer[n] = v
		n++
		if v == 0xff {
			buffer[n] = 0
			n++
		}
	}
	return n
}

// hasFF tells whether one of four bytes is 0xff: its complement is zero.
func hasFF(word uint32) bool {
	return (^word-0x01010101)&word&0x80808080 != 0
}

// align fills the last byte with ones.
func (b *bitWriter) align() {
	if fill := (8 - b.count%8) % 8; fill > 0 {
		b.put(1<<fill-1, fill)
	}
	for b.count > 0 {
		b.count -= 8
		v := byte(b.held >> b.count)
		b.buffer[b.n] = v
		b.n++
		if v == 0xff {
			b.buffer[b.n] = 0
			b.n++
		}
	}
}

// flush writes the buffer to w.
func (b *bitWriter) flush(w io.Writer) error {
	_, err := w.Write(b.buffer[:b.n])
	b.n = 0
	return err
}

// block writes a block's coefficients, of which mask tells those that are not zero: the mean as the difference from the block before, then
// for each other one how many zeros come before it and its size in bits, as one symbol, and those bits. A negative number's bits are those of
// one less.
func (b *bitWriter) block(c *[kernel.BlockSize]int16, mask uint64, before int16, means, others *huffmanCode) {
	const (
		endOfBlock  = 0x00
		sixteenZero = 0xf0
	)
	difference := int32(c[0]) - int32(before)
	sign := difference >> 31
	size := uint(bits.Len32(uint32(difference ^ sign - sign)))
	code := means[size]
	b.put(code>>8<<size|uint32(difference+sign)&(1<<size-1), uint(code&0xff)+size)

	held, count, n := b.held, b.count, b.n
	last := 0
	for mask &^= 1; mask != 0; mask &= mask - 1 {
		k := bits.TrailingZeros64(mask) & (kernel.BlockSize - 1)
		zeros := k - last - 1
		last = k
		for zeros >= 16 {
			code := others[sixteenZero]
			length := uint(code & 0xff)
			held, count = held<<length|uint64(code>>8), count+length
			if count >= 32 {
				count -= 32
				n = appendStuffed(b.buffer, n, uint32(held>>count))
			}
			zeros -= 16
		}
		v := int32(c[k])
		sign := v >> 31
		size := uint(bits.Len32(uint32(v^sign-sign))) & 15
		code := others[(zeros<<4|int(size))&0xff]
		length := uint(code&0xff) + size
		held = held<<(length&63) | uint64(code>>8<<size|uint32(v+sign)&(1<<size-1))
		if count += length; count >= 32 {
			count -= 32
			n = appendStuffed(b.buffer, n, uint32(held>>(count&63)))
		}
	}
	b.held, b.count, b.n = held, count, n
	if last < kernel.BlockSize-1 {
		code := others[endOfBlock]
		b.put(code>>8, uint(code&0xff))
	}
}
