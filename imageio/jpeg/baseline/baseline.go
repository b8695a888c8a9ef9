// Package baseline encodes baseline JPEG (ITU-T T.81, JFIF) in strips of rows, each on its own, so that several can be encoded at a time.
//
// New checks what is to be written and makes an Encoder. AppendHeader gives what comes before the strips. A Worker, one for each goroutine,
// encodes strips; written in their order, and followed by the marker of the end, they complete the file:
//
//	header, strip 0, strip 1, ..., 0xff 0xd9
//
// What a strip holds depends on no other strip but for one thing: the mean of a block is stored as the difference from the block before. A
// restart marker, which each strip but the first begins with, ends that. Colours, transform and rounding are those of libjpeg, to the bit
// (kernel.YCbCr, kernel.Halve, kernel.TransformBlocks); Huffman codes are those of the standard's Annex K, since codes made for a picture would
// need all of it before the first byte.
//
// The package decodes nothing and writes no progressive files; 16 bits and alpha are its caller's affair.
package baseline

import (
	"encoding/binary"
	"fmt"

	"classsr/internal/kernel"
)

// Subsampling is how many pixels share a sample of each difference of colour.
type Subsampling int

// The ways that can be written. Gray pictures have no colour to be stored coarsely.
const (
	Subsampling420 Subsampling = iota // two by two pixels
	Subsampling422                    // two pixels side by side
	Subsampling444                    // none
)

// String gives the usual name: 4:2:0.
func (s Subsampling) String() string {
	return [...]string{"4:2:0", "4:2:2", "4:4:4"}[s]
}

// factors gives how many pixels share a sample along a row and along a column.
func (s Subsampling) factors() (across, down int) {
	switch s {
	case Subsampling420:
		return 2, 2
	case Subsampling422:
		return 2, 1
	case Subsampling444:
		return 1, 1
	}
	panic("baseline: there is no such subsampling")
}

// Config is what is to be written.
type Config struct {
	Width, Height int // in pixels, 1..65535
	Colors        int // 1: gray; 3: red, green and blue, stored as luminance and two differences
	Tables        Tables
	Subsampling   Subsampling
	// StripRows is how many rows a strip has, but for the last one: a multiple of UnitRows, unless there is a single strip.
	StripRows int
}

// MaxSide is the largest width and height that the format can tell.
const MaxSide = 65535

// maxInterval is how many units can lie between restart markers.
const maxInterval = 65535

// UnitRows gives how many rows are encoded together (8 or 16), the rows of the format's smallest units.
func (c Config) UnitRows() int {
	_, rows := c.unit()
	return rows
}

// unit gives the size, in pixels, of what is encoded together.
func (c Config) unit() (width, rows int) {
	if c.Colors == 1 {
		return blockSide, blockSide
	}
	across, down := c.Subsampling.factors()
	return blockSide * across, blockSide * down
}

// StripBytes gives the most bytes that a strip of rows can take.
func (c Config) StripBytes(rows int) int64 {
	width, unitRows := c.unit()
	units := int64(divideUp(c.Width, width)) * int64(divideUp(rows, unitRows))
	blocks := int64(1)
	if c.Colors == 3 {
		blocks = int64(width*unitRows/kernel.BlockSize) + 2
	}
	return units*blocks*maxBlockBytes + maxBlockBytes
}

// Encoder writes strips of one picture. It may be used by several goroutines.
type Encoder struct {
	config     Config
	components []component
}

// component is one of a picture's planes.
type component struct {
	across, down  int // how many pixels share a sample
	blocksAcross  int // that hold samples of the picture
	unitWidth     int // blocks of a unit
	unitRows      int
	quantiser     *kernel.Quantiser
	means, others *huffmanCode
}

// New returns an Encoder. It returns an error if a picture of c's size has no place in the format, if a table has a step of zero, or if a
// strip has more units than the format can count between restart markers. It panics if c.Colors is neither 1 nor 3, or if strips end within
// units.
func New(c Config) (*Encoder, error) {
	if c.Colors != 1 && c.Colors != 3 {
		panic("baseline: a picture has one or three colours")
	}
	if c.Width < 1 || c.Height < 1 || c.Width > MaxSide || c.Height > MaxSide {
		return nil, fmt.Errorf("a JPEG has 1 to %d pixels a side, not %dx%d", MaxSide, c.Width, c.Height)
	}
	width, rows := c.unit()
	if c.StripRows < 1 || c.StripRows < c.Height && c.StripRows%rows != 0 {
		panic("baseline: strips end within units")
	}
	if n := divideUp(c.Width, width) * divideUp(c.StripRows, rows); c.StripRows < c.Height && n > maxInterval {
		return nil, fmt.Errorf("a strip of a JPEG has at most %d units, not %d", maxInterval, n)
	}
	e := &Encoder{config: c}
	for i := range c.Colors {
		kind := min(i, 1)
		for _, step := range c.Tables[kind] {
			if step == 0 {
				return nil, fmt.Errorf("a quantisation table has a step of 0")
			}
		}
		p := component{
			across: 1, down: 1, unitWidth: width / blockSide, unitRows: rows / blockSide,
			quantiser: quantiser(&c.Tables[kind]), means: huffmanCodes[0][kind], others: huffmanCodes[1][kind],
		}
		if kind == 1 {
			p.across, p.down, p.unitWidth, p.unitRows = p.unitWidth, p.unitRows, 1, 1
		}
		p.blocksAcross = divideUp(divideUp(c.Width, p.across), blockSide)
		e.components = append(e.components, p)
	}
	return e, nil
}

func divideUp(n, by int) int { return (n + by - 1) / by }

// The format's markers, each behind a byte of 0xff.
const (
	markerFrame    = 0xc0 // of baseline JPEG
	markerHuffman  = 0xc4
	markerRestart  = 0xd0 // and the seven after it
	markerStart    = 0xd8
	markerEnd      = 0xd9
	markerScan     = 0xda
	markerTables   = 0xdb
	markerInterval = 0xdd
)

// JFIF is the segment that says a file's resolution: so many dots an inch (unit 1) or a centimetre (2), or just the shape of pixels (0).
func JFIF(unit uint8, x, y uint16) []byte {
	body := append([]byte("JFIF\x00\x01\x01"), unit)
	body = binary.BigEndian.AppendUint16(body, x)
	body = binary.BigEndian.AppendUint16(body, y)
	return appendSegment(nil, 0xe0, append(body, 0, 0)) // no thumbnail
}

// AppendHeader appends what comes before the first strip. segments, each complete from its marker on, are written first: JFIF, EXIF,
// profiles.
func (e *Encoder) AppendHeader(dst []byte, segments ...[]byte) []byte {
	c := e.config
	dst = append(dst, 0xff, markerStart)
	for _, s := range segments {
		dst = append(dst, s...)
	}
	kinds := min(c.Colors, 2)
	for i := range kinds {
		dst = appendSegment(dst, markerTables, append([]byte{byte(i)}, c.Tables[i][:]...))
	}
	frame := []byte{8} // bits of a sample
	frame = binary.BigEndian.AppendUint16(frame, uint16(c.Height))
	frame = binary.BigEndian.AppendUint16(frame, uint16(c.Width))
	frame = append(frame, byte(c.Colors))
	scan := []byte{byte(c.Colors)}
	for i, p := range e.components {
		kind := byte(min(i, 1))
		frame = append(frame, byte(i+1), byte(p.unitWidth<<4|p.unitRows), kind)
		scan = append(scan, byte(i+1), kind<<4|kind)
	}
	dst = appendSegment(dst, markerFrame, frame)
	for kind := range kinds {
		for class := range huffmanSpecs {
			s := huffmanSpecs[class][kind]
			body := append([]byte{byte(class<<4 | kind)}, s.counts[:]...)
			dst = appendSegment(dst, markerHuffman, append(body, s.symbols...))
		}
	}
	if c.StripRows < c.Height {
		width, rows := c.unit()
		units := divideUp(c.Width, width) * (c.StripRows / rows)
		dst = appendSegment(dst, markerInterval, binary.BigEndian.AppendUint16(nil, uint16(units)))
	}
	return appendSegment(dst, markerScan, append(scan, 0, kernel.BlockSize-1, 0))
}

// AppendEnd appends what comes after the last strip.
func AppendEnd(dst []byte) []byte { return append(dst, 0xff, markerEnd) }

func appendSegment(dst []byte, marker byte, body []byte) []byte {
	dst = append(dst, 0xff, marker)
	dst = binary.BigEndian.AppendUint16(dst, uint16(2+len(body)))
	return append(dst, body...)
}
