package main

import "fmt"

// inFactors and outFactors are the constants of the transforms, four in a vector.
var (
	inFactors  = []float32{5.25, -4.25, 0.25, -1.25, 0.5, -2.5, 2, 4, -5, -2, -4, 0}
	outFactors = []float32{2, 0.5, 4, 0.25, 8, 0.125, 16, 0.0625, 32, 0.03125, 0, 0}
)

// firstFactor is the register of the first constants.
const firstFactor = 29

// plus adds factor*b to a.
func (f *neonFile) plus(a int, factor float32, b int, table []float32) {
	for i, known := range table {
		if known == factor {
			f.fmlaLane(a, b, firstFactor+i/4, i%4)
			return
		}
	}
	panic(fmt.Sprint("no such factor: ", factor))
}

// winogradIn writes the transform of source pixels. Four tiles are a vector. Their columns are told apart by loads that take every second
// number. The last tiles of a row, if they are fewer, are copied to the stack first, since such loads take whole vectors.
func (f *neonFile) winogradIn() {
	const rPlane, rTiles, rTo, rFrequency, rAt, rFrom, rStep, rCount, rFour = 3, 4, 5, 6, 7, 8, 9, 10, 11
	const line = 48 // bytes of a row on the stack: ten pixels and some
	f.table("neonInFactors", inFactors...)
	f.function("winogradInNEON", "func(a *byte)", tileHigh*line, 8, "does what winogradInGeneric does.")
	f.op("MOVD a+0(FP), R%d", rArgs)
	f.op("MOVD $neonInFactors<>(SB), R%d", rAt)
	f.loadVectors(firstFactor, 3, memory{rAt, 0})
	f.op("MOVD %d(R%d), R%d", inTransformed, rArgs, rPlane)
	f.op("MOVD %d(R%d), R%d", inFrequency, rArgs, rFrequency)
	f.op("LSL $2, R%d, R%d", rFrequency, rFour)
	f.op("MOVD %d(R%d), R%d", inCount, rArgs, rCount)
	f.firstAddresses(inRows, inAddresses, tileHigh)
	f.label("plane")
	f.op("MOVD %d(R%d), R%d", inTiles, rArgs, rTiles)
	f.op("MOVD R%d, R%d", rPlane, rTo)
	f.op("MOVD $0, R%d", rX)
	f.label("vector")
	f.op("CMP $4, R%d", rTiles)
	f.op("BLT rest")
	f.inVector(func(r int) {
		f.op("MOVD %d(R%d), R%d", inAddresses+8*r, rArgs, rFrom)
		f.op("ADD R%d, R%d", rX, rFrom)
	}, rFrom, rStep, rTo, rAt, rFrequency, rFour)
	f.op("ADD $32, R%d", rX)
	f.op("ADD $16, R%d", rTo)
	f.op("SUB $4, R%d", rTiles)
	f.op("B vector")
	f.label("rest")
	f.op("CBZ R%d, next", rTiles)
	const rPixels, rStack, rNumber = 12, 13, 14
	for r := range tileHigh {
		f.op("MOVD %d(R%d), R%d", inAddresses+8*r, rArgs, rFrom)
		f.op("ADD R%d, R%d", rX, rFrom)
		f.op("MOVD $rows-%d(SP), R%d", tileHigh*line, rStack)
		f.op("ADD $%d, R%d", r*line, rStack)
		f.op("LSL $1, R%d, R%d", rTiles, rPixels)
		f.op("ADD $%d, R%d", tileWide-2, rPixels)
		f.copyNumbers(fmt.Sprint("copy", r), rFrom, rStack, rPixels, rNumber)
	}
	f.inVector(func(r int) {
		f.op("MOVD $rows-%d(SP), R%d", tileHigh*line, rFrom)
		f.op("ADD $%d, R%d", r*line, rFrom)
	}, rFrom, rStep, rTo, rAt, rFrequency, rFour)
	f.label("next")
	f.nextAddresses(inAddresses, inPlanes, tileHigh)
	f.op("MOVD %d(R%d), R%d", inPlane, rArgs, rStep)
	f.op("ADD R%d, R%d", rStep, rPlane)
	f.op("SUBS $1, R%d", rCount)
	f.op("BNE plane")
	f.op("RET")
}

// firstAddresses notes where the rows of the first plane lie, nextAddresses where those of the next one do.
func (f *neonFile) firstAddresses(rows, addresses, count int) {
	for r := range count {
		f.op("MOVD %d(R%d), R%d", rows+8*r, rArgs, rAddress)
		f.op("MOVD R%d, %d(R%d)", rAddress, addresses+8*r, rArgs)
	}
}

func (f *neonFile) nextAddresses(addresses, planes, count int) {
	for r := range count {
		f.op("MOVD %d(R%d), R%d", addresses+8*r, rArgs, rAddress)
		f.op("MOVD %d(R%d), R%d", planes+8*r, rArgs, rNumber)
		f.op("ADD R%d, R%d", rNumber, rAddress)
		f.op("MOVD R%d, %d(R%d)", rAddress, addresses+8*r, rArgs)
	}
}

// copyNumbers copies as many numbers as a register counts, at least one; all its registers are changed.
func (f *neonFile) copyNumbers(label string, rFrom, rTo, rCount, rNumber int) {
	f.label(label)
	f.op("MOVWU.P 4(R%d), R%d", rFrom, rNumber)
	f.op("MOVW.P R%d, 4(R%d)", rNumber, rTo)
	f.op("SUBS $1, R%d", rCount)
	f.op("BNE %s", label)
}

// inVector transforms a vector of tiles, two columns at a time. row sets rFrom to where a row begins.
func (f *neonFile) inVector(row func(r int), rFrom, rStep, rTo, rAt, rFrequency, rFour int) {
	const near, far = 24, 26 // pixels 0 and 1, 2 and 3 of each tile
	for pass := range 2 {
		for r := range tileHigh {
			row(r)
			f.structures(0x4c408800, "LD2.4S", near, rFrom)
			f.op("ADD $8, R%d, R%d", rFrom, rStep)
			f.structures(0x4c408800, "LD2.4S", far, rStep)
			if pass == 0 {
				f.fsub(r, near, far)
				f.fadd(tileHigh+r, near+1, far)
			} else {
				f.fsub(r, far, near+1)
				f.fsub(tileHigh+r, near+1, far+1)
			}
		}
		for column := range 2 {
			f.op("MOVD R%d, R%d", rTo, rAt)
			for range 2*pass + column {
				f.op("ADD R%d, R%d", rFrequency, rAt)
			}
			f.inColumn(tileHigh*column, rAt, rFour)
		}
	}
}

// inColumn transforms the eight numbers of a column, which are in registers from r on, and stores their frequencies.
func (f *neonFile) inColumn(r, rAt, rFour int) {
	f.inHeight(r, func(v int) {
		f.storeVector(v, memory{rAt, 0})
		f.op("ADD R%d, R%d", rFour, rAt)
	})
}

// inHeight transforms eight rows, which are in registers from r on, along the height, and hands on one result after the other.
func (f *neonFile) inHeight(r int, next func(v int)) {
	const even, odd, sum = 16, 17, 18
	plus := func(a int, factor float32, b int) { f.plus(a, factor, b, inFactors) }
	pair := func() {
		f.fadd(sum, even, odd)
		next(sum)
		f.fsub(sum, even, odd)
		next(sum)
	}
	scaled := func(d int, factor float32, v int) {
		for i, known := range inFactors {
			if known == factor {
				f.fmulLane(d, v, firstFactor+i/4, i%4)
				return
			}
		}
	}
	f.fsub(even, r, r+6)
	f.fsub(odd, r+4, r+2)
	plus(even, 5.25, odd)
	next(even)
	f.fadd(even, r+2, r+6)
	plus(even, -4.25, r+4)
	f.fadd(odd, r+1, r+5)
	plus(odd, -4.25, r+3)
	pair()
	f.move(even, r+6)
	plus(even, 0.25, r+2)
	plus(even, -1.25, r+4)
	scaled(odd, 0.5, r+1)
	plus(odd, -2.5, r+3)
	plus(odd, 2, r+5)
	pair()
	f.move(even, r+6)
	plus(even, 4, r+2)
	plus(even, -5, r+4)
	scaled(odd, 2, r+1)
	plus(odd, -2.5, r+3)
	plus(odd, 0.5, r+5)
	pair()
	f.fsub(even, r+7, r+1)
	f.fsub(odd, r+3, r+5)
	plus(even, 5.25, odd)
	next(even)
}

// Registers of the transform of products.
const (
	rFrom, rStart, rFrequency, rTwice, rThrice, rFourth = 3, 4, 5, 6, 7, 8
	rAddress, rAdded, rLowest, rEnd, rStackRow, rNumber = 9, 10, 11, 12, 13, 14
	rProducts, rPlanesLeft, rBias, rSlope, rHasAdd      = 15, 16, 17, 19, 20
	rPointer, rCounter, rScale                          = 21, 22, 23

	vScale, vBias, vSlope, vZero, vLow, vHigh, vOther, vMore = 14, 22, 23, 24, 25, 26, 27, 28
	outLine                                                  = 32 // bytes of eight pixels
)

// winogradOut writes the transform of products with everything that follows. Four tiles, which are eight pixels, are computed at a
// time. Where not all of these are wanted, they go by way of the stack.
func (f *neonFile) winogradOut() {
	f.table("neonOutFactors", outFactors...)
	f.function("winogradOutNEON", "func(a *byte)", outLine, 8, "does what winogradOutGeneric does.")
	f.op("MOVD a+0(FP), R%d", rArgs)
	f.op("MOVD $neonOutFactors<>(SB), R%d", rAddress)
	f.loadVectors(firstFactor, 3, memory{rAddress, 0})
	for _, a := range []struct{ offset, to int }{
		{outProducts, rProducts}, {outFrequency, rFrequency}, {outCount, rPlanesLeft}, {outBias, rBias}, {outSlope, rSlope}, {outHasAdd, rHasAdd}, {outScale, rScale},
	} {
		f.op("MOVD %d(R%d), R%d", a.offset, rArgs, a.to)
	}
	f.op("ADD R%d, R%[1]d, R%[2]d", rFrequency, rTwice)
	f.op("ADD R%d, R%d, R%d", rFrequency, rTwice, rThrice)
	f.op("ADD R%d, R%[1]d, R%[2]d", rTwice, rFourth)
	f.firstAddresses(outRows, outRowAddresses, tileRows)
	f.firstAddresses(outAdd, outAddAddresses, tileRows)
	f.zero(vZero)
	f.label("plane")
	f.broadcast(vBias, rBias)
	f.op("ADD $4, R%d", rBias)
	f.op("CBZ R%d, begin", rSlope)
	f.broadcast(vSlope, rSlope)
	f.op("ADD $4, R%d", rSlope)
	f.label("begin")
	f.op("MOVD R%d, R%d", rProducts, rFrom)
	f.op("MOVD $0, R%d", rStart)
	f.label("vector")
	f.outColumns()
	// Pixels are counted from the beginning of the first tile.
	f.op("MOVD %d(R%d), R%d", outLeft, rArgs, rLowest)
	f.op("MOVD %d(R%d), R%d", outN, rArgs, rEnd)
	f.op("ADD R%d, R%d", rLowest, rEnd)
	f.op("SUB R%d, R%d, R%d", rLowest, rStart, rX)
	f.op("LSL $2, R%d", rX) // bytes before the vector, perhaps negative
	f.op("SUB R%d, R%d", rStart, rEnd)
	f.op("SUBS R%d, R%d", rStart, rLowest)
	f.op("CSEL LT, ZR, R%d, R%[1]d", rLowest)
	f.op("CBNZ R%d, some", rLowest)
	f.op("CMP $8, R%d", rEnd)
	f.op("BLT some")
	f.outRows("all", false)
	f.op("B next")
	f.label("some")
	f.op("MOVD $8, R%d", rNumber)
	f.op("CMP $8, R%d", rEnd)
	f.op("CSEL GT, R%d, R%d, R%[2]d", rNumber, rEnd)
	f.op("SUB R%d, R%d", rLowest, rEnd) // how many
	f.op("LSL $2, R%d", rLowest)        // bytes
	f.outRows("some", true)
	f.label("next")
	f.op("ADD $16, R%d", rFrom)
	f.op("ADD $8, R%d", rStart)
	f.op("MOVD %d(R%d), R%d", outN, rArgs, rEnd)
	f.op("MOVD %d(R%d), R%d", outLeft, rArgs, rLowest)
	f.op("ADD R%d, R%d", rLowest, rEnd)
	f.op("CMP R%d, R%d", rEnd, rStart)
	f.op("BLT vector")
	f.nextAddresses(outRowAddresses, outRowPlanes, tileRows)
	f.nextAddresses(outAddAddresses, outAddPlanes, tileRows)
	f.op("MOVD %d(R%d), R%d", outPlane, rArgs, rNumber)
	f.op("ADD R%d, R%d", rNumber, rProducts)
	f.op("ADD $4, R%d", rScale)
	f.op("SUBS $1, R%d", rPlanesLeft)
	f.op("BNE plane")
	f.op("RET")
}

// outColumns transforms both columns of a vector of tiles: the six rows of the first are then in registers 0 to 5, those of the second in 8 to 13.
func (f *neonFile) outColumns() {
	const m = 16
	f.op("MOVD R%d, R%d", rFrom, rAddress)
	for i := range tileHigh {
		f.loadVector(m, memory{rAddress, 0})
		f.loadIndexed(m+1, rAddress, rFrequency)
		f.loadIndexed(m+2, rAddress, rTwice)
		f.loadIndexed(m+3, rAddress, rThrice)
		f.op("ADD R%d, R%d", rFourth, rAddress)
		f.fadd(i, m, m+1)
		f.fadd(i, i, m+2)
		f.fsub(tileHigh+i, m+1, m+2)
		f.fsub(tileHigh+i, tileHigh+i, m+3)
	}
	f.outHeight(0)
	f.outHeight(tileHigh)
}

// outHeight transforms eight vectors, in registers from y on, along the height: the first six registers are then the rows.
func (f *neonFile) outHeight(y int) {
	const m = 16
	plus := func(a int, factor float32, b int) { f.plus(a, factor, b, outFactors) }
	var s, d [3]int
	for i := range s {
		s[i], d[i] = m+2*i, m+2*i+1
		f.fadd(s[i], y+2*i+1, y+2*i+2)
		f.fsub(d[i], y+2*i+1, y+2*i+2)
	}
	f.fadd(y, y, s[0])
	f.fadd(y+1, s[1], s[2])
	f.fadd(y, y, y+1)
	f.fadd(y+5, y+7, d[0])
	plus(y+5, 32, d[1])
	plus(y+5, 0.03125, d[2])
	for r, factors := range [][2]float32{1: {2, 0.5}, 2: {4, 0.25}, 3: {8, 0.125}, 4: {16, 0.0625}} {
		if r == 0 {
			continue
		}
		first, second, third := s[0], s[1], s[2]
		if r%2 == 1 {
			first, second, third = d[0], d[1], d[2]
		}
		f.move(y+r, first)
		plus(y+r, factors[0], second)
		plus(y+r, factors[1], third)
	}
}

// outRows puts the pixels of the six rows together, multiplies with the scale, adds the bias and the skip connection, activates and stores them; by way of the stack if
// only some are wanted.
func (f *neonFile) outRows(label string, some bool) {
	f.broadcast(vScale, rScale) // the transform needed its register
	for r := range tileRows {
		f.zip1(vLow, r, tileHigh+r)
		f.zip2(vHigh, r, tileHigh+r)
		f.fmul(vLow, vLow, vScale)
		f.fmul(vHigh, vHigh, vScale)
		f.fadd(vLow, vLow, vBias)
		f.fadd(vHigh, vHigh, vBias)
		f.op("CBZ R%d, %sadded%d", rHasAdd, label, r)
		f.op("MOVD %d(R%d), R%d", outAddAddresses+8*r, rArgs, rAdded)
		f.op("ADD R%d, R%d", rX, rAdded)
		if some {
			f.outStack(rStackRow)
			f.op("MOVD R%d, R%d", rStackRow, rPointer)
			f.op("ADD R%d, R%d", rLowest, rPointer)
			f.op("ADD R%d, R%d", rLowest, rAdded)
			f.op("MOVD R%d, R%d", rEnd, rCounter)
			f.copyNumbers(fmt.Sprint(label, "take", r), rAdded, rPointer, rCounter, rNumber)
			f.loadVectors(vOther, 2, memory{rStackRow, 0})
		} else {
			f.loadVectors(vOther, 2, memory{rAdded, 0})
		}
		f.fadd(vLow, vLow, vOther)
		f.fadd(vHigh, vHigh, vMore)
		f.label(fmt.Sprint(label, "added", r))
		f.op("CBZ R%d, %sactivated%d", rSlope, label, r)
		f.activate(vLow, vZero, vSlope, vOther)
		f.activate(vHigh, vZero, vSlope, vOther)
		f.label(fmt.Sprint(label, "activated", r))
		f.op("MOVD %d(R%d), R%d", outRowAddresses+8*r, rArgs, rAddress)
		f.op("ADD R%d, R%d", rX, rAddress)
		if !some {
			f.storeVectors(vLow, 2, memory{rAddress, 0})
			continue
		}
		f.outStack(rStackRow)
		f.storeVectors(vLow, 2, memory{rStackRow, 0})
		f.op("ADD R%d, R%d", rLowest, rStackRow)
		f.op("ADD R%d, R%d", rLowest, rAddress)
		f.op("MOVD R%d, R%d", rEnd, rCounter)
		f.copyNumbers(fmt.Sprint(label, "put", r), rStackRow, rAddress, rCounter, rNumber)
	}
}

func (f *neonFile) outStack(to int) { f.op("MOVD $pixels-%d(SP), R%d", outLine, to) }
