package imageio

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"classsr/picture"
)

// TIFF is decoded here strip by strip (or tile by tile), row by row, straight into the picture. golang.org/x/image/tiff holds whole strips,
// several times while they grow, beside an image of four bytes for a pixel's three; and a strip may be all of the picture.

// tiffBlocks says how a picture is cut into strips or tiles.
type tiffBlocks struct {
	width, height   int // of a block
	across, down    int // how many there are
	tiles           bool
	offsets, counts list
}

// cut finds out about the strips or tiles.
func (f *tiffScan) cut() (tiffBlocks, error) {
	const smallestTile, largestPadding = 8, 1024
	b := tiffBlocks{width: f.width, height: f.height}
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if w := f.d.uint(tagTileWidth, 0); w != 0 {
		h := f.d.uint(tagTileHeight, 0)
		// Tiles reach beyond the picture, but none is larger than it but for a multiple of 16, unless it is of an ordinary size.
		if w < smallestTile || h < smallestTile || w > uint32(max(f.width+16, largestPadding)) || h > uint32(max(f.height+16, largestPadding)) {
			return b, fmt.Errorf("its tiles have an impossible size of %dx%d", w, h)
		}
		b.width, b.height, b.tiles = int(w), int(h), true
		offsets, counts = tagTileOffsets, tagTileByteCounts
	} else if rows := f.d.uint(tagRowsPerStrip, 0); rows != 0 {
		b.height = int(min(rows, uint32(f.height)))
	}
	b.across, b.down = (f.width-1)/b.width+1, (f.height-1)/b.height+1
	b.offsets, b.counts = f.d.list(offsets), f.d.list(counts)
	if n := int64(b.across) * int64(b.down); b.offsets.n < n || b.counts.n < n {
		return b, errors.New("it does not say where all of its pixels are")
	}
	return b, nil
}

// length is how many bytes all blocks take together, and where the last one ends. They may overlap, so their sum counts only up to the
// length of the file, and is not taken further; nor is their end, of a file that is there.
func (b *tiffBlocks) length(s *source) (sum, end int64, err error) {
	for i := range int64(b.across) * int64(b.down) {
		n, err := b.counts.value(i)
		if err != nil {
			return 0, 0, err
		}
		sum += n
		if s.pipe == nil {
			if sum >= s.size {
				return s.size, s.size, nil
			}
			continue
		}
		at, err := b.offsets.value(i)
		if err != nil {
			return 0, 0, err
		}
		end = max(end, at+n)
	}
	return sum, end, nil
}

// data gives the compressed bytes of block i.
func (f *tiffScan) data(i int64) (io.Reader, error) {
	at, err := f.blocks.offsets.value(i)
	if err != nil {
		return nil, err
	}
	n, err := f.blocks.counts.value(i)
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(f.src.r, at, n), nil
}

// tiffInflater undoes the compression of one block after the other.
type tiffInflater struct {
	*tiffScan
	buffer  *bufio.Reader
	deflate io.ReadCloser
}

// open gives the bytes of a block before compression.
func (t *tiffInflater) open(i int64) (io.Reader, error) {
	data, err := t.data(i)
	if err != nil {
		return nil, err
	}
	t.buffer.Reset(data)
	order := ccitt.MSB
	if t.reversed {
		order = ccitt.LSB
	}
	white := &ccitt.Options{Invert: t.photometric == tiffWhiteIsZero}
	rows := min(t.blocks.height, t.height-int(i)/t.blocks.across*t.blocks.height)
	switch t.compression {
	case tiffG3:
		return ccitt.NewReader(t.buffer, order, ccitt.Group3, t.blocks.width, rows, white), nil
	case tiffG4:
		return ccitt.NewReader(t.buffer, order, ccitt.Group4, t.blocks.width, rows, white), nil
	case tiffLZW:
		return lzw.NewReader(t.buffer, lzw.MSB, 8), nil
	case tiffPackBits:
		return &packBits{r: t.buffer}, nil
	case tiffDeflate, tiffOldDeflate:
		if t.deflate == nil {
			t.deflate, err = zlib.NewReader(t.buffer)
		} else {
			err = t.deflate.(zlib.Resetter).Reset(t.buffer, nil)
		}
		return t.deflate, err
	}
	return t.buffer, nil
}

// decodeTIFF decodes the pixels of a TIFF whose structure was read.
func decodeTIFF(c *container) (*picture.Picture, error) {
	f, p := c.scanner.(*tiffScan), c.newPicture()
	if p.Depth == 8 {
		return p, readTIFF(f, newPlacer(c, p.Pix8), f.samples8())
	}
	return p, readTIFF(f, newPlacer(c, p.Pix16), f.samples16())
}

// readTIFF reads all blocks. samples makes the picture's samples of a row of stored ones.
func readTIFF[T uint8 | uint16](f *tiffScan, to *placer[T], samples func(dst []T, row []byte)) error {
	t := tiffInflater{tiffScan: f, buffer: bufio.NewReaderSize(nil, f.src.buffer())}
	row := make([]byte, f.rowBytes(f.blocks.width))
	for i := range int64(f.blocks.across) * int64(f.blocks.down) {
		r, err := t.open(i)
		if err != nil {
			return err
		}
		x, y := int(i)%f.blocks.across*f.blocks.width, int(i)/f.blocks.across*f.blocks.height
		for below := min(y+f.blocks.height, f.height); y < below; y++ {
			if _, err := io.ReadFull(r, row); err != nil {
				return err
			}
			f.sumUp(row)
			samples(to.row(y, x, 1, min(f.blocks.width, f.width-x)), row)
			to.place()
		}
	}
	return nil
}
