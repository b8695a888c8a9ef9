package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
)

// checksums writes the sums of Adler-32. Both instruction sets use this kernel.
func checksums() {
	ones := words("adlerOnes", 1)
	weights := GLOBL("adlerWeights", 8|16) // RODATA|NOPTR
	for i := range 32 {
		DATA(i, U8(32-i))
	}
	TEXT("adler32AVX2", NOSPLIT, "func(data *byte, chunks int) (sum, weighted uint64)")
	Pragma("noescape")
	Doc("adler32AVX2 sums up the bytes of chunks of 32, at most 2^16 chunks, once as they are, and once each as often as there are bytes from it on.")
	data, chunks := Load(Param("data"), GP64()), Load(Param("chunks"), GP64())
	// before has in the end for every chunk the sum of those before it, inside what the bytes add within their chunk.
	zero, one, weight, sum, before, inside := YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
	VPXOR(zero, zero, zero)
	VMOVDQU(ones, one)
	VMOVDQU(weights, weight)
	for _, v := range []Op{sum, before, inside} {
		VPXOR(v, v, v)
	}
	Label("chunk")
	x, products := YMM(), YMM()
	VMOVDQU(Mem{Base: data}, x)
	VPADDQ(sum, before, before)
	VPMADDUBSW(weight, x, products)
	VPMADDWD(one, products, products)
	VPADDD(products, inside, inside)
	VPSADBW(zero, x, x)
	VPADDQ(x, sum, sum)
	ADDQ(U8(32), data)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VPSLLQ(U8(5), before, before)
	low, high := YMM(), YMM()
	VPUNPCKLDQ(zero, inside, low)
	VPUNPCKHDQ(zero, inside, high)
	VPADDQ(low, before, before)
	VPADDQ(high, before, before)
	upper := XMM()
	for i, v := range []struct{ all, first Op }{{sum, sum.AsX()}, {before, before.AsX()}} {
		VEXTRACTI128(U8(1), v.all, upper)
		VPADDQ(v.first, upper, upper)
		VPSRLDQ(U8(8), upper, v.first)
		VPADDQ(v.first, upper, upper)
		total := GP64()
		VMOVQ(upper, total)
		Store(total, ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}
