// Package vp8l encodes pictures as VP8L, the lossless bitstream of WebP, in strips of rows that several workers compress at a time. It knows no
// pictures and no files.
//
// A strip is compressed alone: matches (match.go) refer to nothing above it, and its blocks of pixels have Huffman codes of their own
// (groups.go). The format puts all that is told of a picture's parts before its pixels: how each tile is predicted (predict.go), which code
// each block has, and the codes. So strips are kept, compressed, until all are there, and then joined bit by bit (Join).
package vp8l

import (
	"encoding/binary"
	"io"

	"classsr/imageio/deflate"
)

// Config is the form of a picture.
type Config struct {
	Width, Height int // at most MaxSide each
	// Channels is 1 for gray, 2 for gray and alpha, 3 for red, green and blue, 4 for these and alpha; one byte each, alpha straight.
	Channels int
}

// MaxSide is the longest side of a WebP, in pixels.
const MaxSide = 16383

const (
	// stripPixels is what strips are cut to. It is large against what codes take (about 1 kB), and small enough for many workers.
	stripPixels = 1 << 18
	// tileBits and blockBits are the sizes, as powers of two, of tiles with one predictor and of blocks with one set of codes. Strips begin where
	// both do.
	tileBits, blockBits = 5, 4
)

// StripRows is how many rows a strip has; the last one may have fewer.
func (c Config) StripRows() int { return max(1, stripPixels/c.Width>>tileBits) << tileBits }

// Strips is how many strips there are.
func (c Config) Strips() int { return (c.Height-1)/c.StripRows() + 1 }

// alpha reports whether there is an alpha channel.
func (c Config) alpha() bool { return c.Channels%2 == 0 }

// leastMatch is the shortest match, in pixels. As bytes these are at least 64 bits, more than any match takes, so that MaxBytes holds.
func (c Config) leastMatch() int {
	if c.Channels == 1 {
		return 8
	}
	return 4
}

// MaxBytes is the most bytes of so many rows, compressed. Huffman codes of bytes take 8 bits on average at most, with symbols for matches
// among them hardly more.
func (c Config) MaxBytes(rows int) int64 {
	samples := int64(rows) * int64(c.Width) * int64(c.Channels)
	return samples + samples/8 + 64
}

// PartBytes is what an Encoder keeps of a strip beside its compressed pixels, at most.
func (c Config) PartBytes() int64 {
	tiles := across(c.Width, tileBits) * across(c.StripRows(), tileBits)
	blocks := across(c.Width, blockBits) * across(c.StripRows(), blockBits)
	return int64(tiles+blocks) + classes*symbols + 256
}

// WorkerBytes is what a Worker holds for strips of so many rows.
func (c Config) WorkerBytes(rows int) int64 {
	const pixel, match, block = 4, 12, 16
	pixels := int64(c.Width) * int64(rows+1)
	blocks := int64(across(c.Width, blockBits) * across(rows, blockBits))
	return pixel*pixels + match*(pixels/int64(c.leastMatch())+2) + block*blocks + 4<<hashBits + bufferBytes + 160<<10
}

// across is how many parts of 2^bits pixels a side has.
func across(side, bits int) int { return (side-1)>>bits + 1 }

// Encoder keeps what is told of strips.
type Encoder struct {
	config Config
	near   []uint8 // a distance's short code, of those that have one; else 0
	parts  []part
}

// part is what is told of a strip.
type part struct {
	modes  []uint8          // of its tiles, row by row
	groups []uint8          // of its blocks
	codes  [][symbols]uint8 // the lengths of the codes of each group
	bits   int64
}

// New makes an Encoder.
func New(c Config) *Encoder {
	return &Encoder{config: c, near: nearCodes(c.Width), parts: make([]part, c.Strips())}
}

// Worker compresses one strip after the other. Several may be at work for one Encoder.
type Worker struct {
	encoder   *Encoder
	pixels    []uint32 // a row above the strip, and its own: alpha, red, green, blue, from the highest byte on
	places    [1 << hashBits]int32
	sequences []sequence
	cost      costs
	scores    []score
	counts    [classes][symbols]uint32
	codes     [classes][symbols]code
	out       bitWriter
}

// NewWorker makes a Worker.
func (e *Encoder) NewWorker() *Worker {
	c := e.config
	rows := min(c.StripRows(), c.Height)
	return &Worker{
		encoder: e, pixels: make([]uint32, c.Width*(rows+1)), sequences: make([]sequence, 0, c.Width*rows/c.leastMatch()+2),
		scores: make([]score, 0, across(c.Width, blockBits)*across(rows, blockBits)), out: bitWriter{buffer: make([]byte, bufferBytes)},
	}
}

// EncodeStrip compresses a strip to w: raw is its rows, above the row above the first one, which is not looked at in the first strip. It
// returns the error of w. Each strip must be encoded once.
func (w *Worker) EncodeStrip(to io.Writer, index int, raw, above []byte) error {
	c := w.encoder.config
	rows := len(raw) / (c.Width * c.Channels)
	pixels := w.pixels[:c.Width*(rows+1)]
	if index > 0 {
		c.load(pixels[:c.Width], above)
	}
	c.load(pixels[c.Width:], raw)
	p := &w.encoder.parts[index]
	p.modes = w.predict(pixels, index == 0)
	pixels = pixels[c.Width:]
	w.cost.learn(pixels, c.alpha())
	p.groups = w.classify(pixels)
	w.parse(pixels)
	p.codes = w.makeCodes(pixels, p.groups)
	w.out.start(to)
	w.write(pixels, p.groups)
	p.bits = w.out.finish()
	return w.out.err
}

// load makes pixels of samples; green is taken off red and blue.
func (c Config) load(pixels []uint32, raw []byte) {
	switch c.Channels {
	case 1:
		for i, v := range raw {
			pixels[i] = 0xff<<24 | uint32(v)<<8
		}
	case 2:
		for i := range pixels {
			pixels[i] = uint32(raw[2*i+1])<<24 | uint32(raw[2*i])<<8
		}
	case 3:
		for i := range pixels {
			s := raw[3*i:]
			if len(s) < 4 {
				pixels[i] = 0xff<<24 | uint32(s[0]-s[1])<<16 | uint32(s[1])<<8 | uint32(s[2]-s[1])
				break
			}
			v := binary.LittleEndian.Uint32(s) // one byte of the next pixel, too
			green := v >> 8 & 0xff
			pixels[i] = 0xff<<24 | (v-green)&0xff<<16 | green<<8 | (v>>16-green)&0xff
		}
	default:
		for i := range pixels {
			s := raw[4*i:][:4]
			pixels[i] = uint32(s[3])<<24 | uint32(s[0]-s[1])<<16 | uint32(s[1])<<8 | uint32(s[2]-s[1])
		}
	}
}

// lengthsOf sets the lengths of the codes of symbols that are that frequent, each of the five codes for itself.
func lengthsOf(lengths *[symbols]uint8, counts *[symbols]uint32) {
	for i := range alphabets {
		from, to := starts[i], starts[i+1]
		deflate.CodeLengths(lengths[from:to], counts[from:to], maxCode)
	}
}
