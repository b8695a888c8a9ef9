package tiff

import (
	"bufio"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	if f.FromCMYK {
		f.cmyk = f.CMYKConversion()
	}
	switch {
	case f.whole():
		return p, f.readWhole(codec.NewPlacer(f.File, p.Pix8))
	case p.Depth == 8:
		return p, read(f, codec.NewPlacer(f.File, p.Pix8), f.samples8())
	case p.Depth == 16:
		return p, read(f, codec.NewPlacer(f.File, p.Pix16), f.samples16())
	}
	return p, read(f, codec.NewPlacer(f.File, p.Pix32), f.samples32())
}

// workBytes is what decoding takes beside the picture, at most.
func (f *scanner) workBytes() int64 {
	w, h := int64(f.blocks.width), int64(f.blocks.height)
	n := codec.PixelBytes * w * int64(max(1, f.Depth/16)) // a row that is turned
	if f.whole() {
		return n + f.wholePixel()*(w+32)*(h+32) // decoders round sides up
	}
	n += int64(f.rowBytes(f.blocks.width)) * int64(len(f.planes())+1)
	n += (2 + 8) * w * int64(len(f.used)) // samples as they are stored, of whichever type
	const faxPixel, decompressor = 24, 192 << 10
	if f.compression == fax3 || f.compression == fax4 || f.compression == faxRows || f.compression == faxWords {
		n += faxPixel * w
	}
	n += int64(len(f.planes())-1) * decompressor
	return n + int64(len(f.planes()))*f.windowBytes()
}

// planes lists the planes that are read.
func (f *scanner) planes() []int {
	if f.blocks.planes == 1 {
		return []int{0}
	}
	return f.used
}

// stored is a row as it is stored: of all samples of its pixels, or one row for each sample that is read.
type stored [][]byte

// reader reads rows of all blocks, from top to bottom in each.
type reader struct {
	*scanner
	inflaters []inflater
	planes    []int
	open      []io.Reader // of the block at hand, by plane
	row       stored
	scratch   []byte // as long as a row
}

func newReader(f *scanner) *reader {
	r := &reader{scanner: f, planes: f.planes(), scratch: make([]byte, f.rowBytes(f.blocks.width))}
	r.open = make([]io.Reader, len(r.planes))
	for range r.planes {
		r.inflaters = append(r.inflaters, inflater{scanner: f, buffer: bufio.NewReaderSize(nil, f.Src.Buffer())})
		r.row = append(r.row, make([]byte, f.rowBytes(f.blocks.width)))
	}
	return r
}

func (r *reader) close() {
	for i := range r.inflaters {
		r.inflaters[i].close()
	}
}

// begin begins block number i, of which so many rows are the picture's.
func (r *reader) begin(i int64, rows int) (err error) {
	n := int64(r.blocks.across) * int64(r.blocks.down)
	for k, plane := range r.planes {
		if r.open[k], err = r.inflaters[k].open(i+int64(plane)*n, rows); err != nil {
			return err
		}
	}
	return nil
}

// next reads the next row of the block.
func (r *reader) next() error {
	for k := range r.planes {
		if _, err := io.ReadFull(r.open[k], r.row[k]); err != nil {
			return err
		}
		r.sumUp(r.row[k], r.scratch)
	}
	return nil
}

// each calls use with every row of every block: where it lies, and how many of its pixels are the picture's.
func (r *reader) each(use func(x, y, n int, row stored)) error {
	b := &r.blocks
	for i := range int64(b.across) * int64(b.down) {
		x, y := int(i)%b.across*b.width, int(i)/b.across*b.height
		below := min(y+b.height, r.Height)
		if err := r.begin(i, below-y); err != nil {
			return err
		}
		for ; y < below; y++ {
			if err := r.next(); err != nil {
				return err
			}
			use(x, y, min(b.width, r.Width-x), r.row)
		}
	}
	return nil
}

// read reads all blocks. samples makes the picture's samples of a row of stored ones.
func read[T codec.Sample](f *scanner, to *codec.Placer[T], samples func(dst []T, row stored)) error {
	r := newReader(f)
	defer r.close()
	return r.each(func(x, y, n int, row stored) {
		samples(to.Row(y, x, 1, n), row)
		to.Place()
	})
}

// readWhole reads blocks that are decoded as a whole.
func (f *scanner) readWhole(to *codec.Placer[uint8]) error {
	b := &f.blocks
	flip := uint8(0)
	if f.photometric == whiteIsZero {
		flip = 0xff
	}
	for i := range int64(b.across) * int64(b.down) {
		x, y := int(i)%b.across*b.width, int(i)/b.across*b.height
		rows := min(b.height, f.Height-y)
		if b.tiles {
			rows = b.height
		}
		p, err := f.picture(i, rows)
		if err != nil {
			return err
		}
		if f.multiplied {
			codec.Straighten(p.Pix8, p.Channels())
		}
		line := p.Width * p.Channels()
		n := min(b.width, f.Width-x)
		for k := range min(b.height, f.Height-y) {
			dst := to.Row(y+k, x, 1, n)
			for i, v := range p.Pix8[k*line:][:n*p.Channels()] {
				dst[i] = v ^ flip
			}
			to.Place()
		}
	}
	return nil
}
