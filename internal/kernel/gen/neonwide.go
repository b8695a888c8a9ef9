package main

import "fmt"

// The transforms of wide tiles in two steps, as in winogradwide.go. A tile's four columns are a vector here, and loads and stores of four vectors
// whose numbers are mixed exchange them with the columns of four tiles.

// winogradInWide writes the transform of source pixels.
func (f *neonFile) winogradInWide() {
	const rPlane, rTiles, rTo, rFrequency, rAt, rFrom, rCount, rRow, rRows = 3, 4, 5, 6, 7, 8, 10, 11, 12
	f.function("winogradInWideNEON", "func(a *byte)", 0, 8, "does what winogradInWideGeneric does.")
	f.op("MOVD a+0(FP), R%d", rArgs)
	f.op("MOVD $neonInFactors<>(SB), R%d", rAt)
	f.loadVectors(firstFactor, 3, memory{rAt, 0})
	f.op("MOVD %d(R%d), R%d", inTransformed, rArgs, rPlane)
	f.op("MOVD %d(R%d), R%d", inFrequency, rArgs, rFrequency)
	f.op("MOVD %d(R%d), R%d", inCount, rArgs, rCount)
	f.firstAddresses(inRows, inAddresses, tileHigh)
	f.label("plane")
	f.op("MOVD %d(R%d), R%d", inTiles, rArgs, rTiles)
	f.op("MOVD %d(R%d), R%d", inScratch, rArgs, rTo)
	f.op("MOVD $0, R%d", rX)
	height := func(numbers int) {
		for r := range tileHigh {
			f.op("MOVD %d(R%d), R%d", inAddresses+8*r, rArgs, rFrom)
			f.op("ADD R%d, R%d", rX, rFrom)
			f.loadFirst(r, numbers, memory{rFrom, 0})
		}
		i := 0
		f.inHeight(0, func(v int) {
			f.storeVector(v, memory{rTo, i * wideStride})
			i++
		})
	}
	f.label("pixels")
	height(4)
	f.op("ADD $16, R%d", rX)
	f.op("ADD $16, R%d", rTo)
	f.op("SUBS $1, R%d", rTiles)
	f.op("BNE pixels")
	height(wideFrequencies - wideColumns) // the two columns that the last tile reads of the one behind it

	f.op("MOVD %d(R%d), R%d", inTiles, rArgs, rTiles)
	f.op("MOVD %d(R%d), R%d", inScratch, rArgs, rFrom)
	f.op("MOVD R%d, R%d", rPlane, rTo)
	f.label("tiles")
	f.op("MOVD R%d, R%d", rFrom, rRow)
	f.op("MOVD R%d, R%d", rTo, rAt)
	f.op("MOVD $%d, R%d", tileHigh, rRows)
	f.label("row")
	f.wideWidth(rRow, rAt, rFrequency)
	f.op("ADD $%d, R%d", wideStride, rRow)
	f.op("SUBS $1, R%d", rRows)
	f.op("BNE row")
	f.op("ADD $64, R%d", rFrom)
	f.op("ADD $16, R%d", rTo)
	f.op("SUBS $4, R%d", rTiles)
	f.op("BGT tiles")
	f.nextAddresses(inAddresses, inPlanes, tileHigh)
	f.op("MOVD %d(R%d), R%d", inPlane, rArgs, rNumber)
	f.op("ADD R%d, R%d", rNumber, rPlane)
	f.op("SUBS $1, R%d", rCount)
	f.op("BNE plane")
	f.op("RET")
}

// wideWidth transforms a row of four tiles along the width and stores its six frequencies; rAt goes on to the next ones.
func (f *neonFile) wideWidth(rRow, rAt, rFrequency int) {
	const c, next, near, far, even, odd, sum = 0, 4, 16, 17, 18, 19, 20
	f.structures(0x4c400800, "LD4.4S", c, rRow)
	f.op("ADD $16, R%d, R%d", rRow, rNumber)
	f.structures(0x4c400800, "LD4.4S", next, rNumber)
	store := func(v int) {
		f.storeVector(v, memory{rAt, 0})
		f.op("ADD R%d, R%d", rFrequency, rAt)
	}
	plus := func(a int, factor float32, b int) { f.plus(a, factor, b, inFactors) }
	f.fsub(near, c+3, c+1)
	f.fsub(far, next, c+2)
	f.fsub(even, c, c+2)
	f.move(sum, far)
	plus(sum, 4, even)
	store(sum)
	f.move(even, next)
	plus(even, -4, c+2)
	f.move(odd, c+3)
	plus(odd, -4, c+1)
	f.fadd(sum, even, odd)
	store(sum)
	f.fsub(sum, even, odd)
	store(sum)
	f.move(sum, far)
	plus(sum, 2, near)
	store(sum)
	plus(far, -2, near)
	store(far)
	f.fsub(sum, next+1, c+3)
	plus(sum, -4, near)
	store(sum)
}

// winogradOutWide writes the transform of products with everything that follows. The last pixels of a row, if they are no whole vector, go by
// way of the stack.
func (f *neonFile) winogradOutWide() {
	const rTo, rRow, rAt, rRows, rLeftOver = rFrequency + 1, rFrequency + 2, rAddress + 2, rAddress + 3, rStackRow
	f.function("winogradOutWideNEON", "func(a *byte)", 16, 8, "does what winogradOutWideGeneric does.")
	f.op("MOVD a+0(FP), R%d", rArgs)
	f.op("MOVD $neonOutFactors<>(SB), R%d", rAddress)
	f.loadVectors(firstFactor, 3, memory{rAddress, 0})
	for _, a := range []struct{ offset, to int }{
		{outProducts, rProducts}, {outFrequency, rFrequency}, {outCount, rPlanesLeft}, {outBias, rBias}, {outSlope, rSlope}, {outHasAdd, rHasAdd}, {outScale, rScale},
	} {
		f.op("MOVD %d(R%d), R%d", a.offset, rArgs, a.to)
	}
	f.firstAddresses(outRows, outRowAddresses, tileRows)
	f.firstAddresses(outAdd, outAddAddresses, tileRows)
	f.zero(vZero)
	f.label("plane")
	f.broadcast(vScale, rScale)
	f.op("ADD $4, R%d", rScale)
	f.broadcast(vBias, rBias)
	f.op("ADD $4, R%d", rBias)
	f.op("CBZ R%d, begin", rSlope)
	f.broadcast(vSlope, rSlope)
	f.op("ADD $4, R%d", rSlope)
	f.label("begin")
	f.op("MOVD R%d, R%d", rProducts, rFrom)
	f.op("MOVD %d(R%d), R%d", outScratch, rArgs, rTo)
	f.op("MOVD %d(R%d), R%d", outLeft, rArgs, rLeftOver)
	f.op("MOVD %d(R%d), R%d", outN, rArgs, rNumber)
	f.op("ADD R%d, R%d", rNumber, rLeftOver)
	f.label("tiles")
	f.op("MOVD R%d, R%d", rTo, rRow)
	f.op("MOVD R%d, R%d", rFrom, rAt)
	f.op("MOVD $%d, R%d", tileHigh, rRows)
	f.label("row")
	f.wideOutWidth(rRow, rAt)
	f.op("ADD $%d, R%d", wideStride, rRow)
	f.op("SUBS $1, R%d", rRows)
	f.op("BNE row")
	f.op("ADD $16, R%d", rFrom)
	f.op("ADD $64, R%d", rTo)
	f.op("SUBS $%d, R%d", 4*wideColumns, rLeftOver)
	f.op("BGT tiles")

	f.op("MOVD %d(R%d), R%d", outScratch, rArgs, rRow)
	f.op("MOVD %d(R%d), R%d", outLeft, rArgs, rNumber)
	f.op("ADD R%d<<2, R%d", rNumber, rRow)
	f.op("MOVD %d(R%d), R%d", outN, rArgs, rLeftOver)
	f.op("MOVD $0, R%d", rX)
	f.label("pixels")
	f.op("CMP $4, R%d", rLeftOver)
	f.op("BLT rest")
	f.wideRows("all", rRow, rLeftOver, false)
	f.op("ADD $16, R%d", rX)
	f.op("ADD $16, R%d", rRow)
	f.op("SUB $4, R%d", rLeftOver)
	f.op("B pixels")
	f.label("rest")
	f.op("CBZ R%d, next", rLeftOver)
	f.wideRows("rest", rRow, rLeftOver, true)
	f.label("next")
	f.nextAddresses(outRowAddresses, outRowPlanes, tileRows)
	f.nextAddresses(outAddAddresses, outAddPlanes, tileRows)
	f.op("MOVD %d(R%d), R%d", outPlane, rArgs, rNumber)
	f.op("ADD R%d, R%d", rNumber, rProducts)
	f.op("SUBS $1, R%d", rPlanesLeft)
	f.op("BNE plane")
	f.op("RET")
}

// wideOutWidth transforms the six frequencies of a row of four tiles along the width and stores their pixels; rAt goes on to the next ones.
func (f *neonFile) wideOutWidth(rRow, rAt int) {
	const m, s1, d1, s2, d2, y = 0, 6, 7, 20, 21, 16
	for i := range wideFrequencies {
		f.loadVector(m+i, memory{rAt, 0})
		f.op("ADD R%d, R%d", rFrequency, rAt)
	}
	f.fadd(s1, m+1, m+2)
	f.fsub(d1, m+1, m+2)
	f.fadd(s2, m+3, m+4)
	f.fsub(d2, m+3, m+4)
	plus := func(a int, factor float32, b int) { f.plus(a, factor, b, outFactors) }
	f.fadd(y, m, s1)
	f.fadd(y, y, s2)
	f.move(y+1, d1)
	plus(y+1, 2, d2)
	f.move(y+2, s1)
	plus(y+2, 4, s2)
	f.fadd(y+3, m+5, d1)
	plus(y+3, 8, d2)
	f.structures(0x4c000800, "ST4.4S", y, rRow)
}

// wideRows transforms a vector of pixels along the height, finishes and stores six rows, as many pixels
// as rCount says if these are fewer.
func (f *neonFile) wideRows(label string, rRow, rCount int, some bool) {
	const rStack, rPixels = rLowest, rCounter
	for i := range tileHigh {
		f.loadVector(i, memory{rRow, i * wideStride})
	}
	f.outHeight(0)
	for r := range tileRows {
		f.fmul(r, r, vScale)
		f.fadd(r, r, vBias)
		f.op("CBZ R%d, %sadded%d", rHasAdd, label, r)
		f.op("MOVD %d(R%d), R%d", outAddAddresses+8*r, rArgs, rAdded)
		f.op("ADD R%d, R%d", rX, rAdded)
		if some {
			f.op("MOVD $pixels-16(SP), R%d", rStack)
			f.op("MOVD R%d, R%d", rStack, rPointer)
			f.op("MOVD R%d, R%d", rCount, rPixels)
			f.copyNumbers(fmt.Sprint(label, "take", r), rAdded, rPointer, rPixels, rNumber)
			f.loadVector(vOther, memory{rStack, 0})
		} else {
			f.loadVector(vOther, memory{rAdded, 0})
		}
		f.fadd(r, r, vOther)
		f.label(fmt.Sprint(label, "added", r))
		f.op("CBZ R%d, %sactivated%d", rSlope, label, r)
		f.activate(r, vZero, vSlope, vOther)
		f.label(fmt.Sprint(label, "activated", r))
		f.op("MOVD %d(R%d), R%d", outRowAddresses+8*r, rArgs, rAddress)
		f.op("ADD R%d, R%d", rX, rAddress)
		if !some {
			f.storeVector(r, memory{rAddress, 0})
			continue
		}
		f.op("MOVD $pixels-16(SP), R%d", rStack)
		f.storeVector(r, memory{rStack, 0})
		f.op("MOVD R%d, R%d", rCount, rPixels)
		f.copyNumbers(fmt.Sprint(label, "put", r), rStack, rAddress, rPixels, rNumber)
	}
}
