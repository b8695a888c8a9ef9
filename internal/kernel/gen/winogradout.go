package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of winogradOutArgs in package kernel.
var (
	outRows         = field("winogradOutArgs.rows", 0)
	outAdd          = field("winogradOutArgs.add", 48)
	outRowPlanes    = field("winogradOutArgs.rowPlanes", 96)
	outAddPlanes    = field("winogradOutArgs.addPlanes", 144)
	outRowAddresses = field("winogradOutArgs.rowAddresses", 192)
	outAddAddresses = field("winogradOutArgs.addAddresses", 240)
	outProducts     = field("winogradOutArgs.products", 288)
	outPlane        = field("winogradOutArgs.plane", 296)
	outFrequency    = field("winogradOutArgs.frequency", 304)
	outCount        = field("winogradOutArgs.count", 312)
	outLeft         = field("winogradOutArgs.left", 320)
	outN            = field("winogradOutArgs.n", 328)
	outBias         = field("winogradOutArgs.bias", 336)
	outSlope        = field("winogradOutArgs.slope", 344)
	outNumber       = field("winogradOutArgs.number", 352)
	outHasAdd       = field("winogradOutArgs.hasAdd", 360)
	outScratch      = field("winogradOutArgs.scratch", 368)
	outScale        = field("winogradOutArgs.scale", 376)
)

// bitTable has, for each lane of two vectors, the bit that stands for it.
func (v vectors) bitTable() Mem {
	table := GLOBL("laneBits"+v.name, 8|16) // RODATA|NOPTR
	for i := range 2 * v.lanes {
		DATA(4*i, U32(1<<i))
	}
	return table
}

// lanesOfTwo makes masks of lanes of two vectors from bits, in registers or in memory for two vectors.
func (t *transform) lanesOfTwo(bits reg.GPVirtual, table, masks Mem) (a, b mask) {
	if t.masked {
		a, b = mask{k: K()}, mask{k: K()}
		KMOVW(bits.As32(), a.k)
		SHRQ(U8(t.lanes), bits)
		KMOVW(bits.As32(), b.k)
		return a, b
	}
	low := XMM()
	all := t.register()
	VMOVD(bits.As32(), low)
	VPBROADCASTD(low, all)
	at := GP64()
	LEAQ(table, at)
	for i, m := range []*mask{&a, &b} {
		bit, chosen := t.register(), t.register()
		VMOVDQU(Mem{Base: at, Disp: i * t.bytes()}, bit)
		VPAND(all, bit, chosen)
		VPCMPEQD(chosen, bit, bit)
		place := masks.Offset(i * t.bytes())
		VMOVDQU(bit, place)
		m.at = &place
	}
	return a, b
}

// out writes the transform of products with everything that follows.
func (t *transform) out(bitTable Mem) {
	t.function("winogradOut")
	at := GP64()
	MOVQ(t.argument(outScratch), at)
	scratch := Mem{Base: at}
	plane := GP64() // where the products of the plane begin
	MOVQ(t.argument(outProducts), plane)
	t.firstPlane(outRows, outRowAddresses, tileRows)
	t.firstPlane(outAdd, outAddAddresses, tileRows)
	Label("plane")
	from, start := GP64(), GP64()
	MOVQ(plane, from)
	// Pixels are counted from the beginning of the first tile; start is that of the vector.
	XORQ(start, start)
	Label("vector")
	MOVQ(start, t.x)
	SUBQ(t.argument(outLeft), t.x)
	SHLQ(U8(2), t.x)
	lowest, end := GP64(), GP64()
	MOVQ(t.argument(outLeft), lowest)
	MOVQ(t.argument(outN), end)
	ADDQ(lowest, end)
	SUBQ(start, end)    // may be more than the vector holds
	SUBQ(start, lowest) // negative but for the first vector
	JLE(LabelRef("first"))
	JMP(LabelRef("some"))
	Label("first")
	XORQ(lowest, lowest)
	CMPQ(end, I32(2*t.lanes))
	JL(LabelRef("some"))
	t.outVector("all", from, scratch, [2]*mask{})
	JMP(LabelRef("next"))
	Label("some")
	limit := GP64()
	MOVQ(U64(uint64(2*t.lanes)), limit)
	CMPQ(end, limit)
	CMOVQGT(limit, end)
	bits, below, ones := GP64(), GP64(), GP64()
	MOVQ(U64(1), ones)
	MOVQ(ones, bits)
	MOVQ(ones, below)
	MOVQ(end, reg.RCX)
	SHLQ(reg.CL, bits)
	MOVQ(lowest, reg.RCX)
	SHLQ(reg.CL, below)
	SUBQ(below, bits) // (1<<end - 1) - (1<<lowest - 1)
	a, b := t.lanesOfTwo(bits, bitTable, scratch.Offset(2*tileRows*t.bytes()))
	t.outVector("some", from, scratch, [2]*mask{&a, &b})
	Label("next")
	ADDQ(I32(t.bytes()), from)
	ADDQ(I32(2*t.lanes), start)
	whole := GP64()
	MOVQ(t.argument(outN), whole)
	ADDQ(t.argument(outLeft), whole)
	CMPQ(start, whole)
	JL(LabelRef("vector"))
	t.nextPlane(outRowAddresses, outRowPlanes, tileRows)
	t.nextPlane(outAddAddresses, outAddPlanes, tileRows)
	ADDQ(t.argument(outPlane), plane)
	ADDQ(I8(4), t.argument(outNumber))
	DECQ(t.argument(outCount))
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// outVector makes the results of a vector of tiles.
func (t *transform) outVector(label string, from reg.GPVirtual, scratch Mem, m [2]*mask) {
	// The rows of both columns stay in registers if there are enough.
	var columns [2][tileRows]Op
	for column := range columns {
		t.outColumn(from, column, func(r int, v reg.VecVirtual) {
			columns[column][r] = v
			if t.registers < 32 {
				place := scratch.Offset((column*tileRows + r) * t.bytes())
				VMOVUPS(v, place)
				columns[column][r] = place
			}
		})
	}
	number, bias, slope := GP64(), GP64(), GP64()
	MOVQ(t.argument(outNumber), number)
	MOVQ(t.argument(outBias), bias)
	MOVQ(t.argument(outSlope), slope)
	f := t.finisher(bias, number, m)
	f.ways(label, slope, func(add, activate bool) {
		if activate {
			f.loadSlope(slope, number)
		}
		f.rows(columns, add, activate)
	})
}

// ways writes what is done to results four times: with and without skip connection and activation.
func (t *transform) ways(label string, slope reg.GPVirtual, rows func(add, activate bool)) {
	CMPQ(t.argument(outHasAdd), I8(0))
	JNE(LabelRef(label + "adding"))
	TESTQ(slope, slope)
	JNZ(LabelRef(label + "activating"))
	rows(false, false)
	JMP(LabelRef(label + "end"))
	Label(label + "activating")
	rows(false, true)
	JMP(LabelRef(label + "end"))
	Label(label + "adding")
	TESTQ(slope, slope)
	JNZ(LabelRef(label + "both"))
	rows(true, false)
	JMP(LabelRef(label + "end"))
	Label(label + "both")
	rows(true, true)
	Label(label + "end")
}

// outColumn transforms one column of the tiles along the width and the height, and hands on six rows.
func (t *transform) outColumn(from reg.GPVirtual, column int, each func(r int, v reg.VecVirtual)) {
	frequency, at := GP64(), GP64()
	MOVQ(t.argument(outFrequency), frequency)
	LEAQ(Mem{Base: from}, at)
	next := func() reg.VecVirtual {
		m, second, third := t.register(), Mem{Base: at, Index: frequency, Scale: 1}, Mem{Base: at, Index: frequency, Scale: 2}
		if column == 0 {
			VMOVUPS(Mem{Base: at}, m)
			VADDPS(second, m, m)
			VADDPS(third, m, m)
		} else {
			fourth := GP64()
			LEAQ(third, fourth)
			VMOVUPS(second, m)
			VSUBPS(third, m, m)
			VSUBPS(Mem{Base: fourth, Index: frequency, Scale: 1}, m, m)
		}
		LEAQ(Mem{Base: at, Index: frequency, Scale: tileWide}, at)
		return m
	}
	t.outHeight(next, each)
}

// outHeight transforms eight vectors, one after the other, along the height, and hands on six rows.
func (t *transform) outHeight(next func() reg.VecVirtual, each func(r int, v reg.VecVirtual)) {
	pair := func() (sum, difference reg.VecVirtual) {
		a, b := next(), next()
		return t.sum(a, b), t.difference(a, b)
	}
	m0 := next()
	s1, d1 := pair()
	s2, d2 := pair()
	s3, d3 := pair()
	m7 := next()
	each(0, t.sum(t.sum(m0, s1), t.sum(s2, s3)))
	each(1, t.plus(t.plus(t.copied(d1), 2, d2), 0.5, d3))
	each(2, t.plus(t.plus(t.copied(s1), 4, s2), 0.25, s3))
	each(3, t.plus(t.plus(t.copied(d1), 8, d2), 0.125, d3))
	each(4, t.plus(t.plus(s1, 16, s2), 0.0625, s3))
	each(5, t.plus(t.plus(t.sum(m7, d1), 32, d2), 0.03125, d3))
}

// finisher makes rows of two columns of tiles.
type finisher struct {
	*transform
	scale, bias, slope, zero reg.VecVirtual
	m                        [2]*mask
}

// finisher has the scale and the bias of a plane in registers.
func (t *transform) finisher(bias, number reg.GPVirtual, m [2]*mask) finisher {
	f := finisher{t, t.register(), t.register(), t.register(), t.register(), m}
	scale := GP64()
	MOVQ(t.argument(outScale), scale)
	VBROADCASTSS(Mem{Base: scale, Index: number, Scale: 1}, f.scale)
	VBROADCASTSS(Mem{Base: bias, Index: number, Scale: 1}, f.bias)
	return f
}

func (f *finisher) loadSlope(slope, number reg.GPVirtual) {
	VBROADCASTSS(Mem{Base: slope, Index: number, Scale: 1}, f.slope)
	VXORPS(f.zero.AsY(), f.zero.AsY(), f.zero.AsY())
}

// rows puts the pixels of the six rows together, adds the bias and the skip connection, activates and stores them.
func (f *finisher) rows(columns [2][tileRows]Op, add, activate bool) {
	for r := range tileRows {
		low, high := f.register(), f.register()
		even, ok := columns[0][r].(reg.VecVirtual)
		if !ok {
			even = f.register()
			VMOVUPS(columns[0][r], even)
		}
		VUNPCKLPS(columns[1][r], even, low)
		VUNPCKHPS(columns[1][r], even, high)
		at := f.address(outRowAddresses + 8*r)
		var from reg.GPVirtual
		if add {
			from = f.address(outAddAddresses + 8*r)
		}
		for i, v := range []reg.VecVirtual{low, high} {
			f.pixels(v, at, from, i*f.lanes, f.m[i], add, activate)
		}
	}
}

// pixels multiplies a vector of pixels with the scale, adds the bias and the skip connection, activates it and stores it from a lane on behind x.
func (f *finisher) pixels(v reg.VecVirtual, at, from reg.GPVirtual, lane int, m *mask, add, activate bool) {
	VFMADD213PS(f.bias, f.scale, v)
	switch {
	case add && m == nil:
		VADDPS(f.lane(from, lane), v, v)
	case add:
		other := f.register()
		f.load(f.lane(from, lane), other, m)
		VADDPS(other, v, v)
	}
	if activate {
		negative := f.register()
		// In this order of operands a NaN stays one.
		VMINPS(v, f.zero, negative)
		VMAXPS(v, f.zero, v)
		VFMADD231PS(f.slope, negative, v)
	}
	f.store(v, f.lane(at, lane), m)
}
