package classsr_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"classsr"
	"classsr/arch"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/infer"
	"classsr/picture"
	"classsr/resample"
	"classsr/tensor"
	"classsr/weights"
)

// modelFile saves a network of the paper's form with random parameters and gives its path.
func modelFile(t *testing.T, net string, scale, width int) string {
	t.Helper()
	spec, err := arch.Paper(net, scale, width)
	if err != nil {
		t.Fatal(err)
	}
	if net == "rcan" {
		spec.Depth, spec.Blocks = 1, 1
	}
	m := &weights.Model{Branches: []weights.Network{{Spec: spec, Params: branchtest.RandomParams(spec)}}, Classes: weights.ClassNames(1)}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%s-x%d.safetensors", net, scale))
	if err := m.Save(path, false); err != nil {
		t.Fatal(err)
	}
	return path
}

func upscale(t *testing.T, model string, o classsr.Options, in *picture.Picture) (*picture.Picture, classsr.Report) {
	t.Helper()
	m, err := classsr.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	up, err := m.Upscaler(o)
	if err != nil {
		t.Fatal(err)
	}
	out, report, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}

func samePixels(a, b *picture.Picture) bool {
	return a.Width == b.Width && a.Height == b.Height && a.Channels() == b.Channels() &&
		slices.Equal(a.Pix8, b.Pix8) && slices.Equal(a.Pix16, b.Pix16)
}

func TestEveryKindOfPictureKeepsItsKind(t *testing.T) {
	fsrcnn, srresnet := modelFile(t, "fsrcnn", 3, 16), modelFile(t, "srresnet", 2, 8)
	rcan := modelFile(t, "rcan", 4, 16)
	for _, model := range []string{fsrcnn, srresnet, rcan, classsr.Bicubic, "carn-m-x2"} {
		for _, size := range []image.Point{{1, 1}, {1, 9}, {33, 2}, {70, 41}} {
			for kind := range 8 {
				colors, alpha, depth := 1+kind&1*2, kind&2 != 0, 8+kind&4*2
				if strings.HasPrefix(model, "carn") && (kind != 7 || size.X == 70) {
					continue // slow, and alike
				}
				in := branchtest.Waves(size.X, size.Y, colors, alpha, depth)
				out, report := upscale(t, model, classsr.Options{}, in)
				s := report.Scale
				if out.Width != size.X*s || out.Height != size.Y*s || report.OutWidth != out.Width || report.OutHeight != out.Height {
					t.Errorf("%s: %v became %dx%d", model, size, out.Width, out.Height)
				}
				if out.Colors != colors || out.Alpha != alpha || out.Depth != depth {
					t.Errorf("%s: %d colours, alpha %v, %d bit became %d, %v, %d",
						model, colors, alpha, depth, out.Colors, out.Alpha, out.Depth)
				}
			}
		}
	}
}

// Cutting a picture into pieces must not show: networks whose whole reach is their pieces' context give the same bytes.
func TestPiecesDoNotShow(t *testing.T) {
	for _, model := range []string{modelFile(t, "fsrcnn", 4, 16), modelFile(t, "srresnet", 2, 8), modelFile(t, "carn", 2, 12)} {
		in := branchtest.Waves(150, 90, 3, true, 16)
		whole, one := upscale(t, model, classsr.Options{Threads: 1}, in)
		memory := leastMemory(t, model, in)
		cut, many := upscale(t, model, classsr.Options{Threads: 1, Memory: memory}, in)
		if many.MACs <= one.MACs {
			t.Fatalf("%s: %d bytes are no reason for smaller pieces", model, memory)
		}
		if !samePixels(whole, cut) {
			t.Errorf("%s: the pieces show", model)
		}
	}
}

// leastMemory finds about how little memory is enough, for the smallest pieces.
func leastMemory(t *testing.T, model string, in *picture.Picture) int64 {
	t.Helper()
	m, err := classsr.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	for memory := in.Config().Bytes(); ; memory += memory / 32 {
		up, err := m.Upscaler(classsr.Options{Threads: 1, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = up.Upscale(context.Background(), in); err == nil {
			return memory
		}
		if fault.KindOf(err) != fault.TooLarge {
			t.Fatal(err)
		}
	}
}

func TestThreadsDoNotShow(t *testing.T) {
	for _, net := range []string{"fsrcnn", "rcan"} {
		model := modelFile(t, net, 4, 16)
		in := branchtest.Waves(170, 130, 3, false, 8)
		want, _ := upscale(t, model, classsr.Options{Threads: 1}, in)
		for _, threads := range []int{2, 5} {
			if got, _ := upscale(t, model, classsr.Options{Threads: threads}, in); !samePixels(got, want) {
				t.Errorf("%s: %d threads give other pixels than one", net, threads)
			}
		}
	}
}

func TestAlphaIsInterpolated(t *testing.T) {
	in := branchtest.Waves(60, 50, 1, true, 8)
	out, _ := upscale(t, modelFile(t, "fsrcnn", 4, 16), classsr.Options{}, in)
	alpha := make([]float32, in.Width*in.Height)
	in.ReadPlane(alpha, 1, in.Bounds())
	plan, err := resample.New(60, 50, 240, 200, resample.Original)
	if err != nil {
		t.Fatal(err)
	}
	enlarged := make([]float32, 240*200)
	plan.Floats(enlarged, alpha, 1)
	want := picture.New(240, 200, 1, false, 8)
	want.WritePlane(enlarged, 0, want.Bounds())
	for i, v := range want.Pix8 {
		if out.Pix8[2*i+1] != v {
			t.Fatalf("alpha of pixel %d is %d, want %d", i, out.Pix8[2*i+1], v)
		}
	}
}

func TestGrayIsAsRGBOfThreeEqualChannels(t *testing.T) {
	const model = "carn-m-x2" // one with results in the range of pictures
	gray := branchtest.Waves(40, 30, 1, false, 8)
	rgb := picture.New(40, 30, 3, false, 8)
	for i, v := range gray.Pix8 {
		rgb.Pix8[3*i], rgb.Pix8[3*i+1], rgb.Pix8[3*i+2] = v, v, v
	}
	fromGray, _ := upscale(t, model, classsr.Options{}, gray)
	fromRGB, _ := upscale(t, model, classsr.Options{}, rgb)
	for i, v := range fromGray.Pix8 {
		r, g, b := float64(fromRGB.Pix8[3*i]), float64(fromRGB.Pix8[3*i+1]), float64(fromRGB.Pix8[3*i+2])
		if want := 0.299*r + 0.587*g + 0.114*b; math.Abs(float64(v)-want) > 1.1 { // three roundings and one
			t.Fatalf("pixel %d is %d, want the luma of %g %g %g", i, v, r, g, b)
		}
	}
}

func TestInputRangeOf255(t *testing.T) {
	spec, err := arch.Paper("rcan", 2, 16)
	if err != nil {
		t.Fatal(err)
	}
	spec.Depth, spec.Blocks = 1, 1
	params := branchtest.RandomParams(spec)
	identity := params["add_mean.weight"].Data
	identity[0], identity[4], identity[8] = 1, 1, 1
	m := &weights.Model{Branches: []weights.Network{{Spec: spec, Params: params}}, Classes: weights.ClassNames(1)}
	path := filepath.Join(t.TempDir(), "rcan.safetensors")
	if err := m.Save(path, false); err != nil {
		t.Fatal(err)
	}
	in := branchtest.Waves(8, 8, 3, false, 16)
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 8, W: 8})
	for c := range 3 {
		in.ReadPlane(x.Plane(0, c), c, in.Bounds())
	}
	for i := range x.Data {
		x.Data[i] *= 255
	}
	want := spec.Build().Forward(params, x)
	out, _ := upscale(t, path, classsr.Options{Border: infer.BorderZero}, in)
	middle := 0
	for c := range 3 {
		for i, v := range want.Plane(0, c) {
			sample := min(max(float64(v)/255, 0), 1) * 65535
			if got := float64(out.Pix16[3*i+c]); math.Abs(got-sample) > 3 {
				t.Fatalf("channel %d of pixel %d is %g, want %g", c, i, got, sample)
			}
			if sample > 0 && sample < 65535 {
				middle++
			}
		}
	}
	if middle < 100 {
		t.Errorf("only %d samples of %d are within the range: the network is no test", middle, 3*16*16)
	}
}

func TestUpscaleStopsWithItsContext(t *testing.T) {
	m, err := classsr.Open(modelFile(t, "fsrcnn", 4, 16))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	last := 0
	up, err := m.Upscaler(classsr.Options{Memory: 30 << 20, Threads: 2, Progress: func(done, total int) {
		if last = done; done > total/4 {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := up.Upscale(ctx, branchtest.Waves(600, 500, 3, false, 8)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if band := 64 * 600; last > 600*500/4+band { // what is told of comes in bands
		t.Errorf("%d pixels were done; it should have stopped after the first quarter, %d", last, 600*500/4)
	}
}

func TestProgressReachesTheEnd(t *testing.T) {
	var last, total, calls int
	upscale(t, modelFile(t, "fsrcnn", 2, 16), classsr.Options{Threads: 1, Memory: 1_500_000, Progress: func(d, n int) {
		if d <= last {
			t.Errorf("progress went from %d to %d", last, d)
		}
		last, total, calls = d, n, calls+1
	}}, branchtest.Waves(150, 150, 3, false, 8))
	if last != 150*150 || total != last || calls < 2 {
		t.Errorf("progress ended at %d of %d after %d calls", last, total, calls)
	}
}

// What a piece takes is bounded by its width and the network, not by the picture's height.
func TestMemoryDoesNotGrowWithTheHeight(t *testing.T) {
	m, err := classsr.Open(modelFile(t, "fsrcnn", 4, 56))
	if err != nil {
		t.Fatal(err)
	}
	const height = 4000
	pictures := int64(40 * height * 3 * 17)
	up, err := m.Upscaler(classsr.Options{Threads: 1, Memory: pictures + 1_500_000})
	if err != nil {
		t.Fatal(err)
	}
	in := branchtest.Waves(40, height, 3, false, 8)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := up.Upscale(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := int64(after.TotalAlloc-before.TotalAlloc) - pictures*16/17; got > 2_500_000 {
		t.Errorf("the work allocated %d bytes besides the enlarged picture, %d allowed", got, 1_500_000)
	}
}

// Memory that is short for many threads is no reason to refuse: strips get narrower, and then threads fewer.
func TestManyThreadsTakeWhatMemoryThereIs(t *testing.T) {
	m, err := classsr.Open("carn-m-x4")
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{8, 16, 64} {
		up, err := m.Upscaler(classsr.Options{Threads: threads, Memory: 64 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []picture.Config{{Width: 48, Height: 2000}, {Width: 16, Height: 2000}, {Width: 2000, Height: 16}} {
			c.Colors, c.Depth = 3, 8
			if err := up.Accepts(c); err != nil {
				t.Errorf("%d threads, %dx%d: %v", threads, c.Width, c.Height, err)
			}
		}
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	fsrcnn := modelFile(t, "fsrcnn", 4, 16)
	for _, c := range []struct {
		model   string
		options classsr.Options
		says    string
	}{
		{"carn-m-x9", classsr.Options{}, "no model named"},
		{"./none.safetensors", classsr.Options{}, syscall.ENOENT.Error()},
		{"carn-m-x4", classsr.Options{Scale: 3}, "enlarges 4 times, not 3"},
		{classsr.Bicubic, classsr.Options{Scale: 5}, "enlarges 2, 3, 4, 8 times, not 5"},
		{fsrcnn, classsr.Options{Mode: "fast"}, "unknown mode"},
		{fsrcnn, classsr.Options{Branch: 2}, "has branches 1 to 1"},
		{classsr.Bicubic, classsr.Options{Branch: 1}, "works in mode full only"},
		{fsrcnn, classsr.Options{Memory: 1000}, "of memory, more than the 1.0 kB allowed"},
		{fsrcnn, classsr.Options{Memory: 400_000, Threads: 2}, "of memory besides the picture"},
	} {
		m, err := classsr.Open(c.model)
		if err == nil {
			var up *classsr.Upscaler
			if up, err = m.Upscaler(c.options); err == nil {
				_, _, err = up.Upscale(context.Background(), branchtest.Waves(80, 80, 3, false, 8))
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %+v: error %v, want one with %q", c.model, c.options, err, c.says)
		}
	}
}

func TestBranchesOfAClassSRModel(t *testing.T) {
	m := &weights.Model{Classes: weights.ClassNames(2), ClassModule: &weights.Network{Spec: arch.PaperClassModule(2)}}
	m.ClassModule.Params = branchtest.RandomParams(m.ClassModule.Spec)
	for _, width := range []int{16, 36} {
		spec, err := arch.Paper("fsrcnn", 2, width)
		if err != nil {
			t.Fatal(err)
		}
		m.Branches = append(m.Branches, weights.Network{Spec: spec, Params: branchtest.RandomParams(spec)})
	}
	path := filepath.Join(t.TempDir(), "two.safetensors")
	if err := m.Save(path, false); err != nil {
		t.Fatal(err)
	}
	in := branchtest.Waves(20, 20, 3, false, 8)
	full, fullReport := upscale(t, path, classsr.Options{Mode: classsr.ModeFull, Border: infer.BorderZero, Threads: 1}, in)
	hard, _ := upscale(t, path, classsr.Options{Branch: 2, Border: infer.BorderZero}, in)
	simple, report := upscale(t, path, classsr.Options{Branch: 1, Border: infer.BorderZero}, in)
	if !samePixels(full, hard) || samePixels(full, simple) {
		t.Error("full is to be branch 2, and not branch 1")
	}
	if report.Classes[0].Name != "simple" || fullReport.PaperFLOPsPercent != 100 || report.MACsFull != fullReport.MACs {
		t.Errorf("reports %+v and %+v", report, fullReport)
	}
	// Paper FLOPs a pixel: 141262848 and 304570368 for 32x32 at x4; the transposed convolution is charged for 4 pixels at x2.
	want := 100 * float64(2*(6930432+4*3981312)) / float64(2*(8957952+4*8957952))
	if math.Abs(report.PaperFLOPsPercent-want) > 0.01 {
		t.Errorf("%g %% of the paper FLOPs, want %g", report.PaperFLOPsPercent, want)
	}
}
