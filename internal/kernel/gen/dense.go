package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of denseArgs in package kernel.
var (
	denseDst         = field("denseArgs.dst", 0)
	denseDstDistance = field("denseArgs.dstDistance", 8)
	denseSrc         = field("denseArgs.src", 16)
	denseSrcDistance = field("denseArgs.srcDistance", 24)
	denseWeight      = field("denseArgs.weight", 32)
	denseWeightLine  = field("denseArgs.weightLine", 40)
	denseBias        = field("denseArgs.bias", 48)
	denseIns         = field("denseArgs.ins", 56)
	denseOuts        = field("denseArgs.outs", 64)
	denseSlope       = field("denseArgs.slope", 72)
)

// densePositions is how many positions a kernel computes at a time at most. With the widest row of vectors of results the sums fill most
// registers; each weight serves all positions, and each source all vectors.
const densePositions = 6

// dense is a kernel for so many positions.
type dense struct {
	vectors
	positions int
	src       []reg.GPVirtual // at each position
	args      reg.Register
}

// denseLayers writes the kernels of dense layers.
func denseLayers() {
	for _, set := range bothSets {
		for positions := 1; positions <= densePositions; positions++ {
			(&dense{vectors: set, positions: positions}).function()
		}
	}
}

// widths are the numbers of vectors of results that are computed together, the largest first; results are a multiple of the wider set's
// vector.
func (d *dense) widths() []int {
	if d.lanes == 16 {
		return []int{4, 2, 1}
	}
	return []int{2}
}

func (d *dense) function() {
	name := fmt.Sprintf("dense%sx%d", d.name, d.positions)
	TEXT(name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes %d positions as denseGeneric does.", name, d.positions))
	d.args = Load(Param("a"), GP64())
	step := GP64()
	MOVQ(Mem{Base: d.args, Disp: denseSrcDistance}, step)
	for p := range d.positions {
		at := GP64()
		if p == 0 {
			MOVQ(Mem{Base: d.args, Disp: denseSrc}, at)
		} else {
			LEAQ(Mem{Base: d.src[p-1], Index: step, Scale: 1}, at)
		}
		d.src = append(d.src, at)
	}
	outs, x := GP64(), GP64()
	MOVQ(Mem{Base: d.args, Disp: denseOuts}, outs)
	XORQ(x, x)
	for _, wide := range d.widths() {
		label := fmt.Sprintf("wide%d", wide)
		Label(label)
		CMPQ(outs, I32(wide*d.lanes))
		JL(LabelRef(label + "done"))
		d.chunk(label, x, wide)
		ADDQ(I32(wide*d.bytes()), x)
		SUBQ(I32(wide*d.lanes), outs)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	VZEROUPPER()
	RET()
}

// chunk computes wide vectors of results, from byte x on, at all positions.
func (d *dense) chunk(label string, x reg.GPVirtual, wide int) {
	bias := GP64()
	MOVQ(Mem{Base: d.args, Disp: denseBias}, bias)
	sums := make([][]reg.VecVirtual, d.positions)
	for p := range sums {
		for v := range wide {
			sum := d.register()
			if p == 0 {
				VMOVUPS(Mem{Base: bias, Index: x, Scale: 1, Disp: v * d.bytes()}, sum)
			} else {
				VMOVAPS(sums[0][v], sum)
			}
			sums[p] = append(sums[p], sum)
		}
	}
	weight, line, k, ins := GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: d.args, Disp: denseWeight}, weight)
	ADDQ(x, weight)
	MOVQ(Mem{Base: d.args, Disp: denseWeightLine}, line)
	MOVQ(Mem{Base: d.args, Disp: denseIns}, ins)
	XORQ(k, k)
	Label(label + "source")
	weights := make([]reg.VecVirtual, wide)
	for v := range weights {
		weights[v] = d.register()
		VMOVUPS(Mem{Base: weight, Disp: v * d.bytes()}, weights[v])
	}
	for p := range sums {
		source := d.register()
		VBROADCASTSS(Mem{Base: d.src[p], Index: k, Scale: 4}, source)
		for v := range weights {
			product := d.register()
			VMULPS(weights[v], source, product)
			VADDPS(product, sums[p][v], sums[p][v])
		}
	}
	ADDQ(line, weight)
	INCQ(k)
	CMPQ(k, ins)
	JNE(LabelRef(label + "source"))
	d.finish(sums, x)
}

// finish activates and stores.
func (d *dense) finish(sums [][]reg.VecVirtual, x reg.GPVirtual) {
	slope, zero := d.register(), d.register()
	VBROADCASTSS(Mem{Base: d.args, Disp: denseSlope}, slope)
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	dst, step := GP64(), GP64()
	MOVQ(Mem{Base: d.args, Disp: denseDst}, dst)
	ADDQ(x, dst)
	MOVQ(Mem{Base: d.args, Disp: denseDstDistance}, step)
	const less = 0x11 // less than, and both are numbers
	for p := range sums {
		for v, sum := range sums[p] {
			if d.masked {
				k := K()
				VCMPPS(U8(less), zero, sum, k)
				VMULPS(slope, sum, k, sum)
			} else {
				negative, product := d.register(), d.register()
				VCMPPS(U8(less), zero, sum, negative)
				VMULPS(slope, sum, product)
				VBLENDVPS(negative, product, sum, sum)
			}
			VMOVUPS(sum, Mem{Base: dst, Disp: v * d.bytes()})
		}
		if p+1 < len(sums) {
			ADDQ(step, dst)
		}
	}
}
