package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of dotsArgs in package kernel.
var (
	dotsA        = field("dotsArgs.a", 0)
	dotsAPlane   = field("dotsArgs.aPlane", 8)
	dotsB        = field("dotsArgs.b", 16)
	dotsOffsets  = field("dotsArgs.offsets", 24)
	dotsN        = field("dotsArgs.n", 32)
	dotsSums     = field("dotsArgs.sums", 40)
	dotsSumPlane = field("dotsArgs.sumPlane", 48)
)

// innerProducts writes the kernels of inner products.
func innerProducts() {
	for _, set := range setsWithMasks() {
		for as := 1; as <= set.dotsA; as++ {
			for bs := 1; bs <= set.dotsB; bs++ {
				set.dots(as, bs, set.masks)
			}
		}
	}
}

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
