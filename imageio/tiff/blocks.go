package tiff

import (
	"errors"
	"fmt"
	"io"
	"math"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
)

// blocks says how a picture is cut into strips or tiles.
type blocks struct {
	width, height   int // of a block
	across, down    int // how many there are
	planes          int // 1, or one for each sample of a pixel
	tiles           bool
	offsets, counts ifd.List
	fixed           int64 // bytes of each block, where the file does not list them
	sparse          int64 // bytes before compression of blocks that are not in the file, as far as they are believed
}

// cut finds out about the strips or tiles.
func (f *scanner) cut() error {
	const smallestTile, largestPadding = 8, 1024
	b := &f.blocks
	*b = blocks{width: f.Width, height: f.Height, planes: 1}
	if f.planar {
		b.planes = f.samples
	}
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if w := f.d.Uint(tagTileWidth, 0); w != 0 {
		h := f.d.Uint(tagTileHeight, 0)
		// Tiles reach beyond the picture, but none is larger than it but for a multiple of 16, unless it is of an ordinary size.
		if w < smallestTile || h < smallestTile || w > uint32(max(f.Width+16, largestPadding)) || h > uint32(max(f.Height+16, largestPadding)) {
			return fmt.Errorf("its tiles have an impossible size of %dx%d", w, h)
		}
		b.width, b.height, b.tiles = int(w), int(h), true
		offsets, counts = tagTileOffsets, tagTileByteCounts
	} else if rows := f.d.Uint(tagRowsPerStrip, 0); rows != 0 {
		b.height = int(min(rows, uint32(f.Height)))
	}
	if b.tiles && !f.d.Has(offsets) { // old programs wrote tiles as strips
		offsets, counts = tagStripOffsets, tagStripByteCounts
	}
	b.offsets, b.counts = f.d.List(offsets), f.d.List(counts)
	if f.compression == oldJPEG {
		if err := f.cutOldJPEG(); err != nil {
			return err
		}
	}
	b.across, b.down = (f.Width-1)/b.width+1, (f.Height-1)/b.height+1
	if b.counts.N == 0 && b.offsets.N > 0 {
		// Old programs left the lengths out. A block then ends where the file does, at the latest.
		b.fixed = math.MaxInt64 >> 1
		if f.compression == uncompressed {
			b.fixed = int64(f.rowBytes(b.width)) * int64(b.height)
		}
	}
	if n := b.number(); b.offsets.N < n || b.counts.N < n && b.fixed == 0 {
		return errors.New("it does not say where all of its pixels are")
	}
	return nil
}

// number is how many blocks there are, of all planes.
func (b *blocks) number() int64 { return int64(b.across) * int64(b.down) * int64(b.planes) }

// at says where the compressed bytes of a block are. One of no bytes is not there.
func (b *blocks) at(i int64) (offset, n int64, err error) {
	if offset, err = b.offsets.Value(i); err != nil {
		return 0, 0, err
	}
	if n = b.fixed; n == 0 {
		n, err = b.counts.Value(i)
	}
	if n == 0 && offset != 0 {
		err = errors.New("a part of its pixels has no bytes")
	}
	return offset, n, err
}

// length is how many bytes all blocks take together, and where the last one ends. They may overlap, so their sum counts only up to the
// length of the file, and is not taken further; nor is their end, of a file that is there.
func (b *blocks) length(s *codec.Source) (sum, end int64, err error) {
	const believed = 1 << 20 // bytes of a block that is not there
	b.sparse = 0
	for i := range b.number() {
		at, n, err := b.at(i)
		if err != nil {
			return 0, 0, err
		}
		if n == 0 {
			b.sparse += min(believed, int64(b.width)*int64(b.height))
		}
		if b.fixed > 0 && s.Ended() {
			n = min(n, s.Size())
		}
		sum += min(n, math.MaxInt64>>1-sum)
		if !s.Piped() {
			if sum >= s.Size() {
				return s.Size(), s.Size(), nil
			}
			continue
		}
		end = max(end, min(at+n, math.MaxInt64>>1))
	}
	if sum == 0 {
		return 0, 0, errors.New("none of its pixels are there")
	}
	return sum, end, nil
}

// data gives the compressed bytes of a block; nil if it is not there.
func (f *scanner) data(i int64) (io.Reader, error) {
	at, n, err := f.blocks.at(i)
	if err != nil || n == 0 {
		return nil, err
	}
	r := f.Src.Section(at, n)
	if f.reversed && f.compression != jpegCoded && f.compression != oldJPEG {
		return reversing{r}, nil
	}
	return r, nil
}

// reversing turns the order of the bits in each byte around.
type reversing struct{ io.Reader }

func (r reversing) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	for i, v := range b[:n] {
		b[i] = reversedByte[v]
	}
	return n, err
}

var reversedByte = func() (table [256]byte) {
	for i := range table {
		for bit := range 8 {
			table[i] |= byte(i>>bit&1) << (7 - bit)
		}
	}
	return table
}()
