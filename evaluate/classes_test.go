package evaluate

import (
	"image"
	"math"
	"testing"

	"classsr"
	"classsr/infer"
	"classsr/picture"
	"classsr/route"
)

// A picture of two cores, of which the second went to the hard class: the mode is 2 and 8 levels beside the original, the full network 1.
func TestClassesAreMeasuredApart(t *testing.T) {
	const w, h, scale = 40, 20, 2
	level := func(of func(x int) uint8) *picture.Picture {
		p := picture.New(w, h, 3, false, 8)
		for i := range p.Pix8 {
			p.Pix8[i] = of(i / 3 % w)
		}
		return p
	}
	hr, full := level(func(int) uint8 { return 100 }), level(func(int) uint8 { return 101 })
	out := level(func(x int) uint8 {
		if x < scale || x >= w-scale {
			return 0 // in the border, which does not count
		}
		if x < w/2 {
			return 102
		}
		return 92
	})
	m := route.NewMap(image.Pt(w/scale, h/scale), []image.Rectangle{image.Rect(0, 0, 10, 10), image.Rect(10, 0, 20, 10)}, []string{"simple", "medium", "hard"})
	m.Classes[1] = 2
	report := classsr.Report{
		Width: w / scale, Height: h / scale, OutWidth: w, OutHeight: h, Scale: scale, Route: m, MACs: 400,
		Classes: []infer.ClassShare{{Name: "simple", Share: 0.5}, {Name: "medium"}, {Name: "hard", Share: 0.5}},
	}
	r := Result{SecondsFull: 1}
	for range 2 {
		r.add("", Scores{}, report)
		r.addClasses(hr, out, full, report)
		r.addDifference(out, full)
	}
	r.means()
	if len(r.PerClass) != 2 || r.PerClass[0].Name != "simple" || r.PerClass[1].Name != "hard" || r.PerClass[1].Share != 0.5 {
		t.Fatalf("classes %+v", r.PerClass)
	}
	psnr := func(levels float64) float64 { return 20 * math.Log10(255/levels) }
	for i, want := range []float64{psnr(2), psnr(8)} {
		if got := r.PerClass[i]; math.Abs(float64(got.PSNRRGB)-want) > 1e-5 || math.Abs(float64(got.PSNRFull)-psnr(1)) > 1e-5 {
			t.Errorf("%s: %.4f dB, full %.4f, want %.4f and %.4f", got.Name, got.PSNRRGB, got.PSNRFull, want, psnr(1))
		}
	}
	if math.Abs(r.LevelsFull-101) > 1e-4 {
		t.Errorf("%.4f levels from the full network, want 101, in the border", r.LevelsFull)
	}
	if r.MACsPixel != 2 {
		t.Errorf("%v MACs a pixel, want 2", r.MACsPixel)
	}
}
