package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of rowArgs and segment in package kernel.
var (
	argDst          = field("rowArgs.dst", 0)
	argDstPlane     = field("rowArgs.dstPlane", 8)
	argSegments     = field("rowArgs.segments", 16)
	argSegmentCount = field("rowArgs.segmentCount", 24)
	argTaps         = field("rowArgs.taps", 32)
	argWeight       = field("rowArgs.weight", 40)
	argBias         = field("rowArgs.bias", 48)
	argN            = field("rowArgs.n", 56)
	argAdd          = field("rowArgs.add", 64)
	argAddPlane     = field("rowArgs.addPlane", 72)
	argSlope        = field("rowArgs.slope", 80)

	segmentSrc   = field("segment.src", 0)
	segmentPlane = field("segment.plane", 8)
	segmentCount = field("segment.count", 16)
	segmentBytes = size("segment", 24)
)

// convolution is a kernel that computes a row of so many result planes.
type convolution struct {
	vectors
	outs int
}

// convolutions writes the row kernels.
func convolutions() {
	for _, set := range setsWithMasks() {
		for outs := 1; outs <= set.maxOuts; outs++ {
			convolution{set, outs}.function()
		}
	}
}

// function writes the kernel: chunks of several vectors, single vectors, and what is left of a row.
func (c convolution) function() {
	name := fmt.Sprintf("row%sx%d", c.name, c.outs)
	TEXT(name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes a row of %d result planes as rowGeneric does.", name, c.outs))
	args := Load(Param("a"), GP64())
	n, x := GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: argN}, n)
	XORQ(x, x)
	for wide := c.wide(c.outs); wide > 0; wide /= 2 {
		label := fmt.Sprintf("wide%d", wide)
		Label(label)
		CMPQ(n, I32(wide*c.lanes))
		JL(LabelRef(label + "done"))
		c.chunk(label, args, x, wide, nil)
		ADDQ(I32(wide*c.bytes()), x)
		SUBQ(I32(wide*c.lanes), n)
		JMP(LabelRef(label))
		Label(label + "done")
	}
	TESTQ(n, n)
	JZ(LabelRef("end"))
	m := c.firstLanes(n, c.masks)
	c.chunk("rest", args, x, 1, &m)
	Label("end")
	VZEROUPPER()
	RET()
}

// chunk computes wide vectors of the row from byte x on, in all result planes.
func (c convolution) chunk(label string, args reg.Register, x reg.GPVirtual, wide int, m *mask) {
	sums := c.start(args, wide)
	segment, segments, weight := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: argSegments}, segment)
	MOVQ(Mem{Base: args, Disp: argSegmentCount}, segments)
	MOVQ(Mem{Base: args, Disp: argWeight}, weight)
	Label(label + "segment")
	src, count := GP64(), GP64()
	MOVQ(Mem{Base: segment, Disp: segmentSrc}, src)
	ADDQ(x, src)
	MOVQ(Mem{Base: segment, Disp: segmentCount}, count)
	Label(label + "plane")
	at, taps := GP64(), GP64()
	MOVQ(src, at)
	MOVQ(Mem{Base: args, Disp: argTaps}, taps)
	Label(label + "tap")
	c.tap(sums, at, weight, m)
	ADDQ(I32(4), at)
	ADDQ(I32(4*c.outs), weight)
	DECQ(taps)
	JNZ(LabelRef(label + "tap"))
	ADDQ(Mem{Base: segment, Disp: segmentPlane}, src)
	DECQ(count)
	JNZ(LabelRef(label + "plane"))
	ADDQ(I32(segmentBytes), segment)
	DECQ(segments)
	JNZ(LabelRef(label + "segment"))
	c.finish(label, sums, args, x, m)
}

// start sets the sums to the biases.
func (c convolution) start(args reg.Register, wide int) [][]reg.VecVirtual {
	bias := GP64()
	MOVQ(Mem{Base: args, Disp: argBias}, bias)
	sums := make([][]reg.VecVirtual, c.outs)
	for o := range sums {
		for v := range wide {
			sums[o] = append(sums[o], c.register())
			if v == 0 {
				VBROADCASTSS(Mem{Base: bias, Disp: 4 * o}, sums[o][0])
			} else {
				VMOVAPS(sums[o][0], sums[o][v])
			}
		}
	}
	return sums
}

// tap adds one weighted source row to all sums.
func (c convolution) tap(sums [][]reg.VecVirtual, at, weight reg.GPVirtual, m *mask) {
	wide := len(sums[0])
	if wide*c.outs+wide+1 <= c.registers {
		var rows []reg.VecVirtual
		for v := range wide {
			rows = append(rows, c.register())
			c.load(Mem{Base: at, Disp: v * c.bytes()}, rows[v], m)
		}
		for o := range sums {
			w := c.register()
			VBROADCASTSS(Mem{Base: weight, Disp: 4 * o}, w)
			for v := range wide {
				VFMADD231PS(rows[v], w, sums[o][v])
			}
		}
		return
	}
	// Few results and many vectors: the weights stay in registers instead.
	var weights []reg.VecVirtual
	for o := range sums {
		weights = append(weights, c.register())
		VBROADCASTSS(Mem{Base: weight, Disp: 4 * o}, weights[o])
	}
	for v := range wide {
		row := c.register()
		c.load(Mem{Base: at, Disp: v * c.bytes()}, row, m)
		for o := range sums {
			VFMADD231PS(row, weights[o], sums[o][v])
		}
	}
}

// finish adds the skip connection, activates and stores.
func (c convolution) finish(label string, sums [][]reg.VecVirtual, args reg.Register, x reg.GPVirtual, m *mask) {
	add := GP64()
	MOVQ(Mem{Base: args, Disp: argAdd}, add)
	TESTQ(add, add)
	JZ(LabelRef(label + "added"))
	ADDQ(x, add)
	for o := range sums {
		for v := range sums[o] {
			row := c.register()
			c.load(Mem{Base: add, Disp: v * c.bytes()}, row, m)
			VADDPS(row, sums[o][v], sums[o][v])
		}
		if o+1 < len(sums) {
			ADDQ(Mem{Base: args, Disp: argAddPlane}, add)
		}
	}
	Label(label + "added")
	slope := GP64()
	MOVQ(Mem{Base: args, Disp: argSlope}, slope)
	TESTQ(slope, slope)
	JZ(LabelRef(label + "activated"))
	zero := c.register()
	VXORPS(zero.AsY(), zero.AsY(), zero.AsY())
	for o := range sums {
		for v := range sums[o] {
			negative := c.register()
			// In this order of operands a NaN stays one.
			VMINPS(sums[o][v], zero, negative)
			VMAXPS(sums[o][v], zero, sums[o][v])
			if c.lanes == 16 {
				VFMADD231PS_BCST(Mem{Base: slope, Disp: 4 * o}, negative, sums[o][v])
			} else {
				factor := c.slopeRegister(slope, o)
				VFMADD231PS(factor, negative, sums[o][v])
			}
		}
	}
	Label(label + "activated")
	dst := GP64()
	MOVQ(Mem{Base: args, Disp: argDst}, dst)
	ADDQ(x, dst)
	for o := range sums {
		for v := range sums[o] {
			c.store(sums[o][v], Mem{Base: dst, Disp: v * c.bytes()}, m)
		}
		if o+1 < len(sums) {
			ADDQ(Mem{Base: args, Disp: argDstPlane}, dst)
		}
	}
}

// slopeRegister loads the slope of a result plane.
func (c convolution) slopeRegister(slope reg.GPVirtual, o int) reg.VecVirtual {
	factor := c.register()
	VBROADCASTSS(Mem{Base: slope, Disp: 4 * o}, factor)
	return factor
}
