package engine

import (
	"image"
	"math"
	"slices"
	"sort"

	"classsr/internal/kernel"
	"classsr/program"
)

// layGrids places the tiles of convolutions for rows that slide through the network, as strips of pictures do.
func (p *Plan) layGrids() {
	rows, columns := p.firstRows(), p.firstColumns()
	for i := range p.steps {
		s := &p.steps[i]
		s.grid = kernel.Grid{
			Row:    modulo(rows[s.out]/s.run.zoom(), kernel.WinogradRows),
			Column: modulo(columns[s.out]/s.run.zoom(), p.tileColumns()),
		}
	}
}

// firstRows finds, for each value, a row that it is complete up to at some time when the rows slide through the network: each
// 3x3 convolution is a row behind the value it reads. Tiles that begin there, or a multiple of their height before, need no row that is not there yet, so that little has
// to be kept.
func (p *Plan) firstRows() []int {
	const (
		come = kernel.WinogradRows << 16 // rows of the input that are there
		most = 16 * come                 // rows of any value that are, at the enlargements that there are
	)
	rows := make([]int, len(p.steps)+1)
	rows[program.Input] = come
	for _, s := range p.steps {
		rows[s.out] = math.MaxInt
		for i, values := range s.Inputs {
			for _, v := range values {
				first := sort.Search(most, func(y int) bool { // that cannot be made yet
					return s.Op.Reach(i, image.Rect(0, y, 1, y+1), image.Pt(1, 2*most)).Max.Y > rows[v]
				})
				rows[s.out] = min(rows[s.out], first)
			}
		}
	}
	return rows
}

// tileColumns is the width of tiles.
func (p *Plan) tileColumns() int {
	if p.wide {
		return kernel.WideColumns
	}
	return kernel.WinogradColumns
}

// firstColumns finds, for each value, at which column the part begins that is needed for a core that begins far from the picture's border, at a
// whole number of tiles. Tiles that begin there compute no column that is not needed.
func (p *Plan) firstColumns() []int {
	const far = 1 << 20 // farther than any network reaches, and even at every enlargement
	scale := p.program.Scale
	columns := make([]int, len(p.steps)+1)
	for v := range columns {
		columns[v] = 4 * far * scale
	}
	columns[p.program.Output] = far * scale
	for _, s := range slices.Backward(p.steps) {
		at := columns[s.out]
		for i, values := range s.Inputs {
			first := s.Op.Reach(i, image.Rect(at, 0, at+1, 1), image.Pt(8*at, 1)).Min.X
			for _, v := range values {
				columns[v] = min(columns[v], first)
			}
		}
	}
	return columns
}

func modulo(a, b int) int { return (a%b + b) % b }
