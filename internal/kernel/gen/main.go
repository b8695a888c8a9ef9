// Command gen writes the assembly of package kernel. It is a module of its own, so that users of the program never need avo.
//
// Run it with `make gen`; the result is checked in.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
)

func main() {
	what := flag.String("what", "rows", "the kernels to write: rows or samples")
	flag.Parse()
	ConstraintExpr("amd64")
	switch *what {
	case "rows":
		rows()
	case "samples":
		samples()
	default:
		log.Fatalf("there are no kernels called %q", *what)
	}
	Generate()
}

// rows writes the kernels that work on rows of numbers.
func rows() {
	writeFactors()
	writeKernelFactors()
	for _, set := range []vectors{avx512, avx2} {
		var bits Mem
		if !set.masked {
			tables[set.name], bits = set.maskTable(), set.bitTable()
		}
		for outs := 1; outs <= set.mostOuts; outs++ {
			convolution{set, outs}.function()
			convolution{set, outs}.product()
		}
		for as := 1; as <= set.dotsA; as++ {
			for bs := 1; bs <= set.dotsB; bs++ {
				set.dots(as, bs, tables[set.name])
			}
		}
		set.elementwise()
		set.peak()
		(&transform{vectors: set}).in(tables[set.name])
		(&transform{vectors: set}).out(bits)
		(&transform{vectors: set}).kernels(tables[set.name])
	}
	interleave(2)
	interleave(4)
}
