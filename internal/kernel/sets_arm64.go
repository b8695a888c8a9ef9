package kernel

import "unsafe"

// processorSets lists the set of assembly for this processor: all of its kind have NEON.
func processorSets() []*Set {
	return []*Set{{
		name: "neon", lanes: 4, maxOuts: len(rowsNEON),
		row:         func(outs int, a *rowArgs) { rowsNEON[outs-1]((*byte)(unsafe.Pointer(a))) },
		product:     func(outs int, a *productArgs) { productsNEON[outs-1]((*byte)(unsafe.Pointer(a))) },
		winogradIn:  func(a *winogradInArgs) { winogradInNEON((*byte)(unsafe.Pointer(a))) },
		winogradOut: func(a *winogradOutArgs) { winogradOutNEON((*byte)(unsafe.Pointer(a))) },
		// Only networks too large to keep transformed weights need this often.
		winogradKernels: winogradKernelsGeneric,
		wideIn:          func(a *winogradInArgs) { winogradInWideNEON((*byte)(unsafe.Pointer(a))) },
		wideOut:         func(a *winogradOutArgs) { winogradOutWideNEON((*byte)(unsafe.Pointer(a))) },
		wideKernels:     winogradKernelsWideGeneric,
		wideLanes:       4,
		dots:            func(as, bs int, a *dotsArgs) { dotsNEON[as-1][bs-1]((*byte)(unsafe.Pointer(a))) },
		dotsA:           len(dotsNEON), dotsB: len(dotsNEON[0]),
		dense:          func(positions int, a *denseArgs) { denseNEON[positions-1]((*byte)(unsafe.Pointer(a))) },
		densePositions: len(denseNEON),
		combine:        combineNEON, leak: leakNEON, leakBack: leakBackNEON,
		gate: gateNEON, multiplyAdd: multiplyAddNEON, addRamp: addRampNEON,
		interleave: interleaveOnNEON, floatsFromBytes: floatsFromBytesOnNEON, bytesFromFloats: bytesFromFloatsOnNEON,
		peak: peakNEON, peakMACs: 24 * 4,
	}}
}

var rowsNEON = [...]func(*byte){
	rowNEONx1, rowNEONx2, rowNEONx3, rowNEONx4, rowNEONx5, rowNEONx6, rowNEONx7, rowNEONx8,
}

var productsNEON = [...]func(*byte){
	productNEONx1, productNEONx2, productNEONx3, productNEONx4, productNEONx5, productNEONx6, productNEONx7, productNEONx8,
}

var dotsNEON = [...][4]func(*byte){
	{dotsNEONx1x1, dotsNEONx1x2, dotsNEONx1x3, dotsNEONx1x4},
	{dotsNEONx2x1, dotsNEONx2x2, dotsNEONx2x3, dotsNEONx2x4},
	{dotsNEONx3x1, dotsNEONx3x2, dotsNEONx3x3, dotsNEONx3x4},
	{dotsNEONx4x1, dotsNEONx4x2, dotsNEONx4x3, dotsNEONx4x4},
}

var denseNEON = [...]func(*byte){denseNEONx1, denseNEONx2, denseNEONx3, denseNEONx4}

// interleaveOnNEON merges whole chunks of four numbers of two or four rows.
func interleaveOnNEON(dst, rows []float32, distance, count int) int {
	chunks := len(dst) / count / 4
	if chunks == 0 || len(rows) < (count-1)*distance+4*chunks {
		return 0
	}
	switch count {
	case 2:
		interleave2NEON(&dst[0], &rows[0], distance*floatBytes, chunks)
	case 4:
		interleave4NEON(&dst[0], &rows[0], distance*floatBytes, chunks)
	default:
		return 0
	}
	return 4 * chunks
}

// floatsFromBytesOnNEON converts whole chunks of eight samples, of which all bytes of eight pixels are read.
func floatsFromBytesOnNEON(dst []float32, src []byte, step int) int {
	convert := [...]func(*float32, *byte, int){floatsFromBytes1NEON, floatsFromBytes2NEON, floatsFromBytes3NEON, floatsFromBytes4NEON}[step-1]
	done := 0
	for chunks := min(len(dst)/8, len(src)/(8*step)); chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		convert(&dst[done], &src[done*step], n)
		done += 8 * n
	}
	return done
}

// bytesFromFloatsOnNEON converts whole chunks of eight pixels.
func bytesFromFloatsOnNEON(dst []byte, src [maxChannels][]float32, channels int) int {
	convert := [...]func(*byte, **float32, int){bytesFromFloats1NEON, bytesFromFloats2NEON, bytesFromFloats3NEON, bytesFromFloats4NEON}[channels-1]
	done := 0
	for chunks := len(dst) / channels / 8; chunks > 0; chunks -= maxChunks {
		n := min(chunks, maxChunks)
		var rows [maxChannels]*float32
		for c := range channels {
			rows[c] = &src[c][done]
		}
		convert(&dst[done*channels], &rows[0], n)
		done += 8 * n
	}
	return done
}
