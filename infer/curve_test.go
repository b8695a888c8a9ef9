package infer

import (
	"context"
	"math"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/route"
)

// budgets are goals in percent.
func budgets(percent ...float64) (goals []route.Goal) {
	for _, b := range percent {
		goals = append(goals, route.Goal{Kind: route.ByBudget, Limit: b})
	}
	return goals
}

// The first point is what Forecast tells, whatever the goal is, and whether the picture is in memory or comes in rows.
func TestTheFirstPointIsTheForecast(t *testing.T) {
	for _, model := range testref.Few(1, fastModel, "span-x4") {
		m := builtIn(t, model)
		for _, uncalibrated := range []bool{false, true} {
			if uncalibrated {
				m.Routing = ""
			}
			for _, o := range []Options{{}, {Quality: 0.3}, {Budget: 70}, {Mode: ModeFull}, {Branch: 1}} {
				if uncalibrated && o.Quality > 0 {
					continue
				}
				o.Threads = 2
				up := newUpscaler(t, m, o)
				for _, alpha := range []bool{false, true} {
					in := branchtest.Patchwork(250, 220, 3, alpha, 8)
					want, err := up.Forecast(context.Background(), in)
					if err != nil {
						t.Fatal(err)
					}
					points, err := up.Curve(context.Background(), in, budgets(50, 90))
					if err != nil {
						t.Fatal(err)
					}
					curves := [][]Point{points}
					if !alpha {
						points, err := up.CurveRows(context.Background(), in.Config(), func() (picture.RowSource, error) { return in.Rows(7), nil }, budgets(50, 90))
						if err != nil {
							t.Fatal(err)
						}
						curves = append(curves, points)
					}
					for _, points := range curves {
						got := points[0].Forecast
						if n := map[bool]int{true: 3, false: 1}[up.Mode() == ModeRouted]; len(points) != n {
							t.Errorf("%s %+v: %d points, want %d", model, o, len(points), n)
						}
						if got.Seconds <= 0 || math.IsInf(got.Seconds, 0) {
							t.Errorf("%s %+v: %g seconds", model, o, got.Seconds)
						}
						if got.MACs != want.MACs || got.MACsFull != want.MACsFull || !slices.Equal(got.Classes, want.Classes) || got.FullBecause != want.FullBecause || got.MemoryMB != want.MemoryMB {
							t.Errorf("%s %+v: %+v, the forecast is %+v", model, o, got, want)
						}
					}
				}
			}
		}
	}
}

// With more to spend a picture takes longer and loses less, down to nothing where the full network does all.
func TestPointsRiseWithTheBudget(t *testing.T) {
	small, large := branchtest.Patchwork(500, 420, 3, false, 8), branchtest.Patchwork(1300, 1000, 3, false, 8) // whose arithmetic is estimated
	for model, in := range map[string]*picture.Picture{fastModel: large, "span-x4": small, "carn-x2": small} {
		m := builtIn(t, model)
		up := newUpscaler(t, m, Options{Scale: m.Branches[0].Spec.Scale, Threads: 2})
		asked := []float64{20, 40, 60, 80, 100}
		points, err := up.Curve(context.Background(), in, budgets(asked...))
		if err != nil {
			t.Fatal(err)
		}
		least := 0.0
		for i, p := range points[1:] {
			percent := 100 * float64(p.MACs) / float64(p.MACsFull)
			if i == 0 {
				least = percent
			}
			if math.Abs(percent-max(asked[i], least)) > 0.1*asked[i] {
				t.Errorf("%s: a budget of %g %% came to %.1f %%, the least is %.1f %%", model, asked[i], percent, least)
			}
			if before := points[i]; i > 0 && (p.MACs < before.MACs || p.Seconds < before.Seconds || p.LossDB > before.LossDB) {
				t.Errorf("%s: %g %%: %d MACs, %.3f s, -%.3f dB after %d MACs, %.3f s, -%.3f dB", model, asked[i], p.MACs, p.Seconds, p.LossDB, before.MACs, before.Seconds, before.LossDB)
			}
		}
		cheapest, dearest := points[1], points[len(points)-1]
		if cheapest.LossDB < 0.05 || dearest.LossDB > 0.1 || dearest.Classes[len(dearest.Classes)-1].Share == 1 && dearest.LossDB != 0 {
			t.Errorf("%s: the cheapest loses %g dB, the dearest %g dB by %v", model, cheapest.LossDB, dearest.LossDB, dearest.Classes)
		}
	}
}

// What a quality allows to be lost is what is lost, about.
func TestLossesAreThoseOfTheQuality(t *testing.T) {
	in := branchtest.Fixed(600, 500, 3, 8)
	for _, quality := range []float64{0.05, 0.2, 0.5} {
		up := newUpscaler(t, builtIn(t, fastModel), Options{Quality: quality, Threads: 2})
		points, err := up.Curve(context.Background(), in, []route.Goal{{Kind: route.ByQuality, Limit: quality / 2}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []float64{quality, quality / 2} {
			if got := points[i].LossDB; got > want*1.001 || got < want*0.9 {
				t.Errorf("a quality of %g dB loses %g dB by %v (%s)", want, got, points[i].Classes, points[i].FullBecause)
			}
		}
	}
}

// A look takes cores of the budget and no memory, and ends with its context; what no run has room for has no curve.
func TestCurvesAndBudgets(t *testing.T) {
	in := branchtest.Patchwork(200, 200, 3, false, 8)
	shared := budget.New(100e6, 2)
	up := newUpscaler(t, builtIn(t, fastModel), Options{Shared: shared})
	if err := shared.AcquireThreads(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := up.Curve(ctx, in, nil); err == nil {
		t.Error("it did not wait for cores")
	}
	shared.ReleaseThreads(1)
	whole, err := shared.Reserve(context.Background(), shared.Memory())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Curve(context.Background(), in, nil); err != nil {
		t.Error(err)
	}
	if seconds, err := up.Rough(context.Background(), 1000, 1000); err != nil || seconds <= 0 {
		t.Errorf("a megapixel takes %g s, %v", seconds, err)
	}
	whole.Release()
	if err := shared.AcquireThreads(context.Background(), 2); err != nil { // all were given back
		t.Fatal(err)
	}
	shared.ReleaseThreads(2)
	if _, err := newUpscaler(t, builtIn(t, fastModel), Options{Memory: 1 << 20}).Curve(context.Background(), in, nil); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("in a megabyte: %v", err)
	}
}
