package resample

import (
	"math"
	"sync"
)

// The curve of sRGB (IEC 61966-2-1), both ways: stored values and light, each in 0..1.

// lightOf gives the light of a stored value.
func lightOf(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// storedOf gives the stored value of light.
func storedOf(light float64) float64 {
	if light <= darkest {
		return 12.92 * light
	}
	return 1.055*math.Pow(light, 1/2.4) - 0.055
}

// darkest is the light up to which the curve is a straight line.
const darkest = 0.0031308

// lightTable gives the light of each stored sample of a depth.
func lightTable(depth int) []float32 {
	if depth == 8 {
		return light8()
	}
	return light16()
}

var (
	light8  = sync.OnceValue(func() []float32 { return makeLight(8) })
	light16 = sync.OnceValue(func() []float32 { return makeLight(16) })
)

func makeLight(depth int) []float32 {
	table := make([]float32, 1<<depth)
	for i := range table {
		table[i] = float32(lightOf(float64(i) / float64(len(table)-1)))
	}
	return table
}

// Above the straight line the curve is read from a table, linearly between its entries. They are the numbers whose fractions have
// segmentBits bits: within a segment the curve departs from a straight line by less than a millionth.
const (
	segmentBits  = 8
	fractionBits = 23 - segmentBits
	firstSegment = (127 - 9) << segmentBits // of 2^-9, which is less than darkest
	endSegment   = 127 << segmentBits       // of 1
)

var storedTable = sync.OnceValue(func() []float32 {
	table := make([]float32, endSegment-firstSegment+1)
	for i := range table {
		at := math.Float32frombits(uint32(firstSegment+i) << fractionBits)
		table[i] = float32(1.055*math.Pow(float64(at), 1/2.4) - 0.055)
	}
	return table
})

// encodeRow turns light into stored values, in place. What is beyond 0..1 becomes 0 or 1.
func encodeRow(row, table []float32) {
	for i, v := range row {
		switch {
		case !(v > 0):
			row[i] = 0
		case v <= darkest:
			row[i] = 12.92 * v
		case v >= 1:
			row[i] = 1
		default:
			bits := math.Float32bits(v)
			k := bits>>fractionBits - firstSegment
			part := float32(bits&(1<<fractionBits-1)) * (1. / (1 << fractionBits))
			row[i] = table[k] + part*(table[k+1]-table[k])
		}
	}
}
