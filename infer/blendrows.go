package infer

import "image"

// blendRows are the rows of a strip of the result that several classes add to. Rows follow each other in a ring.
type blendRows struct {
	left, width int // columns of the result
	height      int // of the ring
	done        int // the first row that is not written yet
	planes      [3][]float32
}

// rowsAhead is how many rows of the small picture a branch may be ahead of what was asked of it.
const rowsAhead = 16

// blendBytes is what the rows take for a strip of the small picture.
func blendBytes(scale, core, width int) int64 {
	const floatBytes = 4
	return 3 * floatBytes * int64(width*scale) * int64(ringHeight(scale, core))
}

func ringHeight(scale, core int) int { return (core + 2*blendWidth + rowsAhead) * scale }

// forStrip makes the rows ready for a strip, in the same memory if it is enough.
func (b *blendRows) forStrip(scale, core int, strip image.Rectangle) *blendRows {
	fresh := &blendRows{width: strip.Dx() * scale, height: ringHeight(scale, core)}
	fresh.left = strip.Min.X * scale
	for c := range fresh.planes {
		if n := fresh.width * fresh.height; b == nil || cap(b.planes[c]) < n {
			fresh.planes[c] = make([]float32, n)
		} else {
			fresh.planes[c] = b.planes[c][:n] // zeros: all that was added was written and cleared
		}
	}
	return fresh
}

// row is columns left to right-1 of a row of the result.
func (b *blendRows) row(c, y, left, right int) []float32 {
	return b.planes[c][y%b.height*b.width+left-b.left:][:right-left]
}
