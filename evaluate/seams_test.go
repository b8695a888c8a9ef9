package evaluate

import (
	"context"
	"image"
	"math"
	"slices"
	"testing"

	"classsr"

	"classsr/branch/branchtest"
	"classsr/metric"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

func TestBordersLieBetweenCores(t *testing.T) {
	cores := []image.Rectangle{
		image.Rect(0, 0, 30, 10), image.Rect(30, 0, 50, 10), image.Rect(0, 10, 30, 18), image.Rect(30, 10, 50, 18),
	}
	m := route.NewMap(image.Pt(50, 18), cores, []string{"simple", "medium", "hard"})
	copy(m.Classes, []int{0, 2, 2, 2})
	all, differing := borders(m, 2)
	top, bottom := line(60, 0, 60, 20), line(60, 20, 60, 36)
	left, right := line(0, 20, 60, 20), line(60, 20, 100, 20)
	wantLines(t, "all", all, top, bottom, left, right)
	wantLines(t, "differing", differing, top, left)
}

func TestBordersOfSubImagesThatOverlap(t *testing.T) {
	m := route.NewMap(image.Pt(60, 32), tile.SubImages(image.Pt(60, 32), 32, 28), []string{"simple", "hard"})
	all, differing := borders(m, 4)
	wantLines(t, "all", all, line(112, 0, 112, 128), line(128, 0, 128, 128))
	wantLines(t, "differing", differing)
}

func line(x0, y0, x1, y1 int) metric.Line {
	return metric.Line{From: image.Pt(x0, y0), To: image.Pt(x1, y1)}
}

// wantLines compares lines, whatever their order and how often they are there.
func wantLines(t *testing.T, what string, got []metric.Line, want ...metric.Line) {
	t.Helper()
	for _, l := range slices.Concat(got, want) {
		if !slices.Contains(got, l) || !slices.Contains(want, l) {
			t.Errorf("%s: lines %v, want %v", what, got, want)
			return
		}
	}
}

func TestSeamsOfAStepBetweenClasses(t *testing.T) {
	var cores []image.Rectangle
	for _, p := range tile.Cover(image.Pt(60, 20), image.Pt(20, 20), 0) {
		cores = append(cores, p.Core)
	}
	m := route.NewMap(image.Pt(60, 20), cores, []string{"simple", "hard"})
	m.Classes[2] = 1
	p := picture.New(120, 40, 1, false, 8)
	for i := range p.Pix8 {
		p.Pix8[i] = 50
		if i%p.Width >= 30 { // in the first core
			p.Pix8[i] = 60
		}
		if i%p.Width >= 80 { // the border of the second and third core
			p.Pix8[i] = 70
		}
	}
	// A row jumps by 10 at each step, and by 5 on both sides, at odd columns, which do not count; columns jump nowhere. Of 59 places
	// in each of 40 rows and 19 in each of 120 columns, the borders have two and the classes' border one of each row.
	const rows, places = 40., 40*59 + 120*19
	got := MeasureSeams(p, m, 2)
	if want := 10. / 2 / (10 * rows / (places - 2*rows)); math.Abs(got.Cores.Seam()-want) > 1e-9 {
		t.Errorf("seam of cores %v, want %v", got.Cores.Seam(), want)
	}
	if want := 10. / (10 * rows / (places - rows)); math.Abs(got.Classes.Seam()-want) > 1e-9 {
		t.Errorf("seam of classes %v, want %v", got.Classes.Seam(), want)
	}
	// What lies beyond the cores does not count.
	larger := picture.New(133, 47, 1, false, 8)
	for y := range p.Height {
		copy(larger.Pix8[y*larger.Width:], p.Pix8[y*p.Width:][:p.Width])
	}
	if cropped := MeasureSeams(larger, m, 2); cropped != got {
		t.Errorf("seams of the larger picture %+v, want %+v", cropped, got)
	}
	twice := got
	if twice.Add(got); twice.Cores.Count != 2*got.Cores.Count || twice.Classes.Sum != 2*got.Classes.Sum {
		t.Errorf("seams %+v added to themselves are %+v", got, twice)
	}
	if none := MeasureSeams(p, route.NewMap(image.Pt(60, 20), nil, nil), 2); !math.IsNaN(none.Cores.Seam()) {
		t.Errorf("seams without cores %+v", none)
	}
}

// Where all cores go to one class there is nothing to see: the routed picture is the whole one.
func TestOneClassHasTheSeamsOfTheWholePicture(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 2, 2)
	m.Routing = ""
	bias := m.ClassModule.Params["lastOut.bias"].Data
	bias[0], bias[1] = 0, 1e6
	in := branchtest.Patchwork(100, 70, 3, false, 8)
	routed, report := enlargeBy(t, m, classsr.Options{Mode: classsr.ModeRouted}, in)
	full, _ := enlargeBy(t, m, classsr.Options{Mode: classsr.ModeFull}, in)
	got, want := MeasureSeams(routed, report.Route, 2), MeasureSeams(full, report.Route, 2)
	if got.Cores != want.Cores || got.Cores.Count == 0 || got.Classes.Count != 0 {
		t.Errorf("seams %+v, of the full network %+v", got, want)
	}
}

func enlargeBy(t *testing.T, m *weights.Model, o classsr.Options, in *picture.Picture) (*picture.Picture, classsr.Report) {
	t.Helper()
	up, err := classsr.ModelOf(m).Upscaler(o)
	if err != nil {
		t.Fatal(err)
	}
	out, report, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out, report
}
