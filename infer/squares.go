package infer

import (
	"image"

	"classsr/route"
	"classsr/tile"
)

// Networks that pool over their input average over what they are given, so that the size of pieces shows in their results. Routed
// pictures are cut into the same squares, with the same context, whatever their classes, and a whole square has one class.

// squareSizing gives the size of squares, and what the most demanding branch takes for one.
func (r *routed) squareSizing(picture image.Point, threads int, bytes int64) (sizing, error) {
	var s sizing
	for i, b := range r.Branches {
		own, err := fixedSizing(b, picture, image.Pt(poolingCore, poolingCore), threads, bytes)
		if err != nil {
			return own, err
		}
		if i == 0 {
			s = own
		}
		s.workers, s.bytes = min(s.workers, own.workers), max(s.bytes, own.bytes)
	}
	return s, nil
}

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
func (r *routed) cutSquares(picture image.Point, c *choice) []piece {
	var pieces []piece
	for i, core := range c.Cores {
		window := r.Branches[c.Classes[i]].Window(picture, core)
		pieces = append(pieces, piece{Piece: tile.Piece{Core: core, Window: window}, class: c.Classes[i]})
	}
	return pieces
}
