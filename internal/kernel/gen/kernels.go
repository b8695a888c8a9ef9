package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of kernelsArgs in package kernel.
const kernelsKernels, kernelsWeight, kernelsPlanes, kernelsOuts = 0, 8, 16, 24

// kernelFactors are the constants of the transform of weights.
var kernelFactors = []float64{-2.0 / 9, 1.0 / 90, 4.0 / 90, 2.0 / 90, 32.0 / 45, 8.0 / 45, 16.0 / 45, 0.5}

var kernelFactorTable Mem

func writeKernelFactors() {
	kernelFactorTable = GLOBL("winogradKernelFactors", 8|16) // RODATA|NOPTR
	for i, f := range kernelFactors {
		for lane := range 8 {
			DATA((8*i+lane)*4, U32(math.Float32bits(float32(f))))
		}
	}
}

// kernels writes the transform of weights: result planes, as many as a vector has lanes at most, lie in vectors.
func (t *transform) kernels(table Mem) {
	TEXT("winogradKernels"+t.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc("winogradKernels" + t.name + " does what winogradKernelsGeneric does.")
	args, factors := Load(Param("a"), GP64()), GP64()
	LEAQ(kernelFactorTable, factors)
	from, to, planes, outs, n := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: kernelsKernels}, from)
	MOVQ(Mem{Base: args, Disp: kernelsWeight}, to)
	MOVQ(Mem{Base: args, Disp: kernelsPlanes}, planes)
	MOVQ(Mem{Base: args, Disp: kernelsOuts}, outs)
	MOVQ(outs, n)
	SHLQ(U8(2), outs) // bytes
	frequency := GP64()
	MOVQ(planes, frequency)
	IMULQ(outs, frequency)
	m := t.firstLanesInMemory(n, table)
	Label("plane")
	at, weight := GP64(), GP64()
	MOVQ(to, weight)
	load := func(place int) reg.VecVirtual {
		v := t.register()
		LEAQ(Mem{Base: from}, at)
		for range place {
			ADDQ(outs, at)
		}
		t.load(Mem{Base: at}, v, &m)
		return v
	}
	times := func(f float64, v reg.VecVirtual) reg.VecVirtual {
		p := t.register()
		VMULPS(t.kernelFactor(factors, f, p), v, p)
		return p
	}
	plus := func(a reg.VecVirtual, f float64, v reg.VecVirtual) reg.VecVirtual {
		p := t.register()
		VFMADD231PS(t.kernelFactor(factors, f, p), v, a)
		return a
	}
	// row stores the four frequencies of a row.
	row := func(c [3]reg.VecVirtual) {
		even := times(0.5, t.sum(c[0], c[2]))
		odd := times(0.5, c[1])
		for _, v := range []reg.VecVirtual{c[0], t.sum(even, odd), t.difference(even, odd), c[2]} {
			t.store(v, Mem{Base: weight}, &m)
			ADDQ(frequency, weight)
		}
	}
	pair := func(even, odd func(x int) reg.VecVirtual) {
		var sums, differences [3]reg.VecVirtual
		for x := range 3 {
			e, o := even(x), odd(x)
			sums[x], differences[x] = t.sum(e, o), t.difference(e, o)
		}
		row(sums)
		row(differences)
	}
	single := func(first int) { row([3]reg.VecVirtual{load(first), load(first + 1), load(first + 2)}) }
	single(0)
	pair(func(x int) reg.VecVirtual { return times(-2.0/9, t.sum(load(x), load(6+x))) },
		func(x int) reg.VecVirtual { return times(-2.0/9, load(3+x)) })
	pair(func(x int) reg.VecVirtual { return plus(times(1.0/90, load(x)), 4.0/90, load(6+x)) },
		func(x int) reg.VecVirtual { return times(2.0/90, load(3+x)) })
	pair(func(x int) reg.VecVirtual { return plus(times(32.0/45, load(x)), 8.0/45, load(6+x)) },
		func(x int) reg.VecVirtual { return times(16.0/45, load(3+x)) })
	single(6)
	for range 9 {
		ADDQ(outs, from)
	}
	ADDQ(outs, to)
	DECQ(planes)
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// kernelFactor is a constant as an operand; spare is a register that may be used for it.
func (t *transform) kernelFactor(factors reg.GPVirtual, f float64, spare reg.VecVirtual) Op {
	for i, known := range kernelFactors {
		if known == f {
			VBROADCASTSS(Mem{Base: factors, Disp: 32 * i}, spare)
			return spare
		}
	}
	panic("no such factor")
}
