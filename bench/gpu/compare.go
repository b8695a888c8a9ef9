package main

import "math"

// comparison compares numbers, some after the others.
type comparison struct {
	n               int
	low, high       float64 // of what is wanted
	largest, square float64
}

// add compares numbers with those that are wanted.
func (c *comparison) add(got, want []float32) {
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if !(d <= c.largest) { // NaN, too
			c.largest = d
		}
		c.square += d * d
		c.low, c.high = min(c.low, float64(w)), max(c.high, float64(w))
	}
	c.n += len(want)
}

// apart gives what was found. What is not a number is as far as can be.
func (c *comparison) apart() *apart {
	const same, far = 200, 1e30 // JSON knows no infinity
	spread := max(c.high-c.low, 1e-30)
	a := &apart{Max: c.largest / spread, PSNR: same}
	if mean := c.square / float64(c.n) / (spread * spread); mean > 0 {
		a.PSNR = min(-10*math.Log10(mean), same)
	}
	if math.IsNaN(c.square) || math.IsInf(c.square, 0) {
		*a = apart{Max: far}
	}
	return a
}

// compared compares whole results.
func compared(got, want []float32) *apart {
	c := comparison{low: math.Inf(1), high: math.Inf(-1)}
	if len(got) != len(want) {
		return &apart{Max: 1e30}
	}
	c.add(got, want)
	return c.apart()
}

// Which differences are no rounding: of what was measured so, nothing is counted.
const exactLimit, halfLimit = 1e-3, 5e-2

// right tells whether a result differs by rounding only.
func (a *apart) right(half bool) bool {
	if half {
		return a.Max <= halfLimit
	}
	return a.Max <= exactLimit
}
