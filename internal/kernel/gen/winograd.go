package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of winogradInArgs and winogradOutArgs in package kernel.
const (
	inRows, inTransformed, inDistance, inN                                        = 0, 64, 72, 80
	outRows, outAdd, outProducts, outDistance, outN, outBias, outSlope, outHasAdd = 0, 48, 96, 104, 112, 120, 128, 136
)

// factors are the constants of the transforms, each repeated to a whole vector.
var factors = []float32{5.25, -4.25, 0.25, -1.25, 0.5, -2.5, 2, 4, -5, 8, 0.125, 16, 0.0625, 32, 0.03125}

var factorTable Mem

// writeFactors writes the constants.
func writeFactors() {
	factorTable = GLOBL("winogradFactors", 8|16) // RODATA|NOPTR
	for i, f := range factors {
		for lane := range 16 {
			DATA((16*i+lane)*4, U32(math.Float32bits(f)))
		}
	}
}

// transform writes the kernels of the transforms of Winograd convolutions.
type transform struct {
	vectors
	args, x reg.GPVirtual
	table   reg.GPVirtual
	m       *mask
}

// factor is a constant as the operand of an instruction.
func (t *transform) factor(f float32) Mem {
	for i, known := range factors {
		if known == f {
			return Mem{Base: t.table, Disp: 64 * i}
		}
	}
	panic(fmt.Sprint("no such factor: ", f))
}

// loop calls chunk for every vector of a row.
func (t *transform) loop(lengthAt int, table Mem, chunk func()) {
	t.args, t.x, t.table = GP64(), GP64(), GP64()
	Load(Param("a"), t.args)
	LEAQ(factorTable, t.table)
	n := GP64()
	MOVQ(Mem{Base: t.args, Disp: lengthAt}, n)
	XORQ(t.x, t.x)
	Label("vector")
	CMPQ(n, I32(t.lanes))
	JL(LabelRef("rest"))
	t.m = nil
	chunk()
	ADDQ(I32(t.bytes()), t.x)
	SUBQ(I32(t.lanes), n)
	JMP(LabelRef("vector"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	m := t.firstLanes(n, table)
	t.m = &m
	chunk()
	Label("end")
	VZEROUPPER()
	RET()
}

// row loads a vector of the row that the pointer at this offset of the arguments leads to.
func (t *transform) row(offset int) reg.VecVirtual {
	at, v := GP64(), t.register()
	MOVQ(Mem{Base: t.args, Disp: offset}, at)
	t.load(Mem{Base: at, Index: t.x, Scale: 1}, v, t.m)
	return v
}

// copied is a copy of v, to be changed.
func (t *transform) copied(v reg.VecVirtual) reg.VecVirtual {
	c := t.register()
	VMOVAPS(v, c)
	return c
}

// plus is a + f*b.
func (t *transform) plus(a reg.VecVirtual, f float32, b reg.VecVirtual) reg.VecVirtual {
	sum := t.copied(a)
	VFMADD231PS(t.factor(f), b, sum)
	return sum
}

// sum is a + b, difference a - b.
func (t *transform) sum(a, b reg.VecVirtual) reg.VecVirtual {
	s := t.register()
	VADDPS(b, a, s)
	return s
}

func (t *transform) difference(a, b reg.VecVirtual) reg.VecVirtual {
	s := t.register()
	VSUBPS(b, a, s)
	return s
}

// times is f*a.
func (t *transform) times(f float32, a reg.VecVirtual) reg.VecVirtual {
	p := t.register()
	VMULPS(t.factor(f), a, p)
	return p
}

// in writes t = B r; see winogradInGeneric.
func (t *transform) in(table Mem) {
	TEXT("winogradIn"+t.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc("winogradIn" + t.name + " does what winogradInGeneric does.")
	t.loop(inN, table, func() {
		to, distance := GP64(), GP64()
		MOVQ(Mem{Base: t.args, Disp: inTransformed}, to)
		MOVQ(Mem{Base: t.args, Disp: inDistance}, distance)
		ADDQ(t.x, to)
		next := func(v reg.VecVirtual) {
			t.store(v, Mem{Base: to}, t.m)
			ADDQ(distance, to)
		}
		r1, r2, r3, r4, r5, r6 := t.row(inRows+8), t.row(inRows+16), t.row(inRows+24), t.row(inRows+32), t.row(inRows+40), t.row(inRows+48)
		next(t.plus(t.difference(t.row(inRows), r6), 5.25, t.difference(r4, r2)))
		pair := func(even, odd reg.VecVirtual) {
			next(t.sum(even, odd))
			next(t.difference(even, odd))
		}
		pair(t.plus(t.sum(r2, r6), -4.25, r4), t.plus(t.sum(r1, r5), -4.25, r3))
		pair(t.plus(t.plus(r6, 0.25, r2), -1.25, r4), t.plus(t.plus(t.times(0.5, r1), -2.5, r3), 2, r5))
		pair(t.plus(t.plus(r6, 4, r2), -5, r4), t.plus(t.plus(t.times(2, r1), -2.5, r3), 0.5, r5))
		next(t.plus(t.difference(t.row(inRows+56), r1), 5.25, t.difference(r3, r5)))
	})
}

// out writes y = A m with everything that follows; see winogradOutGeneric.
func (t *transform) out(table Mem) {
	TEXT("winogradOut"+t.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc("winogradOut" + t.name + " does what winogradOutGeneric does.")
	chunks := 0
	t.loop(outN, table, func() {
		chunks++
		from, distance := GP64(), GP64()
		MOVQ(Mem{Base: t.args, Disp: outProducts}, from)
		MOVQ(Mem{Base: t.args, Disp: outDistance}, distance)
		ADDQ(t.x, from)
		next := func() reg.VecVirtual {
			v := t.register()
			t.load(Mem{Base: from}, v, t.m)
			ADDQ(distance, from)
			return v
		}
		m0 := next()
		pair := func() (sum, difference reg.VecVirtual) {
			a, b := next(), next()
			return t.sum(a, b), t.difference(a, b)
		}
		s1, d1 := pair()
		s2, d2 := pair()
		s3, d3 := pair()
		y := []reg.VecVirtual{
			t.sum(t.sum(m0, s1), t.sum(s2, s3)),
			t.plus(t.plus(d1, 2, d2), 0.5, d3),
			t.plus(t.plus(s1, 4, s2), 0.25, s3),
			t.plus(t.plus(d1, 8, d2), 0.125, d3),
			t.plus(t.plus(s1, 16, s2), 0.0625, s3),
			t.plus(t.plus(t.sum(next(), d1), 32, d2), 0.03125, d3),
		}
		t.finish(fmt.Sprint("chunk", chunks), y)
	})
}

// finish adds the bias and the skip connections, activates and stores the six rows.
func (t *transform) finish(label string, y []reg.VecVirtual) {
	at, bias := GP64(), t.register()
	MOVQ(Mem{Base: t.args, Disp: outBias}, at)
	VBROADCASTSS(Mem{Base: at}, bias)
	for _, v := range y {
		VADDPS(bias, v, v)
	}
	flag := GP64()
	MOVQ(Mem{Base: t.args, Disp: outHasAdd}, flag)
	TESTQ(flag, flag)
	JZ(LabelRef(label + "added"))
	for r, v := range y {
		VADDPS(t.row(outAdd+8*r), v, v)
	}
	Label(label + "added")
	slope := GP64()
	MOVQ(Mem{Base: t.args, Disp: outSlope}, slope)
	TESTQ(slope, slope)
	JZ(LabelRef(label + "activated"))
	factor, zero := t.register(), t.register()
	VBROADCASTSS(Mem{Base: slope}, factor)
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	for _, v := range y {
		negative := t.register()
		VMINPS(v, zero, negative) // in this order of operands a NaN stays one
		VMAXPS(v, zero, v)
		VFMADD231PS(factor, negative, v)
	}
	Label(label + "activated")
	for r, v := range y {
		to := GP64()
		MOVQ(Mem{Base: t.args, Disp: outRows + 8*r}, to)
		t.store(v, Mem{Base: to, Index: t.x, Scale: 1}, t.m)
	}
}
