package infer

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/internal/par"
	"classsr/picture"
	"classsr/weights"
)

// Eight pictures at once share memory that is enough for two or three of them. All are enlarged in their turns, and what is
// reserved never exceeds the whole.
func TestASharedBudgetBoundsConcurrentPictures(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	const pictures, rounds = 8, 3
	full := newUpscaler(t, m, Options{Mode: ModeFull})
	in := branchtest.Patchwork(160, 120, 3, false, 8)
	claim, err := full.Claim(context.Background(), in.Config(), Beside{})
	if err != nil {
		t.Fatal(err)
	}
	one := claim.bytes(claim.sizing)
	claim.Release()
	want, _, err := full.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}

	shared := budget.New(one*5/2, 2)
	up := newUpscaler(t, m, Options{Mode: ModeFull, Shared: shared})
	var busy, most atomic.Int64
	watch(t, shared, one*5/2)
	var begun [pictures]atomic.Int64 // rounds
	var all sync.WaitGroup
	for g := range pictures {
		all.Go(func() {
			for round := range rounds {
				e, err := up.Begin(context.Background(), in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), busy.Add(1)))
				begun[g].Store(int64(round + 1))
				for other := range begun {
					if round == rounds-1 && begun[other].Load() == 0 {
						t.Errorf("picture %d began its last round before picture %d its first", g, other)
					}
				}
				got, err := gather(e)
				if err != nil || !slices.Equal(got.Pix8, want.Pix8) {
					t.Errorf("picture %d: other pixels than alone (%v)", g, err)
				}
				busy.Add(-1)
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := most.Load(); n < 2 || n > 3 {
		t.Errorf("%d pictures were enlarged at a time, there is memory for two", n)
	}
	if reserved, _ := shared.InUse(); reserved != 0 {
		t.Errorf("%d bytes are still reserved", reserved)
	}
}

// Lanes that are kept for the next picture hold nothing of the one before.
func TestParkedLanesHoldNoPicture(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	for _, mode := range []Mode{ModeFull, ModeRouted, ModePaper} {
		shared := budget.New(1<<30, 2)
		up := newUpscaler(t, m, Options{Mode: mode, Shared: shared})
		for range 2 { // the second one uses the lanes of the first
			gone := func() weak.Pointer[picture.Picture] {
				in := branchtest.Patchwork(160, 120, 3, true, 8)
				if _, _, err := up.Upscale(context.Background(), in); err != nil {
					t.Fatal(err)
				}
				return weak.Make(in)
			}()
			runtime.GC()
			if gone.Value() != nil {
				t.Errorf("mode %s: the picture is held after it was enlarged", mode)
			}
			if _, parked := shared.InUse(); parked == 0 {
				t.Errorf("mode %s: no lane was kept", mode)
			}
		}
		runtime.KeepAlive(up)
	}
}

// watch looks at a budget again and again until the test ends.
func watch(t *testing.T, b *budget.Budget, whole int64) {
	t.Helper()
	stop := make(chan struct{})
	wait := par.Start(1, func(int) error {
		for {
			select {
			case <-stop:
				return nil
			case <-time.After(100 * time.Microsecond):
			}
			if reserved, parked := b.InUse(); reserved+parked > whole {
				t.Errorf("%d bytes are reserved and %d parked, of %d", reserved, parked, whole)
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		_ = wait() // has no errors
	})
}

// What is claimed is what is allocated, or a little more: lanes, bands and all that belongs to a picture.
func TestClaimsCoverWhatIsAllocated(t *testing.T) {
	models := map[string]*weights.Model{}
	for _, c := range []struct {
		net    string
		o      Options
		kind   picture.Config
		memory int64
	}{
		{"fsrcnn", Options{Mode: ModeFull}, picture.Config{Width: 300, Height: 240, Colors: 3, Depth: 8}, 0},
		{"fsrcnn", Options{Mode: ModeFull}, picture.Config{Width: 300, Height: 240, Colors: 3, Depth: 16, Alpha: true}, 0},
		{"fsrcnn", Options{}, picture.Config{Width: 300, Height: 240, Colors: 3, Depth: 8}, 0},
		{"fsrcnn", Options{}, picture.Config{Width: 300, Height: 240, Colors: 1, Depth: 8}, 5_000_000},
		{"carn", Options{}, picture.Config{Width: 150, Height: 240, Colors: 3, Depth: 8}, 0},
		{"carn", Options{}, picture.Config{Width: 150, Height: 240, Colors: 3, Depth: 8}, 15_000_000},
		{"fsrcnn", Options{Mode: ModePaper}, picture.Config{Width: 300, Height: 240, Colors: 3, Depth: 8}, 0},
	} {
		m := models[c.net]
		if m == nil {
			m = branchtest.ClassSR(t, c.net, 4, 3)
			models[c.net] = m
		}
		in := branchtest.Patchwork(c.kind.Width, c.kind.Height, c.kind.Colors, c.kind.Alpha, c.kind.Depth)
		c.o.Threads, c.o.Memory = 2, c.memory
		up := newUpscaler(t, m, c.o)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		e, err := up.Begin(context.Background(), in, nil)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		claimed := e.claim.bytes(e.job.plan.sizing) - in.Config().Bytes()
		for err == nil {
			_, err = e.NextRows()
		}
		runtime.ReadMemStats(&after)
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		// Besides there are masks, the plan of the picture, goroutines, and memory that was grown: all that was ever allocated counts here.
		small := 3_000_000 + claimed/10
		if got := int64(after.TotalAlloc - before.TotalAlloc); got > claimed+small {
			t.Errorf("%s %+v %+v: %d bytes were allocated, %d claimed (%s)", c.net, c.o.Mode, c.kind, got, claimed, e.job.plan.arrangement())
		} else {
			t.Logf("%s %s %+v: %d of %d", c.net, c.o.Mode, c.kind, got, claimed)
		}
	}
}
