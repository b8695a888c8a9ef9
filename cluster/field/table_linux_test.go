package field

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// row is what came of a trouble that was tried some times.
type row struct {
	name     string
	pictures int
	times    []time.Duration // that all pictures took
}

func (r *row) took(d time.Duration) { r.times = append(r.times, d) }

// writeTable writes what all troubles came to, where that is asked for, and everything was right.
func writeTable(t *testing.T, table []row) {
	t.Helper()
	if os.Getenv("UPDATE") == "" || t.Failed() {
		return
	}
	var b strings.Builder
	b.WriteString("| what happened during work | times | pictures each time | lost, wrong, twice, or left | done after, in seconds: median | slowest |\n|---|---|---|---|---|---|\n")
	for _, r := range table {
		if len(r.times) == 0 {
			continue
		}
		slices.Sort(r.times)
		fmt.Fprintf(&b, "| %s | %d | %d | 0 | %.0f | %.0f |\n", r.name, len(r.times), r.pictures, r.times[len(r.times)/2].Seconds(), r.times[len(r.times)-1].Seconds())
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/faults.md", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
