package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// filterBytes is how many bytes of a row are filtered at a time: a vector of AVX2. Both instruction sets use this kernel.
const filterBytes = 32

// filters writes Paeth's filter.
//
// The distances of the neighbours from a+b-c are |b-c| for a, |a-c| for b, and |(b-c)+(a-c)| for c. If b-c and a-c have the same sign, the
// last is the sum of the others, so that c is never nearest; else it is their difference. So all is done with unsigned bytes.
func filters() {
	TEXT("filterPaethAVX2", NOSPLIT, "func(row, above *byte, pixelBytes, chunks int)")
	Pragma("noescape")
	Doc("filterPaethAVX2 does what filterPaethGeneric does for chunks of 32 bytes, from the last one back to the first, at row.",
		"It reads pixelBytes bytes in front of row and of above.")
	row, above := Load(Param("row"), GP64()), Load(Param("above"), GP64())
	pixel, chunks := Load(Param("pixelBytes"), GP64()), Load(Param("chunks"), GP64())
	left, aboveLeft, at := GP64(), GP64(), GP64()
	MOVQ(row, left)
	SUBQ(pixel, left)
	MOVQ(above, aboveLeft)
	SUBQ(pixel, aboveLeft)
	MOVQ(chunks, at)
	SHLQ(U8(5), at)
	Label("chunk")
	SUBQ(U8(filterBytes), at)
	load := func(base reg.Register) reg.VecVirtual {
		v := YMM()
		VMOVDQU(Mem{Base: base, Index: at, Scale: 1}, v)
		return v
	}
	a, b, c := load(left), load(above), load(aboveLeft)

	// distance gives |x-c|, and ones where x is not below c.
	distance := func(x reg.VecVirtual) (distance, notBelow reg.VecVirtual) {
		high, low := YMM(), YMM()
		VPMAXUB(x, c, high)
		VPMINUB(x, c, low)
		VPSUBB(low, high, low)
		VPCMPEQB(high, x, high)
		return low, high
	}
	toA, upB := distance(b)
	toB, upA := distance(a)
	opposite, least, most, nearest := YMM(), YMM(), YMM(), YMM()
	VPXOR(upA, upB, opposite)
	VPMINUB(toA, toB, least)
	VPMAXUB(toA, toB, most)
	VPCMPEQB(least, toA, toA)
	VPBLENDVB(toA, a, b, nearest)
	toC, other := YMM(), YMM()
	VPSUBB(least, most, toC)
	VPMINUB(toC, least, other)
	VPCMPEQB(other, least, other) // where a or b are as near as c
	VPANDN(opposite, other, opposite)
	VPBLENDVB(opposite, c, nearest, nearest)
	x := load(row)
	VPSUBB(nearest, x, x)
	VMOVDQU(x, Mem{Base: row, Index: at, Scale: 1})
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}
