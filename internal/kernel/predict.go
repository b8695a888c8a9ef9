package kernel

import "math"

// Predictors is how many of the predictors of lossless WebP there are here.
const Predictors = 8

// PredictorModes are their numbers in files. l, t, tl and tr are the pixels to the left, above, above to the left and above to the right, and all is
// done byte by byte, with means rounded down:
//
//	 1  l
//	 2  t
//	 5  mean(mean(l, tr), t)
//	 7  mean(l, t)
//	10  mean(mean(l, tl), mean(t, tr))
//	11  l or t, whichever l + t - tl is nearer to, as the sum of all bytes; t where both are
//	12  l + t - tl, within 0..255
//	13  m + (m - tl)/2, within 0..255, with m = mean(l, t) and half of a negative number rounded up
var PredictorModes = [Predictors]uint8{1, 2, 5, 7, 10, 11, 12, 13}

// Predict replaces the pixels of a row but the first, which is the one to the left of the others, by their difference, modulo 256, from what a
// predictor predicts. predictor is an index of PredictorModes. above is a pixel longer than row: it begins above row's first. Every set gives these
// pixels.
func Predict(predictor int, row, above []uint32) { predict(samplesSet(), predictor, row, above) }

func predict(set *Set, predictor int, row, above []uint32) {
	n := len(row)
	above = above[:n+1]
	if set.predict != nil {
		n -= set.predict(predictor, row, above)
	}
	predictGeneric(PredictorModes[predictor], row[:n], above[:n+1])
}

// predictGeneric goes from right to left, so that what it reads was not replaced yet.
func predictGeneric(mode uint8, row, above []uint32) {
	for i := len(row) - 1; i > 0; i-- {
		row[i] = minus(row[i], predicted(mode, row[i-1], above[i], above[i-1], above[i+1]))
	}
}

// PredictSums adds to sums, for every predictor, about how many bits, in quarters, the differences of a row take that Predict would leave. The
// parameters are those of Predict. Every set gives these sums; a row has less than 2^24 pixels.
func PredictSums(sums *[Predictors]uint32, row, above []uint32) {
	predictSums(samplesSet(), sums, row, above)
}

func predictSums(set *Set, sums *[Predictors]uint32, row, above []uint32) {
	done := 0
	above = above[:len(row)+1]
	if set.predictSums != nil {
		done = set.predictSums(sums, row, above)
	}
	predictSumsGeneric(sums, row[done:], above[done:])
}

func predictSumsGeneric(sums *[Predictors]uint32, row, above []uint32) {
	for i := 1; i < len(row); i++ {
		for k, mode := range PredictorModes {
			d := minus(row[i], predicted(mode, row[i-1], above[i], above[i-1], above[i+1]))
			sums[k] += uint32(spread[d&0xff]) + uint32(spread[d>>8&0xff]) + uint32(spread[d>>16&0xff]) + uint32(spread[d>>24])
		}
	}
}

// spread is about how many bits, in quarters, a difference of a byte takes: as exactly as that goes below 16, and by eighths from there on.
var spread = func() (table [256]uint8) {
	for v := range table {
		size := max(int(int8(v)), -int(int8(v)))
		if size >= 16 {
			size = min(size/8, 15)*8 + 3 // and a half, as the eight have on average
			table[v] = uint8(4*math.Log2(float64(2+2*size)) + 0.5)
			continue
		}
		table[v] = uint8(4*math.Log2(float64(1+2*size)) + 0.5)
	}
	return table
}()

func predicted(mode uint8, l, t, tl, tr uint32) uint32 {
	switch mode {
	case 1:
		return l
	case 2:
		return t
	case 5:
		return mean(mean(l, tr), t)
	case 7:
		return mean(l, t)
	case 10:
		return mean(mean(l, tl), mean(t, tr))
	case 11:
		return nearer(l, t, tl)
	case 12:
		return eachByte(l, t, tl, func(l, t, tl int) int { return l + t - tl })
	}
	return eachByte(mean(l, t), 0, tl, func(m, _, tl int) int { return m + (m-tl)/2 })
}

// minus is a-b, byte by byte.
func minus(a, b uint32) uint32 {
	ag := 0x00ff00ff + (a & 0xff00ff00) - (b & 0xff00ff00)
	rb := 0xff00ff00 + (a & 0x00ff00ff) - (b & 0x00ff00ff)
	return ag&0xff00ff00 | rb&0x00ff00ff
}

// mean is the mean of bytes, rounded down.
func mean(a, b uint32) uint32 { return (a^b)&0xfefefefe>>1 + a&b }

// nearer is the pixel on the left or above, whichever the sum l + t - tl is nearer to.
func nearer(l, t, tl uint32) uint32 {
	fromTop, fromLeft := 0, 0
	for shift := 0; shift < 32; shift += 8 {
		c := int(tl >> shift & 0xff)
		fromLeft += distance(c, int(t>>shift&0xff))
		fromTop += distance(c, int(l>>shift&0xff))
	}
	if fromLeft < fromTop {
		return l
	}
	return t
}

// eachByte calls of for each byte of three pixels, and bounds what it gives.
func eachByte(a, b, c uint32, of func(a, b, c int) int) (out uint32) {
	for shift := 0; shift < 32; shift += 8 {
		v := of(int(a>>shift&0xff), int(b>>shift&0xff), int(c>>shift&0xff))
		out |= uint32(min(max(v, 0), 255)) << shift
	}
	return out
}
