package vp8l

import "math"

// A pixel is predicted from those to its left and above, and the difference is coded. A tile of pixels has one of 14 ways to predict.

// candidates are the modes that are tried: the numbers are the format's.
var candidates = [...]uint8{1, 2, 5, 7, 10, 11, 12, 13}

const (
	modeLeft = 1
	modeTop  = 2
	black    = 0xff << 24
)

// sampledRows is of how many rows one is looked at to choose a mode.
const sampledRows = 3

// spread is about how many bits, in quarters, a difference of a byte takes.
var spread = func() (table [256]uint8) {
	for v := range table {
		table[v] = uint8(4*math.Log2(1+2*math.Abs(float64(int8(v)))) + 0.5)
	}
	return table
}()

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
		row := pixels[(y+1)*width:]
		if y == 0 && first {
			for x := width - 1; x > 0; x-- {
				row[x] = minus(row[x], row[x-1])
			}
			row[0] = minus(row[0], black)
			break
		}
		for tile := tiles - 1; tile >= 0; tile-- {
			from, to := tile<<tileBits, min((tile+1)<<tileBits, width)
			at := (y+1)*width + max(from, 1)
			replace(pixels, width, at, (y+1)*width+to, modes[y>>tileBits*tiles+tile])
		}
		row[0] = minus(row[0], pixels[y*width])
	}
	return modes
}

// replace replaces a run of pixels.
func replace(pixels []uint32, width, from, to int, mode uint8) {
	for i := to - 1; i >= from; i-- {
		pixels[i] = minus(pixels[i], predicted(mode, pixels[i-1], pixels[i-width], pixels[i-width-1], pixels[i-width+1]))
	}
}

// chooseMode gives the mode that leaves the least of a tile.
func chooseMode(pixels []uint32, width, x, y, columns, rows int, first bool) uint8 {
	best, least := uint8(modeTop), math.MaxInt
	if x == 0 {
		x, columns = 1, columns-1
	}
	if first && y == 0 {
		y, rows = 1, rows-1
	}
	if columns <= 0 || rows <= 0 {
		return best
	}
	for _, mode := range candidates {
		sum := 0
		for row := 0; row < rows && sum < least; row += sampledRows {
			at := (y+row+1)*width + x
			sum += left(pixels[at-width-1:], width, columns, mode)
		}
		if sum < least {
			best, least = mode, sum
		}
	}
	return best
}

// left sums up what a mode leaves of a run of pixels; pixels begin above to the left of the first one.
func left(pixels []uint32, width, columns int, mode uint8) (sum int) {
	above, row := pixels[:columns+2], pixels[width:width+columns+1]
	for i, v := range row[1:] {
		d := minus(v, predicted(mode, row[i], above[i+1], above[i], above[i+2]))
		sum += int(spread[d&0xff]) + int(spread[d>>8&0xff]) + int(spread[d>>16&0xff]) + int(spread[d>>24])
	}
	return sum
}

// predicted is what a mode predicts from the pixels to the left, above, above to the left and above to the right.
func predicted(mode uint8, l, t, tl, tr uint32) uint32 {
	switch mode {
	case modeLeft:
		return l
	case modeTop:
		return t
	case 5:
		return mean(mean(l, tr), t)
	case 7:
		return mean(l, t)
	case 10:
		return mean(mean(l, tl), mean(t, tr))
	case 11:
		return nearer(l, t, tl)
	case 12:
		return eachByte(l, t, tl, func(l, t, tl int) int { return l + t - tl })
	}
	return eachByte(mean(l, t), 0, tl, func(a, _, tl int) int { return a + (a-tl)/2 })
}

// minus is a-b, byte by byte.
func minus(a, b uint32) uint32 {
	ag := 0x00ff00ff + (a & 0xff00ff00) - (b & 0xff00ff00)
	rb := 0xff00ff00 + (a & 0x00ff00ff) - (b & 0x00ff00ff)
	return ag&0xff00ff00 | rb&0x00ff00ff
}

// mean is the mean of bytes, rounded down.
func mean(a, b uint32) uint32 { return (a^b)&0xfefefefe>>1 + a&b }

// nearer is the pixel on the left or above, whichever the sum l + t - tl is nearer to.
func nearer(l, t, tl uint32) uint32 {
	fromTop, fromLeft := 0, 0
	for shift := 0; shift < 32; shift += 8 {
		c := int(tl >> shift & 0xff)
		fromLeft += magnitude(c - int(t>>shift&0xff))
		fromTop += magnitude(c - int(l>>shift&0xff))
	}
	if fromLeft < fromTop {
		return l
	}
	return t
}

func magnitude(v int) int { return max(v, -v) }

// eachByte calls of for each byte of three pixels, and bounds what it gives.
func eachByte(a, b, c uint32, of func(a, b, c int) int) (out uint32) {
	for shift := 0; shift < 32; shift += 8 {
		v := of(int(a>>shift&0xff), int(b>>shift&0xff), int(c>>shift&0xff))
		out |= uint32(min(max(v, 0), 255)) << shift
	}
	return out
}
