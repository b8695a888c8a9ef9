package kernel

import "math"

// Activate multiplies negative numbers with slope[0], or with slope[plane] if there are several. dst may be src.
func Activate(dst []Plane, h, w int, src []Plane, slope []float32) {
	for c := range dst {
		for y := range h {
			d := dst[c].Row(y, 0, w)
			copy(d, src[c].Row(y, 0, w))
			leak(d, slope[c%len(slope)])
		}
	}
}

// Sigmoid does dst = 1/(1+exp(-src)). dst may be src.
func Sigmoid(dst []Plane, h, w int, src []Plane) {
	for c := range dst {
		for y := range h {
			d := dst[c].Row(y, 0, w)
			for i, v := range src[c].Row(y, 0, w) {
				d[i] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		}
	}
}

// Affine does dst = src*factor[plane] + offset[plane]. dst may be src.
func Affine(dst []Plane, h, w int, src []Plane, factor, offset []float32) {
	for c := range dst {
		for y := range h {
			d := dst[c].Row(y, 0, w)
			for i, v := range src[c].Row(y, 0, w) {
				d[i] = v*factor[c] + offset[c]
			}
		}
	}
}

// Add does dst = a + b. dst may be either.
func Add(dst []Plane, h, w int, a, b []Plane) {
	for c := range dst {
		for y := range h {
			d := dst[c].Row(y, 0, w)
			copy(d, a[c].Row(y, 0, w))
			addRow(d, b[c].Row(y, 0, w))
		}
	}
}

// ChannelMul does dst = src * factor, where each plane of factor is a single number. dst may be src.
func ChannelMul(dst []Plane, h, w int, src, factor []Plane) {
	for c := range dst {
		f := factor[c].Data[0]
		for y := range h {
			d := dst[c].Row(y, 0, w)
			for i, v := range src[c].Row(y, 0, w) {
				d[i] = v * f
			}
		}
	}
}

// Copy does dst = src.
func Copy(dst []Plane, h, w int, src []Plane) {
	for c := range dst {
		for y := range h {
			copy(dst[c].Row(y, 0, w), src[c].Row(y, 0, w))
		}
	}
}

// Mean makes each plane of dst a single number: the mean of a plane of src.
func Mean(dst []Plane, h, w int, src []Plane) {
	for c := range dst {
		var sum float64
		for y := range h {
			for _, v := range src[c].Row(y, 0, w) {
				sum += float64(v)
			}
		}
		dst[c].Data[0] = float32(sum / float64(h*w))
	}
}

// PixelShuffle computes the h rows of w pixels of the shuffled picture that start at (y0, x0):
//
//	dst[c][y][x] = src[(c*factor+(y0+y)%factor)*factor+(x0+x)%factor][(y0+y)/factor-sy0][(x0+x)/factor-sx0]
func PixelShuffle(dst []Plane, y0, x0, h, w int, src []Plane, sy0, sx0, factor int) {
	for c := range dst {
		for y := range h {
			d := dst[c].Row(y, 0, w)
			planes := src[(c*factor+(y0+y)%factor)*factor:]
			sy := (y0+y)/factor - sy0
			for first := range min(factor, w) {
				p := planes[(x0+first)%factor]
				n := (w - first + factor - 1) / factor
				scatter(d[first:], p.Row(sy, (x0+first)/factor-sx0, n), factor)
			}
		}
	}
}
