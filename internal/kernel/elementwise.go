package kernel

// Combine computes weighted sums of two rows, d[i] = fa*a[i] + fb*b[i] + c. d may be either of them. Rows have the same length.
func Combine(d, a, b []float32, fa, fb, c float32) { combine(current(), d, a, b, fa, fb, c) }

func combine(set *Set, d, a, b []float32, fa, fb, c float32) {
	if len(a) != len(d) || len(b) != len(d) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if set.combine != nil && len(d) >= set.lanes {
		done = len(d) &^ (set.lanes - 1)
		set.combine(&d[0], &a[0], &b[0], done, fa, fb, c)
	}
	for i := done; i < len(d); i++ {
		d[i] = fa*a[i] + fb*b[i] + c
	}
}

// Leak does d[i] = s[i] for positive numbers and s[i]*slope for others. d may be s.
func Leak(d, s []float32, slope float32) { leakRow(current(), d, s, slope) }

func leakRow(set *Set, d, s []float32, slope float32) {
	if len(s) != len(d) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if set.leak != nil && len(d) >= set.lanes {
		done = len(d) &^ (set.lanes - 1)
		set.leak(&d[0], &s[0], done, slope)
	}
	for i := done; i < len(d); i++ {
		v := s[i]
		if v < 0 {
			v *= slope
		}
		d[i] = v
	}
}

// LeakBack turns the gradient dy of Leak's result into that of its source, in place, and returns the gradient of the slope. s is the
// source, or if the slope is positive the result, whose signs are the same (the gradient of the slope is then that many times larger).
//
//	dslope = sum over s[i] <= 0 of dy[i]*s[i]    dy[i] = dy[i]*slope where s[i] <= 0
func LeakBack(dy, s []float32, slope float32) (dslope float32) {
	return leakBack(current(), dy, s, slope)
}

func leakBack(set *Set, dy, s []float32, slope float32) (dslope float32) {
	if len(s) != len(dy) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if set.leakBack != nil && len(dy) >= set.lanes {
		done = len(dy) &^ (set.lanes - 1)
		set.leakBack(&dy[0], &s[0], done, slope, &dslope)
	}
	for i := done; i < len(dy); i++ {
		if v := s[i]; !(v > 0) {
			dslope += dy[i] * v
			dy[i] *= slope
		}
	}
	return dslope
}
