package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of kernelsArgs in package kernel.
var (
	kernelsKernels = field("kernelsArgs.kernels", 0)
	kernelsWeight  = field("kernelsArgs.weight", 8)
	kernelsPlanes  = field("kernelsArgs.planes", 16)
	kernelsOuts    = field("kernelsArgs.outs", 24)
)

// kernelFactors are the constants of the transform of weights.
var kernelFactors = []float64{-2.0 / 9, 1.0 / 90, 4.0 / 90, 2.0 / 90, 32.0 / 45, 8.0 / 45, 16.0 / 45, 0.5, 0.25, -1.0 / 6, 1.0 / 6, 1.0 / 12, 1.0 / 24}

var kernelFactorTable Mem

func writeKernelFactors() {
	kernelFactorTable = GLOBL("winogradKernelFactors", 8|16) // RODATA|NOPTR
	for i, f := range kernelFactors {
		DATA(4*i, U32(math.Float32bits(float32(f))))
	}
}

// kernels writes the transform of weights: result planes, as many as a vector has lanes at most, lie in vectors. Whole vectors are
// loaded and stored, which is faster: what lies behind the result planes is overwritten by the next source planes. Only the last ones
// have too few behind them.
func (t *transform) kernels(name string, table Mem, row func(k *kernels, c [3]reg.VecVirtual)) {
	TEXT(name+t.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(name + t.name + " does what " + name + "Generic does.")
	args := Load(Param("a"), GP64())
	k := kernels{transform: t, row: row, from: GP64(), to: GP64(), outs: GP64(), frequency: GP64(), factors: GP64()}
	planes, n := GP64(), GP64()
	LEAQ(kernelFactorTable, k.factors)
	MOVQ(Mem{Base: args, Disp: kernelsKernels}, k.from)
	MOVQ(Mem{Base: args, Disp: kernelsWeight}, k.to)
	MOVQ(Mem{Base: args, Disp: kernelsPlanes}, planes)
	MOVQ(Mem{Base: args, Disp: kernelsOuts}, k.outs)
	MOVQ(k.outs, n)
	SHLQ(U8(2), k.outs) // bytes
	MOVQ(planes, k.frequency)
	IMULQ(k.outs, k.frequency)
	left := GP64() // bytes of a place of the kernel in the source planes that are left
	MOVQ(k.frequency, left)
	Label("plane")
	CMPQ(left, I32(t.bytes()))
	JL(LabelRef("last"))
	k.plane()
	SUBQ(k.outs, left)
	JMP(LabelRef("plane"))
	Label("last")
	TESTQ(left, left)
	JZ(LabelRef("end"))
	m := t.firstLanesInMemory(n, table)
	k.m = &m
	Label("masked")
	k.plane()
	SUBQ(k.outs, left)
	JNZ(LabelRef("masked"))
	Label("end")
	VZEROUPPER()
	RET()
}

// kernels is what the transform of weights has in registers.
type kernels struct {
	*transform
	from, to        reg.GPVirtual // where the source plane's kernels and weights begin
	outs, frequency reg.GPVirtual // bytes between places of a kernel and between frequencies
	factors         reg.GPVirtual
	m               *mask
	weight          reg.GPVirtual
	row             func(k *kernels, c [3]reg.VecVirtual) // stores the frequencies of a row
}

// plane transforms the kernels of a source plane and goes on to the next one.
func (k *kernels) plane() {
	k.weight = GP64()
	MOVQ(k.to, k.weight)
	var rows [3]reg.GPVirtual // the second places of the kernels' rows
	for y := range rows {
		rows[y] = GP64()
		if y == 0 {
			LEAQ(Mem{Base: k.from, Index: k.outs, Scale: 1}, rows[0])
			continue
		}
		LEAQ(Mem{Base: rows[y-1], Index: k.outs, Scale: 2}, rows[y])
		ADDQ(k.outs, rows[y])
	}
	load := func(y, x int) reg.VecVirtual {
		v := k.register()
		from := Mem{Base: rows[y]}
		switch x {
		case 0:
			first := GP64()
			MOVQ(rows[y], first)
			SUBQ(k.outs, first)
			from = Mem{Base: first}
		case 2:
			from.Index, from.Scale = k.outs, 1
		}
		k.load(from, v, k.m)
		return v
	}
	each := func(f func(x int) reg.VecVirtual) [3]reg.VecVirtual { return [3]reg.VecVirtual{f(0), f(1), f(2)} }
	pair := func(even, odd func(x int) reg.VecVirtual) {
		var sums, differences [3]reg.VecVirtual
		for x := range 3 {
			e, o := even(x), odd(x)
			sums[x], differences[x] = k.sum(e, o), k.difference(e, o)
		}
		k.row(k, sums)
		k.row(k, differences)
	}
	k.row(k, each(func(x int) reg.VecVirtual { return load(0, x) }))
	pair(func(x int) reg.VecVirtual { return k.scaled(-2.0/9, k.sum(load(0, x), load(2, x))) },
		func(x int) reg.VecVirtual { return k.scaled(-2.0/9, load(1, x)) })
	pair(func(x int) reg.VecVirtual { return k.added(k.scaled(1.0/90, load(0, x)), 4.0/90, load(2, x)) },
		func(x int) reg.VecVirtual { return k.scaled(2.0/90, load(1, x)) })
	pair(func(x int) reg.VecVirtual { return k.added(k.scaled(32.0/45, load(0, x)), 8.0/45, load(2, x)) },
		func(x int) reg.VecVirtual { return k.scaled(16.0/45, load(1, x)) })
	k.row(k, each(func(x int) reg.VecVirtual { return load(2, x) }))
	LEAQ(Mem{Base: k.from, Index: k.outs, Scale: 8}, k.from)
	ADDQ(k.outs, k.from)
	ADDQ(k.outs, k.to)
}

// narrowRow stores the four frequencies of a row of narrow tiles.
func (k *kernels) narrowRow(c [3]reg.VecVirtual) {
	even, odd := k.scaled(0.5, k.sum(c[0], c[2])), k.scaled(0.5, c[1])
	k.frequencies(c[0], k.sum(even, odd), k.difference(even, odd), c[2])
}

// wideRow stores the six of wide ones.
func (k *kernels) wideRow(c [3]reg.VecVirtual) {
	k.frequencies(k.scaled(0.25, c[0]))
	even, odd := k.scaled(-1.0/6, k.sum(c[0], c[2])), k.scaled(-1.0/6, c[1])
	k.frequencies(k.sum(even, odd), k.difference(even, odd))
	even, odd = k.added(k.scaled(1.0/24, c[0]), 1.0/6, c[2]), k.scaled(1.0/12, c[1])
	k.frequencies(k.sum(even, odd), k.difference(even, odd), c[2])
}

func (k *kernels) frequencies(vs ...reg.VecVirtual) {
	for _, v := range vs {
		k.store(v, Mem{Base: k.weight}, k.m)
		ADDQ(k.frequency, k.weight)
	}
}

// scaled is f*v; added adds f*v to a.
func (k *kernels) scaled(f float64, v reg.VecVirtual) reg.VecVirtual {
	p := k.register()
	VBROADCASTSS(k.kernelFactor(f), p)
	VMULPS(v, p, p)
	return p
}

func (k *kernels) added(a reg.VecVirtual, f float64, v reg.VecVirtual) reg.VecVirtual {
	p := k.register()
	VBROADCASTSS(k.kernelFactor(f), p)
	VFMADD231PS(p, v, a)
	return a
}

// kernelFactor is where a constant lies.
func (k *kernels) kernelFactor(f float64) Mem {
	for i, known := range kernelFactors {
		if known == f {
			return Mem{Base: k.factors, Disp: 4 * i}
		}
	}
	panic("no such factor")
}
