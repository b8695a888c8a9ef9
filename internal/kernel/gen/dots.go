package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of dotsArgs in package kernel.
const dotsA, dotsAPlane, dotsB, dotsOffsets, dotsN, dotsSums, dotsSumPlane = 0, 8, 16, 24, 32, 40, 48

// dots writes the kernel of inner products of as rows with bs rows: as many sums as there are registers for.
func (v vectors) dots(as, bs int, table Mem) {
	name := fmt.Sprintf("dots%sx%dx%d", v.name, as, bs)
	TEXT(name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds the inner products of %d rows with %d rows as dotsGeneric does.", name, as, bs))
	args := Load(Param("a"), GP64())
	a, plane, n, offsets := GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: dotsA}, a)
	MOVQ(Mem{Base: args, Disp: dotsAPlane}, plane)
	MOVQ(Mem{Base: args, Disp: dotsN}, n)
	MOVQ(Mem{Base: args, Disp: dotsOffsets}, offsets)
	rows := make([]reg.GPVirtual, bs)
	for j := range rows {
		rows[j] = GP64()
		MOVQ(Mem{Base: offsets, Disp: 8 * j}, rows[j])
		ADDQ(Mem{Base: args, Disp: dotsB}, rows[j])
	}
	zero := v.register()
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	sums := make([][]reg.VecVirtual, as)
	for i := range sums {
		for range bs {
			sum := v.register()
			VMOVAPS(zero, sum)
			sums[i] = append(sums[i], sum)
		}
	}
	x := GP64()
	XORQ(x, x)
	Label("vector")
	CMPQ(n, I32(v.lanes))
	JL(LabelRef("rest"))
	v.dotsVector(sums, a, plane, x, rows, nil)
	ADDQ(I32(v.bytes()), x)
	SUBQ(I32(v.lanes), n)
	JMP(LabelRef("vector"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("sum"))
	m := v.firstLanesInMemory(n, table)
	v.dotsVector(sums, a, plane, x, rows, &m)
	Label("sum")
	to, step := GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: dotsSums}, to)
	MOVQ(Mem{Base: args, Disp: dotsSumPlane}, step)
	for i := range sums {
		for j, sum := range sums[i] {
			v.addLanes(sum, Mem{Base: to, Disp: 4 * j})
		}
		if i+1 < len(sums) {
			ADDQ(step, to)
		}
	}
	VZEROUPPER()
	RET()
}

// dotsVector adds the products of a vector of each row.
func (v vectors) dotsVector(sums [][]reg.VecVirtual, a, plane, x reg.GPVirtual, rows []reg.GPVirtual, m *mask) {
	at := GP64()
	LEAQ(Mem{Base: a, Index: x, Scale: 1}, at)
	left := make([]reg.VecVirtual, len(sums))
	for i := range left {
		left[i] = v.register()
		v.load(Mem{Base: at}, left[i], m)
		if i+1 < len(left) {
			ADDQ(plane, at)
		}
	}
	for j, row := range rows {
		right := v.register()
		v.load(Mem{Base: row, Index: x, Scale: 1}, right, m)
		for i := range left {
			VFMADD231PS(right, left[i], sums[i][j])
		}
	}
}

// addLanes adds the sum of a vector's lanes to a number.
func (v vectors) addLanes(sum reg.VecVirtual, number Mem) {
	part, other := XMM(), XMM()
	VMOVAPS(sum.AsX(), part)
	if v.lanes == 16 {
		for i := 1; i < 4; i++ {
			VEXTRACTF32X4(U8(i), sum, other)
			VADDPS(other, part, part)
		}
	} else {
		VEXTRACTF128(U8(1), sum, other)
		VADDPS(other, part, part)
	}
	for _, exchanged := range []uint8{0x4e, 0xb1} { // halves, then neighbours
		VPERMILPS(U8(exchanged), part, other)
		VADDPS(other, part, part)
	}
	VADDSS(number, part, part)
	VMOVSS(part, number)
}

// elementwise writes the kernels that work on numbers one by one, for whole vectors.
func (v vectors) elementwise() {
	v.rowFunction("combine", "func(d, a, b *float32, n int, fa, fb, c float32)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "fa", "fb", "c")
			return
		}
		sum := v.register()
		VMOVAPS(r["c"], sum)
		VFMADD231PS(v.at(r["a"], x), r["fa"], sum)
		VFMADD231PS(v.at(r["b"], x), r["fb"], sum)
		VMOVUPS(sum, v.at(r["d"], x))
	}, "d", "a", "b")
	v.rowFunction("leak", "func(d, s *float32, n int, slope float32)", func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "slope")
			zero := v.register()
			VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
			r["zero"] = zero
			return
		}
		value, negative := v.register(), v.register()
		VMOVUPS(v.at(r["s"], x), value)
		// In this order of operands a NaN stays one.
		VMINPS(value, r["zero"], negative)
		VMAXPS(value, r["zero"], value)
		VFMADD231PS(r["slope"], negative, value)
		VMOVUPS(value, v.at(r["d"], x))
	}, "d", "s")
	v.leakBack()
}

func (v vectors) at(base reg.Register, x reg.GPVirtual) Mem {
	return Mem{Base: base, Index: x, Scale: 1}
}

// broadcast loads parameters into all lanes of registers.
func (v vectors) broadcast(r map[string]reg.Register, names ...string) {
	for _, name := range names {
		one, all := XMM(), v.register()
		Load(Param(name), one)
		VBROADCASTSS(one, all)
		r[name] = all
	}
}

// rowFunction writes a function over rows of n numbers, a multiple of the lanes; body is called to load what does not change, and then
// for the vector at byte x.
func (v vectors) rowFunction(name, signature string, body func(x reg.GPVirtual, start bool, r map[string]reg.Register), rows ...string) {
	TEXT(name+v.name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + v.name + " does what the loop in elementwise.go does, for n numbers, a multiple of the lanes.")
	r := map[string]reg.Register{}
	for _, row := range rows {
		r[row] = Load(Param(row), GP64())
	}
	n, x := GP64(), GP64()
	Load(Param("n"), n)
	body(x, true, r)
	XORQ(x, x)
	Label("vector")
	body(x, false, r)
	ADDQ(I32(v.bytes()), x)
	SUBQ(I32(v.lanes), n)
	JNZ(LabelRef("vector"))
	if sum, ok := r["sum"]; ok {
		to := GP64()
		Load(Param("sum"), to)
		v.addLanes(sum.(reg.VecVirtual), Mem{Base: to})
	}
	VZEROUPPER()
	RET()
}

func (v vectors) leakBack() {
	signature := "func(dy, s *float32, n int, slope float32, sum *float32)"
	v.rowFunction("leakBack", signature, func(x reg.GPVirtual, start bool, r map[string]reg.Register) {
		if start {
			v.broadcast(r, "slope")
			zero, sum := v.register(), v.register()
			VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
			VMOVAPS(zero, sum)
			r["zero"], r["sum"] = zero, sum
			return
		}
		dy, value, product := v.register(), v.register(), v.register()
		VMOVUPS(v.at(r["dy"], x), dy)
		VMOVUPS(v.at(r["s"], x), value)
		VMULPS(dy, r["slope"], product)
		const notGreater = 0x0a // not greater than, or not a number
		if v.masked {
			k := K()
			VCMPPS(U8(notGreater), r["zero"], value, k)
			VFMADD231PS(dy, value, k, r["sum"])
			VMOVAPS(product, k, dy)
		} else {
			chosen, part := v.register(), v.register()
			VCMPPS(U8(notGreater), r["zero"], value, chosen)
			VANDPS(dy, chosen, part)
			VFMADD231PS(part, value, r["sum"])
			VBLENDVPS(chosen, product, dy, dy)
		}
		VMOVUPS(dy, v.at(r["dy"], x))
	}, "dy", "s")
}
