package tiff

import (
	"classsr/imageio/deflate"
	"classsr/imageio/strips"
	"classsr/picture"
)

// A TIFF is written as strips of rows, or as tiles where it is large: programs then read parts of it without the rest. What strips.Sink calls a
// strip is a row of tiles then. Each strip and each tile is compressed on its own.

const (
	// stripBytes is the size that strips are cut to, before compression.
	stripBytes = 512 << 10
	// tiledPixels is from how many pixels on a picture is tiled.
	tiledPixels = 1 << 24
	// tileSide is that of tiles; where rows are so long that a row of tiles would take more than tilesBytes, they are lower.
	tileSide   = 256
	tilesBytes = 16 << 20
)

// grid is how a picture is cut.
type grid struct {
	tiles         bool
	width, height int // of a block
	across, down  int // blocks
}

func gridOf(c picture.Config) grid {
	row := c.Width * pixelBytes(c)
	g := grid{width: c.Width, height: min(max(1, stripBytes/row), c.Height), across: 1}
	if int64(c.Width)*int64(c.Height) >= tiledPixels && c.Width >= tileSide && c.Height >= tileSide {
		g = grid{tiles: true, width: tileSide, height: tileSide, across: (c.Width-1)/tileSide + 1}
		for g.height > 16 && g.height*row > tilesBytes {
			g.height /= 2
		}
	}
	g.down = (c.Height-1)/g.height + 1
	return g
}

// pixelBytes is the length of a pixel as it lies in a strip before it is compressed.
func pixelBytes(c picture.Config) int { return c.Channels() * c.Depth / 8 }

// Layout is how a picture is cut, and what that takes.
func Layout(c picture.Config) strips.Layout {
	g := gridOf(c)
	wide := int64(1)
	if c.Depth == 32 {
		wide = 2 // floating point of 64 bits
	}
	block := wide * int64(g.width) * int64(g.height) * int64(pixelBytes(c))
	packed := int64(g.across) * int64(deflate.MaxBytes(int(block))+zlibBytes) // the lists of all blocks are kept to the end
	const listed = 4 * 16                                                     // bytes: an offset and a length, in the list and in the file's directory
	return strips.Layout{
		Rows: g.height, Strips: g.down,
		RawBytes: g.height * c.Width * pixelBytes(c), PackedBytes: packed + listed*int64(g.across)*int64(g.down),
		WorkerBytes: deflate.Bytes + 2*block,
	}
}
