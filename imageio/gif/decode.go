package gif

import (
	"bufio"
	"compress/lzw"
	"errors"
	"fmt"
	"image"
	"io"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Pixels implements codec.Scanner: the picture is the canvas, on which all frames up to the one that is wanted are drawn, as far as anything is
// seen of them.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	frames := f.frames[f.hiding():]
	last := len(frames) - 1
	for i, fr := range frames {
		// Who vanishes again leaves no trace but, perhaps, an empty rectangle.
		switch {
		case i < last && fr.disposal == disposePrevious:
		case i < last && fr.disposal == disposeBackground:
			codec.Erase(p, image.Rect(fr.x, fr.y, fr.x+fr.width, fr.y+fr.height))
		default:
			if err := f.draw(p, fr); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// hiding is the index of the last frame behind which nothing is seen of those before it, so that long animations of whole pictures take no longer
// than they must.
func (f *scanner) hiding() int {
	last := len(f.frames) - 1
	for i := last; i > 0; i-- {
		fr := f.frames[i]
		covers := fr.x == 0 && fr.y == 0 && fr.width >= f.Width && fr.height >= f.Height
		switch {
		case !covers || i < last && fr.disposal == disposePrevious:
		case fr.transparent < 0, i < last && fr.disposal == disposeBackground:
			return i
		}
	}
	return 0
}

// pass is every step-th row from the first on.
type pass struct{ first, step int }

var (
	whole      = []pass{{0, 1}}
	interlaced = []pass{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
)

// draw draws a frame, row by row.
func (f *scanner) draw(p *picture.Picture, fr frame) error {
	r := f.Src.Reader(fr.data)
	width, err := r.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if width < 2 || width > 8 {
		return fmt.Errorf("its pixels have codes of an impossible size of %d", width)
	}
	codes := lzw.NewReader(&blocks{r: r}, lzw.LSB, int(width))
	defer func() { _ = codes.Close() }() // it closes nothing
	passes := whole
	if fr.interlaced {
		passes = interlaced
	}
	row, table := make([]byte, fr.width), f.table(fr)
	for _, pass := range passes {
		for y := pass.first; y < fr.height; y += pass.step {
			if _, err := io.ReadFull(codes, row); err != nil {
				return damaged(err)
			}
			if fr.y+y < f.Height {
				f.put(p, fr, fr.y+y, row, table)
			}
		}
	}
	return nil
}

// damaged says what is wrong with the pixels.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it has fewer pixels than it says")
	}
	return err
}

// table is the pixel of each index; one that is not in the palette is black.
func (f *scanner) table(fr frame) (table [256][4]uint8) {
	for i := range table {
		if 3*i < len(fr.palette) {
			copy(table[i][:f.Colors], fr.palette[3*i:])
		}
		table[i][f.Colors] = 0xff
	}
	return table
}

// put draws a row of a frame, as far as it lies on the canvas.
func (f *scanner) put(p *picture.Picture, fr frame, y int, row []byte, table [256][4]uint8) {
	if fr.x >= f.Width {
		return
	}
	n := p.Channels()
	dst := p.Pix8[(y*f.Width+fr.x)*n : (y+1)*f.Width*n]
	for _, index := range row[:min(len(row), f.Width-fr.x)] {
		if int(index) != fr.transparent {
			copy(dst[:n], table[index][:])
		}
		dst = dst[n:]
	}
}

// blocks gives what blocks of data hold together.
type blocks struct {
	r    *bufio.Reader
	left int
	end  bool
}

// Read implements io.Reader.
func (b *blocks) Read(p []byte) (int, error) {
	if err := b.next(); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// ReadByte implements io.ByteReader.
func (b *blocks) ReadByte() (byte, error) {
	if err := b.next(); err != nil {
		return 0, err
	}
	b.left--
	return b.r.ReadByte()
}

// next goes to the next block if the one at hand is read.
func (b *blocks) next() error {
	if b.left > 0 {
		return nil
	}
	if b.end {
		return io.EOF
	}
	size, err := b.r.ReadByte()
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if b.left, b.end = int(size), size == 0; b.end {
		return io.EOF
	}
	return nil
}
