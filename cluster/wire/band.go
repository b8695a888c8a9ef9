package wire

import (
	"encoding/binary"
	"hash"
	"slices"

	"github.com/klauspost/compress/s2"

	"classsr/internal/kernel"
	"classsr/picture"
)

// A band is some rows of a picture:
//
//	4 bytes   length of the payload, the lowest byte first, as all numbers
//	4 bytes   rows
//	1 byte    coding: Raw or S2
//	3 bytes   0
//	32 bytes  HighwayHash-256 of the picture's form and the samples, whatever the coding
//	          payload
//
// Samples are interleaved as those of a picture.Picture; 16 bits and floats have the lowest byte first. Raw payloads are these. S2 payloads hold them in pieces of
// as many whole rows as 256 kB take, one at least: 4 bytes length, and a block of S2 of the bytes less those above them, modulo 256. Above a band's first
// row are zeros.

// The codings of bands.
const (
	Raw byte = 0
	S2  byte = 1 // of 8 and 16 bits; floats do not get smaller
)

const (
	// MostBand is how many bytes the samples of a band have at most.
	MostBand = 64 << 20

	bandHead   = 12 + hashBytes
	pieceBytes = 256 << 10
)

// MostRows is how many rows of a picture of this form a band may have. It is 0 where a row alone has more than MostBand bytes, and where no picture has such a form:
// those are not sent.
func MostRows(c picture.Config) int {
	row := rowBytes(c)
	known := (c.Colors == 1 || c.Colors == 3) && (c.Depth == 8 || c.Depth == 16 || c.Depth == 32)
	if !known || c.Width < 1 || c.Height < 1 || c.Width > MostBand || row > MostBand {
		return 0
	}
	return int(min(MostBand/row, int64(c.Height)))
}

// AppendBand appends rows of a picture as one band. Floats are coded Raw in any case. It panics if there are more rows than MostRows allows, or no such coding.
// Beside dst it takes memory for two pieces: 256 kB, or a row where that is more.
func AppendBand(dst []byte, rows *picture.Picture, coding byte) []byte {
	rows.Check()
	c := rows.Config()
	switch {
	case MostRows(c) < c.Height:
		panic("wire: a band of more rows than are allowed")
	case coding != Raw && coding != S2:
		panic("wire: there is no such coding")
	case c.Depth == 32:
		coding = Raw
	}
	begin := len(dst)
	if coding == Raw {
		dst = slices.Grow(dst, bandHead+int(c.Bytes()))
	}
	dst = binary.LittleEndian.AppendUint32(append(dst, 0, 0, 0, 0), uint32(c.Height))
	dst = append(dst, coding, 0, 0, 0)
	dst = append(dst, make([]byte, hashBytes)...)
	e := encoder{cut: newCut(c, c.Height), hash: hashOf(c)}
	for top := 0; top < c.Height; top += e.each {
		dst = e.piece(dst, rows.Band(top, min(top+e.each, c.Height)), coding)
	}
	binary.LittleEndian.PutUint32(dst[begin:], uint32(len(dst)-begin-bandHead))
	e.hash.Sum(dst[begin+12 : begin+12 : begin+bandHead])
	return dst
}

// encoder makes the payload of a band.
type encoder struct {
	cut
	hash  hash.Hash
	left  []byte // of a piece, less what is above
	above []byte // the last row before a piece
	last  []byte // that of the piece
}

// piece appends the next rows.
func (e *encoder) piece(dst []byte, rows *picture.Picture, coding byte) []byte {
	if coding == Raw {
		at := len(dst)
		dst = appendSamples(dst, rows)
		_, _ = e.hash.Write(dst[at:]) // hashes give no errors
		return dst
	}
	if e.above == nil {
		e.above, e.left = make([]byte, e.row), make([]byte, 0, e.each*e.row)
	}
	e.left = appendSamples(e.left[:0], rows)
	_, _ = e.hash.Write(e.left) // hashes give no errors
	last := len(e.left) - e.row
	e.last = append(e.last[:0], e.left[last:]...)
	for y := last; y > 0; y -= e.row { // from below, since what is above must not be replaced yet
		kernel.Filter(kernel.FilterUp, e.left[y:][:e.row], e.left[y-e.row:y], 1)
	}
	kernel.Filter(kernel.FilterUp, e.left[:e.row], e.above, 1)
	e.above, e.last = e.last, e.above
	dst = slices.Grow(dst, 4+s2.MaxEncodedLen(len(e.left)))
	at := len(dst) + 4
	block := s2.Encode(dst[at:cap(dst)], e.left)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(block)))
	return dst[:at+len(block)]
}

// cut says how a band is cut into pieces.
type cut struct {
	row  int // bytes of one
	rows int // of the band
	each int // rows of a piece, but for the last one
}

func newCut(c picture.Config, rows int) cut {
	row := int(rowBytes(c))
	return cut{row: row, rows: rows, each: min(rows, max(1, pieceBytes/row))}
}

// rowBytes is what a row of a picture takes.
func rowBytes(c picture.Config) int64 {
	c.Height = 1
	return c.Bytes()
}

// hashOf begins the hash of a band of a picture, of which the height does not count.
func hashOf(c picture.Config) hash.Hash {
	var form [hashBytes]byte // a whole block of the hash
	binary.LittleEndian.PutUint64(form[:], uint64(c.Width))
	form[8], form[9] = byte(c.Colors), byte(c.Depth)
	if c.Alpha {
		form[10] = 1
	}
	h := newHash()
	_, _ = h.Write(form[:]) // hashes give no errors
	return h
}
