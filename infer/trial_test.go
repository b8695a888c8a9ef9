package infer

import (
	"context"
	"errors"
	"image"
	"io"
	"testing"
	"time"

	"classsr/branch/branchtest"
)

// What counts of a trial is what came after its beginning.
func TestTrials(t *testing.T) {
	p := &plan{size: image.Pt(100, 100), bands: []int{50, 100}, pieces: []piece{{first: 0, end: 2}}}
	p.pieces[0].Core = image.Rect(0, 0, 100, 100)
	var tried trial
	tried.first = mark{after: trialStart - 1, pixels: 1000}
	tried.last = mark{after: trialStart + time.Second - 1, pixels: 3500}
	if got := tried.share(p); got != 0.25 {
		t.Errorf("%v of the picture come in a second, want 0.25", got)
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
