package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// predictions writes the predictors of lossless WebP, and the sums by which one is chosen. Both instruction sets use these kernels.
func predictions() {
	p := predictors{
		lowest: words("predictLowest", 0x0101), ones: words("predictOnes", 1), halves: words("predictHalves", 0x7f7f),
	}
	modes := []struct {
		name string
		of   func(around) reg.VecVirtual
	}{
		{"1", func(n around) reg.VecVirtual { return n.left() }},
		{"2", func(n around) reg.VecVirtual { return n.above() }},
		{"5", func(n around) reg.VecVirtual { return p.mean(p.mean(n.left(), n.aboveRight()), n.above()) }},
		{"7", func(n around) reg.VecVirtual { return p.mean(n.left(), n.above()) }},
		{"10", func(n around) reg.VecVirtual {
			return p.mean(p.mean(n.left(), n.aboveLeft()), p.mean(n.above(), n.aboveRight()))
		}},
		{"11", func(n around) reg.VecVirtual { return p.nearer(n.left(), n.above(), n.aboveLeft()) }},
		{"12", func(n around) reg.VecVirtual {
			more, less := differences(n.above(), n.aboveLeft())
			return moved(n.left(), more, less)
		}},
		{"13", func(n around) reg.VecVirtual {
			mean := p.mean(n.left(), n.above())
			more, less := differences(mean, n.aboveLeft())
			return moved(mean, p.half(more), p.half(less))
		}},
	}
	for _, m := range modes {
		predict(m.name, m.of)
	}
	predictSums(len(modes), func(i int, n around) reg.VecVirtual { return modes[i].of(n) })
}

// predictors are the constants that they need.
type predictors struct{ lowest, ones, halves Mem }

// around is where the pixels of a chunk and those around them lie.
type around struct {
	row, over, at reg.GPVirtual
}

func (n around) load(base reg.GPVirtual, pixels int) reg.VecVirtual {
	v := YMM()
	VMOVDQU(Mem{Base: base, Index: n.at, Scale: 1, Disp: 4 * pixels}, v)
	return v
}

func (n around) left() reg.VecVirtual       { return n.load(n.row, -1) }
func (n around) above() reg.VecVirtual      { return n.load(n.over, 0) }
func (n around) aboveLeft() reg.VecVirtual  { return n.load(n.over, -1) }
func (n around) aboveRight() reg.VecVirtual { return n.load(n.over, 1) }

// mean gives the mean of bytes, rounded down, in place of a.
func (p predictors) mean(a, b reg.VecVirtual) reg.VecVirtual {
	odd := YMM()
	VPXOR(a, b, odd)
	VPAND(p.lowest, odd, odd)
	VPAVGB(a, b, a)
	VPSUBB(odd, a, a)
	return a
}

// half gives half of each byte, rounded down, in place of a.
func (p predictors) half(a reg.VecVirtual) reg.VecVirtual {
	VPSRLW(U8(1), a, a)
	VPAND(p.halves, a, a)
	return a
}

// differences gives by how much a is more and less than b, of which one is zero, in place of both.
func differences(a, b reg.VecVirtual) (more, less reg.VecVirtual) {
	more = YMM()
	VPSUBUSB(b, a, more)
	VPSUBUSB(a, b, b)
	return more, b
}

// moved adds more and takes off less, within the bounds of a byte, in place of a.
func moved(a, more, less reg.VecVirtual) reg.VecVirtual {
	VPADDUSB(more, a, a)
	VPSUBUSB(less, a, a)
	return a
}

// nearer gives for each pixel the one on the left or above, whichever the sum l + t - tl is nearer to.
func (p predictors) nearer(l, t, tl reg.VecVirtual) reg.VecVirtual {
	distance := func(a reg.VecVirtual) reg.VecVirtual {
		high, low := YMM(), YMM()
		VPMAXUB(a, tl, high)
		VPMINUB(a, tl, low)
		VPSUBB(low, high, high)
		VPMADDUBSW(p.lowest, high, high)
		VPMADDWD(p.ones, high, high)
		return high
	}
	fromLeft, fromTop := distance(t), distance(l)
	VPCMPGTD(fromLeft, fromTop, fromTop)
	VPBLENDVB(fromTop, l, t, t)
	return t
}

// predict writes a predictor: it goes from the last chunk to the first, since it writes over what the chunk after it reads.
func predict(mode string, of func(around) reg.VecVirtual) {
	TEXT("predict"+mode+"AVX2", NOSPLIT, "func(row, above *uint32, chunks int)")
	Pragma("noescape")
	Doc("predict"+mode+"AVX2 does what predictGeneric does for chunks of eight pixels, from the last one back to the first, at row.",
		"It reads a pixel in front of row, and one more on both sides of above.")
	n := around{at: GP64(), row: Load(Param("row"), GP64()).(reg.GPVirtual), over: Load(Param("above"), GP64()).(reg.GPVirtual)}
	chunks := Load(Param("chunks"), GP64())
	MOVQ(chunks, n.at)
	SHLQ(U8(5), n.at)
	Label("chunk")
	SUBQ(U8(32), n.at)
	predicted, x := of(n), n.load(n.row, 0)
	VPSUBB(predicted, x, x)
	VMOVDQU(x, Mem{Base: n.row, Index: n.at, Scale: 1})
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// bytesTable writes a table of sixteen bytes in both halves of a vector.
func bytesTable(name string, value func(i int) uint8) Mem {
	table := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 32 {
		DATA(i, U8(value(i%16)))
	}
	return table
}

// spreads are the numbers of package kernel: what differences below 16 take, and the others by their eighths, of which the last two count as
// one.
func spreads() (small, eighths Mem) {
	bits := func(twice int) uint8 { return uint8(4*math.Log2(float64(1+twice)) + 0.5) }
	return bytesTable("predictSmall", func(i int) uint8 { return bits(2 * i) }), bytesTable("predictEighths", func(i int) uint8 {
		if i < 2 {
			return 0
		}
		return bits(16*i + 7)
	})
}

// predictSums writes the sums of what some predictors leave. A sum has half of each 64-bit lane of a vector.
func predictSums(count int, of func(i int, n around) reg.VecVirtual) {
	above15, below32, last := words("predictAbove15", 0x7070), words("predictBelow32", 0x1f1f), words("predictLast", 0x0f0f)
	small, eighths := spreads()
	TEXT("predictSumsAVX2", NOSPLIT, "func(sums *uint32, row, above *uint32, chunks int)")
	Pragma("noescape")
	Doc("predictSumsAVX2 adds to sums what predictSumsGeneric adds for chunks of eight pixels. It reads a pixel in front of row, and one more on both",
		"sides of above.")
	n := around{at: GP64(), row: Load(Param("row"), GP64()).(reg.GPVirtual), over: Load(Param("above"), GP64()).(reg.GPVirtual)}
	chunks := Load(Param("chunks"), GP64())
	zero, bitsSmall, bitsEighths, all := YMM(), YMM(), YMM(), make([]reg.VecVirtual, count/2)
	VPXOR(zero, zero, zero)
	VMOVDQU(small, bitsSmall)
	VMOVDQU(eighths, bitsEighths)
	for i := range all {
		all[i] = YMM()
		VPXOR(all[i], all[i], all[i])
	}
	XORQ(n.at, n.at)
	Label("chunk")
	for i := range count {
		left, upper, index := n.load(n.row, 0), YMM(), YMM()
		VPSUBB(of(i, n), left, left)
		VPABSB(left, left)
		// Of a number above 15 the table gives 0 here, as its highest bit is set.
		VPADDUSB(above15, left, index)
		VPSHUFB(index, bitsSmall, index)
		VPSRLW(U8(3), left, upper)
		VPAND(below32, upper, upper)
		VPMINUB(last, upper, upper)
		VPSHUFB(upper, bitsEighths, upper)
		VPADDB(upper, index, index)
		VPSADBW(zero, index, index)
		if i%2 == 1 {
			VPSLLQ(U8(32), index, index)
		}
		VPADDD(index, all[i/2], all[i/2])
	}
	ADDQ(U8(32), n.at)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	dst := Load(Param("sums"), GP64())
	for i, v := range all {
		upper := XMM()
		VEXTRACTI128(U8(1), v, upper)
		VPADDD(v.AsX(), upper, upper)
		VPSRLDQ(U8(8), upper, v.AsX())
		VPADDD(v.AsX(), upper, upper)
		VMOVQ(Mem{Base: dst, Disp: 8 * i}, v.AsX())
		VPADDD(v.AsX(), upper, upper)
		VMOVQ(upper, Mem{Base: dst, Disp: 8 * i})
	}
	VZEROUPPER()
	RET()
}
