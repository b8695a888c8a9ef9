package infer

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/picture"
)

// What With makes of an Upscaler gives the bits and the report of one that was made for these options, also while others work with the same networks.
func TestWithIsAsNew(t *testing.T) {
	m := builtIn(t, fastModel)
	in := branchtest.Patchwork(200, 150, 3, false, 8)
	up := newUpscaler(t, m, Options{Budget: 65, Threads: 1})
	var all sync.WaitGroup
	for _, o := range []Options{{}, {Budget: 80}, {Quality: 0.5, Threads: 2}, {Budget: 95, Memory: 1 << 26}} {
		want, wanted, err := newUpscaler(t, m, o).Upscale(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			with, err := up.With(o)
			if err != nil {
				t.Error(err)
				return
			}
			got, report, err := with.Upscale(context.Background(), in)
			if err != nil || !slices.Equal(got.Pix8, want.Pix8) {
				t.Errorf("%+v: other pixels (%v)", o, err)
			}
			if !slices.Equal(report.Classes, wanted.Classes) || report.MACs != wanted.MACs || report.Threads != wanted.Threads || report.Mode != wanted.Mode {
				t.Errorf("%+v: report %+v, want %+v", o, report, wanted)
			}
		})
	}
	all.Wait()
}

// Each Upscaler tells its own Progress.
func TestWithTellsProgressApart(t *testing.T) {
	var first, second int
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Mode: ModeFull, Progress: func(done, _ int) { first = done }})
	with, err := up.With(Options{Progress: func(done, _ int) { second = done }})
	if err != nil {
		t.Fatal(err)
	}
	in := branchtest.Patchwork(40, 30, 3, false, 8)
	if _, _, err := with.Upscale(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	if first != 0 || second != 40*30 {
		t.Errorf("the first was told of %d pixels, the second of %d", first, second)
	}
}

// Options that would need other networks stay, and goals that the mode does not have are errors.
func TestWithKeepsTheNetworks(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	for mode, up := range map[Mode]*Upscaler{
		ModeRouted:    newUpscaler(t, m, Options{Border: BorderZero}),
		ModeFull:      newUpscaler(t, m, Options{Mode: ModeFull}),
		BranchMode(2): newUpscaler(t, m, Options{Branch: 2}),
	} {
		with, err := up.With(Options{Scale: 2, Mode: ModePaper, Branch: 1, Border: BorderReflect})
		if err != nil || with.Mode() != mode || with.Scale() != 4 || with.options.Border != up.options.Border {
			t.Errorf("%s: %v in mode %s", mode, err, with.Mode())
		}
		for _, wrong := range []Options{{Budget: 101}, {Threads: -1}, {MaxTime: time.Second, Quality: 1}} {
			if _, err := up.With(wrong); fault.KindOf(err) != fault.Usage {
				t.Errorf("%s: %+v gives %v", mode, wrong, err)
			}
		}
		if _, err := up.With(Options{Budget: 50}); (err == nil) != (mode == ModeRouted) {
			t.Errorf("%s: a budget gives %v", mode, err)
		}
	}
}

// Lanes are handed on among those that share a budget, and never to another one, whose memory they are not part of.
func TestWithSharesLanes(t *testing.T) {
	shared, apart := budget.New(1<<28, 1), budget.New(1<<28, 1)
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Mode: ModeFull, Shared: shared, Threads: 1})
	in := branchtest.Patchwork(64, 48, 3, false, 8)
	enlarge := func(b *budget.Budget, want *picture.Picture) *picture.Picture {
		t.Helper()
		with, err := up.With(Options{Shared: b, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := with.Upscale(context.Background(), in)
		if err != nil || want != nil && !slices.Equal(out.Pix8, want.Pix8) {
			t.Errorf("other pixels (%v)", err)
		}
		return out
	}
	want := enlarge(shared, nil)
	_, parked := shared.InUse()
	if parked == 0 {
		t.Fatal("no lane is kept")
	}
	enlarge(apart, want)
	if _, still := shared.InUse(); still != parked {
		t.Errorf("%d bytes are kept, %d were before another budget was used", still, parked)
	}
	enlarge(shared, want)
	if _, again := shared.InUse(); again != parked {
		t.Errorf("%d bytes are kept after a second picture, %d after the first: its lane was not used", again, parked)
	}
}
