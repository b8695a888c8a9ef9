package infer

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
)

// moved is a picture of which some rectangles have got the content of another place, and perhaps other brightness.
func moved(r *rand.Rand, p *picture.Picture, patches int) *picture.Picture {
	out := p.Crop(p.Bounds())
	if out == p {
		out = p.Config().New()
		copy(out.Pix8, p.Pix8)
		copy(out.Pix32, p.Pix32)
	}
	for range patches {
		w, h := 1+r.IntN(min(60, p.Width/2)), 1+r.IntN(min(60, p.Height/2))
		from, to := image.Pt(r.IntN(p.Width-w+1), r.IntN(p.Height-h+1)), image.Pt(r.IntN(p.Width-w+1), r.IntN(p.Height-h+1))
		plane := make([]float32, w*h)
		for c := range p.Channels() {
			p.ReadPlane(plane, c, image.Rectangle{Min: from, Max: from.Add(image.Pt(w, h))})
			out.WritePlane(plane, c, image.Rectangle{Min: to, Max: to.Add(image.Pt(w, h))})
		}
	}
	return out
}

// clip makes pictures that follow each other: little changes, nothing changes, and in between the scene does.
func clip(r *rand.Rand, w, h, depth, count int) []*picture.Picture {
	frames := []*picture.Picture{branchtest.Patchwork(w, h, 3, false, 8).To(depth)}
	for len(frames) < count {
		last := frames[len(frames)-1]
		switch n := len(frames); {
		case n%5 == 3:
			frames = append(frames, last)
		case n%7 == 6:
			frames = append(frames, branchtest.Waves(w, h, 3, false, 8).To(depth))
		default:
			frames = append(frames, moved(r, last, 1+r.IntN(3)))
		}
	}
	return frames
}

func copied(p *picture.Picture) *picture.Picture {
	out := p.Config().New()
	copy(out.Pix8, p.Pix8)
	copy(out.Pix16, p.Pix16)
	copy(out.Pix32, p.Pix32)
	return out
}

func samePicture(a, b *picture.Picture) bool {
	return a.Config() == b.Config() && slices.Equal(a.Pix8, b.Pix8) && slices.Equal(a.Pix16, b.Pix16) && slices.Equal(a.Pix32, b.Pix32)
}

// firstDifference says where two pictures differ.
func firstDifference(a, b *picture.Picture) string {
	for i := range a.Pix32 {
		if a.Pix32[i] != b.Pix32[i] {
			i /= a.Channels()
			return fmt.Sprintf("at %d,%d", i%a.Width, i/a.Width)
		}
	}
	return "somewhere"
}

// What is kept of the picture before has the bits, down to the last one of float32, that it has if all is computed anew, whatever the network, the goal and
// the number of threads.
func TestReuseShowsInNoBit(t *testing.T) {
	type way struct {
		model   *weights.Model
		options Options
		depth   int
	}
	for _, tt := range testref.Few(
		4, way{branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4}, 32}, way{builtIn(t, "fsrcnn-x4"), Options{Scale: 4, Budget: 60}, 8},
		way{branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4, Mode: ModeFull}, 32}, way{branchtest.ClassSR(t, "rcan", 4, 2), Options{Scale: 4}, 8},
		way{branchtest.ClassSR(t, "carn", 2, 3), Options{Scale: 2}, 32}, way{branchtest.ClassSR(t, "srresnet", 4, 3), Options{Scale: 4, Border: BorderZero}, 32},
		way{branchtest.ClassSR(t, "carn", 4, 3), Options{Scale: 4, Branch: 1}, 32},
	) {
		t.Run(fmt.Sprintf("%s %s %d", tt.model.Name, tt.options.Mode, tt.options.Branch), func(t *testing.T) {
			testReuse(t, tt.model, tt.options, tt.depth)
		})
	}
}

func testReuse(t *testing.T, m *weights.Model, o Options, depth int) {
	t.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(1, uint64(depth)))
	frames := clip(r, 255, 187, depth, 10)
	o.Threads = 2
	up := newUpscaler(t, m, o)
	favourRouting(up)
	o.Threads = 3
	other := newUpscaler(t, m, o)
	favourRouting(other)
	reusing, anew := up.Sequence(SequenceOptions{}), other.Sequence(SequenceOptions{Anew: true})
	reused, classes := 0.0, 0
	for i, in := range frames {
		own := copied(in) // a caller may use its memory again
		got, err := reusing.Next(ctx, own, 0)
		if err != nil {
			t.Fatal(err)
		}
		clear(own.Pix8)
		clear(own.Pix32)
		want, err := anew.Next(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !samePicture(got.Picture, want.Picture) {
			t.Fatalf("frame %d, of which %.0f %% are kept, differs %s", i, 100*got.Reused, firstDifference(got.Picture, want.Picture))
		}
		if want.Reused != 0 {
			t.Errorf("frame %d: %g is reused where all is to be computed", i, want.Reused)
		}
		if got.Report.MACs > want.Report.MACs+want.Report.MACs/4 {
			t.Errorf("frame %d takes %d multiply-accumulates, and %d if all is computed", i, got.Report.MACs, want.Report.MACs)
		}
		if i > 0 && samePicture(in, frames[i-1]) && got.Reused != 1 {
			t.Errorf("frame %d is the one before, and %g is reused", i, got.Reused)
		}
		reused += got.Reused / float64(len(frames))
		if got.Report.Route != nil {
			classes = max(classes, used(got.Report.Route))
		}
	}
	if reused < 0.15 {
		t.Errorf("only %.2f are reused", reused)
	}
	if routed := up.Mode() == ModeRouted; routed && classes < 2 && m.Name != "small-rcan" {
		t.Error("only one class is used, which proves little")
	}
}

// The first picture of a sequence is enlarged as any picture, and so are all that are routed alone.
func TestSequencesBeginAsPicturesDo(t *testing.T) {
	ctx := context.Background()
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4, Threads: 2})
	favourRouting(up)
	s := up.Sequence(SequenceOptions{Alone: true})
	for i, in := range clip(rand.New(rand.NewPCG(5, 6)), 200, 150, 8, 4) {
		want, report, err := up.Upscale(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Next(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !samePicture(got.Picture, want) || !slices.Equal(got.Report.Route.Classes, report.Route.Classes) {
			t.Errorf("frame %d of a sequence is not the picture alone", i)
		}
	}
}

// A run that is stopped goes on with the same bits: what was done is only looked at.
func TestSkippedPicturesCount(t *testing.T) {
	ctx := context.Background()
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 4, 3), Options{Scale: 4, Threads: 2})
	favourRouting(up)
	frames := clip(rand.New(rand.NewPCG(7, 8)), 200, 150, 8, 6)
	whole, later := up.Sequence(SequenceOptions{}), up.Sequence(SequenceOptions{})
	for i, in := range frames {
		if i == 5 {
			whole.BeginScene()
			later.BeginScene()
		}
		want, err := whole.Next(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		if i < 3 {
			if err := later.Skip(ctx, in); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := later.Next(ctx, in, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !samePicture(got.Picture, want.Picture) || !slices.Equal(got.Report.Route.Classes, want.Report.Route.Classes) {
			t.Errorf("frame %d is another one where the first three were skipped", i)
		}
		if got.Cut != want.Cut || i == 5 && !got.Cut {
			t.Errorf("frame %d: a scene begins: %v, want %v", i, got.Cut, want.Cut)
		}
	}
}

// Noise that is hardly seen makes classes change from picture to picture where each is alone, and hardly any in a scene.
func TestClassesDoNotFlicker(t *testing.T) {
	ctx := context.Background()
	up := newUpscaler(t, builtIn(t, "fsrcnn-x4"), Options{Scale: 4, Threads: 2, Quality: 0.2})
	alone, scene := up.Sequence(SequenceOptions{Alone: true, Flicker: true}), up.Sequence(SequenceOptions{Flicker: true})
	r := rand.New(rand.NewPCG(2, 3))
	base := branchtest.Fixed(256, 192, 3, 8)
	var changed, flicker [2]float64
	for i := range 8 {
		in := copied(base)
		for k := range in.Pix8 {
			if k/3%256 < 128 { // the right half stands still
				in.Pix8[k] = uint8(min(max(int(in.Pix8[k])+r.IntN(7)-3, 0), 255))
			}
		}
		for k, s := range []*Sequence{alone, scene} {
			f, err := s.Next(ctx, in, 0)
			if err != nil {
				t.Fatal(err)
			}
			changed[k] += f.Changed
			flicker[k] += f.Flicker
			if i > 0 && (f.Still < 0.4 || f.Still > 0.5) {
				t.Errorf("%g of frame %d stand still, want nearly a half", f.Still, i)
			}
			if i > 0 && f.Cut {
				t.Errorf("frame %d is taken for a new scene", i)
			}
		}
	}
	if changed[0] == 0 || changed[1] > changed[0]/3 || flicker[1] > flicker[0]/3 {
		t.Errorf("%.3f of the cores change their class in a scene, and %.3f alone; what stands still changes by %.3f and %.3f levels", changed[1], changed[0], flicker[1], flicker[0])
	}
}

func TestSequencesRefuse(t *testing.T) {
	ctx := context.Background()
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	s := newUpscaler(t, m, Options{Scale: 4}).Sequence(SequenceOptions{})
	if _, err := s.Next(ctx, picture.New(50, 50, 3, true, 8), 0); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("transparency: %v", err)
	}
	if _, err := newUpscaler(t, m, Options{Scale: 4, Mode: ModePaper}).Sequence(SequenceOptions{}).Next(ctx, picture.New(50, 50, 3, false, 8), 0); fault.KindOf(err) != fault.Usage {
		t.Errorf("mode paper: %v", err)
	}
	small := newUpscaler(t, m, Options{Scale: 4, Memory: 1 << 20}).Sequence(SequenceOptions{})
	if _, err := small.Next(ctx, picture.New(500, 500, 3, false, 8), 0); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too little memory: %v", err)
	}
	done, stop := context.WithCancel(ctx)
	stop()
	if _, err := s.Next(done, picture.New(200, 200, 3, false, 8), 0); err == nil {
		t.Error("a context that is done, and no error")
	}
	for _, size := range []image.Point{{200, 100}, {30, 20}, {200, 100}} { // other sizes begin again
		if f, err := s.Next(ctx, picture.New(size.X, size.Y, 3, false, 8), 0); err != nil || f.Picture.Width != 4*size.X || f.Reused != 0 {
			t.Errorf("%v: %v", size, err)
		}
	}
}

// The built-in networks, whose reach is that of real ones.
func TestReuseShowsInNoBitOfBuiltInModels(t *testing.T) {
	testref.Slow(t)
	for _, name := range []string{"span-x4", "fsrcnn-x2", "carn-m"} {
		t.Run(name, func(t *testing.T) {
			m := builtIn(t, name)
			testReuse(t, m, Options{Scale: m.Scales()[0]}, 32)
		})
	}
}

// Areas that are joined have all that they had, do not overlap, and cost no more.
func TestAreasAreJoined(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		grid := route.Grid{}
		for i := range 9 {
			grid.Xs, grid.Ys = append(grid.Xs, 32*i), append(grid.Ys, 32*i)
		}
		var areas []image.Rectangle
		for _, core := range grid.Cores() {
			if r.IntN(4) == 0 {
				areas = append(areas, core)
			}
		}
		s, threads := shape{2 * r.IntN(40), r.IntN(60), 500 * r.IntN(3)}, 1+r.IntN(4)
		one := joined(slices.Clone(areas), s)
		for _, out := range [][]image.Rectangle{one, shared(one, threads, 96, s)} {
			for _, a := range areas {
				area := 0
				for _, o := range out {
					in := o.Intersect(a)
					area += in.Dx() * in.Dy()
				}
				if area != a.Dx()*a.Dy() {
					t.Fatalf("%v has %d pixels of %v", out, area, a)
				}
			}
			for i, a := range out {
				if a.Min.X%2 != 0 || a.Max.X%2 != 0 {
					t.Fatalf("%v begins or ends at an odd column", a)
				}
				for _, b := range out[:i] {
					if a.Overlaps(b) {
						t.Fatalf("%v and %v overlap", a, b)
					}
				}
			}
		}
		before, after := 0, 0
		for _, a := range areas {
			before += s.cost(a)
		}
		for _, a := range one {
			after += s.cost(a)
		}
		if after > before {
			t.Fatalf("joined they cost %d, and %d alone", after, before)
		}
	}
}
