package pipeline

import (
	"context"
	"math"
	"slices"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/metadata"
	"classsr/picture"
	"classsr/scaling"
)

// Shares of the work rise to 1, whatever it consists of, and tell how far it is.
func TestProgressRisesToOne(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(40, 300, 3, false, 8))
	layers(t, "bands.tif", branchtest.Patchwork(16, 80, 1, false, 8), branchtest.Patchwork(16, 80, 1, false, 8), branchtest.Patchwork(16, 80, 1, false, 8))
	fast := open(t, "fsrcnn-x4")
	for name, c := range map[string]struct {
		p     *Pipeline
		input string
		has   float64 // a share that is told, nearly
		near  float64
	}{
		"one pass":   {with(t, fast, classsr.Options{Scale: 4, Threads: 1}), "in.png", 0.2, 0.1},
		"two passes": {sized(t, fast, classsr.Options{Threads: 1}, scaling.Target{Scale: 12}), "in.png", 1.0 / (1 + 16), 1e-6},
		"reduced":    {sized(t, fast, classsr.Options{Threads: 1}, scaling.Target{Scale: 0.5}), "in.png", 1, 1e-6},
		"as it is":   {sized(t, fast, classsr.Options{Threads: 1}, scaling.Target{Width: 40}), "in.png", 64.0 / 300, 1e-6},
		"bands":      {&Pipeline{Upscaler: with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}).Upscaler, AllBands: true}, "bands.tif", 2.0 / 3, 1e-6},
	} {
		var shares []float64
		c.p.Overwrite = true
		c.p.Progress = func(share float64) { shares = append(shares, share) }
		var l log
		if _, err := c.p.Run(context.Background(), NewWork(Job{Input: c.input, Output: "out.tif"}), &l); err != nil || len(l.errors) > 0 {
			t.Fatal(name, err, l.errors)
		}
		if len(shares) == 0 || !slices.IsSorted(shares) || shares[0] <= 0 || math.Abs(shares[len(shares)-1]-1) > 1e-9 {
			t.Errorf("%s: shares %v", name, shares)
		}
		if !slices.ContainsFunc(shares, func(s float64) bool { return math.Abs(s-c.has) < c.near }) {
			t.Errorf("%s: %g is not told: %v", name, c.has, shares)
		}
	}
}

// Rows come to who wants them as they stand in the result, in their order, before and without being changed.
func TestRowsAreTold(t *testing.T) {
	inFolder(t)
	in := branchtest.Patchwork(40, 150, 3, true, 8)
	for _, output := range []string{"out.png", "out.jpg"} {
		p := with(t, open(t, "fsrcnn-x2"), classsr.Options{})
		p.Background = [3]uint8{255, 255, 255}
		var got *picture.Picture
		next := 0
		p.Rows = func(c picture.Config, _ metadata.Color) func(int, *picture.Picture) {
			got = c.New()
			return func(top int, rows *picture.Picture) {
				if top != next || top+rows.Height > c.Height {
					t.Errorf("%d rows come at %d, expected at %d", rows.Height, top, next)
				}
				next = top + rows.Height
				copy(got.Band(top, next).Pix8, rows.Pix8)
			}
		}
		png(t, "in.png", in)
		next = 0
		var l log
		if _, err := p.Run(context.Background(), NewWork(Job{Input: "in.png", Output: output}), &l); err != nil || len(l.errors) > 0 {
			t.Fatal(err, l.errors)
		}
		want := upscale(t, open(t, "fsrcnn-x2"), 2, in)
		if next != want.Height || got.Alpha != (output == "out.png") {
			t.Errorf("%s: %d of %d rows came, with alpha: %t", output, next, want.Height, got.Alpha)
		}
		if output == "out.png" && !slices.Equal(got.Pix8, want.Pix8) {
			t.Error("the rows are not those of the result")
		}
	}
}
