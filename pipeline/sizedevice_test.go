package pipeline

import (
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/scaling"
)

func openDevice(t *testing.T, b *gputest.Backend) *gpu.Device {
	t.Helper()
	d, err := gpu.Open(t.Context(), gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// The model has no classes, and enlarges two times: four times are two passes, of which the second has four times as many pixels.
func TestEveryPassIsEstimatedForTheDevice(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(60, 50, 3, false, 8))
	png(t, "small.png", branchtest.Patchwork(32, 24, 3, false, 8))
	d := openDevice(t, &gputest.Backend{})
	seconds := func(path string, scale float64) (device, processor float64) {
		models := modelsOf(t, open(t, "carn-m-x2"), classsr.Options{Device: d})
		e, err := NewEstimator(nil, 0, &Sizing{Target: scaling.Target{Scale: scale}, Models: models})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Estimate(t.Context(), nil, Input{Path: path, ending: ".png"})
		if err != nil || len(r.Forecasts) != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		return r.Forecasts[0].DeviceSeconds, r.Forecasts[0].Seconds
	}
	one, _ := seconds("in.png", 2)
	two, _ := seconds("in.png", 4)
	if one <= 0 || two < 3*one || two > 7*one {
		t.Errorf("%g s for one pass on the device, %g s for two", one, two)
	}
	if device, _ := seconds("small.png", 2); device != 0 {
		t.Errorf("%g s on the device, which is not for small pictures", device)
	}
}

func TestReportsOfTwoPassesOnADevice(t *testing.T) {
	inFolder(t)
	for name, c := range map[string]struct {
		lostAt int64
		bands  int
	}{"well": {0, 2}, "lost in the second pass": {2, 1}} {
		b := &gputest.Backend{}
		p := sized(t, open(t, classsr.FastModel), classsr.Options{Mode: classsr.ModeFull, Device: openDevice(t, b)}, scaling.Target{Scale: 8})
		if c.lostAt > 0 {
			b.LostAt = b.Bands() + c.lostAt
		}
		result, _, err := enlargeFile(t, p, branchtest.Patchwork(60, 50, 3, false, 8))
		if err != nil {
			t.Fatal(err)
		}
		d := result.Device
		if d == nil || len(result.Passes) != 2 || d.Bands != c.bands || (d.CPUBecause != "") != (c.lostAt > 0) || d.Precision != gpu.Float32 {
			t.Errorf("%s: %d passes, %+v", name, len(result.Passes), d)
		}
	}
}
