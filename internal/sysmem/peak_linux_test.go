package sysmem

import (
	"os"
	"runtime"
	"testing"
)

// What was given back does not count after a reset, and what is taken then does.
func TestPeakIsMeasuredAgainAfterReset(t *testing.T) {
	f, err := os.OpenFile(clearRefs, os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("the peak cannot be reset here: %v", err)
	}
	_ = f.Close()                                             // nothing was written
	const large, small, slack = 200 << 20, 50 << 20, 10 << 20 // Linux counts pages of each processor in lots, and Go takes some for itself
	ResetPeakRSS()
	before := PeakRSS()
	touch(large)
	with := PeakRSS()
	if with < before+large-slack {
		t.Errorf("the peak grows from %d to %d bytes with %d more", before, with, large)
	}
	ResetPeakRSS()
	after := PeakRSS()
	if after > with-large+slack {
		t.Errorf("the peak falls from %d to %d bytes when %d are given back", with, after, large)
	}
	touch(small)
	if again := PeakRSS(); again < after+small-slack || again > after+small+slack {
		t.Errorf("the peak grows from %d to %d bytes with %d more", after, again, small)
	}
}

// touch takes so many bytes of memory, writes to each page, and keeps none.
func touch(bytes int) {
	memory := make([]byte, bytes)
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1
	}
	runtime.KeepAlive(memory)
}
