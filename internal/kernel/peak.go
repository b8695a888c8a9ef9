package kernel

import "classsr/internal/stopwatch"

// Peak measures how many multiply-adds a second one thread does with the kernel set in use if nothing else is in its way: the
// ceiling for direct convolutions. It takes the best of several short runs, about a tenth of a second in all.
func Peak() float64 {
	const rounds, runs = 400_000, 20
	set := current()
	best := 0.0
	for range runs {
		watch := stopwatch.Start()
		set.peak(rounds)
		best = max(best, rounds*float64(set.peakMACs)/watch.Elapsed().Seconds())
	}
	return best
}

// peakSink keeps the compiler from leaving the sums out.
var peakSink float32

// peakGeneric is the loop in Go: one multiplication and one addition for each multiply-add, in twelve chains.
func peakGeneric(rounds int) {
	a, b := peakSink, peakSink+1
	s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11 := a, b, a, b, a, b, a, b, a, b, a, b
	for range rounds {
		s0, s1, s2, s3 = s0*a+b, s1*a+b, s2*a+b, s3*a+b
		s4, s5, s6, s7 = s4*a+b, s5*a+b, s6*a+b, s7*a+b
		s8, s9, s10, s11 = s8*a+b, s9*a+b, s10*a+b, s11*a+b
	}
	peakSink = (s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11) * 0
}
