package tiff

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
	"classsr/picture"
)

// TIFF is decoded here strip by strip (or tile by tile), row by row, straight into the picture. golang.org/x/image/tiff holds whole strips,
// several times while they grow, beside an image of four bytes for a pixel's three; and a strip may be all of the picture.

// blocks says how a picture is cut into strips or tiles.
type blocks struct {
	width, height   int // of a block
	across, down    int // how many there are
	tiles           bool
	offsets, counts ifd.List
}

// cut finds out about the strips or tiles.
func (f *scanner) cut() (blocks, error) {
	const smallestTile, largestPadding = 8, 1024
	b := blocks{width: f.Width, height: f.Height}
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if w := f.d.Uint(tagTileWidth, 0); w != 0 {
		h := f.d.Uint(tagTileHeight, 0)
		// Tiles reach beyond the picture, but none is larger than it but for a multiple of 16, unless it is of an ordinary size.
		if w < smallestTile || h < smallestTile || w > uint32(max(f.Width+16, largestPadding)) || h > uint32(max(f.Height+16, largestPadding)) {
			return b, fmt.Errorf("its tiles have an impossible size of %dx%d", w, h)
		}
		b.width, b.height, b.tiles = int(w), int(h), true
		offsets, counts = tagTileOffsets, tagTileByteCounts
	} else if rows := f.d.Uint(tagRowsPerStrip, 0); rows != 0 {
		b.height = int(min(rows, uint32(f.Height)))
	}
	b.across, b.down = (f.Width-1)/b.width+1, (f.Height-1)/b.height+1
	b.offsets, b.counts = f.d.List(offsets), f.d.List(counts)
	if n := int64(b.across) * int64(b.down); b.offsets.N < n || b.counts.N < n {
		return b, errors.New("it does not say where all of its pixels are")
	}
	return b, nil
}

// length is how many bytes all blocks take together, and where the last one ends. They may overlap, so their sum counts only up to the
// length of the file, and is not taken further; nor is their end, of a file that is there.
func (b *blocks) length(s *codec.Source) (sum, end int64, err error) {
	for i := range int64(b.across) * int64(b.down) {
		n, err := b.counts.Value(i)
		if err != nil {
			return 0, 0, err
		}
		sum += n
		if !s.Piped() {
			if sum >= s.Size() {
				return s.Size(), s.Size(), nil
			}
			continue
		}
		at, err := b.offsets.Value(i)
		if err != nil {
			return 0, 0, err
		}
		end = max(end, at+n)
	}
	return sum, end, nil
}

// data gives the compressed bytes of block i.
func (f *scanner) data(i int64) (io.Reader, error) {
	at, err := f.blocks.offsets.Value(i)
	if err != nil {
		return nil, err
	}
	n, err := f.blocks.counts.Value(i)
	if err != nil {
		return nil, err
	}
	return f.Src.Section(at, n), nil
}

// inflater undoes the compression of one block after the other.
type inflater struct {
	*scanner
	buffer  *bufio.Reader
	deflate io.ReadCloser
}

// open gives the bytes of a block before compression.
func (t *inflater) open(i int64) (io.Reader, error) {
	data, err := t.data(i)
	if err != nil {
		return nil, err
	}
	t.buffer.Reset(data)
	order := ccitt.MSB
	if t.reversed {
		order = ccitt.LSB
	}
	white := &ccitt.Options{Invert: t.photometric == whiteIsZero}
	rows := min(t.blocks.height, t.Height-int(i)/t.blocks.across*t.blocks.height)
	switch t.compression {
	case fax3:
		return ccitt.NewReader(t.buffer, order, ccitt.Group3, t.blocks.width, rows, white), nil
	case fax4:
		return ccitt.NewReader(t.buffer, order, ccitt.Group4, t.blocks.width, rows, white), nil
	case lzwCompressed:
		return lzw.NewReader(t.buffer, lzw.MSB, 8), nil
	case packed:
		return &packBits{r: t.buffer}, nil
	case deflated, oldDeflated:
		if t.deflate == nil {
			t.deflate, err = zlib.NewReader(t.buffer)
		} else {
			err = t.deflate.(zlib.Resetter).Reset(t.buffer, nil)
		}
		return t.deflate, err
	}
	return t.buffer, nil
}

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	p := f.NewPicture()
	if p.Depth == 8 {
		return p, read(f, codec.NewPlacer(f.File, p.Pix8), f.samples8())
	}
	return p, read(f, codec.NewPlacer(f.File, p.Pix16), f.samples16())
}

// read reads all blocks. samples makes the picture's samples of a row of stored ones.
func read[T uint8 | uint16](f *scanner, to *codec.Placer[T], samples func(dst []T, row []byte)) error {
	t := inflater{scanner: f, buffer: bufio.NewReaderSize(nil, f.Src.Buffer())}
	row := make([]byte, f.rowBytes(f.blocks.width))
	for i := range int64(f.blocks.across) * int64(f.blocks.down) {
		r, err := t.open(i)
		if err != nil {
			return err
		}
		x, y := int(i)%f.blocks.across*f.blocks.width, int(i)/f.blocks.across*f.blocks.height
		for below := min(y+f.blocks.height, f.Height); y < below; y++ {
			if _, err := io.ReadFull(r, row); err != nil {
				return err
			}
			f.sumUp(row)
			samples(to.Row(y, x, 1, min(f.blocks.width, f.Width-x)), row)
			to.Place()
		}
	}
	return nil
}
