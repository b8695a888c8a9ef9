package infer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/picture"
	"classsr/weights"
)

// untiled is a model whose convolutions are sums over their taps, as those of GPUs are, so that a device which is the processor makes the same bits of a pixel wherever bands are cut.
func untiled(t *testing.T) *weights.Model {
	t.Helper()
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	for i := range m.Branches {
		b := &m.Branches[i]
		b.Spec.Width, b.Spec.Shrink, b.Spec.Depth = 3+i, 3, 2
		b.Params = b.Spec.Init(uint64(i))
	}
	return m
}

// following enlarges pictures that follow each other, and gives copies of the results, and what is told of them.
func following(t *testing.T, m *weights.Model, o Options, s SequenceOptions, frames []*picture.Picture) (out []*picture.Picture, told []Frame) {
	t.Helper()
	up := newUpscaler(t, m, o)
	favourRouting(up)
	sequence := up.Sequence(s)
	for i, in := range frames {
		f, err := sequence.Next(t.Context(), in, 0)
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		out, told = append(out, copied(f.Picture)), append(told, *f)
	}
	return out, told
}

// Of a device, too, what is kept has the bits that it has if all is computed anew, in whatever bands; the classes are the processor's, and samples differ by rounding.
func TestReuseShowsInNoBitOnADevice(t *testing.T) {
	b := &gputest.Backend{}
	for name, c := range map[string]struct {
		model   *weights.Model
		o       Options
		depth   int
		memory  int64
		inexact bool
	}{
		"routed":          {untiled(t), Options{}, 32, 0, false},
		"little memory":   {untiled(t), Options{}, 16, 5e6, false},
		"full":            {untiled(t), Options{Mode: ModeFull, Border: BorderZero}, 32, 0, false},
		"averages":        {branchtest.ClassSR(t, "rcan", 4, 2), Options{}, 8, 0, false},
		"tiles, built in": {builtIn(t, "fsrcnn-x4"), Options{Budget: 60}, 8, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			frames := clip(rand.New(rand.NewPCG(1, 2)), 215, 151, c.depth, 7)
			processor, _ := following(t, c.model, c.o, SequenceOptions{}, frames)
			c.o.Device = newDevice(t, b, gpu.Options{Memory: c.memory})
			kept, told := following(t, c.model, c.o, SequenceOptions{}, frames)
			anew, toldAnew := following(t, c.model, c.o, SequenceOptions{Anew: true}, frames)
			reused := 0.0
			for i, f := range told {
				if most := farthest(kept[i], anew[i]); most > 1 || !c.inexact && !samePicture(kept[i], anew[i]) {
					t.Errorf("frame %d, of which %.0f %% are kept, differs %s", i, 100*f.Reused, firstDifference(kept[i], anew[i]))
				}
				if d := f.Report.Device; f.Reused < 1 && (d == nil || d.Bands == 0 || d.CPUBecause != "") {
					t.Errorf("frame %d: %+v", i, d)
				}
				if most, allowed := farthest(processor[i], kept[i]), map[int]int{8: 1, 16: 16}[c.depth]; most > allowed {
					t.Errorf("frame %d: up to %d levels from the processor", i, most)
				}
				if f.Reused > 0.4 && f.Report.MACs > toldAnew[i].Report.MACs*9/10 {
					t.Errorf("frame %d, of which %.0f %% are kept, takes %d multiply-accumulates, and %d anew", i, 100*f.Reused, f.Report.MACs, toldAnew[i].Report.MACs)
				}
				reused += f.Reused / float64(len(frames))
			}
			if reused < 0.12 {
				t.Errorf("only %.2f are reused", reused)
			}
		})
	}
}

// A device that fails in the middle of a sequence costs no picture: the processor goes on, and its results are what they would have been without a device from the next picture on.
func TestProcessorGoesOnWithASequence(t *testing.T) {
	model := untiled(t)
	frames := clip(rand.New(rand.NewPCG(1, 2)), 215, 151, 8, 7)
	want, _ := following(t, model, Options{}, SequenceOptions{}, frames)
	for name, c := range map[string]struct {
		spoil  func(b *gputest.Backend, at int64)
		at     int // the band, of all
		memory int64
		says   string
	}{
		"lost at once":             {func(b *gputest.Backend, at int64) { b.LostAt = at }, 1, 0, "lost"},
		"lost in the first frame":  {func(b *gputest.Backend, at int64) { b.LostAt = at }, 3, 5e6, "lost"},
		"lost later":               {func(b *gputest.Backend, at int64) { b.LostAt = at }, 3, 0, "lost"},
		"hangs":                    {func(b *gputest.Backend, at int64) { b.Before = hangsAt(at) }, 4, 0, "within"},
		"wrong at once":            {func(b *gputest.Backend, at int64) { b.Spoil = gputest.Black(at) }, 1, 0, "wrong"},
		"wrong in the first frame": {func(b *gputest.Backend, at int64) { b.Spoil = gputest.Garbage(at) }, 2, 5e6, "wrong"},
		"wrong later":              {func(b *gputest.Backend, at int64) { b.Spoil = gputest.Black(at) }, 4, 0, "wrong"},
		"no memory":                {func(b *gputest.Backend, _ int64) { b.MemoryFor = 1 }, 1, 0, "memory"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &gputest.Backend{}
			d := newDevice(t, b, gpu.Options{Memory: c.memory})
			if c.says == "within" {
				d = slowDevice(t, b, 0.001, gpu.Limits{Band: 500 * time.Millisecond})
			}
			opened := b.Opened()
			c.spoil(b, b.Bands()+int64(c.at))
			got, told := following(t, model, Options{Device: d}, SequenceOptions{}, frames)
			because, failed := "", len(frames)
			for i, f := range told {
				if most := farthest(want[i], got[i]); most > 1 {
					t.Errorf("frame %d: up to %d levels from the processor", i, most)
				}
				if r := f.Report.Device; r != nil && r.CPUBecause != "" && because == "" {
					because, failed = r.CPUBecause, i
				}
				if (i > failed && c.says != "within" || i == failed && c.says == "wrong") && !samePixels(want[i], got[i]) {
					t.Errorf("frame %d: not the processor's", i)
				}
			}
			if !strings.Contains(because, c.says) || strings.Contains(because, "\n") {
				t.Errorf("because %q", because)
			}
			if (d.Usable() != nil) != (c.says == "lost" || c.says == "wrong") {
				t.Errorf("afterwards: %v", d.Usable())
			}
			if restarts := b.Opened() - opened; restarts > 2 {
				t.Errorf("it was opened %d times again", restarts)
			}
		})
	}
}

// hangsAt takes too long with a band.
func hangsAt(at int64) func(int64) {
	return func(band int64) {
		if band == at {
			time.Sleep(time.Second)
		}
	}
}

// From picture to picture nothing is begun anew: one model, one helper, and the memory that is shared with it.
func TestTheDeviceStaysReady(t *testing.T) {
	b := &gputest.Backend{}
	d := newDevice(t, b, gpu.Options{})
	opened, loaded := b.Opened(), b.Loaded()
	frames := clip(rand.New(rand.NewPCG(1, 2)), 215, 151, 8, 6)
	following(t, untiled(t), Options{Device: d}, SequenceOptions{}, frames)
	if b.Opened() != opened || b.Loaded() != loaded+1 {
		t.Errorf("it was opened %d times, and %d models were loaded", b.Opened()-opened, b.Loaded()-loaded)
	}
}

// Where little has changed the device gets little, and where it is slow for what it gets, or has little memory, in several parts.
func TestDevicesComputeWhatHasChanged(t *testing.T) {
	b := &gputest.Backend{}
	d := newDevice(t, b, gpu.Options{})
	first := branchtest.Patchwork(401, 303, 3, false, 8)
	second := copied(first)
	for _, at := range []int{3 * (401*20 + 30), 3 * (401*290 + 380)} { // far apart
		second.Pix8[at] ^= 64
	}
	_, told := following(t, untiled(t), Options{Device: d, Mode: ModeFull}, SequenceOptions{}, []*picture.Picture{first, second})
	f := told[1]
	if f.Reused < 0.7 || f.Report.Device.Bands != 2 || f.Report.MACs > told[0].Report.MACs/3 {
		t.Errorf("%.2f are reused, %d of %d multiply-accumulates, %+v", f.Reused, f.Report.MACs, told[0].Report.MACs, f.Report.Device)
	}
}

// Who computes is chosen for a scene, by all of its first picture: it must not depend on what is kept.
func TestScenesAreForOneOfBoth(t *testing.T) {
	frames := clip(rand.New(rand.NewPCG(1, 2)), 215, 151, 8, 7)
	model := untiled(t)
	want, _ := following(t, model, Options{}, SequenceOptions{}, frames)
	for seconds, onDevice := range map[float64]bool{1e-6: true, 1e4: false} {
		b := &gputest.Backend{}
		got, told := following(t, model, Options{Device: slowDevice(t, b, seconds, gpu.Limits{}), DeviceAuto: true}, SequenceOptions{}, frames)
		for i, f := range told {
			r := f.Report.Device
			if f.Reused == 1 {
				continue
			}
			if r == nil || (r.Bands > 0) != onDevice || strings.Contains(r.CPUBecause, "faster") == onDevice {
				t.Errorf("%g s, frame %d: %+v", seconds, i, r)
			}
			if !onDevice && !samePixels(want[i], got[i]) {
				t.Errorf("frame %d: not the processor's", i)
			}
		}
	}
}
