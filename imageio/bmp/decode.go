package bmp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	if p.Depth == 16 {
		return p, read(f, codec.NewPlacer(f.File, p.Pix16), fromMasks[uint16](f, 0xffff))
	}
	to := codec.NewPlacer(f.File, p.Pix8)
	switch {
	case f.bits <= 8:
		return p, read(f, to, codec.LookUp(f.colours(), f.bits))
	case f.bits == 24:
		return p, read(f, to, swapped)
	}
	return p, read(f, to, fromMasks[uint8](f, 0xff))
}

// row is the number of the stored row i, counted from the top.
func (f *scanner) row(i int) int {
	if f.topDown {
		return i
	}
	return f.Height - 1 - i
}

// read reads all rows. samples makes the picture's samples of a row of stored ones.
func read[T uint8 | uint16](f *scanner, to *codec.Placer[T], samples func(dst []T, row []byte)) error {
	r := f.Src.Reader(f.pixels)
	row := make([]byte, f.rowBytes())
	next := func() error { return full(r, row, (f.Width*f.bits+7)/8) }
	if f.compressed() {
		next = (&runReader{r: r, width: f.Width, bits: f.bits, row: row}).next
	}
	for i := range f.Height {
		if err := next(); err != nil {
			return err
		}
		samples(to.Row(f.row(i), 0, 1, f.Width), row)
		to.Place()
	}
	return nil
}

// full reads a row of which only the first bytes matter: the padding of the last one may be missing.
func full(r *bufio.Reader, row []byte, matters int) error {
	n, err := io.ReadFull(r, row)
	if n >= matters && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return nil
	}
	return err
}

// colours is the palette as a table. An index beyond it is black.
func (f *scanner) colours() [][]uint8 {
	table := make([][]uint8, 1<<f.bits)
	for i := range table {
		table[i] = make([]uint8, f.Colors)
		if 3*i < len(f.palette) {
			copy(table[i], f.palette[3*i:])
		}
	}
	return table
}

// swapped turns blue, green, red around.
func swapped(dst []uint8, row []byte) {
	for ; len(dst) >= 3; dst, row = dst[3:], row[3:] {
		dst[0], dst[1], dst[2] = row[2], row[1], row[0]
	}
}

// fromMasks takes channels out of pixels of 16 or 32 bits, spread over 0..most.
func fromMasks[T uint8 | uint16](f *scanner, most uint64) func(dst []T, row []byte) {
	masks := f.masks[:3]
	if f.Alpha {
		masks = f.masks[:4]
	}
	return func(dst []T, row []byte) {
		for at := 0; len(dst) > 0; at += f.bits / 8 {
			v := uint32(binary.LittleEndian.Uint16(row[at:]))
			if f.bits == 32 {
				v = binary.LittleEndian.Uint32(row[at:])
			}
			for k, m := range masks {
				low := bits.TrailingZeros32(m)
				switch top := uint64(m >> low); top {
				case 0:
					dst[k] = 0
				case most:
					dst[k] = T(v & m >> low)
				default:
					dst[k] = T((uint64(v&m>>low)*most + top/2) / top)
				}
			}
			dst = dst[len(masks):]
		}
	}
}
