package infer

import (
	"image"

	"classsr/route"
)

// blendRows are what several classes add to of the rows of a piece of the result, from the first that is not handed on: the parts of these rows
// that are mixed, one after the other, so that they stay in cache.
type blendRows struct {
	blend       *route.Blend
	left, right int // columns of the result
	done        int // the first row that is not handed on yet
	rows        []blendRow
	used        int // of each plane
	planes      [3][]float32
	spans       []route.Span // of all rows
}

// blendRow is a row: what of it is mixed, and where that lies in the planes.
type blendRow struct {
	route.Row
	spans []route.Span
	at    int
}

// blendBytes is what the rows take for a piece of so many columns of the small picture.
func blendBytes(scale, core, width int) int64 {
	const floatBytes = 4
	return 3 * floatBytes * int64(width*scale) * int64(blendHeight(scale, core))
}

// blendHeight is what is computed at a time: a row of cores, and the part of the next one that it passes over into.
func blendHeight(scale, core int) int { return (core + 2*blendWidth) * scale }

// forPiece makes the rows ready for a piece, in the same memory.
func (r *blendRows) forPiece(b *route.Blend, core image.Rectangle) {
	r.blend, r.left, r.right = b, core.Min.X*b.Scale, core.Max.X*b.Scale
	r.restart(core.Min.Y * b.Scale)
}

// restart makes the rows from row y on the next ones, all of which are zeros: what was added was handed on and cleared.
func (r *blendRows) restart(y int) { r.done, r.rows, r.used, r.spans = y, r.rows[:0], 0, r.spans[:0] }

// row finds row y, and makes room for it and the rows before it.
func (r *blendRows) row(y int) *blendRow {
	for next := r.done + len(r.rows); next <= y; next++ {
		row := blendRow{Row: r.blend.RowAt(next), at: r.used}
		if n := len(r.rows); n > 0 && r.rows[n-1].Same(row.Row) {
			row.spans = r.rows[n-1].spans
		} else {
			first := len(r.spans)
			r.spans = r.blend.Mixed(r.spans, row.Row, r.left, r.right)
			row.spans = r.spans[first:]
		}
		for _, s := range row.spans {
			r.used += s.Right - s.Left
		}
		r.rows = append(r.rows, row)
	}
	for c, plane := range r.planes {
		if n := r.used - len(plane); n > 0 {
			r.planes[c] = append(plane, make([]float32, n)...)
		}
	}
	return &r.rows[y-r.done]
}

// part is columns left to right-1 of a row, all of which lie in one of its spans.
func (r *blendRows) part(row *blendRow, c, left, right int) []float32 {
	at := row.at
	for _, s := range row.spans {
		if left < s.Right {
			at += left - s.Left
			break
		}
		at += s.Right - s.Left
	}
	return r.planes[c][at:][:right-left]
}

// largestCore is the longest part between edges.
func largestCore(edges []int) int {
	longest := 0
	for i := 1; i < len(edges); i++ {
		longest = max(longest, edges[i]-edges[i-1])
	}
	return longest
}
