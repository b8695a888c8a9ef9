package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// colours writes what JPEG does with pixels before it transforms them, and its way back. Both instruction sets use these kernels.
func colours() {
	yCbCr()
	halve()
	rgb()
	widen()
}

// words writes a table that repeats some 16-bit numbers over a vector of AVX2.
func words(name string, values ...int16) Mem {
	table := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 16 {
		DATA(2*i, U16(uint16(values[i%len(values)])))
	}
	return table
}

// doubleWords writes a table that repeats a 32-bit number over a vector of AVX2.
func doubleWords(name string, value uint32) Mem {
	table := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 8 {
		DATA(4*i, U32(value))
	}
	return table
}

// pairTable writes a shuffle that makes pairs of 16-bit numbers of two bytes of each pixel, for four pixels in each half.
func pairTable(name string, first, second int) Mem {
	table := GLOBL(name, 8|16) // RODATA|NOPTR
	for i := range 32 {
		pixel, from := i%16/4, noByte
		switch i % 4 {
		case 0:
			from = 3*pixel + first
		case 2:
			from = 3*pixel + second
		}
		DATA(i, U8(from))
	}
	return table
}

// yCbCr writes the conversion of colours: sixteen pixels at a time, as sums of products of pairs. A factor that does not fit into 16 bits is
// the sum of two (for green) or a shift (for blue in Cb and red in Cr, half of 2^16).
func yCbCr() {
	redGreen, blueGreen := pairTable("yccRedGreen", 0, 1), pairTable("yccBlueGreen", 2, 1)
	yRG, yBG := words("yccYRG", 19595, 38470-16384), words("yccYBG", 7471, 16384)
	cbRG, crBG := words("yccCbRG", -11059, -21709), words("yccCrBG", -5329, -27439)
	half, middle := doubleWords("yccHalf", 1<<15), doubleWords("yccMiddle", 128<<16+1<<15-1)

	TEXT("yCbCrAVX2", NOSPLIT, "func(y, cb, cr, rgb *byte, chunks int)")
	Pragma("noescape")
	Doc("yCbCrAVX2 does what yCbCrGeneric does for sixteen pixels in each chunk. It reads four bytes beyond them.")
	dstY, dstCb, dstCr := Load(Param("y"), GP64()), Load(Param("cb"), GP64()), Load(Param("cr"), GP64())
	src, chunks := Load(Param("rgb"), GP64()), Load(Param("chunks"), GP64())
	at := GP64()
	XORQ(at, at)
	toRG, toBG := YMM(), YMM()
	VMOVDQU(redGreen, toRG)
	VMOVDQU(blueGreen, toBG)
	Label("chunk")
	var y, cb, cr [2]reg.VecVirtual
	for i := range 2 { // the first has pixels 0-3 and 8-11, so that packing brings them in order
		pixels, rg, bg := YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: src, Disp: 12 * i}, pixels.AsX())
		VINSERTI128(U8(1), Mem{Base: src, Disp: 24 + 12*i}, pixels, pixels)
		VPSHUFB(toRG, pixels, rg)
		VPSHUFB(toBG, pixels, bg)
		other := YMM()
		y[i], cb[i], cr[i] = YMM(), YMM(), YMM()
		VPMADDWD(yRG, rg, y[i])
		VPMADDWD(yBG, bg, other)
		VPADDD(other, y[i], y[i])
		VPADDD(half, y[i], y[i])
		VPSRLD(U8(16), y[i], y[i])
		for _, c := range []struct {
			dst, pairs, alone reg.VecVirtual
			factors           Mem
		}{{cb[i], rg, bg, cbRG}, {cr[i], bg, rg, crBG}} {
			VPMADDWD(c.factors, c.pairs, c.dst)
			VPSLLD(U8(16), c.alone, other)
			VPSRLD(U8(1), other, other)
			VPADDD(other, c.dst, c.dst)
			VPADDD(middle, c.dst, c.dst)
			VPSRLD(U8(16), c.dst, c.dst)
		}
	}
	VPACKUSDW(y[1], y[0], y[0])
	VPACKUSDW(cb[1], cb[0], cb[0])
	VPACKUSDW(cr[1], cr[0], cr[0])
	VPACKUSWB(cb[0], y[0], y[0])
	VPACKUSWB(cr[0], cr[0], cr[0])
	VPERMQ(U8(0xd8), y[0], y[0])
	VPERMQ(U8(0xd8), cr[0], cr[0])
	VMOVDQU(y[0].AsX(), Mem{Base: dstY, Index: at, Scale: 1})
	VEXTRACTI128(U8(1), y[0], Mem{Base: dstCb, Index: at, Scale: 1})
	VMOVDQU(cr[0].AsX(), Mem{Base: dstCr, Index: at, Scale: 1})
	ADDQ(U8(16), at)
	ADDQ(U8(48), src)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// halve writes the mean of squares of two by two.
func halve() {
	ones, add := words("halveOnes", 0x0101), words("halveAdd", 1, 2)
	TEXT("halveAVX2", NOSPLIT, "func(dst, a, b *byte, chunks int)")
	Pragma("noescape")
	Doc("halveAVX2 does what halveGeneric does for sixteen samples in each chunk.")
	dst, a, b := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	chunks := Load(Param("chunks"), GP64())
	one, rounding := YMM(), YMM()
	VMOVDQU(ones, one)
	VMOVDQU(add, rounding)
	Label("chunk")
	upper, lower := YMM(), YMM()
	VMOVDQU(Mem{Base: a}, upper)
	VMOVDQU(Mem{Base: b}, lower)
	VPMADDUBSW(one, upper, upper)
	VPMADDUBSW(one, lower, lower)
	VPADDW(lower, upper, upper)
	VPADDW(rounding, upper, upper)
	VPSRLW(U8(2), upper, upper)
	VPACKUSWB(upper, upper, upper)
	VPERMQ(U8(0xd8), upper, upper)
	VMOVDQU(upper.AsX(), Mem{Base: dst})
	ADDQ(U8(32), a)
	ADDQ(U8(32), b)
	ADDQ(U8(16), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// rgb writes the way back from luminance and differences of colour, eight pixels at a time.
func rgb() {
	half, middle, most := doubleWords("rgbHalf", 1<<15), doubleWords("rgbMiddle", 128), doubleWords("rgbMost", 255)
	places := GLOBL("rgbPlaces", 8|16) // RODATA|NOPTR
	for i := range 32 {
		from := noByte
		if at := i % 16; at < 12 {
			from = at/3*4 + at%3
		}
		DATA(i, U8(from))
	}
	TEXT("rgbAVX2", NOSPLIT, "func(dst, y, cb, cr *byte, factors *int32, chunks int)")
	Pragma("noescape")
	Doc("rgbAVX2 does what rgbGeneric does for eight pixels in each chunk. factors are those of a ColourMatrix in their order.")
	dst, chunks, factors := Load(Param("dst"), GP64()), Load(Param("chunks"), GP64()), Load(Param("factors"), GP64())
	var planes [3]reg.Register
	for i, name := range []string{"y", "cb", "cr"} {
		planes[i] = Load(Param(name), GP64())
	}
	var all [6]reg.VecVirtual
	for i := range all {
		all[i] = YMM()
		VPBROADCASTD(Mem{Base: factors, Disp: 4 * i}, all[i])
	}
	black, scale, crRed, cbGreen, crGreen, cbBlue := all[0], all[1], all[2], all[3], all[4], all[5]
	zero, at := YMM(), GP64()
	VPXOR(zero, zero, zero)
	XORQ(at, at)
	Label("chunk")
	load := func(plane reg.Register) reg.VecVirtual {
		v := YMM()
		VPMOVZXBD(Mem{Base: plane, Index: at, Scale: 1}, v)
		return v
	}
	luma, cb, cr := load(planes[0]), load(planes[1]), load(planes[2])
	VPSUBD(black, luma, luma)
	VPMULLD(scale, luma, luma)
	VPADDD(half, luma, luma)
	VPSUBD(middle, cb, cb)
	VPSUBD(middle, cr, cr)
	// colour gives the luminance with a share of both differences, within 0..255.
	colour := func(sum reg.VecVirtual, shares ...[2]reg.VecVirtual) reg.VecVirtual {
		for _, s := range shares {
			product := YMM()
			VPMULLD(s[0], s[1], product)
			VPADDD(sum, product, product)
			sum = product
		}
		VPSRAD(U8(16), sum, sum)
		VPMAXSD(zero, sum, sum)
		VPMINSD(most, sum, sum)
		return sum
	}
	red := colour(luma, [2]reg.VecVirtual{crRed, cr})
	green := colour(luma, [2]reg.VecVirtual{cbGreen, cb}, [2]reg.VecVirtual{crGreen, cr})
	blue := colour(luma, [2]reg.VecVirtual{cbBlue, cb})
	VPSLLD(U8(8), green, green)
	VPSLLD(U8(16), blue, blue)
	VPOR(green, red, red)
	VPOR(blue, red, red)
	VPSHUFB(places, red, red)
	storePixels(red, dst, 3)
	ADDQ(U8(8), at)
	ADDQ(U8(24), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// widen writes the interpolation of samples that two pixels share.
func widen() {
	three, eight, seven := words("widenThree", 3), words("widenEight", 8), words("widenSeven", 7)
	TEXT("widenAVX2", NOSPLIT, "func(dst, own, near *byte, chunks int)")
	Pragma("noescape")
	Doc("widenAVX2 does what widenGeneric does for sixteen samples in each chunk. It reads one more on both sides of own and near.")
	dst, own, near := Load(Param("dst"), GP64()), Load(Param("own"), GP64()), Load(Param("near"), GP64())
	chunks, at := Load(Param("chunks"), GP64()), GP64()
	XORQ(at, at)
	Label("chunk")
	sums := func(place int) reg.VecVirtual {
		v, other := YMM(), YMM()
		VPMOVZXBW(Mem{Base: own, Index: at, Scale: 1, Disp: place}, v)
		VPMOVZXBW(Mem{Base: near, Index: at, Scale: 1, Disp: place}, other)
		VPMULLW(three, v, v)
		VPADDW(other, v, v)
		return v
	}
	left, middle, right := sums(-1), sums(0), sums(1)
	VPMULLW(three, middle, middle)
	VPADDW(middle, left, left)
	VPADDW(middle, right, right)
	VPADDW(eight, left, left)
	VPADDW(seven, right, right)
	VPSRLW(U8(4), left, left)
	VPSRLW(U8(4), right, right)
	VPSLLW(U8(8), right, right)
	VPOR(left, right, right)
	VMOVDQU(right, Mem{Base: dst, Index: at, Scale: 2})
	ADDQ(U8(16), at)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}
