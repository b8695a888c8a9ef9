package infer

import (
	"image"
	"slices"

	"classsr/route"
	"classsr/tile"
)

// Networks that pool over their input average over what they are given, so that the size of pieces shows in their results. Routed
// pictures are cut into the same squares, with the same context, whatever their classes, and a whole square has one class.

func squareGrid(picture image.Point) route.Grid {
	return route.Grid{Xs: tile.Cuts(picture.X, poolingCore), Ys: tile.Cuts(picture.Y, poolingCore)}
}

// inSquares is the problem of choosing classes for squares: what their cores lose, by where the cores' middles lie, is added up.
func inSquares(p *route.Problem, predicted route.Prediction) (*route.Problem, route.Prediction) {
	grid := squareGrid(p.Size())
	sums := func(of [][]float64) [][]float64 {
		if of == nil {
			return nil
		}
		out := make([][]float64, grid.Columns()*grid.Rows())
		for i := range out {
			out[i] = make([]float64, len(of[0]))
		}
		for i, core := range p.Cores() {
			square := out[grid.At(core.Min.Add(core.Max).Div(2))]
			for class, v := range of[i] {
				square[class] += v
			}
		}
		return out
	}
	predicted.Scores = sums(predicted.Scores)
	return &route.Problem{Grid: grid, Costs: p.Costs, Losses: sums(p.Losses)}, predicted
}

// joinSquares makes pieces of several squares, at most so many, for a device that computes them together: parts of a row of squares, or some rows of them, which
// are a band then.
func (p *plan) joinSquares(most int) {
	columns := len(p.pieces) / len(p.bands)
	rows := parts(len(p.bands), parts(len(p.bands), max(most/columns, 1)))
	most = parts(columns*rows, parts(columns*rows, most)) // as many in each piece
	squares, ends := p.pieces, p.bands
	p.pieces, p.bands, p.bandRows = nil, nil, 0
	for band := range slices.Chunk(ends, rows) {
		for some := range slices.Chunk(squares[:columns*len(band)], most) {
			first, last := some[0].Core, some[len(some)-1].Core
			p.pieces = append(p.pieces, piece{Piece: tile.Piece{Core: first.Union(last)}, first: len(p.bands), end: len(p.bands) + 1, squares: some})
		}
		squares = squares[columns*len(band):]
		p.bands = append(p.bands, band[len(band)-1])
	}
	p.bandRows = p.highest()
}

// cutSquares makes a piece of each square.
func (r *routed) cutSquares(p *plan) {
	grid := squareGrid(p.size)
	i := slices.Index(grid.Ys, p.from) * grid.Columns() // rows begin where squares do
	p.cut(grid.Xs, func(piece *piece) {
		piece.class = p.choice.Classes[i]
		piece.Window = r.Branches[piece.class].Window(p.size, piece.Core)
		i++
	})
}
