package main

import (
	"image"
	"math"
	"slices"
	"testing"

	"classsr/bench/nets"
	"classsr/gpu/gputest"
	"classsr/tensor"
)

// onProcessor is a network in bands on a device that is the processor.
func onProcessor(t *testing.T, backend *gputest.Backend, name string, size image.Point) *ours {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	b := &bench{flags: flags{version: gputest.Version}, start: gputest.Start(backend, gputest.Version)}
	spec, err := specOf(name)
	if err != nil {
		t.Fatal(err)
	}
	input := nets.RandomInput(tensor.Shape{N: 1, C: 3, H: size.Y, W: size.X}, spec.InputRange)
	o, err := b.newOurs(t.Context(), spec, nets.RandomParams(spec), input, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	return o
}

// Where the device has no memory for all of the picture, bands are lower, and the result is the same.
func TestBands(t *testing.T) {
	size := image.Pt(61, 83)
	whole := onProcessor(t, &gputest.Backend{}, "fsrcnn-16", size)
	want, err := whole.compute(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	backend := &gputest.Backend{}
	cut := onProcessor(t, backend, "fsrcnn-16", size)
	backend.MemoryFor = 16 * size.X * 30
	if err := cut.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := cut.compute(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(whole.pieces) != 1 || len(cut.pieces) < 3 {
		t.Errorf("%d and %d bands", len(whole.pieces), len(cut.pieces))
	}
	if a := compared(got, want); a.Max > 1e-5 {
		t.Errorf("in bands the result is another one: %+v", a)
	}
	if a, err := cut.fromCPU(t.Context(), got); err != nil || a.Max > 1e-5 {
		t.Errorf("from the processor: %+v, %v", a, err)
	}
	spoiled := slices.Clone(got)
	spoiled[0] += 1
	if a, err := cut.fromCPU(t.Context(), spoiled); err != nil || a.right(true) {
		t.Errorf("a wrong sample at the corner: %+v, %v", a, err)
	}
	if wall, err := cut.run(t.Context()); err != nil || wall <= 0 || cut.work.Compute <= 0 || cut.work.Memory <= 0 {
		t.Errorf("%v, %+v, %v", wall, cut.work, err)
	}
	pixels := size.X * size.Y * 16
	for i, v := range cut.pixels {
		float := float64(got[i%3*pixels+i/3])
		if level := min(max(float, 0), 1) * 255; math.Abs(float64(v)-level) > 0.51 {
			t.Fatalf("sample %d is %d, and %g as a number", i, v, level)
		}
	}
}

// Networks that pool over their input are computed in squares where pictures are large.
func TestSquaresOfNetworksThatPool(t *testing.T) {
	spec, err := specOf("rcan-36")
	if err != nil {
		t.Fatal(err)
	}
	for size, c := range map[image.Point]struct{ want, bands int }{image.Pt(510, 339): {1, 1}, image.Pt(2048, 1365): {13 * 9, 3}} {
		o := &ours{spec: spec, input: &tensor.Tensor{Shape: tensor.Shape{N: 1, C: 3, H: size.Y, W: size.X}}}
		most, _ := o.limits()
		o.cut(most)
		want := c.want
		if len(o.pieces) != want || len(o.bands) != c.bands {
			t.Errorf("%v: %d pieces in %d bands, want %d in %d", size, len(o.pieces), len(o.bands), want, c.bands)
		}
		checked := 0
		for _, p := range o.pieces {
			checked += len(o.places(p))
		}
		if checked != min(want, 2) {
			t.Errorf("%v: %d of %d are checked", size, checked, want)
		}
	}
}
