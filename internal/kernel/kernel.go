// Package kernel is the float32 arithmetic of the networks on planes in memory: convolutions, what goes between
// them, and their gradients; the way from 8-bit samples to planes and back,
// and the filters of PNG and lossless WebP. It knows neither graphs nor pictures.
//
// # The contract
//
// A Block is a band of rows of somebody's tensor. Functions compute rows y0 to y1-1 of a result and read the rows they need of
// their sources, which must be in memory; rows above and below a tensor are zeros. To the left and right of a tensor the caller
// has laid out zeros, as far as the taps reach. Sources and results do not overlap, unless a function says so. Nothing outside
// the rows is read or written, and nothing is allocated.
//
// A convolution is a sum over source rows, each with a weight. Grouped convolutions and convolutions over several
// tensors laid side by side differ only in their lists of rows, so that one inner loop, the row kernel (row.go), serves
// them all. The sum runs over the rows in a fixed order, the same for every pixel of a result row. 3x3 convolutions of enough planes
// are computed in tiles (winograd.go) that lie in a fixed grid, so that parts of a picture have the same bits as the whole.
//
// # Kernel sets
//
// A Set is an implementation of the inner loops. "generic" is pure Go, compiled everywhere, and the oracle for all others;
// "avx2", "avx512" and (on arm64) "neon" are assembly written by the program in gen (make gen). The best one that the processor can run is used;
// the environment variable CLASSSR_KERNEL forces another, and Select tells which is in use. Sets differ in the last bits of
// their results, because they round in different places; samples they convert and filter alike, and dense layers (dense.go), by which classes are
// chosen, they compute alike.
package kernel

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Environment names the variable that forces a kernel set.
const Environment = "CLASSSR_KERNEL"

// Set is an implementation of the inner loops.
type Set struct {
	name  string
	lanes int // float32 in a vector
	// maxOuts is how many result planes the row kernel computes at a time.
	maxOuts int
	row     func(outs int, a *rowArgs)
	// winogradIn and winogradOut are the transforms of a Winograd convolution, product what is between them.
	product func(outs int, a *productArgs)
	// winogradKernels transforms weights.
	winogradKernels func(a *kernelsArgs)
	winogradIn      func(a *winogradInArgs)
	winogradOut     func(a *winogradOutArgs)
	// wideIn, wideOut and wideKernels are those of wide tiles, wideLanes of which are a vector of the transforms; nil if the set has only narrow ones.
	wideIn      func(a *winogradInArgs)
	wideOut     func(a *winogradOutArgs)
	wideKernels func(a *kernelsArgs)
	wideLanes   int
	// dots adds inner products of up to dotsA rows with up to dotsB rows.
	dots         func(as, bs int, a *dotsArgs)
	dotsA, dotsB int
	// planesToLanes, the transforms to and from points, and outer make gradients of weights (gradient.go); nil if the set has no fast way. outer
	// does up to maxOuts results.
	planesToLanes                       func(a *lanesArgs)
	tilePoints, sourcePoints, sumPoints func(a *pointsArgs)
	outer                               func(outs int, a *outerArgs)
	// dense computes a dense layer at up to densePositions positions.
	dense          func(positions int, a *denseArgs)
	densePositions int
	// combine, leak and leakBack do what the loops in elementwise.go do for n numbers, a multiple of the lanes; nil if the set has no
	// fast way.
	combine  func(d, a, b *float32, n int, fa, fb, c float32)
	leak     func(d, s *float32, n int, slope float32)
	leakBack func(dy, s *float32, n int, slope float32, sum *float32)
	// gate, multiplyAdd and addRamp likewise
	gate, multiplyAdd func(d, a, b *float32, n int)
	addRamp           func(d, s, places *float32, n int, at, step, first float32)
	// interleave merges the beginning of count rows, dst[i*count+r] = rows[r*distance+i], and returns how far in i it came;
	// nil if the set has no fast way.
	interleave func(dst, rows []float32, distance, count int) int
	// separate does the opposite.
	separate func(rows, src []float32, distance, count int) int
	// floatsFromBytes and bytesFromFloats convert the beginning of a row of samples and return how many pixels they did, for steps
	// and numbers of channels from 1 to 4; nil if the set has no fast way.
	floatsFromBytes func(dst []float32, src []byte, step int) int
	bytesFromFloats func(dst []byte, src [maxChannels][]float32, channels int) int
	// filter and filterSums do the end of a row and return how many bytes they did; nil if the set has no fast way.
	filter     func(kind int, row, above []byte, pixelBytes int) int
	filterSums func(sums *[Filters]uint64, row, above []byte, pixelBytes int) int
	// predict likewise, and predictSums from the beginning on, in pixels after the first; adler32 does all. nil if the set has no fast way.
	predict     func(predictor int, row, above []uint32) int
	predictSums func(sums *[Predictors]uint32, row, above []uint32) int
	adler32     func(data []byte) uint32
	// yCbCr and halve do the beginning of a row and return how many samples they did, transformBlocks does all; nil if the set has no fast way.
	yCbCr func(y, cb, cr, rgb []byte) int
	halve func(dst, a, b []byte) int
	// rgb likewise, and widen from the second sample on
	rgb             func(rgb, y, cb, cr []byte, m *ColourMatrix) int
	widen           func(dst, own, near []byte) int
	transformBlocks func(coefficients []int16, masks []uint64, src []byte, stride int, q *Quantiser)
	// luma and laplacian do the beginning of a row and return how many results they did; nil if the set has no fast way.
	luma      func(dst []int32, rgb []byte) int
	laplacian func(dst, above, row, below []int32, limit int32) (done, zero, small int)
	// peak does rounds times peakMACs multiply-adds between registers.
	peak     func(rounds int)
	peakMACs int
}

var generic = &Set{
	name: "generic", lanes: 1, maxOuts: 16, row: rowGeneric,
	product: productGeneric, winogradIn: winogradInGeneric, winogradOut: winogradOutGeneric,
	winogradKernels: winogradKernelsGeneric,
	wideIn:          winogradInWideGeneric, wideOut: winogradOutWideGeneric, wideKernels: winogradKernelsWideGeneric, wideLanes: 1,
	dots: dotsGeneric, dotsA: 64, dotsB: 1 << 16,
	planesToLanes: planesToLanesGeneric,
	tilePoints:    tilePointsGeneric, sourcePoints: sourcePointsGeneric, sumPoints: sumPointsGeneric,
	outer: outerGeneric,
	dense: denseGeneric, densePositions: 64,
	peak: peakGeneric, peakMACs: 12,
}

// available lists the kernel sets that this machine can run, the best first.
var available = append(processorSets(), generic)

// Select is the kernel set in use: the one that CLASSSR_KERNEL asks for, or the best. It returns an error if this machine or
// build does not have the one asked for; programs call it when they start, so that a forced set is never silently replaced.
func Select() (string, error) {
	set, err := choose(os.Getenv(Environment))
	if err != nil {
		return "", err
	}
	return set.name, nil
}

// current is the set in use, which does not change while the program runs.
var current = sync.OnceValue(func() *Set {
	set, err := choose(os.Getenv(Environment))
	if err != nil {
		panic("kernel: CLASSSR_KERNEL asks for a set that is not there; call Select first")
	}
	return set
})

func choose(forced string) (*Set, error) {
	if forced == "" {
		return available[0], nil
	}
	var names []string
	for _, s := range available {
		if s.name == forced {
			return s, nil
		}
		names = append(names, s.name)
	}
	return nil, fmt.Errorf("%s=%s: this machine and build have only %s; unset it or choose one of these",
		Environment, forced, strings.Join(names, ", "))
}
