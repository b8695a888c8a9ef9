// Package deflate compresses the rows of pictures as deflate (RFC 1951), the method of PNG and TIFF.
//
// Pictures are not text. In photographs, differences of neighbouring pixels are noise: what repeats is short, and cheaper to code byte by byte
// than as a match. Drawings and smooth areas repeat for long. So a Compressor takes a match only where it is shorter in bits than its bytes
// would be, by the Huffman code of the block before (match.go). It looks at few places, and at fewer the longer it has found nothing. Codes are
// new for each block of some ten thousand symbols, and no longer than 12 bits, so that four of them are put together without asking for room
// (write.go).
//
// The package makes neither headers nor checksums, and decodes nothing.
package deflate

import "io"

// Compressor is the memory of one stream at a time. It may be used for one after the other.
type Compressor struct {
	effort       effort
	places       [1 << hashBits]int32 // where bytes with this hash were last, plus one
	sequences    []sequence
	skipBits     uint // of effort, for the block at hand
	shortest     uint // match that is looked for, in bytes, likewise
	without      int  // how many blocks short matches were not looked for in
	savedByShort int  // bits, in the block at hand, by matches shorter than mostShortest
	cost         costs
	coder        coder
}

// Bytes is the memory of a Compressor, at most.
const Bytes = 4<<hashBits + 8*maxSymbols + bufferBytes + 32<<10

// sequence is a run of literals, then a match. The last one of a block has no match: its length is 0.
type sequence struct {
	literals uint32
	length   uint16
	distance uint16 // less one
}

// Level is how hard a Compressor tries.
type Level int

// The levels. Default is the zero value.
const (
	Default Level = iota
	Fast          // up to three times as fast as Default, and up to 15 percent larger
	Small         // up to six times as slow for photographs, and up to 5 percent smaller
)

// effort is what a level means.
type effort struct {
	// skipBits says how soon places are left out: a step is one longer for every 2^skipBits bytes without a match, up to longestSkip bytes.
	skipBits    uint
	longestSkip int
	// leastGain, in bits, is what a match must save: with less, it is not worth the time.
	leastGain int
}

var efforts = [...]effort{Default: {3, 63, 4}, Fast: {2, 1 << 20, 8}, Small: {9, 0, 4}}

// New makes a Compressor.
func New(level Level) *Compressor {
	return &Compressor{effort: efforts[level], sequences: make([]sequence, 0, maxSymbols+2), coder: coder{buffer: make([]byte, bufferBytes)}}
}

// maxSymbols is how many literals and matches a block has at most, nearly: literals are counted when a match ends their run.
const maxSymbols = 1 << 15

// Write compresses data to w: blocks of which none is the last, and an empty stored one, so that the stream ends at a whole byte and another
// may follow. It refers to nothing before data. It returns the error of w.
func (c *Compressor) Write(w io.Writer, data []byte) error {
	clear(c.places[:])
	c.cost.guess(data)
	c.coder.start(w)
	c.skipBits, c.shortest, c.without = c.effort.skipBits+1, leastShortest, 0
	for at := 0; at < len(data); {
		end := c.parse(data, at)
		if err := c.coder.block(data[at:end], c.sequences); err != nil {
			return err
		}
		c.cost.learn(&c.coder)
		c.adapt(end - at)
		at = end
	}
	c.coder.sync()
	return c.coder.flush()
}

// adapt sets how closely to look at the next block, after one of so many bytes. Where little of that is in matches, looking closely for more
// would be in vain. Where half is in long ones, it is a drawing. Where short ones save little, they are not looked for in the next few blocks.
func (c *Compressor) adapt(size int) {
	const (
		long    = 64 // bytes
		drawing = 3
		pays    = 1. / 256 // of the block's bits
		few     = 3
	)
	matched, inLong := 0, 0
	for _, s := range c.sequences {
		matched += int(s.length)
		if s.length >= long {
			inLong += int(s.length)
		}
	}
	c.skipBits = c.effort.skipBits
	switch shortPay := float64(c.savedByShort) >= pays*8*float64(size); {
	case inLong >= size/2:
		c.skipBits, c.shortest = c.skipBits+drawing, leastShortest
	case shortPay:
		c.skipBits += drawing
	default:
		if c.shortest, c.without = mostShortest, c.without+1; c.without > few {
			c.shortest, c.without = leastShortest, 0
		}
		if matched >= size/2 {
			c.skipBits += 2
		} else if matched >= size/4 {
			c.skipBits++
		}
	}
}

// MaxBytes is the most that Write makes of so many bytes.
func MaxBytes(n int) int { return n + 5*(n/maxSymbols+n/maxStored+2) + 8 }
