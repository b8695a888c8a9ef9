package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// filterBytes is how many bytes of a row are filtered at a time: a vector of AVX2. Both instruction sets use this kernel.
const filterBytes = 32

// filters writes PNG's filters, and the sums by which one is chosen.
func filters() {
	ones := words("filterOnes", 0x0101)
	for _, f := range []struct {
		name       string
		prediction func(neighbours) reg.VecVirtual
	}{
		{"Sub", func(n neighbours) reg.VecVirtual { return n.load(n.left) }},
		{"Up", func(n neighbours) reg.VecVirtual { return n.load(n.above) }},
		{"Average", func(n neighbours) reg.VecVirtual { return average(n.load(n.left), n.load(n.above), ones) }},
		{"Paeth", func(n neighbours) reg.VecVirtual {
			return paeth(n.load(n.left), n.load(n.above), n.load(n.aboveLeft))
		}},
	} {
		filter(f.name, f.prediction)
	}
	sums(ones)
	sumsPaeth()
}

// neighbours are where the bytes around a chunk of a row lie.
type neighbours struct {
	row, left, above, aboveLeft, at reg.GPVirtual
}

func (n neighbours) load(base reg.Register) reg.VecVirtual {
	v := YMM()
	VMOVDQU(Mem{Base: base, Index: n.at, Scale: 1}, v)
	return v
}

// loadNeighbours reads the parameters that all filters have.
func loadNeighbours() neighbours {
	n := neighbours{left: GP64(), aboveLeft: GP64(), at: GP64()}
	n.row, n.above = Load(Param("row"), GP64()).(reg.GPVirtual), Load(Param("above"), GP64()).(reg.GPVirtual)
	pixel := Load(Param("pixelBytes"), GP64())
	MOVQ(n.row, n.left)
	SUBQ(pixel, n.left)
	MOVQ(n.above, n.aboveLeft)
	SUBQ(pixel, n.aboveLeft)
	return n
}

// filter writes a filter: it goes from the last chunk to the first, since it writes over what the chunk after it reads.
func filter(name string, prediction func(neighbours) reg.VecVirtual) {
	TEXT("filter"+name+"AVX2", NOSPLIT, "func(row, above *byte, pixelBytes, chunks int)")
	Pragma("noescape")
	Doc("filter"+name+"AVX2 does what filterGeneric does for chunks of 32 bytes, from the last one back to the first, at row.",
		"It reads pixelBytes bytes in front of row and of above.")
	n := loadNeighbours()
	chunks := Load(Param("chunks"), GP64())
	MOVQ(chunks, n.at)
	SHLQ(U8(5), n.at)
	Label("chunk")
	SUBQ(U8(filterBytes), n.at)
	predicted := prediction(n)
	x := n.load(n.row)
	VPSUBB(predicted, x, x)
	VMOVDQU(x, Mem{Base: n.row, Index: n.at, Scale: 1})
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// average gives (a+b)/2, rounded down; the instruction rounds up.
func average(a, b reg.VecVirtual, ones Mem) reg.VecVirtual {
	mean, odd := YMM(), YMM()
	VPAVGB(a, b, mean)
	VPXOR(a, b, odd)
	VPAND(ones, odd, odd)
	VPSUBB(odd, mean, mean)
	return mean
}

// sums writes the sums of all filters but Paeth's.
func sums(ones Mem) {
	sumsOf("filterSumsAVX2", "of all filters but Paeth's", 4, func(n neighbours, x reg.VecVirtual) []reg.VecVirtual {
		a, b := n.load(n.left), n.load(n.above)
		mean, left, up := average(a, b, ones), YMM(), YMM()
		VPSUBB(a, x, left)
		VPSUBB(b, x, up)
		VPSUBB(mean, x, mean)
		return []reg.VecVirtual{x, left, up, mean}
	})
}

// sumsPaeth writes the sum of Paeth's filter.
func sumsPaeth() {
	sumsOf("filterSumPaethAVX2", "of Paeth's filter", 1, func(n neighbours, x reg.VecVirtual) []reg.VecVirtual {
		predicted := paeth(n.load(n.left), n.load(n.above), n.load(n.aboveLeft))
		VPSUBB(predicted, x, x)
		return []reg.VecVirtual{x}
	})
}

// sumsOf writes sums of what some filters leave.
func sumsOf(name, what string, count int, leave func(n neighbours, x reg.VecVirtual) []reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(sums *uint64, row, above *byte, pixelBytes, chunks int)")
	Pragma("noescape")
	Doc(name+" adds to sums what filterSumsGeneric adds for chunks of 32 bytes, "+what+".",
		"It reads pixelBytes bytes in front of row and of above.")
	n := loadNeighbours()
	chunks := Load(Param("chunks"), GP64())
	zero, all := YMM(), make([]reg.VecVirtual, count)
	VPXOR(zero, zero, zero)
	for i := range all {
		all[i] = YMM()
		VPXOR(all[i], all[i], all[i])
	}
	XORQ(n.at, n.at)
	Label("chunk")
	for i, v := range leave(n, n.load(n.row)) {
		VPABSB(v, v)
		VPSADBW(zero, v, v)
		VPADDQ(v, all[i], all[i])
	}
	ADDQ(U8(filterBytes), n.at)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	dst := Load(Param("sums"), GP64())
	for i, v := range all {
		upper, sum := XMM(), GP64()
		VEXTRACTI128(U8(1), v, upper)
		VPADDQ(v.AsX(), upper, upper)
		VPSRLDQ(U8(8), upper, v.AsX())
		VPADDQ(v.AsX(), upper, upper)
		VMOVQ(upper, sum)
		ADDQ(sum, Mem{Base: dst, Disp: 8 * i})
	}
	VZEROUPPER()
	RET()
}

// paeth gives Paeth's prediction.
//
// The distances of the neighbours from a+b-c are |b-c| for a, |a-c| for b, and |(b-c)+(a-c)| for c. If b-c and a-c have the same sign, the
// last is the sum of the others, so that c is never nearest; else it is their difference. So all is done with unsigned bytes.
func paeth(a, b, c reg.VecVirtual) reg.VecVirtual {

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
	return nearest
}
