package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
	"classsr/resample"
	"classsr/scaling"
)

// sized gives a Pipeline for a size.
func sized(t *testing.T, m *classsr.Model, o classsr.Options, target scaling.Target) *Pipeline {
	t.Helper()
	return &Pipeline{Sizing: &Sizing{Target: target, Models: modelsOf(t, m, o)}, Shared: o.Shared, Threads: o.Threads}
}

// modelsOf gives Models of a model, or of the built-in ones.
func modelsOf(t *testing.T, m *classsr.Model, o classsr.Options) *Models {
	t.Helper()
	if m == nil {
		return chosen(t, Choice{}, o)
	}
	all, err := NewModels(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// chosen gives Models of built-in ones.
func chosen(t *testing.T, c Choice, o classsr.Options) *Models {
	t.Helper()
	all, err := NewChoice(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// enlargeFile enlarges a picture from file to file, and gives what was told and the result.
func enlargeFile(t *testing.T, p *Pipeline, in *picture.Picture) (*Result, *picture.Picture, error) {
	t.Helper()
	png(t, "in.png", in)
	var l log
	p.Overwrite = true
	if _, err := p.Run(context.Background(), workOf(t, "in.png", "out.png"), &l); err != nil {
		t.Fatal(err)
	}
	if len(l.errors) > 0 {
		return nil, nil, l.errors[0]
	}
	d, err := imageio.DecodeFile("out.png", imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return l.results[0], d.Picture, nil
}

// workOf gives the work of one picture.
func workOf(t *testing.T, input, output string) *Work {
	t.Helper()
	work, err := (&Request{Args: []string{input}, Output: output}).Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return work
}

// resize resizes a picture with nothing else around.
func resize(t *testing.T, p *picture.Picture, width, height int, o resample.Resizing) *picture.Picture {
	t.Helper()
	r, err := resample.Resize(context.Background(), p.Rows(5), width, height, o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := gather(r, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func upscale(t *testing.T, m *classsr.Model, scale int, p *picture.Picture) *picture.Picture {
	t.Helper()
	up, err := m.Upscaler(classsr.Options{Scale: scale})
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := up.Upscale(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What comes out is what the networks give one after the other, and resizing after them.
func TestSizesAreReachedByPasses(t *testing.T) {
	inFolder(t)
	fast := open(t, classsr.FastModel)
	for _, alpha := range []bool{false, true} {
		in := branchtest.Patchwork(37, 21, 3, alpha, 8)
		r, got, err := enlargeFile(t, sized(t, fast, classsr.Options{}, scaling.Target{Scale: 2.5}), in)
		if err != nil {
			t.Fatal(err)
		}
		want := resize(t, upscale(t, fast, 4, in), 93, 53, resample.Resizing{})
		if !slices.Equal(got.Pix8, want.Pix8) {
			t.Errorf("alpha %v: x2.5 is not x4, reduced", alpha)
		}
		if r.Width != 37 || r.OutWidth != 93 || r.OutHeight != 53 || r.NetworkWidth != 148 || r.NetworkHeight != 84 || r.Scale != 4 || r.Passes != nil || len(r.Notes) > 0 {
			t.Errorf("alpha %v: result %+v", alpha, r)
		}

		r, got, err = enlargeFile(t, sized(t, fast, classsr.Options{}, scaling.Target{Width: 300}), in)
		if err != nil {
			t.Fatal(err)
		}
		between := upscale(t, fast, 4, in)
		want = resize(t, upscale(t, fast, 4, between), 300, 170, resample.Resizing{})
		if !slices.Equal(got.Pix8, want.Pix8) {
			t.Errorf("alpha %v: a width of 300 is not x4, x4, reduced", alpha)
		}
		if r.OutWidth != 300 || r.OutHeight != 170 || r.NetworkWidth != 592 || r.Scale != 16 || len(r.Passes) != 2 || r.Passes[0].Width != 148 ||
			r.Passes[1].Width != 592 || r.MACs != r.Passes[0].MACs+r.Passes[1].MACs || r.Seconds.Total <= 0 {
			t.Errorf("alpha %v: result %+v", alpha, r)
		}
	}
}

// A scale that the model has gives the same file as without any of this.
func TestTheModelsOwnScaleChangesNothing(t *testing.T) {
	inFolder(t)
	fast, in := open(t, classsr.FastModel), branchtest.Patchwork(50, 30, 3, false, 8)
	_, want, err := enlargeFile(t, with(t, fast, classsr.Options{}), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []scaling.Target{{Scale: 4}, {Width: 200}, {Fit: [2]int{200, 9000}}} {
		r, got, err := enlargeFile(t, sized(t, fast, classsr.Options{}, target), in)
		if err != nil || !slices.Equal(got.Pix8, want.Pix8) || r.NetworkWidth != 200 {
			t.Errorf("%s: other samples (%v), result %+v", target, err, r)
		}
	}
}

func TestSizesWithoutANetwork(t *testing.T) {
	inFolder(t)
	in := branchtest.Patchwork(40, 30, 1, true, 16)
	for _, test := range []struct {
		target        scaling.Target
		width, height int
		note          string
	}{
		{scaling.Target{Fit: [2]int{20, 20}}, 20, 15, "only reduced, from 40x30 to 20x15"},
		{scaling.Target{Scale: 1}, 40, 30, "only copied"},
		{scaling.Target{Height: 1}, 1, 1, "only reduced"},
	} {
		p := sized(t, nil, classsr.Options{}, test.target)
		p.Sizing.Linear = true
		r, got, err := enlargeFile(t, p, in)
		if err != nil {
			t.Fatal(err)
		}
		want := in
		if test.width != 40 {
			want = resize(t, in, test.width, test.height, resample.Resizing{Linear: true})
		}
		if got.Config() != want.Config() || !slices.Equal(got.Pix16, want.Pix16) {
			t.Errorf("%s: %+v, or other samples", test.target, got.Config())
		}
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], test.note) || r.Model != "none" || r.OutWidth != test.width || r.NetworkWidth != 40 {
			t.Errorf("%s: result %+v", test.target, r)
		}
	}
	// Interpolation needs no passes, and says so by its name.
	r, got, err := enlargeFile(t, sized(t, open(t, classsr.Bicubic), classsr.Options{}, scaling.Target{Scale: 2.5}), in)
	if err != nil || got.Width != 100 || got.Height != 75 || r.Model != classsr.Bicubic || len(r.Notes) > 0 {
		t.Errorf("bicubic: %+v, %v", r, err)
	}
}

// A little more than the network gives is interpolated, which a note says.
func TestALittleMoreIsInterpolated(t *testing.T) {
	inFolder(t)
	r, got, err := enlargeFile(t, sized(t, open(t, classsr.FastModel), classsr.Options{}, scaling.Target{Scale: 4.5}), branchtest.Patchwork(20, 10, 3, false, 8))
	if err != nil || got.Width != 90 || r.NetworkWidth != 80 || r.Passes != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "interpolation from there to 90x45") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSizesThatCannotBe(t *testing.T) {
	inFolder(t)
	in := branchtest.Patchwork(60, 40, 3, false, 8)
	fast := open(t, classsr.FastModel)
	for _, test := range []struct {
		options classsr.Options
		target  scaling.Target
		want    string
	}{
		{classsr.Options{}, scaling.Target{Width: 60 * 65}, "at most 64 times"},
		{classsr.Options{Mode: classsr.ModePaper}, scaling.Target{Scale: 2.5}, "mode paper enlarges by the scale of its model only"},
		{classsr.Options{MaxTime: 1e9}, scaling.Target{Scale: 8}, "two (4 times, then 4 times)"},
		{classsr.Options{Shared: budget.New(4<<20, 1), Threads: 1}, scaling.Target{Scale: 16}, "the second of two passes (x4, then x4), on 240x160 pixels: "},
	} {
		_, _, err := enlargeFile(t, sized(t, fast, test.options, test.target), in)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", test.target, err, test.want)
		}
		if Exists("out.png") {
			t.Errorf("%s: an output is left", test.target)
		}
	}
	if _, err := NewModels(open(t, "carn-m-x4"), classsr.Options{Mode: classsr.ModeRouted}); fault.KindOf(err) != fault.Usage {
		t.Errorf("a mode that the model cannot: %v", err)
	}
}

// All memory is given back, whatever happens.
func TestSizesGiveBackTheirMemory(t *testing.T) {
	inFolder(t)
	shared := budget.New(1<<30, 2)
	in := branchtest.Patchwork(60, 40, 3, false, 8)
	for _, scale := range []float64{0.5, 2.5, 8, 64} {
		p := sized(t, open(t, classsr.FastModel), classsr.Options{Shared: shared, Threads: 2}, scaling.Target{Scale: scale})
		if _, _, err := enlargeFile(t, p, in); err != nil {
			t.Errorf("x%g: %v", scale, err)
		}
		data, err := os.ReadFile("in.png")
		if err != nil {
			t.Fatal(err)
		}
		p.In, p.Out = bytes.NewReader(data), full{}
		var l log
		if sum, err := p.Run(context.Background(), workOf(t, Std, Std), &l); sum.Failed != 1 || err != nil || !errors.Is(l.errors[0], errFull) {
			t.Errorf("x%g onto a full disk: %v", scale, l.errors)
		}
		if reserved, _ := shared.InUse(); reserved != 0 {
			t.Errorf("x%g keeps %d bytes", scale, reserved)
		}
	}
}

var errFull = errors.New("no space left")

// full is a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

var _ io.Writer = full{}

// A run that was stopped before the first row gives back its memory.
func TestSizesThatAreBrokenOff(t *testing.T) {
	inFolder(t)
	shared := budget.New(1<<30, 2)
	in := branchtest.Patchwork(60, 40, 3, false, 8)
	for _, scale := range []float64{0.5, 4, 2.5, 8} {
		p := sized(t, open(t, classsr.FastModel), classsr.Options{Shared: shared, Threads: 2}, scaling.Target{Scale: scale})
		headers := imageio.Config{Config: in.Config(), DecodeBytes: 1000, PictureBytes: in.Config().Bytes()}
		w, err := p.plan(headers, "in.png")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.reserve(context.Background(), headers, imageio.PNG); err != nil {
			t.Fatal(err)
		}
		if reserved, _ := shared.InUse(); reserved < in.Config().Bytes() {
			t.Errorf("x%g: only %d bytes are reserved", scale, reserved)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r, err := w.begin(ctx, &reading{Decoded: &imageio.Decoded{Picture: in}})
		if err == nil {
			_, err = gather(r, func(int) {})
			_ = r.Close()
		}
		if scale != 0.5 && !errors.Is(err, context.Canceled) {
			t.Errorf("x%g: %v", scale, err)
		}
		if reserved, _ := shared.InUse(); reserved != 0 {
			t.Errorf("x%g keeps %d bytes", scale, reserved)
		}
	}
}

// The map of the classes is of the input, whatever becomes of it afterwards.
func TestRouteMapOfAResizedPicture(t *testing.T) {
	inFolder(t)
	in := branchtest.Patchwork(120, 90, 3, false, 8)
	for _, scale := range []float64{2.5, 8} {
		p := sized(t, open(t, classsr.FastModel), classsr.Options{}, scaling.Target{Scale: scale})
		p.RouteMap = "map.json"
		if _, _, err := enlargeFile(t, p, in); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile("map.json"); err != nil || !strings.HasPrefix(string(data), `{"width":120,"height":90,`) {
			t.Errorf("x%g: the map is %.40s, %v", scale, data, err)
		}
	}
	p := sized(t, open(t, "carn-m-x3"), classsr.Options{}, scaling.Target{Scale: 2.5})
	p.RouteMap = "map2.png"
	if _, _, err := enlargeFile(t, p, in); err == nil || !strings.Contains(err.Error(), "enlarges 3 times has no classes") {
		t.Errorf("a model without classes: %v", err)
	}
}

func TestNamesOfSizes(t *testing.T) {
	for name, want := range map[string]string{
		"a_x4": "_x4", "a_x2.5": "_x2.5", "a_3840x2160": "_3840x2160", "a_w1920": "_w1920", "a_h7": "_h7", "a_50mp": "_50mp", "a_0.5mp": "_0.5mp",
		"a": "", "a_x": "", "a_day": "", "_x4": "", "a_x4_b": "", "a_x1e3": "", "a_w": "", "a_wx": "",
	} {
		if source, suffix := cutSuffix(name); suffix != want || source+suffix != name {
			t.Errorf("%q ends in %q, want %q", name, suffix, want)
		}
	}
}

func TestEstimatesOfSizes(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(120, 90, 3, false, 8))
	for _, test := range []struct {
		target         scaling.Target
		network, out   int
		scale, atLeast int
	}{{scaling.Target{Scale: 2.5}, 480, 300, 4, 5}, {scaling.Target{Scale: 8}, 1920, 960, 16, 5}, {scaling.Target{Scale: 0.5}, 120, 60, 1, 1}} {
		models, err := NewModels(open(t, classsr.FastModel), classsr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := NewEstimator(nil, 0, &Sizing{Target: test.target, Models: models})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Estimate(context.Background(), nil, Input{Path: "in.png", ending: ".png"})
		if err != nil {
			t.Fatal(err)
		}
		if r.OutWidth != test.out || r.NetworkWidth != test.network || r.Scale != test.scale || len(r.Forecasts) < test.atLeast {
			t.Errorf("%s: %+v", test.target, r)
		}
		for _, f := range r.Forecasts {
			if f.Mode == infer.ModePaper || test.scale > 1 && f.MACsFull == 0 || f.TotalSeconds <= f.Seconds || f.PeakMB <= f.MemoryMB {
				t.Errorf("%s: %+v", test.target, f)
			}
		}
	}
}
