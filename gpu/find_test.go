package gpu

import (
	"errors"
	"strings"
	"testing"
)

func TestLastWordsAreOneLine(t *testing.T) {
	ended := errors.New("exit status 2")
	long := strings.Repeat("warning ", 2000)
	for said, want := range map[string]string{
		"": "exit status 2",
		"driver: a warning\ndriver: no more memory\n":                                                  "exit status 2: driver: no more memory",
		"WARNING: not conformant\nSIGSEGV: segmentation violation\nPC=0x0\n\ngoroutine 1 [running]:\n": "exit status 2: SIGSEGV: segmentation violation",
		"classsr-gpu: the pipe is broken\r\nmore\n":                                                    "exit status 2: classsr-gpu: the pipe is broken",
		long: "exit status 2: " + long[:200],
	} {
		var w lastWords
		for part := range strings.SplitAfterSeq(said, "\n") {
			if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if got := w.of(ended); got.Error() != want || !errors.Is(got, ended) {
			t.Errorf("%.40q: %v", said, got)
		}
		if w.of(nil) != nil {
			t.Error("who ended well has said something")
		}
	}
}
