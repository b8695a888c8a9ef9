package kernel

import "math"

// Activate multiplies negative numbers with slope[0], or with slope[plane] if there are several. dst may be src.
func Activate(dst Block, h, w int, src Block, slope []float32) {
	for c := range dst.C {
		for y := range h {
			d := dst.Row(c, y, 0, w)
			copy(d, src.Row(c, y, 0, w))
			leak(d, slope[c%len(slope)])
		}
	}
}

// Sigmoid does dst = 1/(1+exp(-src)). dst may be src.
func Sigmoid(dst Block, h, w int, src Block) {
	for c := range dst.C {
		for y := range h {
			d := dst.Row(c, y, 0, w)
			for i, v := range src.Row(c, y, 0, w) {
				d[i] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		}
	}
}

// Affine does dst = src*factor[plane] + offset[plane]. dst may be src.
func Affine(dst Block, h, w int, src Block, factor, offset []float32) {
	for c := range dst.C {
		for y := range h {
			d := dst.Row(c, y, 0, w)
			for i, v := range src.Row(c, y, 0, w) {
				d[i] = v*factor[c] + offset[c]
			}
		}
	}
}

// Add does dst = a + b. dst may be either.
func Add(dst Block, h, w int, a, b Block) {
	for c := range dst.C {
		for y := range h {
			d := dst.Row(c, y, 0, w)
			copy(d, a.Row(c, y, 0, w))
			addRow(d, b.Row(c, y, 0, w))
		}
	}
}

// ChannelMul does dst = src * factor, where each plane of factor is a single number. dst may be src.
func ChannelMul(dst Block, h, w int, src, factor Block) {
	for c := range dst.C {
		f := factor.Row(c, 0, 0, 1)[0]
		for y := range h {
			d := dst.Row(c, y, 0, w)
			for i, v := range src.Row(c, y, 0, w) {
				d[i] = v * f
			}
		}
	}
}

// Mean makes each plane of dst a single number: the mean of a plane of src.
func Mean(dst Block, h, w int, src Block) {
	for c := range dst.C {
		var sum float64
		for y := range h {
			for _, v := range src.Row(c, y, 0, w) {
				sum += float64(v)
			}
		}
		dst.Row(c, 0, 0, 1)[0] = float32(sum / float64(h*w))
	}
}

// PixelShuffle computes the h rows of w pixels of the shuffled picture that start at (y0, x0):
//
//	dst[c][y][x] = src[(c*factor+(y0+y)%factor)*factor+(x0+x)%factor][(y0+y)/factor-sy0][(x0+x)/factor-sx0]
func PixelShuffle(dst Block, y0, x0, h, w int, src Block, sy0, sx0, factor int) {
	set := current()
	for c := range dst.C {
		for y := range h {
			first := (c*factor + (y0+y)%factor) * factor
			sy := (y0+y)/factor - sy0
			d := dst.Row(c, y, 0, w)
			x := x0
			for ; len(d) > 0 && x%factor != 0; x++ { // up to the first whole group
				d[0] = src.Row(first+x%factor, sy, x/factor-sx0, 1)[0]
				d = d[1:]
			}
			if len(d) > 0 {
				planes := src.planes(first, factor).From(sy, x/factor-sx0)
				interleave(set, d, planes.Data, planes.Plane, factor)
			}
		}
	}
}
