package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/picture"
)

// What counts of a trial is what came after its beginning.
func TestTrials(t *testing.T) {
	p := &plan{size: image.Pt(100, 100), bands: []int{50, 100}, pieces: []piece{{first: 0, end: 2}}}
	p.pieces[0].Core = image.Rect(0, 0, 100, 100)
	var tried trial
	tried.first = mark{after: trialStart - 1, pixels: 1000}
	tried.last = mark{after: trialStart + time.Second - 1, pixels: 3500}
	if got, known := tried.share(p); got != 0.25 || !known {
		t.Errorf("%v of the picture come in a second, want 0.25", got)
	}
	tried.last.pixels = tried.first.pixels
	if _, known := tried.share(p); known {
		t.Error("nothing tells something")
	}
	tried = trial{start: time.Now()}
	tried.done(10, 20)
	if tried.first != tried.last || tried.last.pixels != 10 || tried.last.macs != 20 {
		t.Errorf("the beginning counts: %+v", tried.last)
	}
	tried.start = tried.start.Add(-2 * trialStart)
	tried.done(5, 6)
	if tried.first.pixels != 10 || tried.last.pixels != 15 || tried.last.macs != 26 {
		t.Errorf("it counts wrongly: %+v", tried.last)
	}
}

// A picture that is easy above and hard below is tried below; what is computed there is what the whole picture has there.
func TestTheLowerPartIsTried(t *testing.T) {
	u := newUpscaler(t, builtIn(t, "fsrcnn-x4"), Options{Threads: 2})
	in := picture.New(200, 400, 3, false, 8)
	patchwork := branchtest.Patchwork(200, 96, 3, false, 8)
	copy(in.Pix8[len(in.Pix8)-len(patchwork.Pix8):], patchwork.Pix8)
	s, r, err := u.fit(in.Config(), 0, kept{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := u.look(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := u.method.plan(context.Background(), v.source, s, r)
	if err != nil {
		t.Fatal(err)
	}
	lower, seen, err := u.method.(*routed).below(context.Background(), whole, v, 2)
	if err != nil {
		t.Fatal(err)
	}
	top := in.Height - seen.source.Config().Height
	if top < 200 || lower.size != image.Pt(200, in.Height-top) || 2*lower.macs() < whole.macs() {
		t.Errorf("the part begins at row %d, has %v and %d of %d multiply-accumulates", top, lower.size, lower.macs(), whole.macs())
	}
	got, want := make([]float32, 100), make([]float32, 100)
	seen.source.ReadPlane(got, 1, image.Rect(50, 20, 150, 21))
	in.ReadPlane(want, 1, image.Rect(50, top+20, 150, top+21))
	if !slices.Equal(got, want) {
		t.Error("the part shows other rows")
	}
	if f, err := u.Forecast(context.Background(), in); err != nil || f.Seconds <= 0 || math.IsInf(f.Seconds, 0) || f.MACs != whole.macs() {
		t.Errorf("%+v, %v", f, err)
	}
}

// A forecast leaves nothing behind: no memory reserved, and the next picture as it would be.
func TestForecastsLeaveNothing(t *testing.T) {
	u := newUpscaler(t, builtIn(t, "fsrcnn-x4"), Options{Threads: 2, Memory: 200e6})
	in := branchtest.Patchwork(150, 120, 3, false, 8)
	want, _, err := u.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f, err := u.Forecast(context.Background(), in)
		if err != nil || f.Seconds <= 0 || f.MACs == 0 {
			t.Fatalf("%+v, %v", f, err)
		}
	}
	if reserved, _ := u.budget.InUse(); reserved != 0 {
		t.Errorf("%d bytes are still reserved", reserved)
	}
	e, err := u.Begin(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; ; {
		band, err := e.NextRows()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if string(band.Pix8) != string(want.Pix8[at:][:len(band.Pix8)]) {
			t.Fatal("the picture is another one after a forecast")
		}
		at += len(band.Pix8)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
