package tensor

import "math"

// Float16 converts an IEEE 754 half-precision number from its bits.
func Float16(bits uint16) float32 {
	sign := uint32(bits>>15) << 31
	exponent := uint32(bits>>10) & 31
	fraction := uint32(bits) & 0x3ff
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		v := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// ToFloat16 rounds a number to the nearest half-precision one, of two equally near ones to the even one, and gives its bits. ok is false if the
// number is larger than any of them; infinities and NaN stay what they are.
func ToFloat16(v float32) (bits uint16, ok bool) {
	const mantissa, smallest = 13, 113 << 23 // surplus bits of the fraction; 2^-14, the smallest normal number
	b := math.Float32bits(v)
	sign, b := uint16(b>>16)&0x8000, b&^(1<<31)
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00 | uint16(b>>mantissa)&0x3ff, true // the quiet bit keeps it a NaN
	case b == 0x7f800000:
		return sign | 0x7c00, true
	case b < smallest:
		// In units of 2^-24: a sum with 2^-1, whose last bit that is, rounds to them.
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-math.Float32bits(0.5)), true
	}
	// Half of the last bit that stays is added, a little less if that bit is even already; a carry goes into the exponent.
	rounded := b - (127-15)<<23 + 1<<(mantissa-1) - 1 + b>>mantissa&1
	if rounded>>mantissa >= 0x7c00 {
		return 0, false
	}
	return sign | uint16(rounded>>mantissa), true
}
