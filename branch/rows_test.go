package branch_test

import (
	"context"
	"image"
	"math/rand/v2"
	"os"
	"testing"

	"classsr/branch"
	"classsr/branch/branchtest"
	"classsr/engine"
	"classsr/weights"
)

// A worker reads no rows but those around the band that it computes, wherever its piece and the band begin, and not many fewer.
func TestWorkersReadTheRowsAroundABand(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	nets := []string{"fsrcnn"}
	if os.Getenv("CLASSSR_SLOW") != "" {
		nets = append(nets, "carn", "srresnet")
	}
	for _, net := range nets {
		m := branchtest.ClassSR(t, net, 2, 3)
		b := newBranch(t, m.Full())
		for _, b.Border = range []int{0, branch.MirroredBorder} {
			around, most := b.RowsAround(), 0
			var arena engine.Arena
			for range 8 {
				size := image.Pt(9, 220)
				top := random.IntN(60)
				core := image.Rect(0, top, size.X, size.Y)
				window := b.Window(size, core)
				e := b.Plan.Executor(&arena)
				e.Begin(engine.Piece{Window: window.Size(), Core: core.Sub(window.Min)})
				first := top
				for made := 0; first < size.Y; {
					end := min(first+20+random.IntN(40), size.Y)
					for until := (end - top) * b.Spec.Scale; made < until; {
						rows := e.Wants().Add(window.Min)
						if !rows.Empty() && (rows.Min.Y < first-around || rows.Max.Y > end+around) {
							t.Fatalf("%s: rows %d to %d are read for rows %d to %d, and %d around were told", net, rows.Min.Y, rows.Max.Y, first, end, around)
						}
						if !rows.Empty() {
							most = max(most, first-rows.Min.Y, rows.Max.Y-end)
						}
						if _, err := e.Step(context.Background()); err != nil {
							t.Fatal(err)
						}
						made = e.Made(until).Max.Y
					}
					first = end
				}
			}
			t.Logf("%s: %d around, %d at most", net, around, most)
			if around > most+16 {
				t.Errorf("%s: at most %d rows around a band are read, and %d were told", net, most, around)
			}
		}
	}
}

func newBranch(t *testing.T, n weights.Network) *branch.Branch {
	t.Helper()
	b, err := branch.New(n, 2)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
