package kernel

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// processorSets lists the sets of assembly that this processor can run, the best first.
func processorSets() []*Set {
	var sets []*Set
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512VL, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		sets = append(sets, assembly{
			name: "avx512", lanes: 16, rows: rowsAVX512[:], products: productsAVX512[:], dots: dotsAVX512[:], dotsA: 4, dotsB: 6,
			dense:      denseAVX512[:],
			outers:     outersAVX512[:],
			winogradIn: winogradInAVX512, winogradOut: winogradOutAVX512, winogradKernels: winogradKernelsAVX512,
			combine: combineAVX512, leak: leakAVX512, leakBack: leakBackAVX512,
			gate: gateAVX512, multiplyAdd: multiplyAddAVX512, addRamp: addRampAVX512, peak: peakAVX512,
		}.set())
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets = append(sets, assembly{
			name: "avx2", lanes: 8, rows: rowsAVX2[:], products: productsAVX2[:], dots: dotsAVX2[:], dotsA: 3, dotsB: 4,
			dense:      denseAVX2[:],
			outers:     outersAVX2[:],
			winogradIn: winogradInAVX2, winogradOut: winogradOutAVX2, winogradKernels: winogradKernelsAVX2,
			combine: combineAVX2, leak: leakAVX2, leakBack: leakBackAVX2,
			gate: gateAVX2, multiplyAdd: multiplyAddAVX2, addRamp: addRampAVX2, peak: peakAVX2,
		}.set())
	}
	return sets
}

// assembly is the functions of a set as they are written: the ones in slices are for one, two, three, ... result planes.
type assembly struct {
	name                    string
	lanes                   int
	rows, products, outers  []func(*byte)
	winogradIn, winogradOut func(*byte)
	winogradKernels         func(*byte)
	dots                    []func(*byte) // for each number of rows a, for each number of rows b
	dotsA, dotsB            int
	dense                   []func(*byte) // for one, two, ... positions
	combine                 func(d, a, b *float32, n int, fa, fb, c float32)
	leak                    func(d, s *float32, n int, slope float32)
	leakBack                func(dy, s *float32, n int, slope float32, sum *float32)
	gate, multiplyAdd       func(d, a, b *float32, n int)
	addRamp                 func(d, s, places *float32, n int, at, step, first float32)
	peak                    func(int)
}

func (f assembly) set() *Set {
	return &Set{
		name: f.name, lanes: f.lanes, maxOuts: len(f.rows),
		row:             func(outs int, a *rowArgs) { f.rows[outs-1]((*byte)(unsafe.Pointer(a))) },
		product:         func(outs int, a *productArgs) { f.products[outs-1]((*byte)(unsafe.Pointer(a))) },
		winogradIn:      func(a *winogradInArgs) { f.winogradIn((*byte)(unsafe.Pointer(a))) },
		winogradOut:     func(a *winogradOutArgs) { f.winogradOut((*byte)(unsafe.Pointer(a))) },
		winogradKernels: func(a *kernelsArgs) { f.winogradKernels((*byte)(unsafe.Pointer(a))) },
		wideIn:          func(a *winogradInArgs) { winogradInWideAVX2((*byte)(unsafe.Pointer(a))) },
		wideOut:         func(a *winogradOutArgs) { winogradOutWideAVX2((*byte)(unsafe.Pointer(a))) },
		wideKernels:     func(a *kernelsArgs) { winogradKernelsWideAVX2((*byte)(unsafe.Pointer(a))) },
		wideLanes:       8,
		dots:            func(as, bs int, a *dotsArgs) { f.dots[(as-1)*f.dotsB+bs-1]((*byte)(unsafe.Pointer(a))) },
		dotsA:           f.dotsA, dotsB: f.dotsB,
		planesToLanes:  func(a *lanesArgs) { planesToLanes8((*byte)(unsafe.Pointer(a))) },
		tilePoints:     func(a *pointsArgs) { tilePoints8((*byte)(unsafe.Pointer(a))) },
		sourcePoints:   func(a *pointsArgs) { sourcePoints8((*byte)(unsafe.Pointer(a))) },
		sumPoints:      func(a *pointsArgs) { sumPoints8((*byte)(unsafe.Pointer(a))) },
		outer:          func(outs int, a *outerArgs) { f.outers[outs-1]((*byte)(unsafe.Pointer(a))) },
		dense:          func(positions int, a *denseArgs) { f.dense[positions-1]((*byte)(unsafe.Pointer(a))) },
		densePositions: len(f.dense),
		combine:        f.combine, leak: f.leak, leakBack: f.leakBack,
		gate: f.gate, multiplyAdd: f.multiplyAdd, addRamp: f.addRamp,
		interleave: interleaveAssembly, separate: separateAssembly,
		peak: f.peak, peakMACs: 12 * f.lanes,
		floatsFromBytes: floatsFromBytesAssembly, bytesFromFloats: bytesFromFloatsAssembly,
		filter: filterAssembly, filterSums: filterSumsAssembly,
		predict: predictAssembly, predictSums: predictSumsAssembly, adler32: adler32Assembly,
		rgb: rgbAssembly, widen: widenAssembly,
		yCbCr: yCbCrAssembly, halve: halveAssembly, transformBlocks: transformBlocksAssembly,
		luma: lumaAssembly, laplacian: laplacianAssembly,
	}
}

var rowsAVX512 = [...]func(*byte){
	rowAVX512x1, rowAVX512x2, rowAVX512x3, rowAVX512x4, rowAVX512x5, rowAVX512x6, rowAVX512x7,
	rowAVX512x8, rowAVX512x9, rowAVX512x10, rowAVX512x11, rowAVX512x12, rowAVX512x13,
}

var productsAVX512 = [...]func(*byte){
	productAVX512x1, productAVX512x2, productAVX512x3, productAVX512x4, productAVX512x5, productAVX512x6, productAVX512x7,
	productAVX512x8, productAVX512x9, productAVX512x10, productAVX512x11, productAVX512x12, productAVX512x13,
}

var productsAVX2 = [...]func(*byte){
	productAVX2x1, productAVX2x2, productAVX2x3, productAVX2x4, productAVX2x5, productAVX2x6,
}

var outersAVX512 = [...]func(*byte){
	outerAVX512x1, outerAVX512x2, outerAVX512x3, outerAVX512x4, outerAVX512x5, outerAVX512x6, outerAVX512x7,
	outerAVX512x8, outerAVX512x9, outerAVX512x10, outerAVX512x11, outerAVX512x12, outerAVX512x13,
}

var outersAVX2 = [...]func(*byte){outerAVX2x1, outerAVX2x2, outerAVX2x3, outerAVX2x4, outerAVX2x5, outerAVX2x6}

var dotsAVX512 = [...]func(*byte){
	dotsAVX512x1x1, dotsAVX512x1x2, dotsAVX512x1x3, dotsAVX512x1x4, dotsAVX512x1x5, dotsAVX512x1x6,
	dotsAVX512x2x1, dotsAVX512x2x2, dotsAVX512x2x3, dotsAVX512x2x4, dotsAVX512x2x5, dotsAVX512x2x6,
	dotsAVX512x3x1, dotsAVX512x3x2, dotsAVX512x3x3, dotsAVX512x3x4, dotsAVX512x3x5, dotsAVX512x3x6,
	dotsAVX512x4x1, dotsAVX512x4x2, dotsAVX512x4x3, dotsAVX512x4x4, dotsAVX512x4x5, dotsAVX512x4x6,
}

var dotsAVX2 = [...]func(*byte){
	dotsAVX2x1x1, dotsAVX2x1x2, dotsAVX2x1x3, dotsAVX2x1x4,
	dotsAVX2x2x1, dotsAVX2x2x2, dotsAVX2x2x3, dotsAVX2x2x4,
	dotsAVX2x3x1, dotsAVX2x3x2, dotsAVX2x3x3, dotsAVX2x3x4,
}

var denseAVX512 = [...]func(*byte){denseAVX512x1, denseAVX512x2, denseAVX512x3, denseAVX512x4, denseAVX512x5, denseAVX512x6}

var denseAVX2 = [...]func(*byte){denseAVX2x1, denseAVX2x2, denseAVX2x3, denseAVX2x4, denseAVX2x5, denseAVX2x6}

var rowsAVX2 = [...]func(*byte){rowAVX2x1, rowAVX2x2, rowAVX2x3, rowAVX2x4, rowAVX2x5, rowAVX2x6}

// interleaveAssembly merges whole chunks of eight numbers of two or four rows.
func interleaveAssembly(dst, rows []float32, distance, count int) int {
	chunks := len(dst) / count / 8
	if chunks == 0 || len(rows) < (count-1)*distance+8*chunks {
		return 0
	}
	switch count {
	case 2:
		interleave2(&dst[0], &rows[0], distance*floatBytes, chunks)
	case 4:
		interleave4(&dst[0], &rows[0], distance*floatBytes, chunks)
	default:
		return 0
	}
	return 8 * chunks
}

// separateAssembly takes whole chunks of eight numbers of two or four rows apart.
func separateAssembly(rows, src []float32, distance, count int) int {
	chunks := len(src) / count / 8
	if chunks == 0 || len(rows) < (count-1)*distance+8*chunks {
		return 0
	}
	switch count {
	case 2:
		separate2(&rows[0], &src[0], distance*floatBytes, chunks)
	case 4:
		separate4(&rows[0], &src[0], distance*floatBytes, chunks)
	default:
		return 0
	}
	return 8 * chunks
}

// floatsFromBytesAssembly converts whole chunks of eight samples.
func floatsFromBytesAssembly(dst []float32, src []byte, step int) int {
	// The last chunk reads 16 bytes from its fifth sample on.
	chunks := min(len(dst)/8, (len(src)+4*step-16)/(8*step))
	done := 0
	for ; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		floatsFromBytesAVX2(&dst[done], &src[done*step], step, n)
		done += 8 * n
	}
	return done
}

// bytesFromFloatsAssembly converts whole chunks of eight pixels.
func bytesFromFloatsAssembly(dst []byte, src [maxChannels][]float32, channels int) int {
	done := 0
	for chunks := len(dst) / channels / 8; chunks > 0; chunks -= maxChunks {
		n, to := min(chunks, maxChunks), &dst[done*channels]
		switch channels {
		case 1:
			bytesFromFloats1AVX2(to, &src[0][done], n)
		case 2:
			bytesFromFloats2AVX2(to, &src[0][done], &src[1][done], n)
		case 3:
			bytesFromFloats3AVX2(to, &src[0][done], &src[1][done], &src[2][done], n)
		case 4:
			bytesFromFloats4AVX2(to, &src[0][done], &src[1][done], &src[2][done], &src[3][done], n)
		}
		done += 8 * n
	}
	return done
}

// filterAssembly filters whole chunks of 32 bytes, up to the row's end.
func filterAssembly(kind int, row, above []byte, pixelBytes int) int {
	done := 0
	for chunks := (len(row) - pixelBytes) / 32; chunks > 0 && kind != FilterNone; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		from := len(row) - done - 32*n
		at, up := &row[from], &above[from]
		switch kind {
		case FilterSub:
			filterSubAVX2(at, up, pixelBytes, n)
		case FilterUp:
			filterUpAVX2(at, up, pixelBytes, n)
		case FilterAverage:
			filterAverageAVX2(at, up, pixelBytes, n)
		case FilterPaeth:
			filterPaethAVX2(at, up, pixelBytes, n)
		}
		done += 32 * n
	}
	return done
}

// filterSumsAssembly sums up whole chunks of 32 bytes, up to the row's end.
func filterSumsAssembly(sums *[Filters]uint64, row, above []byte, pixelBytes int) int {
	done := 0
	for chunks := (len(row) - pixelBytes) / 32; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		from := len(row) - done - 32*n
		filterSumsAVX2(&sums[FilterNone], &row[from], &above[from], pixelBytes, n)
		filterSumPaethAVX2(&sums[FilterPaeth], &row[from], &above[from], pixelBytes, n)
		done += 32 * n
	}
	return done
}

var predictAVX2 = [Predictors]func(row, above *uint32, chunks int){
	predict1AVX2, predict2AVX2, predict5AVX2, predict7AVX2, predict10AVX2, predict11AVX2, predict12AVX2, predict13AVX2,
}

// predictAssembly replaces whole chunks of eight pixels, up to the row's end.
func predictAssembly(predictor int, row, above []uint32) int {
	done := 0
	for chunks := (len(row) - 1) / 8; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		from := len(row) - done - 8*n
		predictAVX2[predictor](&row[from], &above[from], n)
		done += 8 * n
	}
	return done
}

// predictSumsAssembly sums up whole chunks of eight pixels.
func predictSumsAssembly(sums *[Predictors]uint32, row, above []uint32) int {
	done := 0
	for chunks := (len(row) - 1) / 8; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		predictSumsAVX2(&sums[0], &row[1+done], &above[1+done], n)
		done += 8 * n
	}
	return done
}

// adler32Assembly does whole chunks of 32 bytes, and the rest one by one.
func adler32Assembly(data []byte) uint32 {
	a, b := uint64(1), uint64(0)
	for len(data) >= 32 {
		n := min(len(data)/32, 8*maxChunks)
		sum, weighted := adler32AVX2(&data[0], n)
		b = (b + uint64(32*n)*a + weighted) % adlerMod
		a = (a + sum) % adlerMod
		data = data[32*n:]
	}
	for _, v := range data {
		a += uint64(v)
		b += a
	}
	return uint32(b%adlerMod<<16 | a%adlerMod)
}

// yCbCrAssembly converts whole chunks of sixteen pixels.
func yCbCrAssembly(y, cb, cr, rgb []byte) int {
	done := 0
	for chunks := (len(rgb) - 4) / 48; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		yCbCrAVX2(&y[done], &cb[done], &cr[done], &rgb[3*done], n)
		done += 16 * n
	}
	return done
}

// halveAssembly makes whole chunks of sixteen samples.
func halveAssembly(dst, a, b []byte) int {
	done := 0
	for chunks := len(dst) / 16; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		halveAVX2(&dst[done], &a[2*done], &b[2*done], n)
		done += 16 * n
	}
	return done
}

// rgbAssembly converts whole chunks of eight pixels.
func rgbAssembly(rgb, y, cb, cr []byte, m *ColourMatrix) int {
	factors := [...]int32{m.Black, m.Luminance, m.RedCr, m.GreenCb, m.GreenCr, m.BlueCb}
	done := 0
	for chunks := len(y) / 8; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		rgbAVX2(&rgb[3*done], &y[done], &cb[done], &cr[done], &factors[0], n)
		done += 8 * n
	}
	return done
}

// widenAssembly makes samples of whole chunks of sixteen from the second one on, and none of the last one.
func widenAssembly(dst, own, near []byte) int {
	done := 0
	for chunks := (len(own) - 2) / 16; chunks > 0; chunks -= maxChunks {
		n, from := min(chunks, maxChunks), 1+done
		widenAVX2(&dst[2*from], &own[from], &near[from], n)
		done += 16 * n
	}
	return done
}

// transformBlocksAssembly does all blocks.
func transformBlocksAssembly(coefficients []int16, masks []uint64, src []byte, stride int, q *Quantiser) {
	for done := 0; done < len(masks); done += 2 * maxChunks {
		n := min((len(masks)-done)/2, maxChunks)
		transformBlocksAVX2(&coefficients[done*BlockSize], &masks[done], &src[done*blockSide], stride, &q.tables[0][0], n)
	}
}

// lumaAssembly does whole chunks of eight pixels.
func lumaAssembly(dst []int32, rgb []byte) int {
	done := 0
	for chunks := (len(rgb) - 4) / 24; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		lumaAVX2(&dst[done], &rgb[3*done], n)
		done += 8 * n
	}
	return done
}

// laplacianAssembly does whole chunks of eight numbers.
func laplacianAssembly(dst, above, row, below []int32, limit int32) (done, zero, small int) {
	for chunks := len(dst) / 8; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		none, large := laplacianAVX2(&dst[done], &above[done], &row[done], &below[done], n, limit)
		zero, small = zero+none, small+8*n-large
		done += 8 * n
	}
	return done, zero, small
}
