package dataset

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr"

	"classsr/fault"
	"classsr/infer"
	"classsr/internal/atomicfile"
	"classsr/internal/par"
	"classsr/resample"
)

// A panic of a worker reaches the caller, though another worker waits for the first to write its part: the first picture takes longer.
func TestPanicsEndPrepare(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	writePicture(t, filepath.Join(in, "a.png"), 1200, 900, 1)
	for _, name := range []string{"b.png", "c.png", "d.png"} {
		writePicture(t, filepath.Join(in, name), 140, 130, uint64(name[0]))
	}
	path := filepath.Join(folder, "data.sr")
	o := settings(t)
	o.Factors = []float64{1}
	o.Progress = func(int, int, int) { panic("injected") }
	recovered := make(chan any, 1)
	go func() {
		defer func() { recovered <- recover() }()
		_, _ = Prepare(context.Background(), []string{in}, path, o)
	}()
	select {
	case p := <-recovered:
		if p, ok := p.(*par.Panic); !ok || p.Value != "injected" || !strings.Contains(string(p.Stack), "TestPanicsEndPrepare") {
			t.Errorf("recovered %v", p)
		}
	case <-time.After(time.Minute):
		t.Fatal("prepare hangs after a panic")
	}
	// Nothing is locked, and what was written is used.
	o.Progress = nil
	if _, err := Prepare(context.Background(), []string{in}, path, o); err != nil {
		t.Error(err)
	}
}

// A second run into the same file is refused at once, whatever its settings, and does not touch what the first has written.
func TestOnlyOnePrepareWritesAFile(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	for _, name := range []string{"a.png", "b.png"} {
		writePicture(t, filepath.Join(in, name), 200, 180, uint64(name[0]))
	}
	want, path := filepath.Join(folder, "want.sr"), filepath.Join(folder, "data.sr")
	o := settings(t)
	if _, err := Prepare(context.Background(), []string{in}, want, o); err != nil {
		t.Fatal(err)
	}
	other := settings(t)
	other.Factors, other.Overwrite = []float64{0.9}, true
	tried := false
	o.Progress = func(done, _, _ int) {
		if done != 2 {
			return
		}
		tried = true
		_, err := Prepare(context.Background(), []string{in}, path, other)
		if fault.KindOf(err) != fault.Busy || !strings.Contains(err.Error(), path) {
			t.Errorf("the second run: %v", err)
		}
	}
	if _, err := Prepare(context.Background(), []string{in}, path, o); err != nil || !tried {
		t.Fatal(err, tried)
	}
	a, errA := os.ReadFile(want)
	b, errB := os.ReadFile(path)
	if err := errors.Join(errA, errB); err != nil || string(a) != string(b) {
		t.Errorf("the second run has changed the file of the first (%v)", err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("%q is left (%v)", left, err)
	}
	if _, err := Prepare(context.Background(), []string{in}, path, o); !errors.Is(err, atomicfile.ErrExists) || fault.KindOf(err) != fault.Conflict {
		t.Errorf("a file that is there: %v", err)
	}
}

// What a killed run leaves locks nothing; a lock that cannot be had is an error.
func TestLocksThatAreLeft(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	writePicture(t, filepath.Join(in, "a.png"), 200, 180, 1)
	path := filepath.Join(folder, "data.sr")
	if err := os.WriteFile(path+".partial.lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(context.Background(), []string{in}, path, settings(t)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".partial.lock", 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Prepare(context.Background(), []string{in}, path, settings(t))
	if err == nil || !strings.Contains(err.Error(), "data.sr.partial.lock is in the way") {
		t.Errorf("%v", err)
	}
}

// A judge with classes judges by its full network alone: a narrow branch that is good enough for a patch would make it look hard.
func TestJudgesAreFullNetworks(t *testing.T) {
	folder := t.TempDir()
	hr := writePicture(t, filepath.Join(folder, "in", "a.png"), 640, 640, 3)
	model, err := classsr.Open(classsr.FastModel)
	if err != nil {
		t.Fatal(err)
	}
	o := PrepareOptions{Settings: PaperSettings(4), Model: model, Threads: 2}
	o.Factors, o.Judge = []float64{1}, model.Name()
	path := filepath.Join(folder, "data.sr")
	if _, err := Prepare(context.Background(), []string{filepath.Join(folder, "in")}, path, o); err != nil {
		t.Fatal(err)
	}
	store, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	lr, err := resample.Reduce(hr, 4, resample.Published)
	if err != nil {
		t.Fatal(err)
	}
	up, err := model.Upscaler(classsr.Options{Scale: 4, Mode: classsr.ModeFull, Border: infer.BorderZero})
	if err != nil {
		t.Fatal(err)
	}
	judged, _, err := up.Upscale(context.Background(), lr)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range store.patches {
		if want := patchPSNR(hr, judged, int(p.x)*4, int(p.y)*4, 128); math.Abs(float64(p.psnr)-want) > 1e-3 {
			t.Fatalf("patch %d of %d has %v dB, by the full network %v", i, store.Len(), p.psnr, want)
		}
	}
}
