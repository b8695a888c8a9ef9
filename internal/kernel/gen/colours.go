package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// colours writes what JPEG does with pixels before it transforms them. Both instruction sets use these kernels.
func colours() {
	yCbCr()
	halve()
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
