package infer

import (
	"context"
	"image"
	"math"
	"slices"

	"classsr/internal/par"
	"classsr/picture"
)

// changes says where a picture differs from the one before it.
type changes struct {
	columns, rows int
	cells         []bool // row by row, flatCell pixels a side: whether any sample of them has changed
	// scene tells that there is no picture before it, or one of another scene.
	scene bool
}

// Scenes are told apart by the mean brightness of blocks, which moves little while things in them move.
const (
	sceneBlock = 32
	// sceneCut is how much brightness changes on the mean over the blocks, of 0 to 1, if the scene is another one.
	sceneCut = 0.08
)

// newChanges compares a picture with the one before it, of the same form, on so many cores. was and is are the brightness of their blocks.
// It returns ctx's error if ctx is done.
func newChanges(ctx context.Context, before, in *picture.Picture, was, is []float64, threads int) (*changes, error) {
	c := &changes{columns: parts(in.Width, flatCell), rows: parts(in.Height, flatCell)}
	c.cells = make([]bool, c.columns*c.rows)
	sum := 0.0
	for i := range is {
		sum += math.Abs(is[i] - was[i])
	}
	c.scene = sum > sceneCut*float64(len(is))
	err := par.Do(ctx, threads, c.rows, func(_, row int) error {
		cells := c.cells[row*c.columns:][:c.columns]
		for y := row * flatCell; y < min((row+1)*flatCell, in.Height); y++ {
			n := in.Width * in.Channels()
			switch in.Depth {
			case 8:
				markChanged(cells, before.Pix8[y*n:][:n], in.Pix8[y*n:][:n], in.Channels())
			case 16:
				markChanged(cells, before.Pix16[y*n:][:n], in.Pix16[y*n:][:n], in.Channels())
			default:
				markChanged(cells, before.Pix32[y*n:][:n], in.Pix32[y*n:][:n], in.Channels())
			}
		}
		return nil
	})
	return c, err
}

// markChanged marks the cells in which a row differs from what it was.
func markChanged[S comparable](cells []bool, was, is []S, step int) {
	cell := flatCell * step
	for i := range cells {
		from, until := i*cell, min((i+1)*cell, len(is))
		cells[i] = cells[i] || !slices.Equal(was[from:until], is[from:until])
	}
}

// moved is about which share of the picture is to be computed: that of squares in whose surroundings something has changed; 1 if there is nothing to compare with.
func (c *changes) moved() float64 {
	if len(c.cells) == 0 {
		return 1
	}
	const square, around = 32, 16
	n, all := 0, 0
	for y := 0; y < c.rows*flatCell; y += square {
		for x := 0; x < c.columns*flatCell; x += square {
			all++
			if c.any(image.Rect(x, y, x+square, y+square).Inset(-around)) {
				n++
			}
		}
	}
	return float64(n) / float64(all)
}

// any tells whether anything has changed in a rectangle of the picture, or in a cell that it has a part of.
func (c *changes) any(r image.Rectangle) bool {
	left, right := max(r.Min.X/flatCell, 0), min(parts(r.Max.X, flatCell), c.columns)
	for y := max(r.Min.Y/flatCell, 0); y < min(parts(r.Max.Y, flatCell), c.rows); y++ {
		if left < right && slices.Contains(c.cells[y*c.columns+left:y*c.columns+right], true) {
			return true
		}
	}
	return false
}

// brightness is the mean of the colours of each block of a picture, row by row, in 0..1.
func brightness(ctx context.Context, in *picture.Picture, threads int) ([]float64, error) {
	columns, rows := parts(in.Width, sceneBlock), parts(in.Height, sceneBlock)
	means := make([]float64, columns*rows)
	planes := make([][]float32, min(threads, rows))
	err := par.Do(ctx, len(planes), rows, func(worker, row int) error {
		for column := range columns {
			r := image.Rect(column*sceneBlock, row*sceneBlock, (column+1)*sceneBlock, (row+1)*sceneBlock).Intersect(in.Bounds())
			sum := 0.0
			for channel := range in.Colors {
				plane := grow(planes[worker], r.Dx()*r.Dy())
				planes[worker] = plane
				in.ReadPlane(plane, channel, r)
				for _, v := range plane {
					sum += float64(v)
				}
			}
			means[row*columns+column] = sum / float64(r.Dx()*r.Dy()*in.Colors)
		}
		return nil
	})
	return means, err
}
