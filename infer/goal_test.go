package infer

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
)

// fastModel is the built-in model that takes the least time.
const fastModel = "fsrcnn-x4"

// routedReport routes a picture with a built-in model.
func routedReport(t *testing.T, model string, o Options, in *picture.Picture) (*picture.Picture, Report) {
	t.Helper()
	o.Mode = ModeRouted
	out, report, err := newUpscaler(t, builtIn(t, model), o).Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

// What is done must come near the budget, from below, with and without a calibration.
func TestBudgetsAreMet(t *testing.T) {
	in := branchtest.Patchwork(400, 360, 3, false, 8)
	for _, calibrated := range []bool{true, false} {
		m := builtIn(t, fastModel)
		if !calibrated {
			m.Routing = ""
		}
		for _, budget := range []float64{65, 80, 95} { // the Class-Module and the simplest branch alone take 61
			up := newUpscaler(t, m, Options{Budget: budget, Threads: 2})
			_, report, err := up.Upscale(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := 100 * float64(report.MACs) / float64(report.MACsFull); got > budget+0.01 || got < budget-4 {
				t.Errorf("calibrated %t: a budget of %g %% came to %.1f %%: %v", calibrated, budget, got, report.Classes)
			}
			forecast, err := up.Forecast(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if forecast.MACs != report.MACs || !slices.Equal(forecast.Classes, report.Classes) {
				t.Errorf("%d MACs %v were estimated, %d %v done", forecast.MACs, forecast.Classes, report.MACs, report.Classes)
			}
		}
	}
}

func TestMoreMayBeLostForLess(t *testing.T) {
	in := branchtest.Patchwork(400, 360, 3, false, 8)
	before := math.Inf(1)
	for _, quality := range []float64{0.001, 0.1, 1, 5} {
		_, report := routedReport(t, fastModel, Options{Quality: quality}, in)
		if macs := float64(report.MACs); macs > before {
			t.Errorf("with %g dB to lose it takes %g MACs, more than %g", quality, macs, before)
		} else {
			before = macs
		}
	}
}

// Routing that would save next to nothing is left alone, unless a cost is to be kept.
func TestRoutingThatDoesNotPay(t *testing.T) {
	in := branchtest.Fixed(400, 360, 3, 8)
	for _, c := range []struct {
		cost            float64 // of any other class, as a part of the full network's
		budget, quality float64
		full            bool
		because         string
	}{
		{0.5, 0, 5, false, ""},
		{0.9, 0, 5, false, ""},
		{0.96, 0, 5, true, "routing would take 9"},
		{1.5, 0, 5, true, ""}, // no class is worth its cost
		{0.96, 80, 0, false, ""},
	} {
		up := newUpscaler(t, builtIn(t, fastModel), Options{Mode: ModeRouted, Budget: c.budget, Quality: c.quality})
		r := up.method.(*routed)
		last := len(r.costs.Pixel) - 1
		for k := range r.costs.Pixel {
			r.costs.Beside[k], r.costs.Below[k] = 0, 0
			if k < last {
				r.costs.Pixel[k] = c.cost * r.costs.Pixel[last]
			}
		}
		_, report, err := up.Upscale(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if full := report.Classes[last].Share == 1; full != c.full || !strings.HasPrefix(report.FullBecause, c.because) ||
			c.because == "" && report.FullBecause != "" {
			t.Errorf("classes of %g of the full network's cost: %v, full because %q", c.cost, report.Classes, report.FullBecause)
		}
	}
}

func TestATimeBoundsTheWork(t *testing.T) {
	in := branchtest.Patchwork(400, 360, 3, false, 8)
	_, fast := routedReport(t, fastModel, Options{MaxTime: time.Nanosecond}, in)
	_, slow := routedReport(t, fastModel, Options{MaxTime: time.Hour}, in)
	if fast.Classes[0].Share != 1 || slow.Classes[len(slow.Classes)-1].Share != 1 {
		t.Errorf("with no time the classes are %v, with much %v", fast.Classes, slow.Classes)
	}
}

// Pictures of all shapes, flat ones and noise come out, and threads change no bits.
func TestOddPicturesAreRouted(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 700}, {3, 900}, {31, 33}, {33, 31}, {64, 64}, {41, 2}} {
		for _, flat := range []bool{true, false} {
			in := branchtest.Patchwork(size.X, size.Y, 3, true, 8)
			if flat {
				clear(in.Pix8)
			}
			for _, o := range []Options{{}, {Budget: 50}, {Quality: 1, Router: route.ClassModule}} {
				o.Threads = 1
				want, report := routedReport(t, fastModel, o, in)
				if want.Width != 4*size.X || want.Height != 4*size.Y {
					t.Fatalf("%v became %dx%d", size, want.Width, want.Height)
				}
				if report.Route.Pixels() != size.X*size.Y {
					t.Errorf("%v: a map of %d pixels", size, report.Route.Pixels())
				}
				o.Threads = 5
				if got, _ := routedReport(t, fastModel, o, in); !slices.Equal(got.Pix8, want.Pix8) {
					t.Errorf("%v, %+v: threads change the picture", size, o)
				}
			}
		}
	}
}

func TestGoalsThatMakeNoSense(t *testing.T) {
	m, uncalibrated := builtIn(t, fastModel), builtIn(t, fastModel)
	uncalibrated.Routing = ""
	for i, c := range []struct {
		m    *weights.Model
		o    Options
		want string
	}{
		{m, Options{Budget: 20, Quality: 1}, "cannot be combined"},
		{m, Options{Budget: -1}, "more than 0"},
		{m, Options{Budget: math.NaN()}, "more than 0"},
		{m, Options{Quality: 95}, "how much may be lost"},
		{m, Options{MaxTime: -time.Second}, "more than 0"},
		{m, Options{Router: "magic"}, "no router"},
		{m, Options{Mode: ModeFull, Budget: 50}, "only work in mode routed"},
		{m, Options{Mode: ModePaper, Router: route.Edge}, "only work in mode routed"},
		{uncalibrated, Options{Quality: 0.1}, "classsr calibrate"},
		{uncalibrated, Options{Router: route.Edge}, "classsr calibrate"},
	} {
		c.o.Scale = 4
		if _, err := New(c.m, fastModel, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("case %d: error %v, want %q", i, err, c.want)
		}
	}
}

// A picture that is broken off must not show in the next one.
func TestPicturesAfterOneThatWasBrokenOff(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(200, 170, 3, false, 8)
	want, _ := enlargeBy(t, m, Options{Threads: 1}, in)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	up := newUpscaler(t, m, Options{Threads: 1, Progress: func(int, int) {
		if calls++; calls == 2 {
			cancel()
		}
	}})
	costs := up.method.(*routed).costs
	for k := range costs.Pixel {
		costs.Pixel[k], costs.Beside[k], costs.Below[k] = float64(k+1), 0, 0
	}
	if _, _, err := up.Upscale(ctx, in); err == nil {
		t.Fatal("it was not broken off")
	}
	got, _, err := up.Upscale(context.Background(), in)
	if err != nil || !slices.Equal(got.Pix8, want.Pix8) {
		t.Errorf("another picture after one that was broken off (%v)", err)
	}
}

func TestBrokenCalibrations(t *testing.T) {
	m := builtIn(t, fastModel)
	for _, text := range []string{"{", "[null]", `[{"router":"magic"}]`, `[{"router":"edge"}]`, `[{"router":"edge","core":32,"classes":["a"],"levels":[1],"errors":[[1]]}]`} {
		m.Routing = text
		if _, err := New(m, fastModel, Options{Scale: 4}); err == nil || !strings.Contains(fmt.Sprint(err), "calibrat") {
			t.Errorf("%s: error %v", text, err)
		}
	}
}
