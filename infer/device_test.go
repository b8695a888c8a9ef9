package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/picture"
	"classsr/weights"
)

// littleMemory is that of a device with which a picture of 300 columns has several bands.
const littleMemory = 12e6

// passed is what is remembered of the device's test, which takes a while.
var passed []byte

func newDevice(t *testing.T, b *gputest.Backend, o gpu.Options) *gpu.Device {
	t.Helper()
	o.Version, o.Start, o.Folder = gputest.Version, gputest.Start(b, gputest.Version), t.TempDir()
	memoir := filepath.Join(o.Folder, "gpu.json")
	if len(passed) > 0 {
		if err := os.WriteFile(memoir, passed, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := gpu.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(passed) == 0 {
		if passed, err = os.ReadFile(memoir); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(d.Close)
	return d
}

// onBoth enlarges a picture with the processor, and then with a device.
func onBoth(t *testing.T, m *weights.Model, in *picture.Picture, d *gpu.Device, o Options) (processor, device *picture.Picture, r Report) {
	t.Helper()
	processor, want := enlargeBy(t, m, o, in)
	o.Device = d
	device, r = enlargeBy(t, m, o, in)
	if r.Device == nil || r.Device.Name == "" {
		t.Fatalf("the report says nothing of a device: %+v", r)
	}
	if want.Route != nil && string(classBytes(want)) != string(classBytes(r)) {
		t.Error("other classes than on the processor")
	}
	return processor, device, r
}

func classBytes(r Report) (classes []byte) {
	for _, c := range r.Route.Classes {
		classes = append(classes, byte(c))
	}
	return classes
}

// farthest is the largest difference of two pictures, in samples' units.
func farthest(a, b *picture.Picture) int {
	most := 0
	for i := range a.Pix8 {
		most = max(most, int(a.Pix8[i])-int(b.Pix8[i]), int(b.Pix8[i])-int(a.Pix8[i]))
	}
	for i := range a.Pix16 {
		most = max(most, int(a.Pix16[i])-int(b.Pix16[i]), int(b.Pix16[i])-int(a.Pix16[i]))
	}
	return most
}

func samePixels(a, b *picture.Picture) bool {
	return a.Config() == b.Config() && farthest(a, b) == 0
}

// withFlatParts is a picture with parts of one colour.
func withFlatParts(p *picture.Picture) *picture.Picture {
	plane := make([]float32, 90*80)
	for i := range plane {
		plane[i] = 0.3
	}
	for c := range p.Colors {
		p.WritePlane(plane, c, image.Rect(20, 30, 110, 110))
	}
	return p
}

func TestDevicesResultIsTheProcessors(t *testing.T) {
	d := newDevice(t, &gputest.Backend{}, gpu.Options{Memory: littleMemory})
	classes := builtIn(t, "fsrcnn-x4")
	for name, c := range map[string]struct {
		in *picture.Picture
		o  Options
	}{
		"colours": {branchtest.Patchwork(301, 203, 3, false, 8), Options{}},
		"gray":    {branchtest.Patchwork(300, 170, 1, false, 8), Options{}},
		"alpha":   {branchtest.Patchwork(290, 180, 3, true, 8), Options{}},
		"16 bits": {branchtest.Patchwork(283, 190, 3, false, 16), Options{}},
		"flat":    {withFlatParts(branchtest.Patchwork(300, 200, 3, false, 8)), Options{}},
		"full":    {branchtest.Patchwork(301, 203, 3, false, 8), Options{Mode: ModeFull}},
		"zeros":   {branchtest.Patchwork(301, 203, 3, false, 8), Options{Border: BorderZero}},
	} {
		want, got, r := onBoth(t, classes, c.in, d, c.o)
		allowed := 1
		if c.in.Depth == 16 {
			allowed = 16 // float32 rounds in another order, and blending does
		}
		if most := farthest(want, got); want.Config() != got.Config() || most > allowed {
			t.Errorf("%s: up to %d levels from the processor", name, most)
		}
		if r.Device.Bands < 2 || r.Device.CPUBecause != "" || r.MACs == 0 {
			t.Errorf("%s: %+v, %d multiply-accumulates", name, *r.Device, r.MACs)
		}
		if s := r.Device.Seconds; s.Fill <= 0 || s.Compute <= 0 || s.Upload <= 0 || s.Download <= 0 || s.Paint <= 0 || r.Device.PeakMB < 1 {
			t.Errorf("%s: the time of its bands is %+v, its memory %d MB", name, s, r.Device.PeakMB)
		}
	}
}

func TestDeviceWithLittleMemoryGoesOnInLowerBands(t *testing.T) {
	b := &gputest.Backend{}
	d := newDevice(t, b, gpu.Options{})
	b.MemoryFor = 4 * 4 * 301 * 70
	want, got, r := onBoth(t, builtIn(t, "fsrcnn-x4"), branchtest.Patchwork(301, 203, 3, false, 8), d, Options{})
	if most := farthest(want, got); most > 1 {
		t.Errorf("up to %d levels from the processor", most)
	}
	if r.Device.Halved != 2 || r.Device.Bands < 3 || r.Device.CPUBecause != "" {
		t.Errorf("%+v", *r.Device)
	}
	b.MemoryFor = 1
	want, got, r = onBoth(t, builtIn(t, "fsrcnn-x4"), branchtest.Patchwork(301, 203, 3, false, 8), d, Options{})
	if !samePixels(want, got) || !strings.Contains(r.Device.CPUBecause, "memory") {
		t.Errorf("no memory at all: %+v", *r.Device)
	}
}

// Whatever happens to a device, the result is there, and the report says in one line why.
func TestProcessorComputesWhatADeviceDoesNot(t *testing.T) {
	in := withFlatParts(branchtest.Patchwork(301, 203, 3, false, 8))
	model := builtIn(t, "fsrcnn-x4")
	for name, c := range map[string]struct {
		spoil func(b *gputest.Backend, from int64)
		after int64 // bands that go well
		want  string
	}{
		"lost at once":      {func(b *gputest.Backend, n int64) { b.LostAt = n + 1 }, 0, "lost"},
		"lost later":        {func(b *gputest.Backend, n int64) { b.LostAt = n + 2 }, 1, "lost"},
		"helper's mistake":  {func(b *gputest.Backend, n int64) { b.PanicsAt = n + 1 }, 0, "mistake"},
		"hangs":             {func(b *gputest.Backend, _ int64) { b.Before = func(int64) { time.Sleep(time.Second) } }, 0, "within"},
		"black":             {func(b *gputest.Backend, n int64) { b.Spoil = gputest.Black(n + 1) }, 0, "wrong"},
		"black later":       {func(b *gputest.Backend, n int64) { b.Spoil = gputest.Black(n + 3) }, 2, "wrong"},
		"garbage":           {func(b *gputest.Backend, n int64) { b.Spoil = gputest.Garbage(n + 1) }, 0, "wrong"},
		"shifted":           {func(b *gputest.Backend, n int64) { b.Spoil = gputest.Shifted(n+1, 4) }, 0, "wrong"},
		"no memory, never":  {func(b *gputest.Backend, _ int64) { b.MemoryFor = 1 }, 0, "memory"},
		"memory full later": {func(b *gputest.Backend, n int64) { b.MemoryFullAt = n + 2 }, 9, ""},
	} {
		b := &gputest.Backend{}
		d := newDevice(t, b, gpu.Options{Memory: littleMemory, Limits: gpu.Limits{Band: 300 * time.Millisecond}})
		c.spoil(b, b.Bands())
		want, got, r := onBoth(t, model, in, d, Options{})
		because := r.Device.CPUBecause
		if c.want == "" {
			if because != "" || r.Device.Halved != 1 || farthest(want, got) > 1 {
				t.Errorf("%s: %+v", name, *r.Device)
			}
			continue
		}
		if !strings.Contains(because, c.want) || strings.Contains(because, "\n") || len(because) > 300 {
			t.Errorf("%s: because %q", name, because)
		}
		if farthest(want, got) > 1 || c.after == 0 && !samePixels(want, got) {
			t.Errorf("%s: up to %d levels from the processor", name, farthest(want, got))
		}
		if c.want == "wrong" {
			if d.Usable() == nil {
				t.Errorf("%s: the device is used further", name)
			}
			if !samePixels(want, got) {
				t.Errorf("%s: a picture that was wrong is not done again", name)
			}
		}
	}
}

func TestErrorsAboutWhatWasGivenAway(t *testing.T) {
	b := &gputest.Backend{}
	d := newDevice(t, b, gpu.Options{Memory: littleMemory / 2})
	b.Spoil = gputest.Black(b.Bands() + 5)
	up := newUpscaler(t, builtIn(t, "fsrcnn-x4"), Options{Device: d, Mode: ModeFull})
	e, err := up.Begin(t.Context(), branchtest.Patchwork(301, 203, 3, false, 8), nil)
	if err != nil {
		t.Fatal(err)
	}
	bands := 0
	for err == nil {
		if _, err = e.NextRows(); err == nil {
			bands++
		}
	}
	_ = e.Close()
	if !errors.Is(err, ErrUntrusted) || bands == 0 {
		t.Errorf("after %d bands: %v", bands, err)
	}
}

func TestPicturesInRowsOnADevice(t *testing.T) {
	in := branchtest.Patchwork(301, 403, 3, false, 8)
	model := builtIn(t, "fsrcnn-x4")
	for _, lostAt := range []int64{0, 1, 2, 3} {
		b := &gputest.Backend{}
		d := newDevice(t, b, gpu.Options{Memory: littleMemory})
		if lostAt > 0 {
			b.LostAt = b.Bands() + lostAt
		}
		want, _ := enlargeBy(t, model, Options{}, in)
		up := newUpscaler(t, model, Options{Device: d})
		favourRouting(up)
		claim, err := up.ClaimRows(t.Context(), in.Config(), Beside{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := up.BeginRows(t.Context(), func() (picture.RowSource, error) { return in.Rows(17), nil }, claim)
		if err != nil {
			t.Fatal(err)
		}
		got := gathered(t, e)
		if most := farthest(want, got); most > 1 {
			t.Errorf("lost at %d: up to %d levels from the processor", lostAt, most)
		}
		if because := e.Report().Device.CPUBecause; (because != "") != (lostAt > 0) {
			t.Errorf("lost at %d: because %q", lostAt, because)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// gathered gives all rows of an enlargement.
func gathered(t *testing.T, e *Enlargement) *picture.Picture {
	t.Helper()
	out := e.Config().New()
	for y := 0; ; {
		band, err := e.NextRows()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		copy(out.Pix8[y*out.Width*out.Channels():], band.Pix8)
		y += band.Height
	}
}

func TestWhatIsNotForDevices(t *testing.T) {
	b := &gputest.Backend{}
	d := newDevice(t, b, gpu.Options{})
	before := b.Bands()
	model := builtIn(t, "fsrcnn-x4")
	for name, c := range map[string]struct {
		in *picture.Picture
		o  Options
	}{
		"small": {branchtest.Patchwork(30, 20, 3, false, 8), Options{}},
		"paper": {branchtest.Patchwork(70, 60, 3, false, 8), Options{Mode: ModePaper}},
	} {
		want, got, r := onBoth(t, model, c.in, d, c.o)
		if !samePixels(want, got) || r.Device.CPUBecause == "" || r.Device.Bands > 0 {
			t.Errorf("%s: %+v", name, *r.Device)
		}
	}
	// The device is this very processor with more to do besides.
	want, got, r := onBoth(t, model, branchtest.Patchwork(200, 100, 3, false, 8), d, Options{DeviceAuto: true, Threads: 2})
	if r.Device.Bands == 0 && (!samePixels(want, got) || !strings.Contains(r.Device.CPUBecause, "faster")) {
		t.Errorf("auto: %+v", *r.Device)
	}
	if b.Bands() != before+int64(r.Device.Bands) {
		t.Error("the device was asked")
	}
}

func TestPicturesOnADeviceAtOnce(t *testing.T) {
	d := newDevice(t, &gputest.Backend{}, gpu.Options{Memory: littleMemory})
	model := builtIn(t, "fsrcnn-x4")
	in := branchtest.Patchwork(301, 203, 3, false, 8)
	want, _ := enlargeBy(t, model, Options{}, in)
	up := newUpscaler(t, model, Options{Device: d})
	favourRouting(up)
	ctx, cancel := context.WithCancel(t.Context())
	t.Run("group", func(t *testing.T) {
		for range 3 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				got, _, err := up.Upscale(t.Context(), in)
				if err != nil || farthest(want, got) > 1 {
					t.Errorf("%v", err)
				}
			})
		}
		t.Run("cancelled", func(t *testing.T) {
			t.Parallel()
			time.AfterFunc(20*time.Millisecond, cancel)
			if _, _, err := up.Upscale(ctx, in); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	})
}

// slowDevice is a device that was measured to take about so many seconds for a picture of 301x203 pixels.
func slowDevice(t *testing.T, b *gputest.Backend, seconds float64, l gpu.Limits) *gpu.Device {
	t.Helper()
	o := gpu.Options{Version: gputest.Version, Start: gputest.Start(b, gputest.Version), Folder: t.TempDir(), Limits: l}
	all, err := b.Devices()
	if err != nil {
		t.Fatal(err)
	}
	const macs, pixels = 1.5e9, 301 * 203 // of FSRCNN
	gpu.Remember(o, all[0], gpu.Verdict{Passed: true, Speed: gpu.Speed{MACs: macs / seconds, Pixels: pixels / seconds}})
	d, err := gpu.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// A device that is slow gets bands that take two seconds at most by estimate, but no lower ones than make sense, and has longer for what takes longer.
func TestSlowDevicesHaveTime(t *testing.T) {
	in := branchtest.Patchwork(301, 203, 3, false, 8)
	model := builtIn(t, "fsrcnn-x4")
	for _, c := range []struct{ seconds, least, most float64 }{{0.1, 1, 2}, {10, 5, 7}, {20, 10, 13}, {10000, 10, 13}} {
		b := &gputest.Backend{}
		_, _, r := onBoth(t, model, in, slowDevice(t, b, c.seconds, gpu.Limits{}), Options{Mode: ModeFull})
		if bands := float64(r.Device.Bands); bands < c.least || bands > c.most || r.Device.CPUBecause != "" {
			t.Errorf("%g s: %+v", c.seconds, *r.Device)
		}
	}
	for seconds, because := range map[float64]string{0.001: "within", 20: ""} {
		b := &gputest.Backend{}
		d := slowDevice(t, b, seconds, gpu.Limits{Band: 100 * time.Millisecond})
		first := true
		b.Before = func(int64) {
			if first {
				time.Sleep(400 * time.Millisecond)
			}
			first = false
		}
		if _, _, r := onBoth(t, model, in, d, Options{Mode: ModeFull}); !strings.Contains(r.Device.CPUBecause, because) || (r.Device.CPUBecause == "") != (because == "") {
			t.Errorf("a band of 0.4 s, where %g s are expected for all: %+v", seconds, *r.Device)
		}
	}
}
