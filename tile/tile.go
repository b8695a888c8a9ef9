// Package tile is the geometry of working piecewise: it covers a picture with cores that do not overlap and gives each the
// window around it that is read to compute it. It knows neither networks nor pixels.
package tile

import "image"

// Piece is a part of a picture that is computed in one go. Both rectangles are in the picture's pixels.
type Piece struct {
	Core   image.Rectangle // what is computed; the cores of a picture cover every pixel exactly once
	Window image.Rectangle // the core and its context, as far as the picture goes
}

// Cover cuts a picture into pieces, row by row, with cores of at most core pixels a side that begin at even columns and rows and
// differ by at most three pixels in width and height, each with context pixels around it. An empty picture has no pieces. It
// panics unless the core's sides are positive and even, or as long as the picture's, and context is even and not negative.
func Cover(picture image.Point, core image.Point, context int) []Piece {
	if core.X < 1 || core.Y < 1 || context < 0 || context%2 != 0 {
		panic("tile: cores have at least one pixel, and context is even and not negative")
	}
	if core.X%2 != 0 && core.X < picture.X || core.Y%2 != 0 && core.Y < picture.Y {
		panic("tile: the sides of cores are even")
	}
	all := image.Rectangle{Max: picture}
	columns, rows := Cuts(picture.X, core.X), Cuts(picture.Y, core.Y)
	var pieces []Piece
	for y := range len(rows) - 1 {
		for x := range len(columns) - 1 {
			c := image.Rect(columns[x], rows[y], columns[x+1], rows[y+1])
			pieces = append(pieces, Piece{Core: c, Window: c.Inset(-context).Intersect(all)})
		}
	}
	return pieces
}

// SubImages gives the squares of size pixels a side that the paper cuts a picture into: one every step pixels, row by row, as
// many as lie inside the picture. What is left at the right and below is in none of them. It panics unless size and step are
// positive.
func SubImages(picture image.Point, size, step int) []image.Rectangle {
	if size < 1 || step < 1 {
		panic("tile: sub-images have at least one pixel, and so have steps")
	}
	var squares []image.Rectangle
	for y := 0; y+size <= picture.Y; y += step {
		for x := 0; x+size <= picture.X; x += step {
			squares = append(squares, image.Rect(x, y, x+size, y+size))
		}
	}
	return squares
}

// Cuts divides length into the fewest parts of at most size, an even number if there are several: part i lies between cuts i and
// i+1, which are even but for the last.
func Cuts(length, size int) []int {
	parts := (length + size - 1) / size
	at := make([]int, parts+1)
	for i := range at {
		if parts > 0 {
			at[i] = min((i*((length+1)/2)/parts)*2, length)
		}
	}
	return at
}
