package kernel

import (
	"os"
	"sync"
)

// maxChannels is how many samples a pixel has at most: red, green, blue and alpha.
const maxChannels = 4

// samplesSet is the set that converts samples. All sets give the same bits here, so a name that is no set's, which Select
// reports, is no reason to panic in a program that merely reads and writes pictures.
var samplesSet = sync.OnceValue(setForSamples)

func setForSamples() *Set {
	set, err := choose(os.Getenv(Environment))
	if err != nil {
		return generic
	}
	return set
}

// FloatsFromBytes brings samples of 0..255 that lie step bytes apart into 0..1:
//
//	dst[i] = float32(src[i*step]) / 255
//
// Every set gives these bits.
func FloatsFromBytes(dst []float32, src []byte, step int) {
	floatsFromBytes(samplesSet(), dst, src, step)
}

func floatsFromBytes(set *Set, dst []float32, src []byte, step int) {
	if set.floatsFromBytes != nil && step <= maxChannels {
		done := set.floatsFromBytes(dst, src, step)
		dst, src = dst[done:], src[min(done*step, len(src)):]
	}
	floatsFromBytesGeneric(dst, src, step)
}

// units holds k/255, so that reading a sample needs no division.
var units = func() (table [256]float32) {
	for k := range table {
		table[k] = float32(k) / 255
	}
	return table
}()

func floatsFromBytesGeneric(dst []float32, src []byte, step int) {
	at := 0
	for i := range dst {
		dst[i] = units[src[at]]
		at += step
	}
}

// BytesFromFloats brings numbers into the first samples of pixels that lie step bytes apart, 0..1 into 0..255, rounded half up:
//
//	dst[i*step+c] = byte(floor(min(max(src[c][i], 0), 1)*255 + 0.5))      // with more digits than float32 has
//
// A NaN becomes 0. The planes are of one length. Every set gives these bits; the fast ones are so where the planes are all
// samples of a pixel, at most four.
func BytesFromFloats(dst []byte, step int, src [][]float32) {
	bytesFromFloats(samplesSet(), dst, step, src)
}

func bytesFromFloats(set *Set, dst []byte, step int, src [][]float32) {
	done := 0
	if set.bytesFromFloats != nil && step == len(src) && step <= maxChannels {
		n := len(src[0])
		var planes [maxChannels][]float32
		for c := range src {
			planes[c] = src[c][:n]
		}
		done = set.bytesFromFloats(dst[:n*step], planes, step)
	}
	bytesFromFloatsGeneric(dst, step, src, done)
}

// bytesFromFloatsGeneric starts at the pixel first.
func bytesFromFloatsGeneric(dst []byte, step int, src [][]float32, first int) {
	for c, row := range src {
		at := first*step + c
		for _, v := range row[first:] {
			dst[at] = sample(v)
			at += step
		}
	}
}

// sample takes the product in float64, where it is exact, so that no value just below a half is rounded up.
func sample(v float32) byte {
	// Written so that a NaN, which compares false with everything, becomes 0.
	if !(v > 0) {
		return 0
	}
	if v >= 1 {
		return 255
	}
	return byte(float64(v)*255 + 0.5)
}
