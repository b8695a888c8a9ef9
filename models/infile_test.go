package models

import (
	"strings"
	"testing"
)

func TestInFile(t *testing.T) {
	sum := [32]byte{1, 0xab}
	if got, ok := FileSum(InFile(sum)); !ok || got != sum {
		t.Errorf("%s is read as %x, %t", InFile(sum), got, ok)
	}
	for _, name := range []string{"", Default, "sha256:", "sha256:00", strings.ToUpper(InFile(sum)), InFile(sum) + "0", InFile(sum)[1:], "sha256:" + strings.Repeat("g", 64)} {
		if _, ok := FileSum(name); ok {
			t.Errorf("%q is taken for a model in a file", name)
		}
	}
}
