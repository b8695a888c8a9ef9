package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
)

// edges writes what finds edges without a network. Both instruction sets use these kernels.
func edges() {
	luma()
	laplacian()
}

// luma writes the weighted sum of colours: eight pixels at a time, as sums of products of pairs.
func luma() {
	redGreen, blue := pairTable("lumaRedGreen", 0, 1), pairTable("lumaBlue", 2, 2)
	weightsRG, weightB := words("lumaWeightsRG", 77, 150), words("lumaWeightB", 29, 0)
	TEXT("lumaAVX2", NOSPLIT, "func(dst *int32, rgb *byte, chunks int)")
	Pragma("noescape")
	Doc("lumaAVX2 does what lumaGeneric does for eight pixels in each chunk. It reads four bytes beyond them.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("rgb"), GP64())
	chunks := Load(Param("chunks"), GP64())
	toRG, toB, ofRG, ofB := YMM(), YMM(), YMM(), YMM()
	VMOVDQU(redGreen, toRG)
	VMOVDQU(blue, toB)
	VMOVDQU(weightsRG, ofRG)
	VMOVDQU(weightB, ofB)
	Label("chunk")
	pixels, sum, other := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: src}, pixels.AsX())
	VINSERTI128(U8(1), Mem{Base: src, Disp: 12}, pixels, pixels)
	VPSHUFB(toRG, pixels, sum)
	VPSHUFB(toB, pixels, other)
	VPMADDWD(ofRG, sum, sum)
	VPMADDWD(ofB, other, other)
	VPADDD(other, sum, sum)
	VMOVDQU(sum, Mem{Base: dst})
	ADDQ(U8(24), src)
	ADDQ(U8(32), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// laplacian writes the differences from neighbours, eight at a time.
func laplacian() {
	TEXT("laplacianAVX2", NOSPLIT, "func(dst, above, row, below *int32, chunks int, limit int32) (zero, large int)")
	Pragma("noescape")
	Doc("laplacianAVX2 does what laplacianGeneric does for eight results in each chunk, and counts those that are zero and those above the limit.")
	dst, above := Load(Param("dst"), GP64()), Load(Param("above"), GP64())
	row, below := Load(Param("row"), GP64()), Load(Param("below"), GP64())
	chunks := Load(Param("chunks"), GP64())
	limit, none := YMM(), YMM()
	VMOVD(Load(Param("limit"), GP32()), limit.AsX())
	VPBROADCASTD(limit.AsX(), limit)
	VPXOR(none, none, none)
	zero, large, at := GP64(), GP64(), GP64()
	XORQ(zero, zero)
	XORQ(large, large)
	XORQ(at, at)
	Label("chunk")
	d, sum, flags := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: row, Index: at, Scale: 1, Disp: 4}, d)
	VPSLLD(U8(2), d, d)
	VMOVDQU(Mem{Base: row, Index: at, Scale: 1}, sum)
	VPADDD(Mem{Base: row, Index: at, Scale: 1, Disp: 8}, sum, sum)
	VPADDD(Mem{Base: above, Index: at, Scale: 1, Disp: 4}, sum, sum)
	VPADDD(Mem{Base: below, Index: at, Scale: 1, Disp: 4}, sum, sum)
	VPSUBD(sum, d, d)
	VPABSD(d, d)
	VMOVDQU(d, Mem{Base: dst, Index: at, Scale: 1})
	count := GP32()
	VPCMPEQD(none, d, flags)
	VMOVMSKPS(flags, count)
	POPCNTL(count, count)
	ADDQ(count.As64(), zero)
	VPCMPGTD(limit, d, flags)
	VMOVMSKPS(flags, count)
	POPCNTL(count, count)
	ADDQ(count.As64(), large)
	ADDQ(U8(32), at)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	Store(zero, ReturnIndex(0))
	Store(large, ReturnIndex(1))
	RET()
}
