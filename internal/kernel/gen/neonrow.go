package main

import "fmt"

const (
	// neonOuts is how many result planes a kernel computes at a time: with three vectors each, 24 of 32 registers.
	neonOuts = 8
	neonSums = 24
	// Registers of vectors behind the sums: source rows, weights, and what activations need.
	neonSource, neonWeight, neonZero, neonOther = 24, 28, 30, 31
	// Registers that row and product kernels share: arguments, how many numbers are left, bytes before them, weights.
	rArgs, rLeft, rX, rWeight = 0, 1, 2, 5
)

// neonWide lists how many vectors of a row are worked on at a time, the most first.
func neonWide(outs int) []int {
	switch most := neonSums / outs; {
	case most >= 8:
		return []int{8, 4, 2, 1}
	case most >= 4:
		return []int{4, 2, 1}
	}
	return []int{3, 2, 1}
}

// chunks writes the loops over what is left of a row: first as many vectors at a time as there are registers for, then fewer.
func (f *neonFile) chunks(outs int, chunk func(label string, wide int)) {
	for _, wide := range neonWide(outs) {
		label := fmt.Sprint("wide", wide)
		f.label(label)
		f.op("CMP $%d, R%d", 4*wide, rLeft)
		f.op("BLT %sdone", label)
		chunk(label, wide)
		f.op("ADD $%d, R%d", 16*wide, rX)
		f.op("SUB $%d, R%d", 4*wide, rLeft)
		f.op("B %s", label)
		f.label(label + "done")
	}
}

// row writes the row kernel for so many results.
func (f *neonFile) row(outs int) {
	f.function(fmt.Sprintf("rowNEONx%d", outs), "func(a *byte)", 0, 8, fmt.Sprintf("computes a row of %d result planes as rowGeneric does.", outs))
	f.op("MOVD a+0(FP), R%d", rArgs)
	f.op("MOVD %d(R%d), R%d", argN, rArgs, rLeft)
	f.op("MOVD $0, R%d", rX)
	f.chunks(outs, func(label string, wide int) { f.rowChunk(label, outs, wide, 4) })
	f.op("CBZ R%d, end", rLeft)
	for numbers := 3; numbers > 1; numbers-- {
		f.op("CMP $%d, R%d", numbers, rLeft)
		f.op("BEQ rest%d", numbers)
	}
	for numbers := 1; numbers < 4; numbers++ {
		label := fmt.Sprint("rest", numbers)
		f.label(label)
		f.rowChunk(label, outs, 1, numbers)
		f.op("B end")
	}
	f.label("end")
	f.op("RET")
}

// rowChunk computes wide vectors of the row from byte rX on in all result planes; if it is one, perhaps only its first numbers.
func (f *neonFile) rowChunk(label string, outs, wide, numbers int) {
	const rSegment, rSegments, rSrc, rPlanes, rAt, rTaps, rPlane = 3, 4, 6, 7, 8, 9, 10
	f.op("MOVD %d(R%d), R%d", argBias, rArgs, rAt)
	for o := range outs {
		f.broadcast(o*wide, rAt)
		f.op("ADD $4, R%d", rAt)
		for v := 1; v < wide; v++ {
			f.move(o*wide+v, o*wide)
		}
	}
	f.op("MOVD %d(R%d), R%d", argSegments, rArgs, rSegment)
	f.op("MOVD %d(R%d), R%d", argSegmentCount, rArgs, rSegments)
	f.op("MOVD %d(R%d), R%d", argWeight, rArgs, rWeight)
	f.label(label + "segment")
	f.op("MOVD %d(R%d), R%d", segmentSrc, rSegment, rSrc)
	f.op("ADD R%d, R%d", rX, rSrc)
	f.op("MOVD %d(R%d), R%d", segmentCount, rSegment, rPlanes)
	f.op("MOVD %d(R%d), R%d", segmentPlane, rSegment, rPlane)
	f.label(label + "plane")
	f.op("MOVD R%d, R%d", rSrc, rAt)
	f.op("MOVD %d(R%d), R%d", argTaps, rArgs, rTaps)
	f.label(label + "tap")
	f.tap(outs, wide, numbers, rAt)
	f.op("ADD $4, R%d", rAt)
	f.op("SUBS $1, R%d", rTaps)
	f.op("BNE %stap", label)
	f.op("ADD R%d, R%d", rPlane, rSrc)
	f.op("SUBS $1, R%d", rPlanes)
	f.op("BNE %splane", label)
	f.op("ADD $%d, R%d", segmentBytes, rSegment)
	f.op("SUBS $1, R%d", rSegments)
	f.op("BNE %ssegment", label)
	f.finish(label, outs, wide, numbers)
}

// tap adds one weighted source row to all sums, and goes on behind its weights. Up to three weights behind them are read.
func (f *neonFile) tap(outs, wide, numbers, rAt int) {
	f.loadVectors(neonWeight, (outs+3)/4, memory{rWeight, 0})
	f.op("ADD $%d, R%d", 4*outs, rWeight)
	const together = neonWeight - neonSource
	for first := 0; first < wide; first += together {
		n := min(wide-first, together)
		if numbers < 4 {
			f.loadFirst(neonSource, numbers, memory{rAt, 0})
		} else {
			f.loadVectors(neonSource, n, memory{rAt, 16 * first})
		}
		for o := range outs {
			for v := range n {
				f.fmlaLane(o*wide+first+v, neonSource+v, neonWeight+o/4, o%4)
			}
		}
	}
}

// finish adds the skip connection, activates and stores.
func (f *neonFile) finish(label string, outs, wide, numbers int) {
	const rAdd, rStep = 11, 12
	each := func(do func(o, v int, at memory)) {
		for o := range outs {
			for v := range wide {
				do(o, v, memory{rAdd, 16 * v})
			}
			if o+1 < outs {
				f.op("ADD R%d, R%d", rStep, rAdd)
			}
		}
	}
	f.op("MOVD %d(R%d), R%d", argAdd, rArgs, rAdd)
	f.op("CBZ R%d, %sadded", rAdd, label)
	f.op("ADD R%d, R%d", rX, rAdd)
	f.op("MOVD %d(R%d), R%d", argAddPlane, rArgs, rStep)
	each(func(o, v int, at memory) {
		f.loadFirst(neonSource, numbers, at)
		f.fadd(o*wide+v, o*wide+v, neonSource)
	})
	f.label(label + "added")
	f.op("MOVD %d(R%d), R%d", argSlope, rArgs, rAdd)
	f.op("CBZ R%d, %sactivated", rAdd, label)
	f.zero(neonZero)
	for o := range outs {
		f.broadcast(neonWeight, rAdd)
		f.op("ADD $4, R%d", rAdd)
		for v := range wide {
			f.activate(o*wide+v, neonZero, neonWeight, neonOther)
		}
	}
	f.label(label + "activated")
	f.op("MOVD %d(R%d), R%d", argDst, rArgs, rAdd)
	f.op("ADD R%d, R%d", rX, rAdd)
	f.op("MOVD %d(R%d), R%d", argDstPlane, rArgs, rStep)
	each(func(o, v int, at memory) { f.storeFirst(o*wide+v, numbers, at) })
}

// product writes the kernel of a Winograd convolution's products for so many result planes.
func (f *neonFile) product(outs int) {
	const rPlane, rTransformed, rProducts, rFrequencies, rAt, rPlanes, rFirst = 3, 4, 6, 7, 8, 9, 10
	f.function(fmt.Sprintf("productNEONx%d", outs), "func(a *byte)", 0, 8, fmt.Sprintf("computes %d result planes as productGeneric does.", outs))
	f.op("MOVD a+0(FP), R%d", rArgs)
	for _, a := range []struct{ offset, to int }{
		{productPlane, rPlane}, {productWeight, rFirst}, {productTransformed, rTransformed}, {productProducts, rProducts}, {productFrequencies, rFrequencies},
	} {
		f.op("MOVD %d(R%d), R%d", a.offset, rArgs, a.to)
	}
	f.label("frequency")
	f.op("MOVD %d(R%d), R%d", productTiles, rArgs, rLeft)
	f.op("MOVD $0, R%d", rX)
	f.chunks(outs, func(label string, wide int) {
		for i := range outs * wide {
			f.zero(i)
		}
		f.op("MOVD R%d, R%d", rFirst, rWeight)
		f.op("ADD R%d, R%d, R%d", rX, rTransformed, rAt)
		f.op("MOVD %d(R%d), R%d", productPlanes, rArgs, rPlanes)
		f.label(label + "plane")
		f.tap(outs, wide, 4, rAt)
		f.op("ADD R%d, R%d", rPlane, rAt)
		f.op("SUBS $1, R%d", rPlanes)
		f.op("BNE %splane", label)
		f.op("ADD R%d, R%d, R%d", rX, rProducts, rAt)
		for o := range outs {
			f.storeVectors(o*wide, wide, memory{rAt, 0})
			if o+1 < outs {
				f.op("ADD R%d, R%d", rPlane, rAt)
			}
		}
	})
	f.op("MOVD R%d, R%d", rWeight, rFirst) // behind the weights of this frequency
	f.op("MOVD %d(R%d), R%d", productTransformedFrequency, rArgs, rAt)
	f.op("ADD R%d, R%d", rAt, rTransformed)
	f.op("MOVD %d(R%d), R%d", productProductFrequency, rArgs, rAt)
	f.op("ADD R%d, R%d", rAt, rProducts)
	f.op("SUBS $1, R%d", rFrequencies)
	f.op("BNE frequency")
	f.op("RET")
}

// peak writes a loop of nothing but multiply-adds between registers.
func (f *neonFile) peak() {
	f.function("peakNEON", "func(rounds int)", 0, 8, "does 24 vector multiply-adds in each round, none of which waits for memory.")
	f.op("MOVD rounds+0(FP), R0")
	for v := range 32 {
		f.zero(v)
	}
	f.label("round")
	for v := range neonSums {
		f.fmla(v, neonSource, neonWeight)
	}
	f.op("SUBS $1, R0")
	f.op("BNE round")
	f.op("RET")
}
