package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of lanesArgs, pointsArgs and outerArgs in package kernel.
var (
	lanesRows    = field("lanesArgs.rows", 0)
	lanesLine    = field("lanesArgs.line", 64)
	lanesDst     = field("lanesArgs.dst", 72)
	lanesNext    = field("lanesArgs.next", 80)
	lanesDstLine = field("lanesArgs.dstLine", 88)
	lanesChunks  = field("lanesArgs.chunks", 96)
	lanesLines   = field("lanesArgs.lines", 104)
	lanesAhead   = field("lanesArgs.ahead", 112)

	pointsSrc     = field("pointsArgs.src", 0)
	pointsStep    = field("pointsArgs.step", 8)
	pointsNext    = field("pointsArgs.next", 16)
	pointsLine    = field("pointsArgs.line", 24)
	pointsDst     = field("pointsArgs.dst", 32)
	pointsDstStep = field("pointsArgs.dstStep", 40)
	pointsDstNext = field("pointsArgs.dstNext", 48)
	pointsDstLine = field("pointsArgs.dstLine", 56)
	pointsN       = field("pointsArgs.n", 64)
	pointsLines   = field("pointsArgs.lines", 72)

	outerA       = field("outerArgs.a", 0)
	outerB       = field("outerArgs.b", 8)
	outerSums    = field("outerArgs.sums", 16)
	outerANext   = field("outerArgs.aNext", 24)
	outerBNext   = field("outerArgs.bNext", 32)
	outerSumLine = field("outerArgs.sumLine", 40)
	outerN       = field("outerArgs.n", 48)
	outerColumns = field("outerArgs.columns", 56)
)

var _ = constant("lanePlanes", 8)

// gradients writes the kernels for gradients of weights. What lays out and transforms eight planes serves both instruction sets.
func gradients() {
	planesToLanes()
	points{"tilePoints", 4, 6, []float32{2, 4}, tilePoints}.function()
	points{"sourcePoints", 6, 6, []float32{2, 4, 5}, sourcePoints}.function()
	points{"sumPoints", 6, 3, []float32{1. / 4, -1. / 6, 1. / 6, 1. / 12, 1. / 24}, sumPoints}.function()
	for _, set := range bothSets {
		for outs := 1; outs <= set.maxOuts; outs++ {
			convolution{set, outs}.outer()
		}
	}
}

func planesToLanes() {
	TEXT("planesToLanes8", NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc("planesToLanes8 does what planesToLanesGeneric does.")
	args := Load(Param("a"), GP64())
	next, next3, lines, line, dstLine := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: lanesNext}, next)
	LEAQ(Mem{Base: next, Index: next, Scale: 2}, next3)
	MOVQ(Mem{Base: args, Disp: lanesDst}, dstLine)
	MOVQ(Mem{Base: args, Disp: lanesLines}, lines)
	XORQ(line, line)
	Label("line")
	x, dst, chunks, ahead := GP64(), GP64(), GP64(), GP64()
	MOVQ(line, x)
	MOVQ(Mem{Base: args, Disp: lanesAhead}, ahead)
	ADDQ(line, ahead)
	MOVQ(dstLine, dst)
	MOVQ(Mem{Base: args, Disp: lanesChunks}, chunks)
	Label("chunk")
	for half := range 2 {
		var v [4]reg.VecVirtual // in the lower half a plane, in the upper one the fourth after it
		for p := range v {
			v[p] = YMM()
			low, high := GP64(), GP64()
			MOVQ(Mem{Base: args, Disp: lanesRows + 8*p}, low)
			MOVQ(Mem{Base: args, Disp: lanesRows + 8*(p+4)}, high)
			if half == 0 {
				PREFETCHT0(Mem{Base: low, Index: ahead, Scale: 1})
				PREFETCHT0(Mem{Base: high, Index: ahead, Scale: 1})
			}
			VMOVUPS(Mem{Base: low, Index: x, Scale: 1, Disp: 16 * half}, v[p].AsX())
			VINSERTF128(Imm(1), Mem{Base: high, Index: x, Scale: 1, Disp: 16 * half}, v[p], v[p])
		}
		ab := merge(v[0], v[1], VUNPCKLPS, VUNPCKHPS)
		cd := merge(v[2], v[3], VUNPCKLPS, VUNPCKHPS)
		for i := range ab {
			pixels := merge(ab[i], cd[i], VUNPCKLPD, VUNPCKHPD)
			for j, pixel := range pixels {
				to := []Mem{{Base: dst}, {Base: dst, Index: next, Scale: 1}, {Base: dst, Index: next, Scale: 2}, {Base: dst, Index: next3, Scale: 1}}[2*i+j]
				VMOVUPS(pixel, to)
			}
		}
		LEAQ(Mem{Base: dst, Index: next, Scale: 4}, dst)
	}
	ADDQ(Imm(32), x)
	ADDQ(Imm(32), ahead)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	ADDQ(Mem{Base: args, Disp: lanesLine}, line)
	ADDQ(Mem{Base: args, Disp: lanesDstLine}, dstLine)
	DECQ(lines)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// points is a kernel that multiplies numbers with a matrix.
type points struct {
	name      string
	from, to  int // columns and rows of the matrix
	constants []float32
	// transform makes the results of the numbers, which it may load more than once.
	transform func(from []Mem, constant map[float32]reg.VecVirtual) []reg.VecVirtual
}

func (p points) function() {
	TEXT(p.name+"8", NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(p.name + "8 does what " + p.name + "Generic does.")
	args := Load(Param("a"), GP64())
	constant := map[float32]reg.VecVirtual{}
	for _, c := range p.constants {
		constant[c] = YMM()
		bits := GP32()
		MOVL(U32(math.Float32bits(c)), bits)
		VMOVD(bits, constant[c].AsX())
		VBROADCASTSS(constant[c].AsX(), constant[c])
	}
	srcSteps, dstSteps := multiples(args, pointsStep, p.from), multiples(args, pointsDstStep, p.to)
	srcLine, dstLine, lines := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: pointsSrc}, srcLine)
	MOVQ(Mem{Base: args, Disp: pointsDst}, dstLine)
	MOVQ(Mem{Base: args, Disp: pointsLines}, lines)
	src, dst, n := GP64(), GP64(), GP64()
	Label("line")
	MOVQ(srcLine, src)
	MOVQ(dstLine, dst)
	MOVQ(Mem{Base: args, Disp: pointsN}, n)
	Label("next")
	for i, v := range p.transform(srcSteps(src), constant) {
		VMOVUPS(v, dstSteps(dst)[i])
	}
	ADDQ(Mem{Base: args, Disp: pointsNext}, src)
	ADDQ(Mem{Base: args, Disp: pointsDstNext}, dst)
	DECQ(n)
	JNZ(LabelRef("next"))
	ADDQ(Mem{Base: args, Disp: pointsLine}, srcLine)
	ADDQ(Mem{Base: args, Disp: pointsDstLine}, dstLine)
	DECQ(lines)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// multiples gives the places of up to six numbers a step apart.
func multiples(args reg.Register, step, count int) func(base reg.GPVirtual) []Mem {
	one, three, five := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: step}, one)
	if count > 3 {
		LEAQ(Mem{Base: one, Index: one, Scale: 2}, three)
	}
	if count > 5 {
		LEAQ(Mem{Base: one, Index: one, Scale: 4}, five)
	}
	return func(base reg.GPVirtual) []Mem {
		return []Mem{
			{Base: base}, {Base: base, Index: one, Scale: 1}, {Base: base, Index: one, Scale: 2},
			{Base: base, Index: three, Scale: 1}, {Base: base, Index: one, Scale: 4}, {Base: base, Index: five, Scale: 1},
		}[:count]
	}
}

func load(from Mem) reg.VecVirtual {
	v := YMM()
	VMOVUPS(from, v)
	return v
}

func add(a, b Op) reg.VecVirtual {
	v := YMM()
	VADDPS(b, a, v)
	return v
}

func subtract(a, b Op) reg.VecVirtual {
	v := YMM()
	VSUBPS(b, a, v)
	return v
}

// plusMinus gives a + f*b and a - f*b.
func plusMinus(a, f, b reg.VecVirtual) (plus, minus reg.VecVirtual) {
	plus = YMM()
	VMOVAPS(a, plus)
	VFMADD231PS(b, f, plus)
	VFNMADD231PS(b, f, a)
	return plus, a
}

func tilePoints(from []Mem, constant map[float32]reg.VecVirtual) []reg.VecVirtual {
	s0, s1, s2, s3 := load(from[0]), load(from[1]), load(from[2]), load(from[3])
	even, odd := add(s0, s2), add(s1, s3)
	p1, p2 := add(even, odd), subtract(even, odd)
	VMOVAPS(s0, even)
	VFMADD231PS(s2, constant[4], even)
	VFMADD231PS(s3, constant[4], s1)
	p3, p4 := plusMinus(even, constant[2], s1)
	return []reg.VecVirtual{s0, p1, p2, p3, p4, s3}
}

func sourcePoints(from []Mem, constant map[float32]reg.VecVirtual) []reg.VecVirtual {
	s1, s2, s3, s4 := load(from[1]), load(from[2]), load(from[3]), load(from[4])
	p0, p5 := load(from[0]), load(from[5])
	VFMADD213PS(s4, constant[4], p0)
	VFNMADD231PS(s2, constant[5], p0)
	VFNMADD231PS(s3, constant[5], p5)
	VFMADD231PS(s1, constant[4], p5)
	even2, odd2 := subtract(s4, s2), subtract(s3, s1)
	VFNMADD231PS(s2, constant[4], s4)
	VFNMADD231PS(s1, constant[4], s3)
	p1, p2 := add(s4, s3), subtract(s4, s3)
	p3, p4 := plusMinus(even2, constant[2], odd2)
	return []reg.VecVirtual{p0, p1, p2, p3, p4, p5}
}

func sumPoints(from []Mem, constant map[float32]reg.VecVirtual) []reg.VecVirtual {
	s0, s1, s3, s5 := load(from[0]), load(from[1]), load(from[3]), load(from[5])
	even, odd := add(s1, from[2]), subtract(s1, from[2])
	even2, odd2 := add(s3, from[4]), subtract(s3, from[4])
	VMULPS(constant[-1./6], even, even)
	VMULPS(constant[-1./6], odd, odd)
	VFMADD231PS(odd2, constant[1./12], odd)
	VADDPS(even, s5, s5)
	VFMADD231PS(even2, constant[1./6], s5)
	VFMADD231PS(s0, constant[1./4], even)
	VFMADD231PS(even2, constant[1./24], even)
	return []reg.VecVirtual{even, odd, s5}
}

// outer writes the kernel that adds products to the sums of so many results.
func (c convolution) outer() {
	name := fmt.Sprintf("outer%sx%d", c.name, c.outs)
	TEXT(name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the sums of %d results as outerGeneric does.", name, c.outs))
	args := Load(Param("a"), GP64())
	columns, x, aNext, bNext, sumLine := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: outerColumns}, columns)
	MOVQ(Mem{Base: args, Disp: outerANext}, aNext)
	MOVQ(Mem{Base: args, Disp: outerBNext}, bNext)
	MOVQ(Mem{Base: args, Disp: outerSumLine}, sumLine)
	XORQ(x, x)
	for wide := c.wide(c.outs); wide > 0; wide /= 2 {
		label := fmt.Sprintf("wide%d", wide)
		Label(label)
		CMPQ(columns, I32(wide*c.lanes))
		JL(LabelRef(label + "done"))
		place := func(base reg.GPVirtual, do func(o, v int, at Mem)) {
			for o := range c.outs {
				for v := range wide {
					do(o, v, Mem{Base: base, Disp: v * c.bytes()})
				}
				if o+1 < c.outs {
					ADDQ(sumLine, base)
				}
			}
		}
		to := GP64()
		MOVQ(Mem{Base: args, Disp: outerSums}, to)
		ADDQ(x, to)
		sums := make([][]reg.VecVirtual, c.outs)
		place(to, func(o, v int, at Mem) {
			sum := c.register()
			VMOVUPS(at, sum)
			sums[o] = append(sums[o], sum)
		})
		at, w, n := GP64(), GP64(), GP64()
		MOVQ(Mem{Base: args, Disp: outerB}, at)
		ADDQ(x, at)
		MOVQ(Mem{Base: args, Disp: outerA}, w)
		MOVQ(Mem{Base: args, Disp: outerN}, n)
		Label(label + "t")
		c.tap(sums, at, w, nil)
		ADDQ(bNext, at)
		ADDQ(aNext, w)
		DECQ(n)
		JNZ(LabelRef(label + "t"))
		MOVQ(Mem{Base: args, Disp: outerSums}, to)
		ADDQ(x, to)
		place(to, func(o, v int, at Mem) { VMOVUPS(sums[o][v], at) })
		ADDQ(I32(wide*c.bytes()), x)
		SUBQ(I32(wide*c.lanes), columns)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	VZEROUPPER()
	RET()
}
