package resample

import "math"

// axis holds, for every output coordinate of one axis, the source coordinates it is made from and their weights.
type axis struct {
	src, dst int
	taps     int       // source samples for one output sample
	index    []int32   // dst*taps coordinates in [0, src), edges already dealt with
	weight   []float64 // dst*taps, the sum of each taps 1
}

// at gives the source coordinates and weights of output coordinate i.
func (a *axis) at(i int) ([]int32, []float64) {
	from, to := i*a.taps, (i+1)*a.taps
	return a.index[from:to:to], a.weight[from:to:to]
}

// span is the half-open range of source coordinates needed for the output coordinates [from, to).
func (a *axis) span(from, to int) (lo, hi int) {
	lo, hi = a.src, 0
	for _, i := range a.index[from*a.taps : to*a.taps] {
		lo, hi = min(lo, int(i)), max(hi, int(i)+1)
	}
	return lo, hi
}

// newAxis follows the definition of MATLAB's imresize. With pixel centres at 1, 2, ... output x lies at u = x/scale +
// (1-1/scale)/2 of the source. The kernel, 4 wide, or 4/scale when shrinking, is sampled at every source pixel that it can reach,
// and these weights are divided by their sum.
func newAxis(src, dst int, scale float64, v Variant) axis {
	width, stretch := 4.0, 1.0
	if scale < 1 {
		width, stretch = 4/scale, scale
	}
	// The two outermost samples lie outside the kernel, so their weight is 0 but for rounding errors.
	taps := int(math.Ceil(width)) + 2
	a := axis{src: src, dst: dst, taps: taps - 2}
	a.index = make([]int32, 0, dst*a.taps)
	a.weight = make([]float64, 0, dst*a.taps)
	for i := range dst {
		u := float64(i+1)/scale + 0.5*(1-1/scale)
		left := math.Floor(u - width/2)
		row := len(a.weight)
		sum := 0.0
		for k := 1; k < taps-1; k++ {
			at := left + float64(k)
			w := stretch * cubic(stretch*(u-at))
			sum += w
			a.weight = append(a.weight, w)
			a.index = append(a.index, int32(v.inside(int(at)-1, src)))
		}
		for k := row; k < len(a.weight); k++ {
			a.weight[k] /= sum
		}
	}
	return a
}

// inside maps a coordinate that may lie outside [0, n) to the sample that stands for it.
func (v Variant) inside(i, n int) int {
	if v == Published {
		return min(max(i, 0), n-1)
	}
	// The mirrored picture repeats with period 2n, so kernels wider than a small picture find samples too.
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

// cubic is Keys' kernel with a = -0.5. The products are converted so that no processor fuses them with the sums: results are to
// be the same everywhere.
func cubic(x float64) float64 {
	x = math.Abs(x)
	x2 := x * x
	x3 := x2 * x
	switch {
	case x <= 1:
		return float64(1.5*x3) - float64(2.5*x2) + 1
	case x <= 2:
		return float64(-0.5*x3) + float64(2.5*x2) - float64(4*x) + 2
	}
	return 0
}
