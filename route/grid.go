package route

import (
	"image"
	"sort"
)

// Grid is how a picture is cut into cores: core number y*(len(Xs)-1)+x has columns Xs[x] to Xs[x+1]-1 and rows Ys[y] to Ys[y+1]-1.
type Grid struct{ Xs, Ys []int }

// Columns is the number of columns of cores.
func (g Grid) Columns() int { return len(g.Xs) - 1 }

// Rows is the number of rows of cores.
func (g Grid) Rows() int { return len(g.Ys) - 1 }

// Cores gives the cores' rectangles in pixels of the picture, row by row.
func (g Grid) Cores() []image.Rectangle {
	var cores []image.Rectangle
	for y := range g.Rows() {
		for x := range g.Columns() {
			cores = append(cores, image.Rect(g.Xs[x], g.Ys[y], g.Xs[x+1], g.Ys[y+1]))
		}
	}
	return cores
}

func (g Grid) width(x int) int  { return g.Xs[x+1] - g.Xs[x] }
func (g Grid) height(y int) int { return g.Ys[y+1] - g.Ys[y] }

// At is the number of the core that a pixel lies in; the pixel must lie in the picture.
func (g Grid) At(p image.Point) int { return at(g.Ys, p.Y)*g.Columns() + at(g.Xs, p.X) }

// Size is the size of the picture in pixels.
func (g Grid) Size() image.Point { return image.Pt(g.Xs[len(g.Xs)-1], g.Ys[len(g.Ys)-1]) }

// at is the part of an axis that position i lies in.
func at(edges []int, i int) int { return sort.SearchInts(edges, i+1) - 1 }
