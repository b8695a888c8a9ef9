package tga

import (
	"bufio"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	r := &pixelReader{r: f.Src.Reader(f.pixels), size: f.pixelBytes(), compressed: f.compressed}
	row := make([]byte, f.Width*r.size)
	to, samples := codec.NewPlacer(f.File, p.Pix8), f.samples()
	x, dx := 0, 1
	if f.leftward {
		x, dx = f.Width-1, -1
	}
	for i := range f.Height {
		if err := r.read(row); err != nil {
			return nil, err
		}
		y := i
		if !f.topDown {
			y = f.Height - 1 - i
		}
		samples(to.Row(y, x, dx, f.Width), row)
		to.Place()
	}
	return p, nil
}

// pixelReader reads stored pixels. Runs may go on in the next row.
type pixelReader struct {
	r          *bufio.Reader
	size       int // bytes of a pixel
	compressed bool
	left       int // pixels of the run at hand
	same       bool
	pixel      [4]byte // if they are all the same
}

// read fills a row.
func (p *pixelReader) read(row []byte) error {
	if !p.compressed {
		_, err := io.ReadFull(p.r, row)
		return err
	}
	for len(row) > 0 {
		if p.left == 0 {
			if err := p.next(); err != nil {
				return err
			}
		}
		n := min(p.left*p.size, len(row))
		if p.same {
			for at := 0; at < n; at += p.size {
				copy(row[at:], p.pixel[:p.size])
			}
		} else if _, err := io.ReadFull(p.r, row[:n]); err != nil {
			return err
		}
		p.left -= n / p.size
		row = row[n:]
	}
	return nil
}

// next begins a run.
func (p *pixelReader) next() error {
	head, err := p.r.ReadByte()
	if err != nil {
		return err
	}
	if p.left, p.same = int(head&0x7f)+1, head&0x80 != 0; p.same {
		_, err = io.ReadFull(p.r, p.pixel[:p.size])
	}
	return err
}

// samples makes the way from a row of stored pixels to the picture's samples.
func (f *scanner) samples() func(dst []uint8, row []byte) {
	size, channels := f.pixelBytes(), f.Colors
	if f.Alpha {
		channels++
	}
	switch f.kind {
	case kindPalette:
		return f.indexed(channels)
	case kindGray:
		return func(dst []uint8, row []byte) { copy(dst, row) }
	}
	read := f.colour(f.bits)
	return func(dst []uint8, row []byte) {
		all := dst
		for ; len(dst) > 0; dst, row = dst[channels:], row[size:] {
			read(dst[:channels], row)
		}
		if f.multiplied && f.Alpha {
			codec.Straighten(all, 4)
		}
	}
}

// colour makes the way from a stored colour to red, green, blue and, if there is room, alpha.
func (f *scanner) colour(bits int) func(dst []uint8, stored []byte) {
	if bits > 16 {
		return func(dst []uint8, stored []byte) {
			dst[0], dst[1], dst[2] = stored[2], stored[1], stored[0]
			if len(dst) > 3 && bits == 32 {
				dst[3] = stored[3]
			}
		}
	}
	five := func(v uint16) uint8 { return uint8((v&31*0xff + 15) / 31) }
	return func(dst []uint8, stored []byte) {
		v := uint16(stored[0]) | uint16(stored[1])<<8
		dst[0], dst[1], dst[2] = five(v>>10), five(v>>5), five(v)
		if len(dst) > 3 {
			dst[3] = uint8(-int8(v >> 15))
		}
	}
}

// indexed looks colours up in the palette. An index beyond it is black.
func (f *scanner) indexed(channels int) func(dst []uint8, row []byte) {
	size := f.pixelBytes()
	return func(dst []uint8, row []byte) {
		for ; len(dst) > 0; dst, row = dst[channels:], row[size:] {
			index := int(row[0])
			if size == 2 {
				index |= int(row[1]) << 8
			}
			clear(dst[:channels])
			if index -= f.first; index < 0 || index >= len(f.palette) {
				continue
			}
			c := f.palette[index]
			copy(dst[:f.Colors], c)
			if f.Alpha {
				dst[f.Colors] = c[3]
			}
		}
	}
}
