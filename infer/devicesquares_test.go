package infer

import (
	"slices"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/internal/testref"
	"classsr/picture"
)

// A device computes as many squares of networks that pool together as it has memory and time for, of several classes; how many changes nothing.
func TestSquaresTogetherOnADevice(t *testing.T) {
	model := branchtest.ClassSR(t, "rcan", 2, 2)
	in := branchtest.Patchwork(400, 350, 3, false, 8) // 3x3 squares
	for y := range in.Height / 2 {                    // for squares of several classes
		clear(in.Pix8[y*in.Width*3:][:200*3])
	}
	const squarePixels = 4 * 134 * 118
	want, wanted := enlargeBy(t, model, Options{}, in)
	if classes := classBytes(wanted); slices.Min(classes) == slices.Max(classes) {
		t.Fatalf("all squares have the class %d", classes[0])
	}
	var first *picture.Picture
	for name, c := range map[string]struct {
		o             gpu.Options
		memoryFor     int
		bands, halved int
		because       string
	}{
		"all":                   {gpu.Options{}, 0, 1, 0, ""},
		"a row":                 {gpu.Options{Memory: 28e6}, 0, 3, 0, ""},
		"parts of rows":         {gpu.Options{Memory: 19e6}, 0, 6, 0, ""},
		"one after the other":   {gpu.Options{Memory: 9e6}, 0, 9, 0, ""},
		"memory is full":        {gpu.Options{}, 5 * squarePixels / 2, 5, 2, ""},
		"memory for one square": {gpu.Options{}, 5 * squarePixels / 4, 9, 3, ""},
		"memory for none":       {gpu.Options{}, squarePixels / 2, 0, 3, "memory"},
		"too little memory":     {gpu.Options{Memory: 7e6}, 0, 0, 0, "memory"},
	} {
		b := &gputest.Backend{}
		d := newDevice(t, b, c.o)
		b.MemoryFor = c.memoryFor
		got, r := enlargeBy(t, model, Options{Device: d}, in)
		if most := farthest(want, got); most > 1 {
			t.Errorf("%s: up to %d levels from the processor", name, most)
		}
		if r.Device.CPUBecause == "" {
			if first == nil {
				first = got
			}
			if !samePixels(first, got) {
				t.Errorf("%s: %d levels from what others have together", name, farthest(first, got))
			}
		}
		if r.Device.Bands != c.bands || r.Device.Halved != c.halved || (r.Device.CPUBecause == "") != (c.because == "") || !strings.Contains(r.Device.CPUBecause, c.because) {
			t.Errorf("%s: %+v", name, *r.Device)
		}
	}
}

// Squares are painted with all that the processor adds, and their rows come as those of other pictures.
func TestSquaresOfOtherPicturesOnADevice(t *testing.T) {
	model := branchtest.ClassSR(t, "rcan", 2, 2)
	d := newDevice(t, &gputest.Backend{}, gpu.Options{Memory: 20e6})
	for name, in := range map[string]*picture.Picture{
		"alpha": branchtest.Patchwork(330, 200, 3, true, 8), "gray": branchtest.Patchwork(330, 200, 1, false, 8), "flat": withFlatParts(branchtest.Patchwork(330, 200, 3, false, 8)),
	} {
		want, got, r := onBoth(t, model, in, d, Options{})
		if most := farthest(want, got); want.Config() != got.Config() || most > 1 || r.Device.CPUBecause != "" || r.Device.Bands < 2 {
			t.Errorf("%s: up to %d levels from the processor, %+v", name, most, *r.Device)
		}
		if in.Alpha { // it never comes in rows
			continue
		}
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
		if inRows := gathered(t, e); !samePixels(inRows, got) || e.Report().Device.CPUBecause != "" {
			t.Errorf("%s: in rows it is %d levels from the whole, %+v", name, farthest(inRows, got), *e.Report().Device)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A network that pools over all of a picture computes a large one in two bands of squares at least, so that one is on its way while the other is computed.
func TestSquaresOfALargePictureOnADevice(t *testing.T) {
	testref.Slow(t)
	d := newDevice(t, &gputest.Backend{}, gpu.Options{})
	want, got, r := onBoth(t, branchtest.ClassSR(t, "rcan", 2, 2), branchtest.Patchwork(800, 700, 3, false, 8), d, Options{Mode: ModeFull})
	if most := farthest(want, got); most > 1 || r.Device.CPUBecause != "" || r.Device.Bands != 3 { // two rows of 5 squares, two and one
		t.Errorf("up to %d levels from the processor, %+v", most, *r.Device)
	}
}

// A picture of fewer rows than a band should have is computed, too.
func TestVeryLowPicturesOnADevice(t *testing.T) {
	testref.Slow(t)
	d := newDevice(t, &gputest.Backend{}, gpu.Options{})
	want, got, r := onBoth(t, builtIn(t, "fsrcnn-x2"), branchtest.Patchwork(44000, 12, 3, false, 8), d, Options{Mode: ModeFull})
	if most := farthest(want, got); most > 1 || r.Device.CPUBecause != "" || r.Device.Bands != 2 {
		t.Errorf("up to %d levels from the processor, %+v", most, *r.Device)
	}
}
