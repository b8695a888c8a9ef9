package infer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/picture"
	"classsr/weights"
)

// gather pulls all rows.
func gather(e *Enlargement) (*picture.Picture, error) {
	out, y := e.Config().New(), 0
	for {
		band, err := e.NextRows()
		if errors.Is(err, io.EOF) {
			if y != out.Height {
				return nil, fmt.Errorf("%d rows of %d", y, out.Height)
			}
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		row := out.Width * out.Channels()
		copy(out.Pix8[min(y*row, len(out.Pix8)):], band.Pix8)
		copy(out.Pix16[min(y*row, len(out.Pix16)):], band.Pix16)
		copy(out.Pix32[min(y*row, len(out.Pix32)):], band.Pix32)
		y += band.Height
	}
}

// arrangement tells how a picture was cut.
func (p *plan) arrangement() string {
	rows, _ := p.sections()
	return fmt.Sprintf("%d sections, %d pieces, %d lanes, %d workers, %d bands ahead", len(rows)-1, len(p.pieces), min(p.lanes, len(p.pieces)), p.workers, p.ahead)
}

// Rows must have the bits of the whole, however the picture is cut: all strips down together, across, or by a single worker.
func TestRowsAreThoseOfTheWhole(t *testing.T) {
	for _, c := range []struct {
		net      string
		mode     Mode
		memories []int64
	}{
		{"fsrcnn", ModeFull, []int64{0, 2_200_000, 1_300_000}},
		{"fsrcnn", ModeRouted, []int64{0, 4_500_000, 3_200_000}},
		{"carn", ModeFull, []int64{0, 2_500_000, 1_900_000}},
		{"carn", ModeRouted, []int64{0, 4_500_000, 3_500_000}},
		{"srresnet", ModeRouted, []int64{0, 6_000_000}},
		{"rcan", ModeRouted, []int64{0}},
		{"fsrcnn", ModePaper, []int64{0, 2_800_000}},
	} {
		m := branchtest.ClassSR(t, c.net, 2, 3)
		in := branchtest.Patchwork(131, 230, 3, true, 16)
		want, _ := enlargeBy(t, m, Options{Mode: c.mode, Threads: 1}, in)
		seen := map[string]bool{}
		for i, memory := range c.memories {
			for _, threads := range [][]int{{1, 3}, {3}, {1}}[i] {
				o := Options{Mode: c.mode, Threads: threads}
				if memory > 0 {
					o.Memory = in.Config().Bytes() + memory
				}
				e, err := beginBy(t, m, o, in)
				if err != nil {
					t.Errorf("%s %s, %d bytes, %d threads: %v", c.net, c.mode, memory, threads, err)
					continue
				}
				got, err := gather(e)
				if err != nil {
					t.Fatal(err)
				}
				seen[e.job.plan.arrangement()] = true
				if !slices.Equal(got.Pix16, want.Pix16) {
					t.Errorf("%s %s, %d bytes, %d threads (%s): other pixels than the whole", c.net, c.mode, memory, threads, e.job.plan.arrangement())
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		for arrangement := range seen {
			t.Log(c.net, c.mode, arrangement)
		}
	}
}

// beginBy begins as enlargeBy does.
func beginBy(t *testing.T, m *weights.Model, o Options, in *picture.Picture) (*Enlargement, error) {
	t.Helper()
	up := newUpscaler(t, m, o)
	favourRouting(up)
	return up.Begin(context.Background(), in, nil)
}

// Nothing is computed that nobody has room for, and nothing is left running.
func TestWorkWaitsForWhoeverTakesTheRows(t *testing.T) {
	before := runtime.NumGoroutine()
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(48, 1500, 3, false, 8)
	var done atomic.Int64
	o := Options{Threads: 2, Mode: ModeFull, Progress: func(pixels, _ int) { done.Store(int64(pixels)) }}
	e, err := beginBy(t, m, o, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.NextRows(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if most := int64(in.Width * highBand * (farthestAhead + 1)); done.Load() > most {
		t.Errorf("%d pixels were computed before the second band was asked for, room is for %d", done.Load(), most)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left, there were %d", n, before)
	}
}

func TestRowsEndWithTheContext(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	up := newUpscaler(t, m, Options{Mode: ModeFull})
	ctx, cancel := context.WithCancel(context.Background())
	e, err := up.Begin(ctx, branchtest.Patchwork(48, 1500, 3, false, 8), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	cancel()
	for err == nil {
		_, err = e.NextRows()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// A worker's panic comes out where the rows are taken, and stops the others.
func TestPanicsComeOutWhereRowsAreTaken(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(64, 400, 3, false, 8)
	up := newUpscaler(t, m, Options{Mode: ModeFull, Threads: 2, Progress: func(int, int) { panic("injected") }})
	e, err := up.Begin(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	for err == nil {
		_, err = e.NextRows()
	}
}

// A panic before the work begins, while the picture is looked at, keeps no memory: others would wait for it for ever.
func TestPanicsBeforeTheWorkKeepNoMemory(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(64, 80, 3, false, 8)
	shared := budget.New(200<<20, 1)
	up := newUpscaler(t, m, Options{Shared: shared, Threads: 1})
	claim, err := up.ClaimRows(t.Context(), in.Config(), Beside{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if reserved, _ := shared.InUse(); reserved != 0 {
			t.Errorf("%d bytes are still reserved", reserved)
		}
		if err := shared.AcquireThreads(t.Context(), 1); err != nil {
			t.Error(err)
		}
	}()
	_, _ = up.BeginRows(t.Context(), func() (picture.RowSource, error) { panic("injected") }, claim)
}

// Every piece's bands are computed in order, each once, and no more pieces are open than there are lanes.
func TestScheduleOrder(t *testing.T) {
	p := &plan{sizing: sizing{lanes: 2, ahead: 3}, bands: []int{1, 2, 3, 4, 5, 6}}
	for section := range 2 {
		for range 4 {
			core := image.Rect(0, section*3, 1, section*3+3)
			p.pieces = append(p.pieces, piece{first: section * 3, end: section*3 + 3})
			p.pieces[len(p.pieces)-1].Core = core
		}
	}
	s := newSchedule(p)
	next := make([]int, len(p.pieces))
	for i := range next {
		next[i] = p.pieces[i].first
	}
	ready := 0
	for range 24 {
		i, band, ok := s.take()
		if !ok || band != next[i] {
			t.Fatalf("piece %d: band %d, %v, want %d", i, band, ok, next[i])
		}
		next[i]++
		if len(s.open) > 2 {
			t.Errorf("%d pieces are open", len(s.open))
		}
		if last := s.done(i); last != (next[i] == p.pieces[i].end) {
			t.Errorf("piece %d ended at band %d: %v", i, next[i], last)
		}
		for ready < s.ready {
			if !s.await(ready) {
				t.Fatal("a band did not come")
			}
			ready++
			s.taken = ready
		}
	}
	if _, _, ok := s.take(); ok || ready != 6 {
		t.Errorf("%d bands are ready, more to do: %v", ready, ok)
	}
}

// What cuts across cost is told, and is what pieces take more than strips of the same widths that are as high as the picture.
func TestRepeatedArithmeticIsTold(t *testing.T) {
	m := branchtest.ClassSR(t, "carn", 2, 3)
	in := branchtest.Patchwork(60, 500, 3, false, 8)
	for _, memory := range []int64{0, in.Config().Bytes() + 900_000} {
		e, err := beginBy(t, m, Options{Mode: ModeFull, Threads: 1, Memory: memory}, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gather(e); err != nil {
			t.Fatal(err)
		}
		p, more := e.job.plan, e.Report().MACs
		for _, piece := range p.pieces {
			if piece.first == 0 {
				high := image.Rect(piece.Core.Min.X, 0, piece.Core.Max.X, in.Height).Sub(piece.Window.Min)
				more -= p.branches[0].Plan.MACs(piece.Window.Size(), high)
			}
		}
		if told := e.Report().MACsRepeated; (told > 0) != (memory > 0) || more < told*8/10 || more > told*12/10 {
			t.Errorf("%s: %d MACs are said to be repeated, there are %d more", p.arrangement(), told, more)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
