// Command gen writes the assembly of package kernel. It is a module of its own, so that users of the program never need avo.
//
// Run it with `make gen`; the result is checked in: one file of assembly and one of Go declarations for each family of kernels, and one
// that holds the structs of package kernel to the offsets that the assembly reads and writes.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build" //nolint:revive,staticcheck // how avo programs are written
)

// families are the kernels that go into one file together.
var families = map[string]func(){
	"checksum":    checksums,
	"colours":     colours,
	"convolution": convolutions,
	"transform":   transforms,
	"winograd":    winograd,
	"dense":       denseLayers,
	"dots":        innerProducts,
	"edges":       edges,
	"elementwise": elementwise,
	"filter":      filters,
	"gradient":    gradients,
	"interleave":  interleaves,
	"peak":        peaks,
	"predict":     predictions,
	"samples":     samples,
}

func main() {
	what := flag.String("what", "", "the family of kernels to write, neon for all those of ARM, or layout for the offsets of structs, to standard output")
	flag.Parse()
	if *what == "layout" {
		writeLayout()
		return
	}
	if *what == "neon" {
		writeNEON()
		return
	}
	write, ok := families[*what]
	if !ok {
		log.Fatalf("there are no kernels called %q", *what)
	}
	ConstraintExpr("amd64")
	write()
	Generate()
}
