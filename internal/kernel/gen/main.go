// Command gen writes the assembly of package kernel. It is a module of its own, so that users of the program never need avo.
//
// Run it with `make gen`; the result is checked in.
package main

import (
	. "github.com/mmcloughlin/avo/build" //nolint:revive,staticcheck // how avo programs are written
)

func main() {
	ConstraintExpr("amd64")
	writeFactors()
	for _, set := range []vectors{avx512, avx2} {
		if !set.masked {
			tables[set.name] = set.maskTable()
		}
		for outs := 1; outs <= set.mostOuts; outs++ {
			convolution{set, outs}.function()
		}
		set.peak()
		(&transform{vectors: set}).in(tables[set.name])
		(&transform{vectors: set}).out(tables[set.name])
	}
	interleave(2)
	interleave(4)
	Generate()
}
