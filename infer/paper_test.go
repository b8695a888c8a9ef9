package infer

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/internal/testref"
	"classsr/picture"
	"classsr/route"
	"classsr/weights"
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
	lr := read("lr_rgb")
	model, err := weights.Open(testref.Path(t, "reference", "papermode.pth"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 3} {
		e, err := newUpscaler(t, model, Options{Mode: ModePaper, Threads: threads}).Enlarge(context.Background(), lr, true)
		if err != nil {
			t.Fatal(err)
		}
		var classes []int
		p := archive.Array("p")
		for i := range p.Dims[0] {
			classes = append(classes, route.Argmax(p.Data[i*p.Dims[1]:][:p.Dims[1]]))
		}
		if report := e.Report; !slices.Equal(report.Route.Classes, classes) {
			t.Errorf("classes %v, want %v", report.Route.Classes, classes)
		}
		if report := e.Report; report.OutWidth != 464 || report.OutHeight != 240 || report.Classes[2].Share != 0.5 {
			t.Errorf("report %+v", report)
		}
		wantMean(t, e.Exact, archive.Array("out_rgb").Data)
	}
}

func wantMean(t *testing.T, planes [][]float32, want []float32) {
	t.Helper()
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

func TestPaperModeNeedsASubImage(t *testing.T) {
	up := newUpscaler(t, branchtest.ClassSR(t, "fsrcnn", 2, 3), Options{Mode: ModePaper})
	_, _, err := up.Upscale(context.Background(), picture.New(31, 90, 3, false, 8))
	if err == nil || !strings.Contains(err.Error(), "needs pictures of at least 32x32 pixels, not 31x90") {
		t.Errorf("error %v", err)
	}
}

// Gray, alpha and 16 bits come out of paper mode too, and progress ends where the result does.
func TestPaperModeKeepsEveryKind(t *testing.T) {
	model := branchtest.ClassSR(t, "fsrcnn", 2, 3)
	for kind := range 8 {
		in := picture.New(70, 61, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
		done, total := 0, 0
		up := newUpscaler(t, model, Options{Mode: ModePaper, Progress: func(d, n int) { done, total = d, n }})
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
