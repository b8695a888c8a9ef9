package classsr

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"classsr/arch"
	"classsr/picture"
	"classsr/route"
	"classsr/tensor"
	"classsr/tile"
	"classsr/weights"
)

// smallClassSR is a ClassSR model with random parameters, that sends noisy and flat parts of pictures to different classes.
func smallClassSR(t *testing.T, net string, scale, classes int) *weights.Model {
	t.Helper()
	module := arch.PaperClassModule(classes)
	params := module.Init(7)
	balance(module, params)
	m := &weights.Model{
		Name: "small-" + net, Classes: weights.ClassNames(classes), ClassModule: &weights.Network{Spec: module, Params: params},
	}
	m.Routing = sharpTable(t, m.Classes)
	for i := range classes {
		spec, err := arch.Paper(net, scale, 8+4*i)
		if err != nil {
			t.Fatal(err)
		}
		switch net {
		case "rcan":
			spec.Width, spec.Squeeze, spec.Depth, spec.Blocks = 8+4*i, 2, 1, 1
		case "srresnet":
			spec.Depth = 3
		}
		m.Branches = append(m.Branches, weights.Network{Spec: spec, Params: spec.Init(uint64(i))})
	}
	return m
}

// sharpTable is a calibration by which each class is by far the best at a difficulty of its own.
func sharpTable(t *testing.T, classes []string) string {
	table := &route.Table{Router: RouterEdge, Core: 32, Classes: classes}
	for k := range classes {
		table.Levels = append(table.Levels, 4+3*float64(k)/float64(len(classes)-1))
		errors := slices.Repeat([]float64{1e6}, len(classes))
		errors[len(classes)-1], errors[k] = 1, 0 // little in all, so that little may be lost
		table.Errors = append(table.Errors, errors)
	}
	text, err := json.Marshal([]*route.Table{table})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// balance sets the biases of a Class-Module so that no class is the most likely one everywhere.
func balance(module arch.Spec, params tensor.Set) {
	in := patchwork(190, 150, 3, false, 8)
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 32, W: 32})
	bias := params["lastOut.bias"].Data
	clear(bias)
	mean := make([]float32, len(bias))
	windows := tile.SubImages(image.Pt(190, 150), 32, 32)
	for _, r := range windows {
		readRGB(x, in, r)
		for i, v := range module.Build().Forward(params, x).Data {
			mean[i] += v / float32(len(windows))
		}
	}
	for i := range bias {
		bias[i] = -mean[i]
	}
}

// patchwork is a picture with parts of different content.
func patchwork(w, h, colors int, alpha bool, depth int) *picture.Picture {
	random := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := picture.New(w, h, colors, alpha, depth)
	plane := make([]float32, w*h)
	for c := range p.Channels() {
		for i := range plane {
			x, y := i%w, i/w
			rough := float64((x/45 + y/38 + x*y/4000) % 3)
			plane[i] = float32(0.5 + 0.15*rough*math.Sin(float64(x*(c+1))/2)*math.Cos(float64(y)/3) + 0.1*rough*(random.Float64()-0.5))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	return p
}

func enlargeBy(t *testing.T, m *weights.Model, o Options, in *picture.Picture) (*picture.Picture, Report) {
	t.Helper()
	up, err := ModelOf(m).Upscaler(o)
	if err != nil {
		t.Fatal(err)
	}
	if r, ok := up.method.(*routed); ok && o.Budget == 0 { // small networks would never be worth routing
		for k := range r.costs.nanoseconds.Pixel {
			r.costs.nanoseconds.Pixel[k], r.costs.nanoseconds.Border[k] = float64(k+1), 0
		}
	}
	out, report, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

// Every pixel is that of its class's branch over the whole picture, or the weighted mean of several near borders, but for rounding.
func TestRoutedPixelsAreThoseOfTheirBranches(t *testing.T) {
	for _, net := range []string{"fsrcnn", "carn", "srresnet"} {
		m := smallClassSR(t, net, 2, 3)
		for _, size := range []image.Point{{200, 170}, {131, 99}, {40, 37}, {77, 20}, {1, 1}, {5, 70}} {
			in := patchwork(size.X, size.Y, 3, true, 16)
			got, report := enlargeBy(t, m, Options{}, in)
			if report.Mode != ModeRouted || report.Route.Pixels() != size.X*size.Y {
				t.Fatalf("report %+v", report)
			}
			if used := used(report.Route); size.X >= 131 && used < 2 {
				t.Errorf("%s: %v has only %d class", net, size, used)
			}
			var branches []*picture.Picture
			for k := range m.Branches {
				b, _ := enlargeBy(t, m, Options{Mode: fmt.Sprintf("branch=%d", k+1)}, in)
				branches = append(branches, b)
			}
			blend := &route.Blend{Grid: gridOf(size, 32), Classes: report.Route.Classes, Scale: 2, Width: blendWidth}
			if x, y, by := compareBlend(got, branches, blend); by > 1.01 {
				t.Errorf("%s: %v: pixel %d,%d is off by %g steps of 16 bits", net, size, x, y, by)
			}
		}
	}
}

func gridOf(size image.Point, core int) route.Grid {
	return route.Grid{Xs: tile.Cuts(size.X, core), Ys: tile.Cuts(size.Y, core)}
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
	}{{"deep", 100_000_000}, {"fsrcnn", 2_500_000}, {"carn", 2_500_000}, {"rcan", 60_000_000}} {
		net := c.net
		if net == "deep" {
			net = "srresnet"
		}
		m := smallClassSR(t, net, 2, 2)
		if c.net == "deep" { // it reaches farther than pieces have context
			for i := range m.Branches {
				b := &m.Branches[i]
				b.Spec.Depth = 20
				b.Params = b.Spec.Init(uint64(i))
			}
		}
		in := patchwork(190, 150, 3, false, 16)
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
			m := smallClassSR(t, net, scale, classes)
			for kind := range 8 {
				in := patchwork(70, 41, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
				out, _ := enlargeBy(t, m, Options{}, in)
				if out.Width != 70*scale || out.Height != 41*scale || out.Colors != in.Colors || out.Alpha != in.Alpha || out.Depth != in.Depth {
					t.Errorf("%s: %+v became %+v", net, in.Config(), out.Config())
				}
			}
		}
	}
}

func TestReportOfRouting(t *testing.T) {
	m := smallClassSR(t, "fsrcnn", 4, 3)
	_, report := enlargeBy(t, m, Options{Threads: 2}, patchwork(200, 170, 3, false, 8))
	info := ModelOf(m).Info()
	flops, macs, shares := 0.0, 0.0, 0.0
	for i, c := range report.Classes {
		flops += c.Share * float64(info.Classes[i].PaperFLOPsPatch)
		macs += c.Share * float64(info.Classes[i].MACsPatch) * 200 * 170 / 1024
		shares += c.Share
	}
	if math.Abs(shares-1) > 1e-9 || len(report.Classes) != 3 || report.Classes[0].Name != "simple" {
		t.Errorf("classes %v", report.Classes)
	}
	if want := 100 * flops / float64(info.Classes[2].PaperFLOPsPatch); math.Abs(report.PaperFLOPsPercent-want) > 1e-9 {
		t.Errorf("%g %% of the paper FLOPs, want %g", report.PaperFLOPsPercent, want)
	}
	if got := float64(report.MACs); got < macs || got > 3*macs {
		t.Errorf("%g MACs, without context they would be %g", got, macs)
	}
	if report.MACsFull != info.Classes[2].MACsPatch*200*170/1024 {
		t.Errorf("%d MACs of the full network, want %d", report.MACsFull, info.Classes[2].MACsPatch*200*170/1024)
	}
	if report.Seconds.Route <= 0 || report.Seconds.Network <= 0 {
		t.Errorf("seconds %+v", report.Seconds)
	}
}

// The Class-Module sees 32x32 pixels with the core in the middle, inside the picture where that is large enough.
func TestWindowsOfTheClassModule(t *testing.T) {
	for _, c := range []struct{ core, picture, want image.Rectangle }{
		{image.Rect(30, 0, 60, 28), image.Rect(0, 0, 90, 56), image.Rect(29, 0, 61, 32)},
		{image.Rect(60, 28, 90, 56), image.Rect(0, 0, 90, 56), image.Rect(58, 24, 90, 56)},
		{image.Rect(0, 0, 32, 7), image.Rect(0, 0, 64, 7), image.Rect(0, 0, 32, 8)},
		{image.Rect(0, 0, 1, 1), image.Rect(0, 0, 1, 1), image.Rect(0, 0, 4, 4)},
		{image.Rect(0, 0, 31, 31), image.Rect(0, 0, 31, 31), image.Rect(0, 0, 32, 32)},
	} {
		if got := sees(c.core, c.picture.Max); got != c.want {
			t.Errorf("for core %v of %v it is %v, want %v", c.core, c.picture.Max, got, c.want)
		}
	}
}

func TestTheClassModuleSeesTheEdgeRepeated(t *testing.T) {
	m := smallClassSR(t, "fsrcnn", 2, 3)
	module := newClassModule(m.ClassModule.Spec.Build(), m.ClassModule.Params)
	in := patchwork(9, 6, 3, false, 8)
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 8, W: 12})
	for c := range 3 {
		for y := range 8 {
			for column := range 12 {
				at := image.Pt(min(column, 8), min(y, 5))
				in.ReadPlane(x.Plane(0, c)[y*12+column:], c, image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))})
			}
		}
	}
	want := m.ClassModule.Spec.Build().Forward(m.ClassModule.Params, x)
	var c classifier
	scores := make([][]float32, 2)
	if err := c.scores(context.Background(), module, in, []image.Rectangle{image.Rect(4, 0, 9, 6), image.Rect(0, 0, 9, 6)}, scores); err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Data {
		if math.Abs(float64(v-scores[1][i])) > 1e-4*(1+math.Abs(float64(v))) {
			t.Errorf("score %d is %g, want %g", i, scores[1][i], v)
		}
	}
}
