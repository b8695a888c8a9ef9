package infer

import (
	"image"

	"classsr/route"
)

// blendRows are the rows of a piece of the result that several classes add to. Rows follow each other in a ring.
type blendRows struct {
	left, width int // columns of the result
	height      int // of the ring
	done        int // the first row that is not handed on yet
	planes      [3][]float32
}

// blendBytes is what the rows take for a piece of so many columns of the small picture.
func blendBytes(scale, core, width int) int64 {
	const floatBytes = 4
	return 3 * floatBytes * int64(width*scale) * int64(blendHeight(scale, core))
}

// blendHeight is what is computed at a time: a row of cores, and the part of the next one that it passes over into.
func blendHeight(scale, core int) int { return (core + 2*blendWidth) * scale }

// forPiece makes the rows ready for a piece, in the same memory if it is enough.
func (r *blendRows) forPiece(b *route.Blend, core image.Rectangle) *blendRows {
	fresh := &blendRows{width: core.Dx() * b.Scale, height: blendHeight(b.Scale, largestCore(b.Ys)), done: core.Min.Y * b.Scale}
	fresh.left = core.Min.X * b.Scale
	for c := range fresh.planes {
		if n := fresh.width * fresh.height; r == nil || cap(r.planes[c]) < n {
			fresh.planes[c] = make([]float32, n)
		} else {
			fresh.planes[c] = r.planes[c][:n] // zeros: all that was added was handed on and cleared
		}
	}
	return fresh
}

// row is columns left to right-1 of a row of the result.
func (r *blendRows) row(c, y, left, right int) []float32 {
	return r.planes[c][y%r.height*r.width+left-r.left:][:right-left]
}

// largestCore is the longest part between edges.
func largestCore(edges []int) int {
	longest := 0
	for i := 1; i < len(edges); i++ {
		longest = max(longest, edges[i]-edges[i-1])
	}
	return longest
}
