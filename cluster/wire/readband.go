package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"

	"classsr/fault"
	"classsr/picture"
)

// ReadBand reads one band of a picture of that form, of which the height is the most that the band may have. What comes of it is in into, whose memory is used again
// (nil: a new one); after an error it holds nothing of use. The error is io.EOF where r ends before the band begins. A band that is cut short, damaged or of
// another picture is an error of kind fault.Damaged; other errors of r are returned as they are.
//
// It takes memory for the band's samples, at most MostBand bytes, and for some pieces of 256 kB, or of a row where that is more, whatever r holds.
func ReadBand(r io.Reader, c picture.Config, into *picture.Picture) (*picture.Picture, error) {
	d, err := readBandHead(r, c)
	if err != nil {
		return nil, err
	}
	if into == nil {
		into = &picture.Picture{}
	}
	form := c
	form.Height = d.rows
	resize(into, form)
	if d.coding == Raw && form.Depth == 8 {
		err = d.straight(into.Pix8)
	} else {
		err = d.pieces(func(top, until int, samples []byte) error { return setSamples(into.Band(top, until), samples) })
	}
	if err != nil {
		return nil, err
	}
	return into, nil
}

// CheckBand reads one band as ReadBand does, with the same errors, and keeps nothing of it. It tells how many bytes it has in the stream, and how many rows. It takes
// memory for some pieces.
func CheckBand(r io.Reader, c picture.Config) (size int64, rows int, err error) {
	d, err := readBandHead(r, c)
	if err != nil {
		return 0, 0, err
	}
	size = bandHead + d.left
	piece := picture.Picture{}
	err = d.pieces(func(top, until int, samples []byte) error {
		if c.Depth != 32 {
			return nil
		}
		form := c
		form.Height = until - top
		resize(&piece, form)
		return setSamples(&piece, samples)
	})
	if err != nil {
		return 0, 0, err
	}
	return size, d.rows, nil
}

// resize gives a picture a form, and keeps its memory where it is large enough.
func resize(p *picture.Picture, c picture.Config) {
	p.Width, p.Height, p.Colors, p.Alpha, p.Depth = c.Width, c.Height, c.Colors, c.Alpha, c.Depth
	n := c.Width * c.Height * c.Channels()
	pix8, pix16, pix32 := p.Pix8, p.Pix16, p.Pix32
	p.Pix8, p.Pix16, p.Pix32 = nil, nil, nil
	switch c.Depth {
	case 8:
		p.Pix8 = sized(pix8, n)
	case 16:
		p.Pix16 = sized(pix16, n)
	default:
		p.Pix32 = sized(pix32, n)
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// decoder reads the payload of a band.
type decoder struct {
	cut
	r      io.Reader
	left   int64 // bytes of the payload that were not read yet
	coding byte
	sum    [hashBytes]byte
	hash   hash.Hash

	samples []byte // the row above a piece, and the piece
	block   []byte // a piece as it was sent
}

// readBandHead reads what stands before a payload. All that it says is possible.
func readBandHead(r io.Reader, c picture.Config) (*decoder, error) {
	most := MostRows(c)
	if most == 0 {
		return nil, fault.New(fault.TooLarge, "rows of %d pixels with %d samples of %d bits cannot be sent: a row may have %d bytes", c.Width, c.Channels(), c.Depth, MostBand)
	}
	var head [bandHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, ended(err, "a band of rows")
	}
	d := &decoder{r: r, left: int64(binary.LittleEndian.Uint32(head[:])), coding: head[8], sum: [hashBytes]byte(head[12:])}
	rows := int64(binary.LittleEndian.Uint32(head[4:]))
	if rows < 1 || rows > int64(most) || head[9]|head[10]|head[11] != 0 {
		return nil, d.damaged(fmt.Errorf("it cannot have %d rows", rows))
	}
	d.cut, d.hash = newCut(c, int(rows)), hashOf(c)
	samples := rows * int64(d.row)
	pieces := (rows + int64(d.each) - 1) / int64(d.each)
	switch {
	case d.coding == Raw && d.left == samples:
	case d.coding == S2 && c.Depth != 32 && d.left <= pieces*int64(4+s2.MaxEncodedLen(d.each*d.row)):
	default:
		return nil, d.damaged(fmt.Errorf("%d bytes of coding %d cannot be %d rows", d.left, d.coding, rows))
	}
	return d, nil
}

func (d *decoder) damaged(why error) error {
	return fault.New(fault.Damaged, "a band of rows was damaged on its way: %w; send it again", why)
}

// pieces reads all rows. to is called for each piece, with its first row, the one after its last, and their samples, which are valid for the call. What it
// was called for is right only when pieces returns nil.
func (d *decoder) pieces(to func(top, until int, samples []byte) error) error {
	d.samples = make([]byte, (1+d.each)*d.row)
	for top := 0; top < d.rows; top += d.each {
		until := min(top+d.each, d.rows)
		samples := d.samples[d.row:][:(until-top)*d.row]
		if err := d.piece(samples); err != nil {
			return err
		}
		_, _ = d.hash.Write(samples) // hashes give no errors
		if err := to(top, until, samples); err != nil {
			return d.damaged(err)
		}
		copy(d.samples, samples[len(samples)-d.row:])
	}
	return d.complete()
}

// straight reads all rows of a payload that has them as they are.
func (d *decoder) straight(samples []byte) error {
	for piece := range slices.Chunk(samples, d.each*d.row) { // hashed while they are in the cache
		if err := d.read(piece); err != nil {
			return err
		}
		_, _ = d.hash.Write(piece) // hashes give no errors
	}
	return d.complete()
}

// complete tells whether what was read is what was sent.
func (d *decoder) complete() error {
	switch {
	case d.left != 0:
		return d.damaged(fmt.Errorf("%d bytes follow its last row", d.left))
	case !bytes.Equal(d.hash.Sum(nil), d.sum[:]):
		return d.damaged(errors.New("its hash is another one"))
	}
	return nil
}

// piece reads the samples of the next piece. What is before them in memory is the row above.
func (d *decoder) piece(samples []byte) error {
	if d.coding == Raw {
		return d.read(samples)
	}
	var number [4]byte
	if err := d.read(number[:]); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(number[:]))
	if length > int64(s2.MaxEncodedLen(len(samples))) {
		return d.damaged(fmt.Errorf("a piece of %d bytes became one of %d", len(samples), length))
	}
	d.block = slices.Grow(d.block[:0], int(length))[:length]
	if err := d.read(d.block); err != nil {
		return err
	}
	if n, err := s2.DecodedLen(d.block); err != nil || n != len(samples) {
		return d.damaged(fmt.Errorf("a piece of %d bytes became one of %d", n, len(samples)))
	}
	if _, err := s2.Decode(samples, d.block); err != nil {
		return d.damaged(err)
	}
	for y := d.row; y <= len(samples); y += d.row {
		addAbove(d.samples[y:][:d.row], d.samples[y-d.row:y])
	}
	return nil
}

// read fills b from the payload.
func (d *decoder) read(b []byte) error {
	if int64(len(b)) > d.left {
		return d.damaged(errors.New("its pieces are longer than the whole"))
	}
	if _, err := io.ReadFull(d.r, b); err != nil {
		return ended(err, "a band of rows")
	}
	d.left -= int64(len(b))
	return nil
}
