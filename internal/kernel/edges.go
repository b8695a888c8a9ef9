package kernel

// Luma makes 256 times the luma (BT.601) of pixels of red, green and blue, three bytes each:
//
//	dst[i] = 77*r + 150*g + 29*b
//
// rgb is three times as long as dst. Every set gives these numbers.
func Luma(dst []int32, rgb []byte) { luma(samplesSet(), dst, rgb) }

func luma(set *Set, dst []int32, rgb []byte) {
	rgb = rgb[:3*len(dst)]
	done := 0
	if set.luma != nil {
		done = set.luma(dst, rgb)
	}
	lumaGeneric(dst[done:], rgb[3*done:])
}

func lumaGeneric(dst []int32, rgb []byte) {
	for i := range dst {
		p := (*[3]byte)(rgb[3*i:])
		dst[i] = 77*int32(p[0]) + 150*int32(p[1]) + 29*int32(p[2])
	}
}

// Laplacian makes how much the numbers of a row differ from their neighbours, and counts the results that are zero and those of at most a
// limit:
//
//	dst[i] = |4*row[i+1] - row[i] - row[i+2] - above[i+1] - below[i+1]|
//
// The three rows are two numbers longer than dst, and all is within 2^28. Every set gives these numbers.
func Laplacian(dst, above, row, below []int32, limit int32) (zero, small int) {
	return laplacian(samplesSet(), dst, above, row, below, limit)
}

func laplacian(set *Set, dst, above, row, below []int32, limit int32) (zero, small int) {
	n := len(dst)
	above, row, below = above[:n+2], row[:n+2], below[:n+2]
	done := 0
	if set.laplacian != nil {
		done, zero, small = set.laplacian(dst, above, row, below, limit)
	}
	z, s := laplacianGeneric(dst[done:], above[done:], row[done:], below[done:], limit)
	return zero + z, small + s
}

func laplacianGeneric(dst, above, row, below []int32, limit int32) (zero, small int) {
	n := len(dst) // all as long as dst, so that no index is checked
	left, middle, right := row[:n], row[1:][:n], row[2:][:n]
	above, below = above[1:][:n], below[1:][:n]
	for i := range dst {
		d := 4*middle[i] - left[i] - right[i] - above[i] - below[i]
		d = max(d, -d)
		dst[i] = d
		if d == 0 {
			zero++
		}
		if d <= limit {
			small++
		}
	}
	return zero, small
}
