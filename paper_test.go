package classsr

import (
	"context"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"classsr/internal/testref"
	"classsr/picture"
	"classsr/route"
)

// What PyTorch makes of the same picture with the same weights by the paper's protocol.
func TestPaperModeOfPyTorch(t *testing.T) {
	archive := testref.OpenNPZ(t, "papermode.npz")
	read := func(key string) *picture.Picture {
		w, h, pix := archive.Picture(key)
		p := picture.New(w, h, 3, false, 8)
		copy(p.Pix8, pix)
		return p
	}
	lr, hr := read("lr_rgb"), read("hr_rgb")
	model, err := Open(testref.Path(t, "reference", "papermode.pth"))
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 3} {
		up, err := model.Upscaler(Options{Mode: ModePaper, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		out, scores, report, err := up.Measure(context.Background(), lr, hr)
		if err != nil {
			t.Fatal(err)
		}
		if upscaled, _, err := up.Upscale(context.Background(), lr); err != nil || !slices.Equal(out.Pix8, upscaled.Pix8) {
			t.Errorf("the picture that was measured differs from the enlarged one (error %v)", err)
		}
		if want := archive.Number("psnr"); math.Abs(scores.PSNRRGB-want) > 0.001 {
			t.Errorf("PSNR %.5f dB, want %.5f", scores.PSNRRGB, want)
		}
		var classes []int
		p := archive.Array("p")
		for i := range p.Dims[0] {
			classes = append(classes, route.Argmax(p.Data[i*p.Dims[1]:][:p.Dims[1]]))
		}
		if !slices.Equal(report.Route.Classes, classes) {
			t.Errorf("classes %v, want %v", report.Route.Classes, classes)
		}
		if report.OutWidth != 464 || report.OutHeight != 240 || report.Classes[2].Share != 0.5 {
			t.Errorf("report %+v", report)
		}
		m, _, _, err := up.meanOf(context.Background(), lr)
		if err != nil {
			t.Fatal(err)
		}
		wantMean(t, m, archive.Array("out_rgb").Data)
	}
}

func wantMean(t *testing.T, m *mean, want []float32) {
	t.Helper()
	planes := newPlanes(m.size.X * m.size.Y)
	m.rows(planes, 0, m.size.Y)
	sum, off := 0.0, 0
	for c, plane := range planes {
		for i, v := range plane {
			if d := math.Abs(float64(v - want[3*i+c])); d > 0 {
				if sum, off = sum+d, off+1; d > 1 {
					t.Fatalf("channel %d of pixel %d is %g, want %g", c, i, v, want[3*i+c])
				}
			}
		}
	}
	// Where a result lies all but halfway between two whole numbers, rounding may go either way.
	if mean := sum / float64(len(want)); mean > 1e-3 {
		t.Errorf("the mean difference is %g", mean)
	}
	t.Logf("%d of %d samples differ", off, len(want))
}

func TestProbabilitiesOfPyTorch(t *testing.T) {
	archive := testref.OpenNPZ(t, "papermode.npz")
	w, h, pix := archive.Picture("lr_rgb")
	lr := picture.New(w, h, 3, false, 8)
	copy(lr.Pix8, pix)
	model, err := Open(testref.Path(t, "reference", "papermode.pth"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(model.file, 4)
	if err != nil {
		t.Fatal(err)
	}
	var c classifier
	scores := make([][]float32, 2)
	cores := []image.Rectangle{image.Rect(0, 0, 32, 32), image.Rect(28, 28, 60, 60)}
	if err := c.scores(context.Background(), r.module, lr, cores, scores); err != nil {
		t.Fatal(err)
	}
	want := archive.Array("p").Data[5*3:] // in the second row of four
	for i, p := range route.Softmax(scores[1]) {
		if math.Abs(p-float64(want[i])) > 1e-5 {
			t.Errorf("class %d has probability %g, want %g", i, p, want[i])
		}
	}
}

func TestPaperModeNeedsASubImage(t *testing.T) {
	up, err := ModelOf(smallClassSR(t, "fsrcnn", 2, 3)).Upscaler(Options{Mode: ModePaper})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = up.Upscale(context.Background(), picture.New(31, 90, 3, false, 8))
	if err == nil || !strings.Contains(err.Error(), "needs pictures of at least 32x32 pixels, not 31x90") {
		t.Errorf("error %v", err)
	}
}

// Gray, alpha and 16 bits come out of paper mode too, and progress ends where the result does.
func TestPaperModeKeepsEveryKind(t *testing.T) {
	model := ModelOf(smallClassSR(t, "fsrcnn", 2, 3))
	for kind := range 8 {
		in := picture.New(70, 61, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
		done, total := 0, 0
		up, err := model.Upscaler(Options{Mode: ModePaper, Progress: func(d, n int) { done, total = d, n }})
		if err != nil {
			t.Fatal(err)
		}
		out, report, err := up.Upscale(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if out.Width != 120 || out.Height != 120 || out.Colors != in.Colors || out.Alpha != in.Alpha || out.Depth != in.Depth {
			t.Errorf("%+v became %+v", in.Config(), out.Config())
		}
		if done != 60*60 || total != done || report.Width != 70 || report.OutWidth != 120 {
			t.Errorf("progress ended at %d of %d; report %+v", done, total, report)
		}
	}
}
