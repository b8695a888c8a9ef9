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
