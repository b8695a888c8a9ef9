package kernel

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// What ARM's kernels for three result planes and more do in their inner loops is multiply and add: four of five vector instructions. There is no
// processor to time them on; this and llvm-mca (docs/decisions.md) stand for it.
func TestInnerLoopsForNEONMultiply(t *testing.T) {
	source, err := os.ReadFile("neon_arm64.s")
	if err != nil {
		t.Fatal(err)
	}
	for outs := 3; outs <= 8; outs++ {
		for function, label := range map[string]string{"row": "tap", "product": "plane"} {
			name := fmt.Sprintf("%sNEONx%d", function, outs)
			_, text, found := strings.Cut(string(source), "TEXT ·"+name+"(SB)")
			if !found {
				t.Fatalf("there is no %s", name)
			}
			loop := regexp.MustCompile(`(?s)\nwide\d` + label + `:\n(.*?)BNE wide\d` + label + `\n`).FindString(text) // the first is the widest
			multiplies, vectors := strings.Count(loop, "// FMLA"), strings.Count(loop, "WORD ")
			if vectors == 0 || float64(multiplies)/float64(vectors) < 0.8 {
				t.Errorf("%s: %d of %d vector instructions are multiply-adds", name, multiplies, vectors)
			}
		}
	}
}
