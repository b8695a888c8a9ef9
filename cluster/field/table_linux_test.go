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

// writeTable writes what troubles came to, where that is asked for, and everything was right. Those that were not tried keep their lines.
func writeTable(t *testing.T, table []row) {
	t.Helper()
	if os.Getenv("UPDATE") == "" || t.Failed() {
		return
	}
	const file = "testdata/faults.md"
	old, _ := os.ReadFile(file) // there may be none
	lines := strings.Split(strings.TrimSpace(string(old)), "\n")
	var b strings.Builder
	b.WriteString("| what happened during work | times | pictures each time | lost, wrong, twice, or left | all done after, in seconds: median | slowest |\n|---|---|---|---|---|---|\n")
	for _, r := range table {
		begin := "| " + r.name + " |"
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, begin) })
		switch n := len(r.times); {
		case n > 0:
			slices.Sort(r.times)
			fmt.Fprintf(&b, "%s %d | %d | 0 | %.0f | %.0f |\n", begin, n, r.pictures, r.times[n/2].Seconds(), r.times[n-1].Seconds())
		case i >= 0:
			b.WriteString(lines[i] + "\n")
		}
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
