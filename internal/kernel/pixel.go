package kernel

import (
	"image"
	"math"
)

// Activate multiplies negative numbers with slope[0], or with slope[plane] if there are several. dst may be src.
func Activate(dst Block, y0, y1, w int, src Block, slope []float32) {
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			Leak(dst.Row(c, y, 0, w), src.Row(c, y, 0, w), slope[c%len(slope)])
		}
	}
}

// Sigmoid does dst = 1/(1+exp(-src)). dst may be src.
func Sigmoid(dst Block, y0, y1, w int, src Block) {
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			d := dst.Row(c, y, 0, w)
			for i, v := range src.Row(c, y, 0, w) {
				d[i] = float32(1 / (1 + math.Exp(-float64(v))))
			}
		}
	}
}

// Affine does dst = src*factor[plane] + offset[plane]. dst may be src.
func Affine(dst Block, y0, y1, w int, src Block, factor, offset []float32) {
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			s := src.Row(c, y, 0, w)
			Combine(dst.Row(c, y, 0, w), s, s, factor[c], 0, offset[c])
		}
	}
}

// Gate does dst = (a + b) * dst.
func Gate(dst Block, y0, y1, w int, a, b Block) {
	set := current()
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			gateRow(set, dst.Row(c, y, 0, w), a.Row(c, y, 0, w), b.Row(c, y, 0, w))
		}
	}
}

// Mul does dst = a * b. dst is neither of them.
func Mul(dst Block, y0, y1, w int, a, b Block) {
	set := current()
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			d := dst.Row(c, y, 0, w)
			clear(d)
			multiplyAdd(set, d, a.Row(c, y, 0, w), b.Row(c, y, 0, w))
		}
	}
}

// Nearest computes w pixels of rows y0 to y1-1 of a picture whose pixels are repeated factor times along both axes, from its column x0 on,
// which is column 0 of dst; column 0 of src is column sx0 of the source:
//
//	dst[c][y][x] = src[c][y/factor][(x0+x)/factor-sx0]
func Nearest(dst Block, y0, y1, x0, w int, src Block, sx0, factor int) {
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			d := dst.Row(c, y, 0, w)
			s := src.Row(c, y/factor, 0, (x0+w-1)/factor-sx0+1)
			for x := range d {
				d[x] = s[(x0+x)/factor-sx0]
			}
		}
	}
}

// Add does dst = fa*a + fb*b. dst may be either.
func Add(dst Block, y0, y1, w int, a, b Block, fa, fb float32) {
	for c := range dst.C {
		for y := y0; y < y1; y++ {
			Combine(dst.Row(c, y, 0, w), a.Row(c, y, 0, w), b.Row(c, y, 0, w), fa, fb, 0)
		}
	}
}

// ChannelMul does dst = src * factor, where each plane of factor is a single number, and adds add if it is not nil. dst may be src or
// add.
func ChannelMul(dst Block, y0, y1, w int, src, factor Block, add *Block) {
	for c := range dst.C {
		f := factor.Row(c, 0, 0, 1)[0]
		for y := y0; y < y1; y++ {
			s := src.Row(c, y, 0, w)
			if add == nil {
				Combine(dst.Row(c, y, 0, w), s, s, f, 0, 0)
				continue
			}
			Combine(dst.Row(c, y, 0, w), s, add.Row(c, y, 0, w), f, 1, 0)
		}
	}
}

// Mean makes each plane of dst a single number: the mean of the first h rows of w pixels of a plane of src.
func Mean(dst Block, h, w int, src Block, scratch *Scratch) {
	for c := range dst.C {
		dst.Row(c, 0, 0, 1)[0] = float32(planeSum(c, h, w, src, scratch) / float64(h*w))
	}
}

// planeSum is the sum of the first h rows of w pixels of a plane.
func planeSum(c, h, w int, src Block, scratch *Scratch) float64 {
	set := current()
	rows := min(set.dotsB, 8)
	sums := scratch.row(rows)
	var sum float64
	for x := 0; x < w; x += len(ones) { // rows are summed as inner products with ones, several at a time
		n := min(w-x, len(ones))
		for y := 0; y < h; y += rows {
			count := min(h-y, rows)
			scratch.offsets = scratch.offsets[:0]
			for i := range count {
				_ = src.Row(c, y+i, x, n)
				scratch.offsets = append(scratch.offsets, (y+i-src.First)%src.Ring*src.Stride*floatBytes)
			}
			clear(sums[:count])
			scratch.dots = dotsArgs{
				a: &ones[0], b: &src.Data[c*src.Plane+x], offsets: &scratch.offsets[0], n: n, sums: &sums[0],
			}
			set.dots(1, count, &scratch.dots)
			for _, v := range sums[:count] {
				sum += float64(v)
			}
		}
	}
	return sum
}

// ShiftedMeans gives the means of what the taps of a 3x3 convolution with a border of one pixel read of a plane of h rows of w pixels: means[3*ky+kx]
// is that of the plane moved by ky-1 and kx-1, with zeros around it.
func ShiftedMeans(means *[9]float32, c, h, w int, src Block, scratch *Scratch) {
	all := planeSum(c, h, w, src, scratch)
	top, bottom := src.Row(c, 0, 0, w), src.Row(c, h-1, 0, w)
	var beside [2][2]float64 // what the first and last tap do not read: rows, columns
	for x := range w {
		beside[0][0] += float64(bottom[x])
		beside[0][1] += float64(top[x])
	}
	for y := range h {
		row := src.Row(c, y, 0, w)
		beside[1][0] += float64(row[w-1])
		beside[1][1] += float64(row[0])
	}
	corners := [2][2]float32{{bottom[w-1], bottom[0]}, {top[w-1], top[0]}}
	for ky := range 3 {
		for kx := range 3 {
			sum := all
			if ky != 1 {
				sum -= beside[0][ky/2]
			}
			if kx != 1 {
				sum -= beside[1][kx/2]
			}
			if ky != 1 && kx != 1 {
				sum += float64(corners[ky/2][kx/2])
			}
			means[3*ky+kx] = float32(sum / float64(h*w))
		}
	}
}

// PixelShuffle computes w pixels of rows y0 to y1-1 of the shuffled picture from its column x0 on, which is column 0 of dst; column
// 0 of src is column sx0 of the source:
//
//	dst[c][y][x] = src[(c*factor+y%factor)*factor+(x0+x)%factor][y/factor][(x0+x)/factor-sx0]
func PixelShuffle(dst Block, y0, y1, x0, w int, src Block, sx0, factor int) {
	of := image.Rect(sx0, y0/factor, (x0+w+factor-1)/factor, (y1+factor-1)/factor)
	shuffleGroups(dst, image.Rect(x0, y0, x0+w, y1), src, 0, of, factor)
}

// shuffleGroups makes pixels of planes, as PixelShuffle does, in the rectangle r of the result, whose first column is column 0 of dst, as far as they
// come from the rectangle of of the planes. Its first column is column 0 of src, whose planes are those from the given one on: a multiple of factor.
func shuffleGroups(dst Block, r image.Rectangle, src Block, plane int, of image.Rectangle, factor int) {
	set := current()
	x0, x1 := max(of.Min.X*factor, r.Min.X), min(of.Max.X*factor, r.Max.X)
	n, left := x1-x0, x0-of.Min.X*factor // numbers of a row, and what is made before that nobody wants
	if n <= 0 {
		return
	}
	var (
		size  = (factor-1)*src.Plane + (left+n+factor-1)/factor
		above = max(of.Min.Y, (r.Min.Y-factor+1)/factor)
		below = min(of.Max.Y, r.Max.Y/factor+1)
	)
	for first := 0; first < src.C; first += factor {
		row := (plane + first) / factor // of the squares of pixels
		to := row/factor*dst.Plane + x0 - r.Min.X
		for y := above; y < below; y++ {
			made := y*factor + row%factor
			if made < r.Min.Y || made >= r.Max.Y {
				continue
			}
			d := dst.Data[to+(made-dst.First)%dst.Ring*dst.Stride:][:n]
			s := src.Data[first*src.Plane+(y-src.First)%src.Ring*src.Stride:][:size]
			at := left
			for ; len(d) > 0 && at%factor != 0; at++ { // up to the first whole square
				d[0] = s[at%factor*src.Plane+at/factor]
				d = d[1:]
			}
			interleave(set, d, s[at/factor:], src.Plane, factor)
		}
	}
}

// interleave does dst[i*count+r] = rows[r*distance+i].
func interleave(set *Set, dst, rows []float32, distance, count int) {
	done := 0
	if set.interleave != nil {
		done = set.interleave(dst, rows, distance, count)
	}
	if done*count == len(dst) {
		return
	}
	for r := range count {
		row := rows[r*distance:]
		for i := done; i*count+r < len(dst); i++ {
			dst[i*count+r] = row[i]
		}
	}
}

// separate does rows[r*distance+i] = src[i*count+r].
func separate(set *Set, rows, src []float32, distance, count int) {
	done := 0
	if set.separate != nil {
		done = set.separate(rows, src, distance, count)
	}
	for r := range count {
		row := rows[r*distance:]
		for i := done; i*count+r < len(src); i++ {
			row[i] = src[i*count+r]
		}
	}
}
