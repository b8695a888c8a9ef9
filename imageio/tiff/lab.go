package tiff

import "math"

// lab makes the way from stored L*a*b* to red, green, blue of sRGB in 0..1. Its white is D50, or D65 if the file says so.
func (f *scanner) lab() func(codes []uint16) [3]float64 {
	most, sign := float64(int(1)<<f.bits-1), uint16(1)<<(f.bits-1)
	unit := 1.0 // of a and b
	if f.bits == 16 {
		unit = 256
	}
	lightness := most / 100
	if f.photometric == modelICCLab && f.bits == 16 {
		lightness = 0xff00 / 100.0 // as ICC's profiles of version 2 have it
	}
	toRGB := labToSRGB
	if x := f.d.Rational(tagWhitePoint); math.Abs(x-0.3127) < 0.002 {
		toRGB = labD65ToSRGB
	}
	return func(codes []uint16) [3]float64 {
		a, b := codes[1], codes[2]
		if f.photometric == modelLab { // their highest bit is a sign
			a, b = a^sign, b^sign
		}
		return toRGB(float64(codes[0])/lightness, (float64(a)-float64(sign))/unit, (float64(b)-float64(sign))/unit)
	}
}

// labD65ToSRGB converts a colour whose white is sRGB's.
func labD65ToSRGB(l, a, b float64) [3]float64 {
	fy := (l + 16) / 116
	x, y, z := 0.95047*cubed(fy+a/500), cubed(fy), 1.08883*cubed(fy-b/200)
	return [3]float64{
		companded(3.2404542*x - 1.5371385*y - 0.4985314*z),
		companded(-0.9692660*x + 1.8760108*y + 0.0415560*z),
		companded(0.0556434*x - 0.2040259*y + 1.0572252*z),
	}
}

// labToSRGB converts a colour whose white is D50, and clips what lies outside of sRGB.
func labToSRGB(l, a, b float64) [3]float64 {
	fy := (l + 16) / 116
	x, y, z := 0.9642*cubed(fy+a/500), cubed(fy), 0.8249*cubed(fy-b/200)
	// From D50 to D65 (Bradford) and to sRGB's primaries, in one matrix.
	return [3]float64{
		companded(3.1338561*x - 1.6168667*y - 0.4906146*z),
		companded(-0.9787684*x + 1.9161415*y + 0.0334540*z),
		companded(0.0719453*x - 0.2289914*y + 1.4052427*z),
	}
}

// cubed is the inverse of the function that lightness follows.
func cubed(t float64) float64 {
	const epsilon = 6.0 / 29
	const kappa = 3 * epsilon * epsilon
	if t > epsilon {
		return t * t * t
	}
	return kappa * (t - 4.0/29)
}

// companded is sRGB's transfer function, of values clipped to 0..1.
func companded(v float64) float64 {
	switch {
	case !(v > 0):
		return 0
	case v >= 1:
		return 1
	case v <= 0.0031308:
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}
