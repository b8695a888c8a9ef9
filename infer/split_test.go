package infer

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/picture"
	"classsr/weights"
)

// A picture in rows has the cuts, the brief and the parts of one in memory, also where parts are asked for again that were left behind.
func TestSplitRows(t *testing.T) {
	ctx := context.Background()
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	for _, in := range []*picture.Picture{withFlat(branchtest.Patchwork(120, 470, 3, false, 8)), branchtest.Patchwork(67, 400, 1, false, 16)} {
		up := favoured(t, m, Options{Threads: 2, Memory: 100e6})
		want, _ := wholeBy(t, up, in)
		const most = 100 // rows at a time
		claim, err := up.ClaimSplitRows(ctx, in.Config(), most, Beside{})
		if err != nil {
			t.Fatal(err)
		}
		passes := 0
		s, err := up.SplitRows(ctx, func() (picture.RowSource, error) { passes++; return in.Rows(7), nil }, claim)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := inParts(t, s, favoured(t, m, Options{Threads: 1}), s.Cuts()); !sameSamples(got, want) {
			t.Errorf("other bits")
		}
		if passes != 3 { // flat parts, classes, the parts themselves
			t.Errorf("read %d times", passes)
		}
		if form := in.Config().Bytes() / int64(in.Height); int64(s.windowRows())*form*2 > claim.bytes(claim.sizing) {
			t.Errorf("a window of %d rows, and %d bytes were claimed", s.windowRows(), claim.bytes(claim.sizing))
		}
		if got, _ := inParts(t, s, favoured(t, m, Options{Threads: 1}), s.Cuts()); !sameSamples(got, want) || passes != 4 {
			t.Errorf("once more: other bits, or read %d times", passes)
		}
		cuts := s.Cuts()
		if _, _, err := s.Seen(ctx, 0, cuts[len(cuts)-1]); fault.KindOf(err) != fault.Internal {
			t.Errorf("more rows than were claimed: %v", err)
		}
		_ = s.Close()
		if reserved, _ := up.budget.InUse(); reserved != 0 {
			t.Errorf("%d bytes are taken", reserved)
		}
	}
}

// What cannot be read is told by Split, or when the rows are asked for, and all memory is given back.
func TestErrorsOfRowsEndASplit(t *testing.T) {
	ctx := context.Background()
	m := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	in := branchtest.Patchwork(60, 420, 3, false, 8)
	up := newUpscaler(t, m, Options{Mode: ModeRouted, Threads: 2, Memory: 100e6})
	for _, bands := range []int{0, 3, 60, 62, 100, 119, 121, 150} { // two passes of 60 to decide, and one for the parts
		claim, err := up.ClaimSplitRows(ctx, in.Config(), 100, Beside{})
		if err != nil {
			t.Fatal(err)
		}
		left := bands
		s, err := up.SplitRows(ctx, func() (picture.RowSource, error) { return breaking{in.Rows(7), &left}, nil }, claim)
		if err == nil {
			for from, i := 0, 0; i < len(s.cuts) && err == nil; i++ {
				_, _, err = s.Seen(ctx, from, s.cuts[i])
				from = s.cuts[i]
			}
			_ = s.Close()
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("after %d bands: %v", bands, err)
		}
		if reserved, _ := up.budget.InUse(); reserved != 0 {
			t.Errorf("after %d bands %d bytes are taken", bands, reserved)
		}
	}
}

// Cuts rise to the picture's height, and costs of parts add up to what the whole costs, by the same figures that choose classes.
func TestCutsAndCosts(t *testing.T) {
	models := map[string]*weights.Model{}
	for _, net := range []string{"fsrcnn", "rcan"} {
		models[net] = branchtest.ClassSR(t, net, 2, 3)
	}
	rapid.Check(t, func(rt *rapid.T) {
		net := rapid.SampledFrom([]string{"fsrcnn", "rcan"}).Draw(rt, "net")
		mode := ModeRouted
		if net == "fsrcnn" {
			mode = rapid.SampledFrom([]Mode{ModeRouted, ModeFull}).Draw(rt, "mode")
		}
		size := image.Pt(rapid.IntRange(41, 90).Draw(rt, "width"), rapid.IntRange(1, 500).Draw(rt, "height"))
		s, _, _ := splitAt(t, favoured(t, models[net], Options{Mode: mode, Threads: 1}), branchtest.Patchwork(size.X, size.Y, 1, false, 8), 0, 0)
		cuts := s.Cuts()
		if !slices.IsSorted(cuts) || len(slices.Compact(slices.Clone(cuts))) != len(cuts) || cuts[0] < 1 || cuts[len(cuts)-1] != size.Y {
			rt.Fatalf("cuts %v of %d rows", cuts, size.Y)
		}
		sum, from := 0.0, 0
		for _, until := range cuts {
			cost := s.Cost(from, until)
			if cost <= 0 {
				rt.Fatalf("rows %d to %d cost %g", from, until, cost)
			}
			sum, from = sum+cost, until
		}
		whole := s.Cost(0, size.Y)
		if r, ok := s.method.(*routed); ok {
			if want := r.costs.Of(s.plan.choice.blend.Grid, s.plan.choice.Classes); math.Abs(whole-want) > 1e-9*want {
				rt.Fatalf("all rows cost %g, the choice %g", whole, want)
			}
		}
		if math.Abs(sum-whole) > 1e-9*whole {
			rt.Fatalf("parts cost %g, all %g", sum, whole)
		}
		if again := s.Repeated(); again < 0 || again > 100 || (again == 0) != (net == "rcan") {
			rt.Fatalf("%g rows are repeated", again)
		}
		_ = s.Close()
	})
}

// What a network must see as a whole is not divided, and says why.
func TestSomePicturesAreNotDivided(t *testing.T) {
	fsrcnn, rcan := branchtest.ClassSR(t, "fsrcnn", 2, 3), branchtest.ClassSR(t, "rcan", 2, 3)
	for _, c := range []struct {
		m      *weights.Model
		o      Options
		size   image.Point
		splits bool
	}{
		{fsrcnn, Options{}, image.Pt(41, 10), true}, {fsrcnn, Options{}, image.Pt(40, 40), false}, {fsrcnn, Options{Mode: ModeFull}, image.Pt(40, 12), false},
		{fsrcnn, Options{Mode: ModePaper}, image.Pt(900, 900), false}, {fsrcnn, Options{Branch: 1}, image.Pt(900, 900), true},
		{nil, Options{Scale: 2}, image.Pt(900, 900), false},
		{rcan, Options{}, image.Pt(300, 300), true}, {rcan, Options{Mode: ModeFull}, image.Pt(700, 700), false}, {rcan, Options{Mode: ModeFull}, image.Pt(900, 900), true},
	} {
		up := newUpscaler(t, c.m, c.o)
		form := picture.Config{Width: c.size.X, Height: c.size.Y, Colors: 3, Depth: 8}
		claim, err := up.ClaimSplit(context.Background(), form, 100, Beside{})
		if up.Splits(form) != c.splits || !c.splits && fault.KindOf(err) != fault.Unsupported || c.splits && err != nil {
			t.Errorf("%s %v: %v", up.Mode(), c.size, err)
		}
		if err == nil {
			claim.Release()
		}
		form.Alpha = true
		if _, err := up.ClaimSplitRows(context.Background(), form, 100, Beside{}); fault.KindOf(err) != fault.Unsupported {
			t.Errorf("transparency in rows: %v", err)
		}
	}
}

// A picture that is too large for networks here can be split all the same, and one that cannot even be read cannot.
func TestSplitsTakeLittle(t *testing.T) {
	ctx := context.Background()
	in := picture.Config{Width: 6000, Height: 9000, Colors: 3, Depth: 8}
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Memory: in.Bytes() + 5e6})
	if up.Accepts(in) == nil {
		t.Fatal("there is room for networks")
	}
	claim, err := up.ClaimSplit(ctx, in, 900, Beside{})
	if err != nil {
		t.Fatal(err)
	}
	claim.Release()
	in.Height *= 2
	if _, err := up.ClaimSplit(ctx, in, 900, Beside{}); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("a picture larger than the memory: %v", err)
	}
	if claim, err = up.ClaimSplitRows(ctx, in, 900, Beside{}); err != nil {
		t.Fatal(err)
	}
	claim.Release()
}

// Claims are for what they were made for.
func TestClaimsOfSplitsAreForNothingElse(t *testing.T) {
	ctx := context.Background()
	in := branchtest.Patchwork(60, 120, 3, false, 8)
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Threads: 1, Memory: 100e6})
	panics := func(what string, do func(*Claim), claim *Claim, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", what)
			}
			if reserved, _ := up.budget.InUse(); reserved != 0 {
				t.Errorf("%s: %d bytes are taken", what, reserved)
			}
		}()
		do(claim)
	}
	begin := func(c *Claim) { _, _ = up.Begin(ctx, in, c) }
	split := func(c *Claim) { _, _ = up.Split(ctx, in, c) }
	claim, err := up.ClaimSplit(ctx, in.Config(), 40, Beside{})
	panics("Begin by a ClaimSplit", begin, claim, err)
	claim, err = up.Claim(ctx, in.Config(), Beside{})
	panics("Split by a Claim", split, claim, err)
	claim, err = up.ClaimSplitRows(ctx, in.Config(), 40, Beside{})
	panics("Split by a ClaimSplitRows", split, claim, err)
}

// A context that is done ends splitting and reading, and gives back what was reserved.
func TestSplitsEndWithTheirContext(t *testing.T) {
	in := holes(branchtest.Patchwork(90, 300, 3, true, 8))
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Threads: 1, Memory: 100e6})
	s, from, until := splitAt(t, up, in, 0, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.Seen(ctx, from, until); !errors.Is(err, context.Canceled) {
		t.Errorf("Seen: %v", err)
	}
	_ = s.Close()
	claim, err := up.ClaimSplit(context.Background(), in.Config(), 40, Beside{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Split(ctx, in, claim); !errors.Is(err, context.Canceled) {
		t.Errorf("Split: %v", err)
	}
	if reserved, _ := up.budget.InUse(); reserved != 0 {
		t.Errorf("%d bytes are taken", reserved)
	}
}
