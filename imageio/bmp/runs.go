package bmp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// runReader undoes the compression by runs. Pixels that no run covers have index 0, or are black. Runs may go beyond their row, as some
// programs let them cover its padding.
type runReader struct {
	r           *bufio.Reader
	width, bits int
	row         []byte // the row at hand, as it would lie in a file without compression
	x           int    // the next pixel
	skip        int    // rows to come that no run covers
	ended       bool   // the end of the picture was found
}

// next makes the next row.
func (d *runReader) next() error {
	clear(d.row)
	if d.skip > 0 {
		if d.skip--; d.skip > 0 {
			return nil
		}
	}
	for !d.ended {
		done, err := d.code()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if done || err != nil {
			return err
		}
	}
	return nil
}

// code reads a run or a command, and reports whether the row is done.
func (d *runReader) code() (done bool, err error) {
	count, err := d.r.ReadByte()
	if err != nil {
		return false, err
	}
	if count > 0 {
		return false, d.repeat(int(count))
	}
	command, err := d.r.ReadByte()
	if err != nil {
		return false, err
	}
	switch command {
	case 0: // the end of the row
		d.x = 0
		return true, nil
	case 1: // the end of the picture
		d.ended = true
		return true, nil
	case 2: // on to another place
		right, err := d.r.ReadByte()
		if err != nil {
			return false, err
		}
		down, err := d.r.ReadByte()
		d.x = min(d.x+int(right), d.width)
		d.skip = int(down)
		return down > 0, err
	}
	return false, d.verbatim(int(command))
}

// repeat puts a run of pixels: of one value, or of two in turn where they have four bits.
func (d *runReader) repeat(n int) error {
	if d.bits == 24 {
		var pixel [3]byte
		if _, err := io.ReadFull(d.r, pixel[:]); err != nil {
			return err
		}
		d.put(n, nil, bytes.Repeat(pixel[:], n))
		return nil
	}
	value, err := d.r.ReadByte()
	if err != nil {
		return err
	}
	if d.bits == 8 {
		d.put(n, func(int) byte { return value }, nil)
	} else {
		d.put(n, func(i int) byte { return value >> (4 - 4*(i%2)) & 15 }, nil)
	}
	return nil
}

// verbatim puts pixels as they are, which take an even number of bytes.
func (d *runReader) verbatim(n int) error {
	length := (n*d.bits + 7) / 8
	var body [3 * 256]byte
	if _, err := io.ReadFull(d.r, body[:length+length%2]); err != nil {
		return err
	}
	switch d.bits {
	case 24:
		d.put(n, nil, body[:length])
	case 8:
		d.put(n, func(i int) byte { return body[i] }, nil)
	default:
		d.put(n, func(i int) byte { return body[i/2] >> (4 - 4*(i%2)) & 15 }, nil)
	}
	return nil
}

// put sets the next n pixels, as far as the row reaches: to an index each, or to three bytes each.
func (d *runReader) put(n int, index func(i int) byte, colours []byte) {
	n = min(n, d.width-d.x)
	for i := range n {
		switch x := d.x + i; d.bits {
		case 24:
			copy(d.row[3*x:], colours[3*i:3*i+3])
		case 8:
			d.row[x] = index(i)
		default:
			d.row[x/2] = d.row[x/2]&(15<<(4*(x%2))) | index(i)<<(4-4*(x%2))
		}
	}
	d.x += n
}
