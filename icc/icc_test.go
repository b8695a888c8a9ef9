package icc

import (
	"strings"
	"testing"
)

func TestNamesFitOneLine(t *testing.T) {
	if got, want := Latin1([]byte("a\nb\x00c\xe9\x1b[31m ")), "abcé[31m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := printable(strings.Repeat("x", 1000)); len(got) != 60 {
		t.Errorf("a name of 1000 letters is cut to %d", len(got))
	}
}
