package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

const (
	dctBits   = 13 // of the factors, after the point
	firstBits = 2  // that results of the first direction have more
)

// quantiserTable is the length, in bytes, of each table of a kernel.Quantiser: what is added, factors, shifts.
const quantiserTable = 2 * 64 * 2

// dctFactors are pairs of factors that rows side by side are multiplied with; the names tell the result and the rows.
var dctFactors = []struct {
	name string
	pair [2]int16
}{
	{"2", [2]int16{4433 + 6270, 4433}},   // of s0-s3, s1-s2
	{"6", [2]int16{4433, 4433 - 15137}},  // likewise
	{"z3", [2]int16{9633 - 16069, 9633}}, // of z3, z4
	{"z4", [2]int16{9633, 9633 - 3196}},
	{"7", [2]int16{2446 - 7373, -7373}}, // of d3, d0
	{"1", [2]int16{-7373, 12299 - 7373}},
	{"5", [2]int16{16819 - 20995, -20995}}, // of d2, d1
	{"3", [2]int16{-20995, 25172 - 20995}},
}

// transforms writes JPEG's forward transform of two blocks at a time: each half of a vector has a row of one of them, in 16 bits, and all
// shuffles stay within halves. Both instruction sets use this kernel.
func transforms() {
	factors := map[string]Mem{}
	for _, f := range dctFactors {
		factors[f.name] = words("dctFactor"+f.name, f.pair[0], f.pair[1])
	}
	d := dct{
		factors: factors, zigzag: zigzagTable(), shift: words("dctShift", 128), round: words("dctRound", 1<<(firstBits-1)),
		rounds: [2]Mem{doubleWords("dctRound1", 1<<(dctBits-firstBits-1)), doubleWords("dctRound2", 1<<(dctBits+firstBits-1))},
	}
	TEXT("transformBlocksAVX2", NOSPLIT, "func(coefficients *int16, masks *uint64, src *byte, stride int, quantiser *uint16, pairs int)")
	Pragma("noescape")
	Doc("transformBlocksAVX2 does what transformBlocksGeneric does for pairs of blocks.")
	dst, masks, src := Load(Param("coefficients"), GP64()), Load(Param("masks"), GP64()), Load(Param("src"), GP64())
	stride, quantiser := Load(Param("stride"), GP64()), Load(Param("quantiser"), GP64())
	pairs := Load(Param("pairs"), GP64())
	Label("pair")
	rows, at := make([]reg.VecVirtual, 8), GP64()
	MOVQ(src, at)
	for y := range rows {
		rows[y] = YMM()
		VPMOVZXBW(Mem{Base: at}, rows[y])
		VPSUBW(d.shift, rows[y], rows[y])
		if y < 7 {
			ADDQ(stride, at)
		}
	}
	rows = d.direction(d.transpose(rows), 0)
	rows = d.direction(d.transpose(rows), 1)
	for y := range rows {
		absolute := YMM()
		VPABSW(rows[y], absolute)
		VPADDW(Mem{Base: quantiser, Disp: 32 * y}, absolute, absolute)
		VPMULHUW(Mem{Base: quantiser, Disp: 32*y + quantiserTable}, absolute, absolute)
		VPMULHUW(Mem{Base: quantiser, Disp: 32*y + 2*quantiserTable}, absolute, absolute)
		VPSIGNW(rows[y], absolute, rows[y])
	}
	d.store(rows, dst, masks)
	ADDQ(U8(16), src)
	ADDQ(U8(16), masks)
	ADDQ(U32(256), dst)
	DECQ(pairs)
	JNZ(LabelRef("pair"))
	VZEROUPPER()
	RET()
}

type dct struct {
	factors      map[string]Mem
	zigzag       Mem
	shift, round Mem
	rounds       [2]Mem // of products, for each direction
}

// transpose exchanges rows and columns in each half.
func (dct) transpose(rows []reg.VecVirtual) []reg.VecVirtual {
	for range 3 {
		// Three times, rows i and i+4 become rows 2i and 2i+1 with their words in turns.
		next := make([]reg.VecVirtual, 8)
		for i := range 4 {
			a, b := rows[i], rows[i+4]
			low := YMM()
			VPUNPCKLWD(b, a, low)
			VPUNPCKHWD(b, a, b)
			next[2*i], next[2*i+1] = low, b
		}
		rows = next
	}
	return rows
}

// direction transforms along the vectors' numbers: result i is frequency i.
func (d dct) direction(v []reg.VecVirtual, number int) []reg.VecVirtual {
	for i := range 4 { // sums to the first four, differences to the others: d3, d2, d1, d0
		difference := YMM()
		VPSUBW(v[7-i], v[i], difference)
		VPADDW(v[7-i], v[i], v[i])
		v[7-i] = difference
	}
	s0, s1, s2, s3, d3, d2, d1, d0 := v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	out := make([]reg.VecVirtual, 8)
	sumDifference := func(a, b reg.VecVirtual) (sum, difference reg.VecVirtual) {
		difference = YMM()
		VPSUBW(b, a, difference)
		VPADDW(b, a, a)
		return a, difference
	}
	outer, outerDifference := sumDifference(s0, s3)
	inner, innerDifference := sumDifference(s1, s2)
	out[0], out[4] = sumDifference(outer, inner)
	for _, i := range []int{0, 4} {
		if number == 0 {
			VPSLLW(U8(firstBits), out[i], out[i])
		} else {
			VPADDW(d.round, out[i], out[i])
			VPSRAW(U8(firstBits), out[i], out[i])
		}
	}
	low, high := d.pairs(outerDifference, innerDifference)
	out[2] = d.product(number, "2", low, high, nil)
	out[6] = d.product(number, "6", low, high, nil)

	z3, z4 := YMM(), YMM()
	VPADDW(d1, d3, z3)
	VPADDW(d0, d2, z4)
	low, high = d.pairs(z3, z4)
	sums := map[string][]reg.VecVirtual{}
	for _, name := range []string{"z3", "z4"} {
		sums[name] = []reg.VecVirtual{YMM(), YMM()}
		VPMADDWD(d.factors[name], low, sums[name][0])
		VPMADDWD(d.factors[name], high, sums[name][1])
	}
	low, high = d.pairs(d3, d0)
	out[7] = d.product(number, "7", low, high, sums["z3"])
	out[1] = d.product(number, "1", low, high, sums["z4"])
	low, high = d.pairs(d2, d1)
	out[5] = d.product(number, "5", low, high, sums["z4"])
	out[3] = d.product(number, "3", low, high, sums["z3"])
	return out
}

// pairs lays the numbers of two vectors side by side.
func (dct) pairs(a, b reg.VecVirtual) (low, high reg.VecVirtual) {
	low, high = YMM(), YMM()
	VPUNPCKLWD(b, a, low)
	VPUNPCKHWD(b, a, high)
	return low, high
}

// product multiplies pairs, adds, and rounds to 16 bits.
func (d dct) product(number int, name string, low, high reg.VecVirtual, add []reg.VecVirtual) reg.VecVirtual {
	result := []reg.VecVirtual{YMM(), YMM()}
	for i, pairs := range []reg.VecVirtual{low, high} {
		VPMADDWD(d.factors[name], pairs, result[i])
		if add != nil {
			VPADDD(add[i], result[i], result[i])
		}
		VPADDD(d.rounds[number], result[i], result[i])
		VPSRAD(U8([]int{dctBits - firstBits, dctBits + firstBits}[number]), result[i], result[i])
	}
	VPACKSSDW(result[1], result[0], result[0])
	return result[0]
}

// zigzag is the order of coefficients in files.
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// zigzagRows calls use for every eighth of the order and each row that it takes something of.
func zigzagRows(use func(part, row int)) {
	for part := range 8 {
		for row := range 8 {
			for _, from := range zigzag[8*part:][:8] {
				if from/8 == row {
					use(part, row)
					break
				}
			}
		}
	}
}

// zigzagTable writes a shuffle for each of them.
func zigzagTable() Mem {
	table := GLOBL("dctZigzag", 8|16) // RODATA|NOPTR
	at := 0
	zigzagRows(func(part, row int) {
		for i := range 32 {
			from := noByte
			if place := zigzag[8*part+i%16/2]; place/8 == row {
				from = 2*(place%8) + i%2
			}
			DATA(at+i, U8(from))
		}
		at += 32
	})
	return table
}

// store writes two blocks in zigzag order, and which of their coefficients are not zero.
func (d dct) store(rows []reg.VecVirtual, dst, masks reg.Register) {
	zero, at := YMM(), 0
	VPXOR(zero, zero, zero)
	mask := []reg.GPVirtual{GP64(), GP64()}
	var parts [8]reg.VecVirtual
	zigzagRows(func(part, row int) {
		v := parts[part]
		if v == nil {
			if part > 0 {
				d.storePart(parts[:part], dst, zero, mask)
			}
			v = YMM()
			parts[part] = v
			VPSHUFB(d.zigzag.Offset(at), rows[row], v)
		} else {
			other := YMM()
			VPSHUFB(d.zigzag.Offset(at), rows[row], other)
			VPOR(other, v, v)
		}
		at += 32
	})
	d.storePart(parts[:], dst, zero, mask)
	for i := range mask {
		NOTQ(mask[i])
		MOVQ(mask[i], Mem{Base: masks, Disp: 8 * i})
	}
}

// storePart writes the last of some parts, and after every second one which are zero.
func (dct) storePart(parts []reg.VecVirtual, dst, zero reg.Register, mask []reg.GPVirtual) {
	last := len(parts) - 1
	VMOVDQU(parts[last].AsX(), Mem{Base: dst, Disp: 16 * last})
	VEXTRACTI128(U8(1), parts[last], Mem{Base: dst, Disp: 128 + 16*last})
	if last%2 == 0 {
		return
	}
	both, first, second := YMM(), GP64(), GP64()
	VPACKSSWB(parts[last], parts[last-1], both)
	VPCMPEQB(zero, both, both)
	VPMOVMSKB(both, second.As32())
	MOVWLZX(second.As16(), first.As32())
	SHRL(U8(16), second.As32())
	for i, bits := range []reg.GPVirtual{first, second} {
		if last == 1 {
			MOVQ(bits, mask[i])
			continue
		}
		SHLQ(U8(8*(last-1)), bits)
		ORQ(bits, mask[i])
	}
}
