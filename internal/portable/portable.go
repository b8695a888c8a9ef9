// Package portable has the exponentials and logarithms whose results decide something, with the same bits on every machine.
//
// Those of package math are assembly on some processors and fused on others (a*b + c rounded once), so that their last bits differ.
// These use nothing but what IEEE 754 rounds in one way only, + - * /, and math.Floor, Frexp and Ldexp, which are exact; each product
// that is added is converted to float64 first, which Go does not fuse. They are right to about 1e-15, relative, of results of ordinary
// size, and slower than those of package math: not for inner loops.
package portable

import "math"

// Exp2 is 2 to the power x. Beyond the largest float64 it is +Inf, below the smallest 0; NaN stays NaN. Whole powers are exact.
func Exp2(x float64) float64 {
	const beyond = 1100 // all results are Inf or 0
	switch {
	case math.IsNaN(x):
		return x
	case x > beyond:
		return math.Inf(1)
	case x < -beyond:
		return 0
	}
	whole := math.Floor(x + 0.5)
	// The Taylor series of exp at most 0.35 from 0, from its end: the first term left out is less than 1e-19.
	const terms = 15
	t, sum := float64((x-whole)*math.Ln2), 1.0
	for k := terms; k > 0; k-- {
		sum = 1 + float64(t/float64(k)*sum)
	}
	return float64(math.Ldexp(sum, int(whole)))
}

// Log2 is the logarithm of x to the base 2: -Inf of 0, +Inf of +Inf, NaN of NaN and of less than 0. That of powers of 2 is exact.
func Log2(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, exponent := math.Frexp(x)
	if m < math.Sqrt2/2 { // so that m is near 1, and exponent + log2(m) loses no digits
		m, exponent = 2*m, exponent-1
	}
	// log(m) = 2*atanh(s) = 2*(s + s^3/3 + s^5/5 + ...), |s| < 0.172: the first term left out is less than 1e-19 of the sum.
	const terms = 12
	s := (m - 1) / (m + 1)
	square, sum := float64(s*s), 0.0
	for k := terms; k >= 0; k-- {
		sum = 1/float64(2*k+1) + float64(square*sum)
	}
	return float64(exponent) + float64(s*sum*(2/math.Ln2))
}

// Exp is e to the power x, with the limits of Exp2.
func Exp(x float64) float64 { return Exp2(float64(x * math.Log2E)) }

// Pow10 is 10 to the power x, with the limits of Exp2.
func Pow10(x float64) float64 { return Exp2(float64(x * (math.Ln10 / math.Ln2))) }

// Log is the natural logarithm of x, with the limits of Log2.
func Log(x float64) float64 { return float64(Log2(x) * math.Ln2) }
