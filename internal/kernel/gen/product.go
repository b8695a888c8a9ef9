package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of productArgs in package kernel.
var (
	productTransformed          = field("productArgs.transformed", 0)
	productTransformedFrequency = field("productArgs.transformedFrequency", 8)
	productProducts             = field("productArgs.products", 16)
	productProductFrequency     = field("productArgs.productFrequency", 24)
	productPlane                = field("productArgs.plane", 32)
	productWeight               = field("productArgs.weight", 40)
	productPlanes               = field("productArgs.planes", 48)
	productTiles                = field("productArgs.tiles", 56)
	productFrequencies          = field("productArgs.frequencies", 64)
)

// product writes the kernel of a Winograd convolution's products for so many result planes.
func (c convolution) product() {
	name := fmt.Sprintf("product%sx%d", c.name, c.outs)
	TEXT(name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes %d result planes as productGeneric does.", name, c.outs))
	args := Load(Param("a"), GP64())
	plane, weight, transformed, products := GP64(), GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: productPlane}, plane)
	MOVQ(Mem{Base: args, Disp: productWeight}, weight)
	MOVQ(Mem{Base: args, Disp: productTransformed}, transformed)
	MOVQ(Mem{Base: args, Disp: productProducts}, products)
	Label("frequency")
	tiles, x, w := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: productTiles}, tiles)
	XORQ(x, x)
	for wide := c.wide(c.outs); wide > 0; wide /= 2 {
		label := fmt.Sprintf("wide%d", wide)
		Label(label)
		CMPQ(tiles, I32(wide*c.lanes))
		JL(LabelRef(label + "done"))
		MOVQ(weight, w)
		c.productChunk(label, args, transformed, products, plane, x, w, wide)
		ADDQ(I32(wide*c.bytes()), x)
		SUBQ(I32(wide*c.lanes), tiles)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	MOVQ(w, weight) // behind the weights of this frequency
	ADDQ(Mem{Base: args, Disp: productTransformedFrequency}, transformed)
	ADDQ(Mem{Base: args, Disp: productProductFrequency}, products)
	DECQ(Mem{Base: args, Disp: productFrequencies})
	JNZ(LabelRef("frequency"))
	VZEROUPPER()
	RET()
}

// productChunk sums wide vectors of tiles from byte x on over all planes.
func (c convolution) productChunk(label string, args reg.Register, transformed, products, plane, x, w reg.GPVirtual, wide int) {
	sums, zero := make([][]reg.VecVirtual, c.outs), c.register()
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	for o := range sums {
		for range wide {
			sum := c.register()
			VMOVAPS(zero, sum)
			sums[o] = append(sums[o], sum)
		}
	}
	at, planes := GP64(), GP64()
	LEAQ(Mem{Base: transformed, Index: x, Scale: 1}, at)
	MOVQ(Mem{Base: args, Disp: productPlanes}, planes)
	Label(label + "plane")
	PREFETCHT0(Mem{Base: w, Disp: 2048}) // of which there are too many for the second-level cache
	c.tap(sums, at, w, nil)
	ADDQ(plane, at)
	ADDQ(I32(4*c.outs), w)
	DECQ(planes)
	JNZ(LabelRef(label + "plane"))
	to := GP64()
	LEAQ(Mem{Base: products, Index: x, Scale: 1}, to)
	for o := range sums {
		for v := range sums[o] {
			VMOVUPS(sums[o][v], Mem{Base: to, Disp: v * c.bytes()})
		}
		if o+1 < len(sums) {
			ADDQ(plane, to)
		}
	}
}
