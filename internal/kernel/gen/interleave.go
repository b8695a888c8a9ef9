package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

func interleaves() {
	for _, count := range []int{2, 4} {
		interleave(count)
		separate(count)
	}
}

// separate writes the kernels that do the opposite, for gradients.
func separate(count int) {
	TEXT(fmt.Sprintf("separate%d", count), NOSPLIT, "func(rows, src *float32, distance, chunks int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("separate%d takes %d rows apart that were merged, eight numbers of each for every chunk:", count, count),
		fmt.Sprintf("rows[r*distance/4+i] = src[%d*i+r] for i < 8*chunks. The distance is in bytes.", count))
	row, src := Load(Param("rows"), GP64()), Load(Param("src"), GP64())
	distance, chunks := Load(Param("distance"), GP64()), Load(Param("chunks"), GP64())
	rows := []reg.Register{row}
	for range count - 1 {
		next := GP64()
		MOVQ(rows[len(rows)-1], next)
		ADDQ(distance, next)
		rows = append(rows, next)
	}
	Label("chunk")
	v := make([]reg.VecVirtual, count)
	for i := range v {
		v[i] = YMM()
		VMOVUPS(Mem{Base: src, Disp: 32 * i}, v[i])
	}
	if count == 2 {
		h := halves(v)
		VSHUFPS(Imm(0x88), h[1], h[0], v[0])
		VSHUFPS(Imm(0xdd), h[1], h[0], v[1])
	} else {
		even, odd := halves([]reg.VecVirtual{v[0], v[2]}), halves([]reg.VecVirtual{v[1], v[3]}) // pixels 0 and 4, 1 and 5; 2 and 6, 3 and 7
		first, second := merge(even[0], even[1], VUNPCKLPS, VUNPCKHPS), merge(odd[0], odd[1], VUNPCKLPS, VUNPCKHPS)
		v = append(merge(first[0], second[0], VUNPCKLPD, VUNPCKHPD), merge(first[1], second[1], VUNPCKLPD, VUNPCKHPD)...)
	}
	for r := range v {
		VMOVUPS(v[r], Mem{Base: rows[r]})
		ADDQ(Imm(32), rows[r])
	}
	ADDQ(Imm(uint64(32*count)), src)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// interleave writes the kernels that merge two or four rows, for pixel shuffles and transposed convolutions. Both instruction
// sets use them: they are bound by memory, not by the width of vectors.
func interleave(count int) {
	TEXT(fmt.Sprintf("interleave%d", count), NOSPLIT, "func(dst, rows *float32, distance, chunks int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("interleave%d merges the beginnings of %d rows, eight numbers of each for every chunk:", count, count),
		fmt.Sprintf("dst[%d*i+r] = rows[r*distance/4+i] for i < 8*chunks. The distance is in bytes.", count))
	dst, row := Load(Param("dst"), GP64()), Load(Param("rows"), GP64())
	distance, chunks := Load(Param("distance"), GP64()), Load(Param("chunks"), GP64())
	rows := []reg.Register{row}
	for range count - 1 {
		next := GP64()
		MOVQ(rows[len(rows)-1], next)
		ADDQ(distance, next)
		rows = append(rows, next)
	}
	Label("chunk")
	v := make([]reg.VecVirtual, count)
	for r := range v {
		v[r] = YMM()
		VMOVUPS(Mem{Base: rows[r]}, v[r])
		ADDQ(Imm(32), rows[r])
	}
	if count == 2 {
		v = merge(v[0], v[1], VUNPCKLPS, VUNPCKHPS)
		v = halves(v)
	} else {
		v = quadruples(v)
	}
	for i := range v {
		VMOVUPS(v[i], Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(uint64(32*count)), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// merge unpacks two vectors with a pair of instructions.
func merge(a, b reg.VecVirtual, low, high func(...Op)) []reg.VecVirtual {
	l, h := YMM(), YMM()
	low(b, a, l)
	high(b, a, h)
	return []reg.VecVirtual{l, h}
}

// halves puts the lower halves of two vectors into one and the upper ones into another.
func halves(v []reg.VecVirtual) []reg.VecVirtual {
	l, h := YMM(), YMM()
	VPERM2F128(Imm(0x20), v[1], v[0], l)
	VPERM2F128(Imm(0x31), v[1], v[0], h)
	return []reg.VecVirtual{l, h}
}

// quadruples merges four rows.
func quadruples(v []reg.VecVirtual) []reg.VecVirtual {
	ab := merge(v[0], v[1], VUNPCKLPS, VUNPCKHPS) // in each half: a0 b0 a1 b1, a2 b2 a3 b3
	cd := merge(v[2], v[3], VUNPCKLPS, VUNPCKHPS)
	first := merge(ab[0], cd[0], VUNPCKLPD, VUNPCKHPD)  // pixels 0 and 4, 1 and 5
	second := merge(ab[1], cd[1], VUNPCKLPD, VUNPCKHPD) // pixels 2 and 6, 3 and 7
	a, b := halves(first), halves(second)
	return []reg.VecVirtual{a[0], b[0], a[1], b[1]}
}
