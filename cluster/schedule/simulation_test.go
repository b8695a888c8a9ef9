package schedule

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (x result) row() string {
	what := fmt.Sprintf("%d workers, %s", x.workers, x.name)
	return fmt.Sprintf("| %s | %.0f | %.0f | %.3f | %.3f | %.0f | %.0f | %.2f | %d | %d | %d | %d |\n",
		what, x.ideal, x.end, x.ideal/x.end, x.busy, x.units, x.messages, x.coordinator, x.counts.Copied, x.counts.Moved, x.counts.Lost, x.quarantined)
}

const heading = `| | ideal s | end s | of the ideal | busy while there | units/s | messages/s | coordinator busy | copied | moved | lost | quarantined |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

// simulate runs a course and sees that nothing was lost on the way.
func simulate(t *testing.T, c course) result {
	t.Helper()
	began := time.Now()
	x := newSim(c).run()
	t.Logf("%s: end %.0f s of %.0f, busy %.3f, %d units, %.0f messages/s, coordinator %.2f, %+v, %d dead (in %v)",
		c.name, x.end, x.ideal, x.busy, x.counts.Done, x.messages, x.coordinator, x.counts, x.dead, time.Since(began).Round(time.Millisecond))
	if x.left != 0 || x.dead != x.counts.Dead || x.counts.Pictures+x.dead < c.pictures {
		t.Errorf("%s: %d tasks are left, %d of %d are done, %d dead", c.name, x.left, x.counts.Pictures, c.pictures, x.dead)
	}
	if x.dead > 0 {
		t.Errorf("%s: %d are dead by accidents of machines", c.name, x.dead)
	}
	return x
}

// The same events give the same actions.
func TestTheSameAgain(t *testing.T) {
	c := course{workers: 50, pictures: 1000, mean: 4, large: 3, rows: 3750, seconds: 400, repeated: 42, service: 2 * time.Millisecond, faults: true, seed: 3}
	if a, b := newSim(c).run(), newSim(c).run(); a.trace != b.trace || a.end != b.end {
		t.Fatalf("it ended after %v and %v", a.end, b.end)
	}
}

// A part of the whole: as many machines, and fewer pictures.
func TestSimulation(t *testing.T) {
	c := course{name: "50,000 of 4 s", workers: 1000, pictures: 50000, mean: 4, service: 2 * time.Millisecond, faults: true, seed: 1}
	if x := simulate(t, c); x.busy < 0.9 || x.quarantined < 4 {
		t.Errorf("machines were busy %.3f of their time, %d are quarantined", x.busy, x.quarantined)
	}
	c = course{name: "one of 3,750 rows", workers: 3, large: 1, rows: 3750, seconds: 400, repeated: 42, service: 2 * time.Millisecond, seed: 1}
	if x := simulate(t, c); x.ideal/x.end < 0.8 {
		t.Errorf("a large picture took %.1f s in place of %.1f", x.end, x.ideal)
	}
}

// A thousand machines and a million pictures, and what they do to the coordinator. With UPDATE=1 it writes testdata/simulation.md.
func TestSimulationOfAMillion(t *testing.T) {
	if os.Getenv("CLASSSR_LOAD") != "full" {
		t.Skip("CLASSSR_LOAD=full simulates a million pictures, in half a minute")
	}
	ms := time.Millisecond
	var table strings.Builder
	table.WriteString(heading)
	for _, x := range []struct {
		course
		busy float64 // at least
	}{
		{course{name: "1,000,000 of 4 s, 2 ms a unit", workers: 1000, pictures: 1e6, mean: 4, service: 2 * ms}, 0.97},
		{course{name: "1,000,000 of 4 s, 8 ms, fixed target", workers: 1000, pictures: 1e6, mean: 4, service: 8 * ms, fixed: true}, 0},
		{course{name: "1,000,000 of 4 s, 8 ms", workers: 1000, pictures: 1e6, mean: 4, service: 8 * ms}, 0.95},
		{course{name: "3,000,000 of 0.3 s, 6 ms, fixed target", workers: 1000, pictures: 3e6, mean: 0.3, service: 6 * ms, fixed: true}, 0},
		{course{name: "3,000,000 of 0.3 s, 6 ms", workers: 1000, pictures: 3e6, mean: 0.3, service: 6 * ms}, 0.9},
		{course{name: "1,000,000 of 4 s, 2 ms", workers: 2000, pictures: 1e6, mean: 4, service: 2 * ms}, 0.95},
		{course{name: "2,000 of 3,750 rows, 400 s", workers: 100, large: 2000, rows: 3750, seconds: 400, repeated: 42, service: 10 * ms}, 0.95},
		{course{name: "20 of 3,750 rows, 400 s", workers: 3, large: 20, rows: 3750, seconds: 400, repeated: 42, service: 10 * ms}, 0.9},
		{course{name: "100,000 of 4 s and 500 of 3,750 rows", workers: 200, pictures: 1e5, mean: 4, large: 500, rows: 3750, seconds: 400, repeated: 42, service: 2 * ms}, 0.95},
	} {
		x.faults, x.seed = true, 1
		got := simulate(t, x.course)
		if got.busy < x.busy {
			t.Errorf("%s: machines were busy %.3f of their time, not %.3f", x.name, got.busy, x.busy)
		}
		table.WriteString(got.row())
	}
	if os.Getenv("UPDATE") == "" {
		return
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("testdata", "simulation.md"), []byte(table.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What people are told is what came of it.
func TestDocumentedSimulation(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("testdata", "simulation.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "cluster.md"))
	if err != nil || !strings.Contains(string(text), string(table)) {
		t.Errorf("docs/cluster.md does not have the table of testdata/simulation.md (error %v): put it in", err)
	}
}
