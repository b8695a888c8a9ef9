package vp8l

import "classsr/internal/kernel"

// A pixel is predicted from those to its left and above, and the difference is coded. A tile of pixels has one of 14 ways to predict.

const (
	modeLeft = 0 // an index of kernel.PredictorModes
	modeTop  = 1
	black    = 0xff << 24
)

// sampledRows is of how many rows one is looked at to choose a mode.
const sampledRows = 3

// predict replaces the pixels of a strip, which begin behind the row above it, by differences to what is predicted, and gives the mode of
// each tile.
func (w *Worker) predict(pixels []uint32, first bool) []uint8 {
	width := w.encoder.config.Width
	rows := len(pixels)/width - 1
	tiles := across(width, tileBits)
	modes := make([]uint8, tiles*across(rows, tileBits))
	for i := range modes {
		x, y := i%tiles<<tileBits, i/tiles<<tileBits
		modes[i] = chooseMode(pixels, width, x, y, min(1<<tileBits, width-x), min(1<<tileBits, rows-y), first)
	}
	// From the last pixel on, as what a pixel is predicted from must not be replaced yet.
	for y := rows - 1; y >= 0; y-- {
		row := pixels[(y+1)*width:][:width]
		above := pixels[y*width:][:width+1] // and what follows it, as the format has it
		if y == 0 && first {
			kernel.Predict(modeLeft, row, above)
			row[0] = minus(row[0], black)
			break
		}
		for tile := tiles - 1; tile >= 0; tile-- {
			from, to := max(tile<<tileBits, 1), min((tile+1)<<tileBits, width)
			kernel.Predict(int(modes[y>>tileBits*tiles+tile]), row[from-1:to], above[from-1:to+1])
		}
		row[0] = minus(row[0], pixels[y*width])
	}
	for i, predictor := range modes {
		modes[i] = kernel.PredictorModes[predictor]
	}
	return modes
}

// minus is a-b, byte by byte.
func minus(a, b uint32) uint32 {
	ag := 0x00ff00ff + (a & 0xff00ff00) - (b & 0xff00ff00)
	rb := 0xff00ff00 + (a & 0x00ff00ff) - (b & 0x00ff00ff)
	return ag&0xff00ff00 | rb&0x00ff00ff
}

// chooseMode gives the predictor that leaves the least of a tile.
func chooseMode(pixels []uint32, width, x, y, columns, rows int, first bool) uint8 {
	if x == 0 {
		x, columns = 1, columns-1
	}
	if first && y == 0 {
		y, rows = 1, rows-1
	}
	if columns <= 0 || rows <= 0 {
		return modeTop
	}
	var sums [kernel.Predictors]uint32
	for row := 0; row < rows; row += sampledRows {
		at := (y+row+1)*width + x
		kernel.PredictSums(&sums, pixels[at-1:at+columns], pixels[at-1-width:at-width+columns+1])
	}
	best := 0
	for k, sum := range sums {
		if sum < sums[best] {
			best = k
		}
	}
	return uint8(best)
}
