package main

import (
	"fmt"
	"strings"
)

// argument is one of a function's, in the order of its declaration; numbers take four bytes, all others eight.
type argument struct{ name, kind string }

// rowFunction writes a function that works on numbers one by one, four at a time. Pointers are in the registers 0, 1, 2, ... in their order, and go on by
// 16 bytes; numbers are broadcast to the vectors from 16 on, in theirs.
func (f *neonFile) rowFunction(name, doc string, arguments []argument, begin, step, end func()) {
	var declared []string
	offset, pointer, scalar := 0, 0, 16
	var loads []func()
	for _, a := range arguments {
		declared = append(declared, a.name+" "+a.kind)
		bytes := 8
		if a.kind == "float32" {
			bytes = 4
		}
		offset = (offset + bytes - 1) / bytes * bytes
		at := offset
		switch {
		case a.kind == "float32":
			v := scalar
			loads = append(loads, func() {
				f.op("FMOVS %s+%d(FP), F%d", a.name, at, v)
				f.dup(v, v, 0)
			})
			scalar++
		case a.name == "n":
			loads = append(loads, func() { f.op("MOVD n+%d(FP), R9", at) })
		default:
			r := pointer
			loads = append(loads, func() { f.op("MOVD %s+%d(FP), R%d", a.name, at, r) })
			pointer++
		}
		offset += bytes
	}
	f.function(name+"NEON", "func("+strings.Join(declared, ", ")+")", 0, offset, doc)
	for _, load := range loads {
		load()
	}
	if begin != nil {
		begin()
	}
	f.label("four")
	step()
	f.op("SUBS $4, R9")
	f.op("BNE four")
	if end != nil {
		end()
	}
	f.op("RET")
}

func (f *neonFile) elementwise() {
	row := func(name string) argument { return argument{name, "*float32"} }
	n := argument{"n", "int"}
	number := func(name string) argument { return argument{name, "float32"} }
	next := func(registers ...int) {
		for _, r := range registers {
			f.op("ADD $16, R%d", r)
		}
	}
	f.rowFunction("combine", "does what the loop in combine does.",
		[]argument{row("d"), row("a"), row("b"), n, number("fa"), number("fb"), number("c")}, nil, func() {
			f.loadVector(0, memory{1, 0})
			f.loadVector(1, memory{2, 0})
			f.move(2, 18)
			f.fmla(2, 0, 16)
			f.fmla(2, 1, 17)
			f.storeVector(2, memory{0, 0})
			next(0, 1, 2)
		}, nil)
	f.rowFunction("leak", "does what the loop in leakRow does.", []argument{row("d"), row("s"), n, number("slope")},
		func() { f.zero(20) }, func() {
			f.loadVector(0, memory{1, 0})
			f.activate(0, 20, 16, 1)
			f.storeVector(0, memory{0, 0})
			next(0, 1)
		}, nil)
	f.rowFunction("leakBack", "does what the loop in leakBack does.",
		[]argument{row("dy"), row("s"), n, number("slope"), row("sum")}, func() { f.zero(20) }, func() {
			f.loadVector(0, memory{0, 0})
			f.loadVector(1, memory{1, 0})
			f.fmul(2, 0, 16)
			f.two(0x4ea0c800, "FCMGT.4S #0", 3, 1) // positive; not so for a NaN
			f.three(0x4e601c00, "BIC", 4, 0, 3)
			f.fmla(20, 4, 1)
			f.three(0x6e601c00, "BSL", 3, 0, 2)
			f.storeVector(3, memory{0, 0})
			next(0, 1)
		}, func() {
			f.sumLanes(20)
			f.op("FMOVS (R2), F0")
			f.op("FADDS F20, F0, F0")
			f.op("FMOVS F0, (R2)")
		})
	f.rowFunction("gate", "does what the loop in gateRow does.", []argument{row("d"), row("a"), row("b"), n}, nil, func() {
		f.loadVector(0, memory{1, 0})
		f.loadVector(1, memory{2, 0})
		f.loadVector(2, memory{0, 0})
		f.fadd(0, 0, 1)
		f.fmul(0, 0, 2)
		f.storeVector(0, memory{0, 0})
		next(0, 1, 2)
	}, nil)
	f.rowFunction("multiplyAdd", "does what the loop in multiplyAdd does.", []argument{row("d"), row("a"), row("b"), n}, nil, func() {
		f.loadVector(0, memory{1, 0})
		f.loadVector(1, memory{2, 0})
		f.loadVector(2, memory{0, 0})
		f.fmla(2, 0, 1)
		f.storeVector(2, memory{0, 0})
		next(0, 1, 2)
	}, nil)
	// Multiplies and adds on its own, since the bits must be those of the loop, wherever a row begins.
	f.rowFunction("addRamp", "does what the loop in addRamp does.",
		[]argument{row("d"), row("s"), row("places"), n, number("at"), number("step"), number("first")}, func() {
			f.loadVector(20, memory{2, 0})
			f.fadd(18, 18, 20)
			f.op("ADD $16, R2")
			f.broadcast(21, 2)
		}, func() {
			f.fmul(0, 18, 17)
			f.fadd(0, 0, 16)
			f.loadVector(1, memory{1, 0})
			f.fmul(0, 0, 1)
			f.loadVector(1, memory{0, 0})
			f.fadd(0, 0, 1)
			f.storeVector(0, memory{0, 0})
			f.fadd(18, 18, 21)
			next(0, 1)
		}, nil)
}

// sumLanes adds up the lanes of a vector, into its first one.
func (f *neonFile) sumLanes(v int) {
	f.three(0x6e20d400, "FADDP", v, v, v)
	f.word(0x7e30d800|uint32(v)<<5|uint32(v), "FADDP S%d, V%d.2S", v, v)
}

// interleaves writes the merging of two and of four rows.
func (f *neonFile) interleaves() {
	for _, count := range []int{2, 4} {
		f.function(fmt.Sprintf("interleave%dNEON", count), "func(dst, rows *float32, distance, chunks int)", 0, 32,
			fmt.Sprintf("merges %d rows, four numbers of each for every chunk; distance is in bytes.", count))
		f.op("MOVD dst+0(FP), R0")
		f.op("MOVD rows+8(FP), R1")
		f.op("MOVD distance+16(FP), R2")
		f.op("MOVD chunks+24(FP), R3")
		f.label("chunk")
		f.op("MOVD R1, R4")
		for i := range count {
			f.loadVector(i, memory{4, 0})
			f.op("ADD R2, R4")
		}
		if count == 2 {
			f.structures(0x4c9f8800, "ST2.4S", 0, 0)
		} else {
			f.structures(0x4c9f0800, "ST4.4S", 0, 0)
		}
		f.op("ADD $16, R1")
		f.op("SUBS $1, R3")
		f.op("BNE chunk")
		f.op("RET")
	}
}

// structureBits are those of loads and stores of eight bytes of each of 1 to 4 vectors, mixed.
var structureBits = []uint32{0x7000, 0x8000, 0x4000, 0x0000}

// samples writes the conversions of 8-bit samples, eight pixels at a time. Quotients are divisions, whose bits are those of Go's. The way back
// adds 2^23 in one rounding with the product, so that the last bits are the number that is nearest; a product that is exactly
// between two is 127.5 alone, and becomes the even 128.
func (f *neonFile) samples() {
	f.table("neonSamples", 255, 1<<23, 1, 0)
	begin := func() {
		f.op("MOVD dst+0(FP), R0")
		f.op("MOVD src+8(FP), R1")
		f.op("MOVD chunks+16(FP), R2")
		f.op("MOVD $neonSamples<>(SB), R3")
	}
	for step := 1; step <= maxChannels; step++ {
		f.function(fmt.Sprintf("floatsFromBytes%dNEON", step), "func(dst *float32, src *byte, chunks int)", 0, 24,
			fmt.Sprintf("does what floatsFromBytesGeneric does for samples %d bytes apart, eight for every chunk.", step))
		begin()
		f.broadcast(16, 3)
		f.label("chunk")
		f.structures(0x0cdf0000|structureBits[step-1], fmt.Sprintf("LD%d.8B", step), 0, 1)
		f.two(0x2f08a400, "USHLL.8H #0", 4, 0)
		f.two(0x2f10a400, "USHLL.4S #0", 5, 4)
		f.two(0x6f10a400, "USHLL2.4S #0", 6, 4)
		for v := 5; v <= 6; v++ {
			f.two(0x6e21d800, "UCVTF.4S", v, v)
			f.fdiv(v, v, 16)
		}
		f.storeVectors(5, 2, memory{0, 0})
		f.op("ADD $32, R0")
		f.op("SUBS $1, R2")
		f.op("BNE chunk")
		f.op("RET")
	}
	for channels := 1; channels <= maxChannels; channels++ {
		f.function(fmt.Sprintf("bytesFromFloats%dNEON", channels), "func(dst *byte, src **float32, chunks int)", 0, 24,
			fmt.Sprintf("does what bytesFromFloatsGeneric does for pixels of %d samples, eight for every chunk; src are %[1]d rows.", channels))
		begin()
		f.loadVector(16, memory{3, 0})
		f.dup(17, 16, 1)
		f.dup(18, 16, 2)
		for c := range channels {
			f.op("MOVD %d(R1), R%d", 8*c, 4+c)
		}
		f.label("chunk")
		for c := range channels {
			f.loadVectors(4, 2, memory{4 + c, 0})
			f.op("ADD $32, R%d", 4+c)
			for i := range 2 {
				v, sum := 4+i, 6+i
				f.two(0x6ea0c800, "FCMGE.4S #0", 19, v) // not so for a NaN
				f.three(0x4e201c00, "AND", v, v, 19)
				f.fmin(v, v, 18)
				f.move(sum, 17)
				f.fmlaLane(sum, v, 16, 0)
			}
			f.two(0x0e612800, "XTN.4H", 8, 6)
			f.two(0x4e612800, "XTN2.8H", 8, 7)
			f.two(0x0e212800, "XTN.8B", c, 8)
		}
		f.structures(0x0c9f0000|structureBits[channels-1], fmt.Sprintf("ST%d.8B", channels), 0, 0)
		f.op("SUBS $1, R2")
		f.op("BNE chunk")
		f.op("RET")
	}
}

// neonDotsA and neonDotsB are how many rows inner products are made of at a time, and neonPositions how many a dense layer computes.
const neonDotsA, neonDotsB, neonPositions = 4, 4, 4

// dots writes the kernel of inner products of as rows with bs rows.
func (f *neonFile) dots(as, bs int) {
	const rA, rB, rN, rPlane, rOffsets, rSums, rStep, rBs = 1, 2, 3, 4, 5, 6, 7, 12 // the rows a are in registers 8 to 11, the rows b in 12 to 15
	const vA, vB = 16, 20
	f.function(fmt.Sprintf("dotsNEONx%dx%d", as, bs), "func(a *byte)", 0, 8,
		fmt.Sprintf("adds the inner products of %d rows with %d rows as dotsGeneric does.", as, bs))
	f.op("MOVD a+0(FP), R0")
	for _, a := range []struct{ offset, to int }{
		{dotsA, 8}, {dotsAPlane, rPlane}, {dotsB, rB}, {dotsOffsets, rOffsets}, {dotsN, rN}, {dotsSums, rSums}, {dotsSumPlane, rStep},
	} {
		f.op("MOVD %d(R0), R%d", a.offset, a.to)
	}
	for i := 1; i < as; i++ {
		f.op("ADD R%d, R%d, R%d", rPlane, 7+i, 8+i)
	}
	for j := range bs {
		f.op("MOVD %d(R%d), R%d", 8*j, rOffsets, rBs+j)
		f.op("ADD R%d, R%d", rB, rBs+j)
	}
	for v := range as * bs {
		f.zero(v)
	}
	step := func(numbers int) {
		for i := range as {
			f.loadFirst(vA+i, numbers, memory{8 + i, 0})
		}
		for j := range bs {
			f.loadFirst(vB, numbers, memory{rBs + j, 0})
			for i := range as {
				f.fmla(i*bs+j, vA+i, vB)
			}
		}
	}
	f.op("SUBS $4, R%d", rN)
	f.op("BLT rest")
	f.label("four")
	step(4)
	for i := range as {
		f.op("ADD $16, R%d", 8+i)
	}
	for j := range bs {
		f.op("ADD $16, R%d", rBs+j)
	}
	f.op("SUBS $4, R%d", rN)
	f.op("BGE four")
	f.label("rest")
	for numbers := 3; numbers > 0; numbers-- {
		f.op("CMP $%d, R%d", numbers-4, rN)
		f.op("BEQ rest%d", numbers)
	}
	f.op("B end")
	for numbers := 1; numbers < 4; numbers++ {
		f.label(fmt.Sprint("rest", numbers))
		step(numbers)
		f.op("B end")
	}
	f.label("end")
	for i := range as {
		for j := range bs {
			v := i*bs + j
			f.sumLanes(v)
			f.op("FMOVS %d(R%d), F31", 4*j, rSums)
			f.op("FADDS F%d, F31, F31", v)
			f.op("FMOVS F31, %d(R%d)", 4*j, rSums)
		}
		f.op("ADD R%d, R%d", rStep, rSums)
	}
	f.op("RET")
}

// dense writes the kernel of a dense layer at so many positions, sixteen results of each at a time. Products are rounded before they are added.
func (f *neonFile) dense(positions int) {
	const rDst, rDistance, rWeights, rLine, rBiases, rIns, rOuts, rSrc, rAt, rK = 1, 2, 3, 4, 5, 6, 7, 8, 12, 13 // sources in registers 8 to 11
	const vWeight, vSource, vProduct, vSlope, vMask = 16, 20, 21, 22, 23
	f.function(fmt.Sprintf("denseNEONx%d", positions), "func(a *byte)", 0, 8, fmt.Sprintf("computes %d positions as denseGeneric does.", positions))
	f.op("MOVD a+0(FP), R0")
	for _, a := range []struct{ offset, to int }{
		{denseDst, rDst}, {denseDstDistance, rDistance}, {denseWeight, rWeights}, {denseWeightLine, rLine}, {denseBias, rBiases}, {denseOuts, rOuts},
	} {
		f.op("MOVD %d(R0), R%d", a.offset, a.to)
	}
	f.op("ADD $%d, R0, R%d", denseSlope, rAt)
	f.broadcast(vSlope, rAt)
	f.label("outs")
	f.op("MOVD %d(R0), R%d", denseIns, rIns)
	f.op("MOVD %d(R0), R%d", denseSrc, rSrc)
	f.op("MOVD %d(R0), R%d", denseSrcDistance, rAt)
	for p := range positions {
		if p > 0 {
			f.op("ADD R%d, R%d, R%d", rAt, rSrc+p-1, rSrc+p)
		}
		f.loadVectors(4*p, 4, memory{rBiases, 0})
	}
	f.op("MOVD R%d, R%d", rWeights, rK)
	f.label("in")
	f.loadVectors(vWeight, 4, memory{rK, 0})
	for p := range positions {
		f.broadcast(vSource, rSrc+p)
		f.op("ADD $4, R%d", rSrc+p)
		for v := range 4 {
			f.fmul(vProduct, vWeight+v, vSource)
			f.fadd(4*p+v, 4*p+v, vProduct)
		}
	}
	f.op("ADD R%d, R%d", rLine, rK)
	f.op("SUBS $1, R%d", rIns)
	f.op("BNE in")
	f.op("MOVD R%d, R%d", rDst, rAt)
	for p := range positions {
		for v := range 4 {
			sum := 4*p + v
			f.two(0x4ea0e800, "FCMLT.4S #0", vMask, sum)
			f.fmul(vProduct, sum, vSlope)
			f.three(0x6e601c00, "BSL", vMask, vProduct, sum)
			f.move(sum, vMask)
		}
		f.storeVectors(4*p, 4, memory{rAt, 0})
		f.op("ADD R%d, R%d", rDistance, rAt)
	}
	for _, r := range []int{rDst, rWeights, rBiases} {
		f.op("ADD $64, R%d", r)
	}
	f.op("SUBS $16, R%d", rOuts)
	f.op("BNE outs")
	f.op("RET")
}
