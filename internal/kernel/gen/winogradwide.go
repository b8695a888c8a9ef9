package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of wide tiles. Both directions use rows in memory between the two steps, the one along the height, which is done on pixels
// as they lie, and the one along the width. A tile's four columns are a quarter of a vector of AVX-512 and half of one of AVX2, so that
// four vectors of pixels are exchanged with four columns of a vector of tiles by shuffles that stay within quarters. Both instruction sets use
// this kernel: rows of 32 pixels have eight tiles.

// Fields of winogradInArgs that only these transforms use, and the shape of their rows in memory.
var (
	inScratch = field("winogradInArgs.scratch", 232)

	wideFrequencies = constant("wideAcross", 6)
	wideStride      = 4 * constant("wideStride", 272) // bytes
)

const wideColumns = 4

var _ = constant("WideColumns", wideColumns)

// wideLanes is how many tiles a vector of these transforms has.
const wideLanes = 8

// wide writes the transforms of wide tiles.
func (t *transform) wide(masks Mem) {
	t.wideIn(masks)
	t.wideOut(masks)
	t.kernels("winogradKernelsWide", masks, (*kernels).wideRow)
}

// wideIn writes the transform of source pixels.
func (t *transform) wideIn(table Mem) {
	t.function("winogradInWide")
	plane, frequency := GP64(), GP64()
	MOVQ(t.argument(inTransformed), plane)
	MOVQ(t.argument(inFrequency), frequency)
	t.firstPlane(inRows, inAddresses, tileHigh)
	Label("plane")
	to, n := GP64(), GP64()
	MOVQ(t.argument(inScratch), to)
	MOVQ(t.argument(inTiles), n)
	SHLQ(U8(2), n)
	ADDQ(U8(2), n) // pixels
	XORQ(t.x, t.x)
	Label("pixels")
	CMPQ(n, U8(t.lanes))
	JL(LabelRef("restPixels"))
	t.wideHeight(to, nil)
	ADDQ(U8(t.bytes()), t.x)
	ADDQ(U8(t.bytes()), to)
	SUBQ(U8(t.lanes), n)
	JMP(LabelRef("pixels"))
	Label("restPixels")
	TESTQ(n, n)
	JZ(LabelRef("columns"))
	m := t.firstLanesInMemory(n, table)
	t.wideHeight(to, &m)
	Label("columns")
	tiles, from := GP64(), GP64()
	MOVQ(t.argument(inTiles), tiles)
	MOVQ(t.argument(inScratch), from)
	MOVQ(plane, to)
	Label("tiles")
	row, at, rows := GP64(), GP64(), GP64()
	MOVQ(from, row)
	MOVQ(to, at)
	MOVQ(U64(tileHigh), rows)
	Label("row")
	t.wideWidth(row, at, frequency)
	ADDQ(U32(wideStride), row)
	DECQ(rows)
	JNZ(LabelRef("row"))
	ADDQ(U32(wideColumns*t.bytes()), from)
	ADDQ(U8(t.bytes()), to)
	SUBQ(U8(t.lanes), tiles)
	JG(LabelRef("tiles"))
	t.nextPlane(inAddresses, inPlanes, tileHigh)
	ADDQ(t.argument(inPlane), plane)
	DECQ(t.argument(inCount))
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// wideHeight transforms a vector of pixels of the eight rows along the height.
func (t *transform) wideHeight(to reg.GPVirtual, m *mask) {
	var r [tileHigh]reg.VecVirtual
	for i := range r {
		r[i] = t.register()
		t.load(t.lane(t.address(inAddresses+8*i), 0), r[i], m)
	}
	i := 0
	t.inHeight(r, func(v reg.VecVirtual) {
		VMOVUPS(v, Mem{Base: to, Disp: i * wideStride})
		i++
	})
}

// wideWidth transforms a row of a vector of tiles along the width and stores its six frequencies; at goes on to the next ones.
func (t *transform) wideWidth(row, at, frequency reg.GPVirtual) {
	c := t.columnsOfTiles(func(v int) Mem { return Mem{Base: row, Disp: v * t.bytes()} }, 4)
	next := t.columnsOfTiles(func(v int) Mem { return Mem{Base: row, Disp: v*t.bytes() + 4*wideColumns} }, 2)
	store := func(v reg.VecVirtual) {
		VMOVUPS(v, Mem{Base: at})
		ADDQ(frequency, at)
	}
	near, far := t.difference(c[3], c[1]), t.difference(next[0], c[2])
	store(t.plus(t.copied(far), 4, t.difference(c[0], c[2])))
	even, odd := t.plus(t.copied(next[0]), -4, c[2]), t.plus(t.copied(c[3]), -4, c[1])
	store(t.sum(even, odd))
	store(t.difference(even, odd))
	store(t.plus(t.copied(far), 2, near))
	store(t.plus(far, -2, near))
	store(t.plus(t.difference(next[1], c[3]), -4, near))
}

// columnsOfTiles loads four vectors of pixels and gives the first two or all four columns of the tiles in them.
func (t *transform) columnsOfTiles(vector func(int) Mem, columns int) []reg.VecVirtual {
	v := []reg.VecVirtual{t.register(), nil, t.register(), nil}
	VMOVUPS(vector(0), v[0])
	VMOVUPS(vector(2), v[2])
	odd := []Op{vector(1), vector(3)}
	if columns > 2 {
		for i := range odd {
			r := t.register()
			VMOVUPS(odd[i], r)
			odd[i] = r
		}
	}
	low, more := t.register(), t.register()
	VUNPCKLPS(odd[0], v[0], low)
	VUNPCKLPS(odd[1], v[2], more)
	out := t.halves(low, more)
	if columns > 2 {
		high, rest := t.register(), t.register()
		VUNPCKHPS(odd[0], v[0], high)
		VUNPCKHPS(odd[1], v[2], rest)
		out = append(out, t.halves(high, rest)...)
	}
	return out
}

// halves puts the first halves of all quarters of two vectors together, and the second ones.
func (t *transform) halves(a, b reg.VecVirtual) []reg.VecVirtual {
	first, second := t.register(), t.register()
	VSHUFPS(U8(0x44), b, a, first)
	VSHUFPS(U8(0xee), b, a, second)
	return []reg.VecVirtual{first, second}
}

// wideOut writes the transform of products with everything that follows.
func (t *transform) wideOut(table Mem) {
	t.function("winogradOutWide")
	plane, frequency := GP64(), GP64()
	MOVQ(t.argument(outProducts), plane)
	MOVQ(t.argument(outFrequency), frequency)
	t.firstPlane(outRows, outRowAddresses, tileRows)
	t.firstPlane(outAdd, outAddAddresses, tileRows)
	Label("plane")
	from, to, n := GP64(), GP64(), GP64()
	MOVQ(plane, from)
	MOVQ(t.argument(outScratch), to)
	MOVQ(t.argument(outLeft), n)
	ADDQ(t.argument(outN), n)
	Label("tiles")
	row, at, rows := GP64(), GP64(), GP64()
	MOVQ(to, row)
	MOVQ(from, at)
	MOVQ(U64(tileHigh), rows)
	Label("row")
	t.wideOutWidth(row, at, frequency)
	ADDQ(U32(wideStride), row)
	DECQ(rows)
	JNZ(LabelRef("row"))
	ADDQ(U8(t.bytes()), from)
	ADDQ(U32(wideColumns*t.bytes()), to)
	SUBQ(U8(wideColumns*t.lanes), n)
	JG(LabelRef("tiles"))

	number, bias, slope := GP64(), GP64(), GP64()
	MOVQ(t.argument(outNumber), number)
	MOVQ(t.argument(outBias), bias)
	MOVQ(t.argument(outSlope), slope)
	f := t.finisher(bias, number, [2]*mask{})
	TESTQ(slope, slope)
	JZ(LabelRef("rows"))
	f.loadSlope(slope, number)
	Label("rows")
	pixels := GP64()
	MOVQ(t.argument(outLeft), pixels)
	MOVQ(t.argument(outScratch), row)
	LEAQ(Mem{Base: row, Index: pixels, Scale: 4}, row)
	MOVQ(t.argument(outN), n)
	XORQ(t.x, t.x)
	Label("pixels")
	CMPQ(n, U8(t.lanes))
	JL(LabelRef("restPixels"))
	f.wideRows("all", row, slope, nil)
	ADDQ(U8(t.bytes()), t.x)
	ADDQ(U8(t.bytes()), row)
	SUBQ(U8(t.lanes), n)
	JMP(LabelRef("pixels"))
	Label("restPixels")
	TESTQ(n, n)
	JZ(LabelRef("next"))
	m := t.firstLanesInMemory(n, table)
	f.wideRows("rest", row, slope, &m)
	Label("next")
	t.nextPlane(outRowAddresses, outRowPlanes, tileRows)
	t.nextPlane(outAddAddresses, outAddPlanes, tileRows)
	ADDQ(t.argument(outPlane), plane)
	ADDQ(I8(4), t.argument(outNumber))
	DECQ(t.argument(outCount))
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// wideOutWidth transforms the six frequencies of a row of a vector of tiles along the width and stores four vectors of pixels; at goes on to
// the next ones.
func (t *transform) wideOutWidth(row, at, frequency reg.GPVirtual) {
	next := func() reg.VecVirtual {
		v := t.register()
		VMOVUPS(Mem{Base: at}, v)
		ADDQ(frequency, at)
		return v
	}
	first := next()
	a, b := next(), next()
	s1, d1 := t.sum(a, b), t.difference(a, b)
	a, b = next(), next()
	s2, d2 := t.sum(a, b), t.difference(a, b)
	last := next()
	y0 := t.sum(t.sum(first, s1), s2)
	y1 := t.plus(t.copied(d1), 2, d2)
	y2 := t.plus(s1, 4, s2)
	y3 := t.plus(t.sum(last, d1), 8, d2)
	low, more, high, rest := t.register(), t.register(), t.register(), t.register()
	VUNPCKLPS(y1, y0, low)
	VUNPCKLPS(y3, y2, more)
	VUNPCKHPS(y1, y0, high)
	VUNPCKHPS(y3, y2, rest)
	for v, pixels := range append(t.halves(low, more), t.halves(high, rest)...) {
		VMOVUPS(pixels, Mem{Base: row, Disp: v * t.bytes()})
	}
}

// wideRows transforms a vector of pixels along the height, finishes and stores six rows.
func (f *finisher) wideRows(label string, row, slope reg.GPVirtual, m *mask) {
	i := 0
	load := func() reg.VecVirtual {
		v := f.register()
		VMOVUPS(Mem{Base: row, Disp: i * wideStride}, v)
		i++
		return v
	}
	rows := func(add, activate bool) {
		i = 0
		f.outHeight(load, func(r int, v reg.VecVirtual) {
			at := f.address(outRowAddresses + 8*r)
			var from reg.GPVirtual
			if add {
				from = f.address(outAddAddresses + 8*r)
			}
			f.pixels(v, at, from, 0, m, add, activate)
		})
	}
	f.ways(label, slope, rows)
}
