package infer

import (
	"context"
	"image"
	"math"
	"slices"
	"testing"

	"classsr/branch"
	"classsr/branch/branchtest"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
)

// newUpscaler makes an Upscaler of a model with random parameters at its own scale.
func newUpscaler(t *testing.T, m *weights.Model, o Options) *Upscaler {
	t.Helper()
	name := branch.Bicubic
	if m != nil {
		name = m.Name
	}
	if o.Scale == 0 {
		o.Scale = m.Full().Spec.Scale
	}
	up, err := New(m, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// builtIn reads a model that is inside the program.
func builtIn(t *testing.T, name string) *weights.Model {
	t.Helper()
	m, err := weights.Open("../models/"+name+".safetensors", 0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func enlargeBy(t *testing.T, m *weights.Model, o Options, in *picture.Picture) (*picture.Picture, Report) {
	t.Helper()
	up := newUpscaler(t, m, o)
	if o.Budget == 0 {
		favourRouting(up)
	}
	out, report, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

// favourRouting makes routing worth while, which it never would be for small networks.
func favourRouting(up *Upscaler) {
	if r, ok := up.method.(*routed); ok {
		for k := range r.costs.Pixel {
			r.costs.Pixel[k], r.costs.Beside[k], r.costs.Below[k] = float64(k+1), 0, 0
		}
	}
}

// Every pixel is that of its class's branch over the whole picture, or the weighted mean of several near borders, but for rounding.
func TestRoutedPixelsAreThoseOfTheirBranches(t *testing.T) {
	for _, net := range testref.Few(2, "fsrcnn", "carn", "srresnet") {
		m := branchtest.ClassSR(t, net, 2, 3)
		for _, size := range []image.Point{{200, 170}, {131, 99}, {40, 37}, {77, 20}, {1, 1}, {5, 70}} {
			in := branchtest.Patchwork(size.X, size.Y, 3, true, 16)
			got, report := enlargeBy(t, m, Options{}, in)
			if report.Mode != ModeRouted || report.Route.Pixels() != size.X*size.Y {
				t.Fatalf("report %+v", report)
			}
			if used := used(report.Route); size.X >= 131 && used < 2 {
				t.Errorf("%s: %v has only %d class", net, size, used)
			}
			var branches []*picture.Picture
			for k := range m.Branches {
				b, _ := enlargeBy(t, m, Options{Branch: k + 1}, in)
				branches = append(branches, b)
			}
			blend := &route.Blend{Grid: branchtest.Grid(size, 32), Classes: report.Route.Classes, Scale: 2, Width: blendWidth}
			if x, y, by := compareBlend(got, branches, blend); by > 1.01 {
				t.Errorf("%s: %v: pixel %d,%d is off by %g steps of 16 bits", net, size, x, y, by)
			}
		}
	}
}

// compareBlend finds the pixel that differs most from the blended branches.
func compareBlend(got *picture.Picture, branches []*picture.Picture, b *route.Blend) (x, y int, by float64) {
	const white = 1<<16 - 1
	channels := got.Channels()
	want := make([]float64, got.Width*channels)
	for row := range got.Height {
		clear(want)
		for k, branch := range branches {
			for _, s := range b.Segments(nil, b.RowAt(row), k, 0, got.Width) {
				for column := s.Left; column < s.Right; column++ {
					weight := float64(s.At) + float64(s.Step)*float64(column-s.Left)
					for c := range channels {
						sample := branch.Pix16[(row*got.Width+column)*channels+c]
						want[column*channels+c] += weight * float64(sample)
						if weight < 1 && (sample == 0 || sample == white) { // it was cut off, which the mean is made without
							want[column*channels+c] = math.NaN()
						}
					}
				}
			}
		}
		for i, v := range want {
			if d := math.Abs(v - float64(got.Pix16[row*got.Width*channels+i])); d > by {
				x, y, by = i/channels, row, d
			}
		}
	}
	return x, y, by
}

func used(m *route.Map) int {
	n := 0
	for _, count := range m.Counts() {
		n += min(count, 1)
	}
	return n
}

func TestThreadsAndMemoryDoNotShowInRoutedPictures(t *testing.T) {
	for _, c := range []struct {
		net    string
		memory int64 // little more than is needed
	}{{"deep", 100_000_000}, {"fsrcnn", 3_200_000}, {"carn", 3_200_000}, {"rcan", 60_000_000}} {
		net := c.net
		if net == "deep" {
			net = "srresnet"
		}
		m := branchtest.ClassSR(t, net, 2, 2)
		if c.net == "deep" { // it reaches farther than pieces have context
			for i := range m.Branches {
				b := &m.Branches[i]
				b.Spec.Depth = 20
				b.Params = b.Spec.Init(uint64(i))
			}
		}
		in := branchtest.Patchwork(190, 150, 3, false, 16)
		for y := range in.Height { // for squares of different classes, too
			clear(in.Pix16[y*in.Width*3:][:95*3])
		}
		want, report := enlargeBy(t, m, Options{Threads: 1}, in)
		if used(report.Route) < 2 {
			t.Errorf("%s: all is of one class", c.net)
		}
		for _, o := range []Options{{Threads: 3}, {Threads: 8}, {Threads: 2, Memory: c.memory}} {
			if got, _ := enlargeBy(t, m, o, in); !slices.Equal(got.Pix16, want.Pix16) {

				t.Errorf("%s: %+v gives other pixels than one thread", c.net, o)
			}
		}
	}
}

func TestRoutedPicturesKeepTheirKind(t *testing.T) {
	for _, net := range []string{"fsrcnn", "rcan"} {
		for classes, scale := range map[int]int{2: 4, 5: 3} {
			m := branchtest.ClassSR(t, net, scale, classes)
			for kind := range 8 {
				in := branchtest.Patchwork(70, 41, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
				out, _ := enlargeBy(t, m, Options{}, in)
				if out.Width != 70*scale || out.Height != 41*scale || out.Colors != in.Colors || out.Alpha != in.Alpha || out.Depth != in.Depth {
					t.Errorf("%s: %+v became %+v", net, in.Config(), out.Config())
				}
			}
		}
	}
}

func TestReportOfRouting(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 4, 3)
	_, report := enlargeBy(t, m, Options{Threads: 2}, branchtest.Patchwork(200, 170, 3, false, 8))
	var classes []nn.Cost // of a patch
	for _, b := range m.Branches {
		classes = append(classes, b.Spec.Build().Cost(branch.Patch))
	}
	flops, macs, shares := 0.0, 0.0, 0.0
	for i, c := range report.Classes {
		flops += c.Share * float64(classes[i].PaperFLOPs())
		macs += c.Share * float64(classes[i].True) * 200 * 170 / 1024
		shares += c.Share
	}
	if math.Abs(shares-1) > 1e-9 || len(report.Classes) != 3 || report.Classes[0].Name != "simple" {
		t.Errorf("classes %v", report.Classes)
	}
	if want := 100 * flops / float64(classes[2].PaperFLOPs()); math.Abs(report.PaperFLOPsPercent-want) > 1e-9 {
		t.Errorf("%g %% of the paper FLOPs, want %g", report.PaperFLOPsPercent, want)
	}
	if got := float64(report.MACs); got < macs || got > 3*macs {
		t.Errorf("%g MACs, without context they would be %g", got, macs)
	}
	if report.MACsFull != classes[2].True*200*170/1024 {
		t.Errorf("%d MACs of the full network, want %d", report.MACsFull, classes[2].True*200*170/1024)
	}
	if report.Seconds.Route <= 0 || report.Seconds.Network <= 0 {
		t.Errorf("seconds %+v", report.Seconds)
	}
}
