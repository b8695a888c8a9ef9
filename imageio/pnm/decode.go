package pnm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	if p.Depth == 32 {
		return p, read(f, codec.NewPlacer(f.File, p.Pix32), f.rows32())
	}
	if p.Depth == 16 {
		return p, read(f, codec.NewPlacer(f.File, p.Pix16), f.rows16())
	}
	return p, read(f, codec.NewPlacer(f.File, p.Pix8), f.rows8())
}

var errAboveWhite = errors.New("a sample is larger than it says that white is")

// read reads all rows. samples reads the samples of one.
func read[T codec.Sample](f *scanner, to *codec.Placer[T], samples func(dst []T, r *bufio.Reader) error) error {
	r := f.Src.Reader(f.pixels)
	for y := range f.Height {
		if err := samples(to.Row(y, 0, 1, f.Width), r); err != nil {
			return err
		}
		to.Place()
	}
	return nil
}

// rows8 makes the way to read a row of samples that get 8 bits.
func (f *scanner) rows8() func(dst []uint8, r *bufio.Reader) error {
	white := f.maxval
	if f.plain {
		return plainRows[uint8](f, 0xff)
	}
	row := make([]byte, f.rowBytes())
	if f.bilevel {
		return func(dst []uint8, r *bufio.Reader) error {
			_, err := io.ReadFull(r, row)
			for i := range dst {
				dst[i] = row[i/8]>>(7-i%8)&1 - 1
			}
			return err
		}
	}
	var table [256]uint8
	for v := range white + 1 {
		table[v] = uint8((v*0xff + white/2) / white)
	}
	return func(dst []uint8, r *bufio.Reader) error {
		if _, err := io.ReadFull(r, row); err != nil || white == 0xff {
			copy(dst, row)
			return err
		}
		for i, v := range row {
			if int(v) > white {
				return errAboveWhite
			}
			dst[i] = table[v]
		}
		return nil
	}
}

// rows16 makes the way to read a row of samples that get 16 bits.
func (f *scanner) rows16() func(dst []uint16, r *bufio.Reader) error {
	if f.plain {
		return plainRows[uint16](f, 0xffff)
	}
	row, white := make([]byte, f.rowBytes()), uint32(f.maxval)
	return func(dst []uint16, r *bufio.Reader) error {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		for i := range dst {
			v := uint32(binary.BigEndian.Uint16(row[2*i:]))
			if v > white {
				return errAboveWhite
			}
			dst[i] = uint16((v*0xffff + white/2) / white)
		}
		return nil
	}
}

// plainRows makes the way to read a row of decimal numbers, spread over 0..most.
func plainRows[T uint8 | uint16](f *scanner, most int) func(dst []T, r *bufio.Reader) error {
	return func(dst []T, r *bufio.Reader) error {
		for i := range dst {
			v, err := f.plainSample(r)
			if err != nil {
				return err
			}
			if v > f.maxval {
				return errAboveWhite
			}
			dst[i] = T((v*most + f.maxval/2) / f.maxval)
		}
		return nil
	}
}

// plainSample reads a decimal number, or of bilevel pictures a digit, between which there need be no space.
func (f *scanner) plainSample(r *bufio.Reader) (v int, err error) {
	begun := false
	for {
		b, err := r.ReadByte()
		switch {
		case err != nil && begun && errors.Is(err, io.EOF):
			return v, nil // the last one
		case err != nil:
			return 0, err
		case b == '#':
			if err := skipLine(r); err != nil {
				return 0, err
			}
		case isSpace(b):
			if begun {
				return v, nil
			}
		case b < '0' || b > '9':
			return 0, errors.New("a sample is not a number")
		case f.bilevel && b > '1':
			return 0, errAboveWhite
		case f.bilevel:
			return 1 - int(b-'0'), nil
		default:
			if v, begun = 10*v+int(b-'0'), true; v > 0xffff {
				return 0, errAboveWhite
			}
		}
	}
}

// skipLine reads a line of any length.
func skipLine(r *bufio.Reader) error {
	for {
		if _, err := r.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
