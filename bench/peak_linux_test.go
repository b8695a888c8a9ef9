package bench

import (
	"context"
	"os"
	"testing"
)

// Memory of the shape before does not count: patches take as much after a picture, whose lanes are kept for the next one, as before it.
func TestPeaksAreOfOneShape(t *testing.T) {
	f, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("the peak cannot be reset here: %v", err)
	}
	_ = f.Close() // nothing was written
	var cases []Case
	err = Run(context.Background(), Options{Nets: []string{"fsrcnn"}, Threads: []int{1, 2}, Runs: 1}, func(c Case) error {
		cases = append(cases, c)
		return nil
	})
	if err != nil || len(cases) != 5 {
		t.Fatalf("error %v after the cases %+v", err, cases)
	}
	patches, picture, again := cases[1].PeakRSSMB, cases[2].PeakRSSMB, cases[3].PeakRSSMB
	t.Logf("peaks: patches %d MB, then a picture %d MB, then patches %d MB", patches, picture, again)
	if picture < patches+15 || again > patches+5 {
		t.Errorf("peaks: patches %d MB, then a picture %d MB, then patches %d MB", patches, picture, again)
	}
}
