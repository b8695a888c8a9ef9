package kernel

// maxNumbers bounds what a kernel does at a time in long rows, as maxPixels does in others.
const maxNumbers = 1 << 14

// vectors is how many of n numbers a kernel does at a time: whole vectors.
func (s *Set) vectors(n int) int { return min(n, maxNumbers) &^ (s.lanes - 1) }

// Combine computes weighted sums of two rows, d[i] = fa*a[i] + fb*b[i] + c. d may be either of them. Rows have the same length.
func Combine(d, a, b []float32, fa, fb, c float32) { combine(current(), d, a, b, fa, fb, c) }

func combine(set *Set, d, a, b []float32, fa, fb, c float32) {
	if len(a) != len(d) || len(b) != len(d) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if set.combine != nil {
		for n := set.vectors(len(d)); n > 0; n = set.vectors(len(d) - done) {
			set.combine(&d[done], &a[done], &b[done], n, fa, fb, c)
			done += n
		}
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
	if set.leak != nil {
		for n := set.vectors(len(d)); n > 0; n = set.vectors(len(d) - done) {
			set.leak(&d[done], &s[done], n, slope)
			done += n
		}
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
	if set.leakBack != nil {
		for n := set.vectors(len(dy)); n > 0; n = set.vectors(len(dy) - done) {
			set.leakBack(&dy[done], &s[done], n, slope, &dslope)
			done += n
		}
	}
	for i := done; i < len(dy); i++ {
		if v := s[i]; !(v > 0) {
			dslope += dy[i] * v
			dy[i] *= slope
		}
	}
	return dslope
}

// gateRow does d[i] = (a[i] + b[i]) * d[i].
func gateRow(set *Set, d, a, b []float32) {
	done := products(set, set.gate, d, a, b)
	for i := done; i < len(d); i++ {
		d[i] *= a[i] + b[i]
	}
}

// MultiplyAdd does d[i] += a[i] * b[i]. Rows have the same length.
func MultiplyAdd(d, a, b []float32) { multiplyAdd(current(), d, a, b) }

func multiplyAdd(set *Set, d, a, b []float32) {
	done := products(set, set.multiplyAdd, d, a, b)
	for i := done; i < len(d); i++ {
		d[i] += a[i] * b[i]
	}
}

// places are the numbers of the places in a row, one more than the widest vectors have.
var places = func() (p [Line + 1]float32) {
	for i := range p {
		p[i] = float32(i)
	}
	return p
}()

// AddRamp does d[i] += s[i] * (at + step*i), every operation rounded on its own, so that the bits are the same with all kernel sets. Rows have the
// same length, at most 2^24.
func AddRamp(d, s []float32, at, step float32) { addRamp(current(), d, s, at, step) }

func addRamp(set *Set, d, s []float32, at, step float32) {
	if len(s) != len(d) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if set.addRamp != nil {
		for n := set.vectors(len(d)); n > 0; n = set.vectors(len(d) - done) {
			set.addRamp(&d[done], &s[done], &places[0], n, at, step, float32(done))
			done += n
		}
	}
	for i := done; i < len(d); i++ {
		d[i] += float32(s[i] * (at + float32(step*float32(i))))
	}
}

// products runs a kernel on whole vectors and tells how many numbers these are; none if there is no kernel.
func products(set *Set, run func(d, a, b *float32, n int), d, a, b []float32) int {
	if len(a) != len(d) || len(b) != len(d) {
		panic("kernel: rows of different lengths")
	}
	done := 0
	if run == nil {
		return 0
	}
	for n := set.vectors(len(d)); n > 0; n = set.vectors(len(d) - done) {
		run(&d[done], &a[done], &b[done], n)
		done += n
	}
	return done
}
