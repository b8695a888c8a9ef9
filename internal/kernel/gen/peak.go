package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// peakSums is how many sums there are room for in the smaller register file; they hide the latency of every processor.
const peakSums = 12

func peaks() {
	for _, set := range bothSets {
		set.peak()
	}
}

// peak writes a loop of nothing but multiply-adds between registers, to measure what the processor can do.
func (v vectors) peak() {
	TEXT("peak"+v.name, NOSPLIT, "func(rounds int)")
	Doc("peak" + v.name + " does 12 vector multiply-adds in each round, none of which waits for memory.")
	rounds := Load(Param("rounds"), GP64())
	var sums []reg.VecVirtual
	for range peakSums {
		s := v.register()
		VXORPS(s.AsY(), s.AsY(), s.AsY())
		sums = append(sums, s)
	}
	a, b := v.register(), v.register()
	VXORPS(a.AsY(), a.AsY(), a.AsY())
	VXORPS(b.AsY(), b.AsY(), b.AsY())
	Label("round")
	for _, s := range sums {
		VFMADD231PS(a, b, s)
	}
	DECQ(rounds)
	JNZ(LabelRef("round"))
	VZEROUPPER()
	RET()
}
