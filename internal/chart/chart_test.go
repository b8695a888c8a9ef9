package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// examples are figures of every kind, with what goes wrong in real logs: gaps, outliers, hostile and long names.
func examples() map[string]*Figure {
	var loss, rate Line
	loss.Name, rate.Name, rate.Dashed = "pixel <b>&", "teacher", true
	for i := range 6000 {
		x := float64(i * 100)
		y := 0.02 + 0.5*math.Exp(-float64(i%3000)/300) + 0.003*math.Sin(float64(i))
		if i == 3000 {
			y = math.NaN()
		}
		loss.X, loss.Y = append(loss.X, x), append(loss.Y, y)
		rate.X, rate.Y = append(rate.X, x), append(rate.Y, y/2)
	}
	var values []float64
	for i := range 3000 {
		u := (float64(i) + 0.5) / 3000
		values = append(values, 31+6*math.Log(u/(1-u))/1.7)
	}
	values = append(values, math.Inf(1), math.Inf(1), math.NaN())
	marks := []Mark{{0, "branch simple"}, {150000, "branch medium"}, {160000, "branch hard"}, {300000, "joint\x00\n"}}
	return map[string]*Figure{
		"log":  Lines(Axes{Title: "Pixel loss", X: "step", Y: "loss", Log: true}, marks, loss, rate),
		"line": Lines(Axes{X: "step", Y: "share, %", YMax: 100}, marks, Line{X: []float64{0, 5e5}, Y: []float64{20, 30}}),
		"bars": Bars(Axes{X: "P", Y: "patches"}, []string{"0.05", "0.15", "0.25"}, Series{"simple", []float64{1, 2, 3}},
			Series{"hard", []float64{1000, math.Inf(1)}}),
		"histogram": Histogram(Axes{Title: "Difficulty", X: "PSNR, dB", Y: "patches"}, values, []float64{27.17, 35.15},
			[]string{"hard", "medium", "simple"}),
		"scatter": Scatter(Axes{X: "thousand MACs a pixel", Y: "PSNR, dB", LogX: true},
			Points{Name: "narrow <b>", Points: []Point{{10, 30, "narrow 1"}, {20, 30.5, "narrow 2"}, {0, 30, "none"}, {24, 30.55, "narrow 3"}}},
			Points{Name: "the same, routed", Like: 1, Joined: true, Points: []Point{{12, 30.2, ""}, {15, 30.3, ""}, {23, 30.5, ""}}},
			Points{Like: 1, Hollow: true, Points: []Point{{18, 30.45, ""}}},
			Points{Name: "published", Plain: true, Points: []Point{{24, 30.5, "one"}, {24.3, 30.52, "another"}, {24.4, 30.54, "the third"}, {600, math.NaN(), "x"}}}),
	}
}

func TestFiguresAreWholeSVGAndPNG(t *testing.T) {
	again := examples()
	for name, figure := range examples() {
		svg := figure.SVG()
		if !strings.HasPrefix(svg, "<svg") || strings.Contains(svg, "xlink") || strings.Contains(svg, ":#0") {
			t.Errorf("%s: not an element to put into a page: %.200s", name, svg)
		}
		wellFormed(t, name, svg)
		if svg != figure.SVG() || svg != again[name].SVG() {
			t.Errorf("%s: the same input gives other SVG", name)
		}
		if len(svg) > 150<<10 {
			t.Errorf("%s: %d bytes of SVG", name, len(svg))
		}
		var out, other bytes.Buffer
		if err := figure.WritePNG(&out); err != nil {
			t.Fatal(err)
		}
		if err := again[name].WritePNG(&other); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), other.Bytes()) {
			t.Errorf("%s: the same input gives another PNG", name)
		}
		picture, err := png.Decode(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		want := image.Pt(960, 500)
		if name == "scatter" {
			want = image.Pt(1280, 840)
		}
		if size := picture.Bounds().Size(); size != want {
			t.Errorf("%s: PNG of %v", name, size)
		}
		if folder := os.Getenv("CHART_EXAMPLES"); folder != "" { // to look at them
			_ = os.WriteFile(filepath.Join(folder, name+".png"), out.Bytes(), 0o644)
			_ = os.WriteFile(filepath.Join(folder, name+".svg"), []byte(svg), 0o644)
		}
	}
}

func TestNamesAreEscapedAndPlaced(t *testing.T) {
	svg := examples()["log"].SVG()
	for _, want := range []string{"pixel &lt;b&gt;&amp;", "branch medium", "branch hard", ">joint  <", "Pixel loss", "300k"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the figure", want)
		}
	}
	svg = examples()["histogram"].SVG()
	for _, want := range []string{">hard 2", ">medium 5", ">simple 2", "PSNR, dB"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the histogram", want)
		}
	}
}

func TestUnusableNumbersDoNoHarm(t *testing.T) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324, 0, -1, 1e29, 1}
	index := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, log := range []bool{false, true} {
		for n := range len(odd) + 1 {
			axes := Axes{Log: log}
			figures := []*Figure{
				Lines(axes, []Mark{{math.Inf(1), "x"}}, Line{X: index[:n], Y: odd[:n]}, Line{X: odd[n:], Y: index[n:]}),
				Lines(axes, nil),
				Bars(axes, nil, Series{Values: odd[:n]}),
				Bars(axes, make([]string, n), Series{Values: odd}),
				Scatter(Axes{Log: log, LogX: log}, Points{Points: oddPoints(odd[:n])}, Points{Points: oddPoints(odd[n:]), Joined: true, Like: 3}),
				Histogram(axes, odd[:n], nil, []string{""}),
				Histogram(axes, odd[n:], []float64{30, math.Inf(1)}, []string{"a", "b", "c"}),
			}
			for i, figure := range figures {
				svg := figure.SVG()
				wellFormed(t, "odd numbers", svg)
				if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
					t.Errorf("figure %d of %d numbers: NaN or Inf in the SVG", i, n)
				}
			}
		}
	}
}

func oddPoints(odd []float64) (points []Point) {
	for i, v := range odd {
		points = append(points, Point{v, odd[len(odd)-1-i], "odd"})
	}
	return points
}

// Labels keep off points, lines and each other, and within the figure, as long as there is room.
func TestLabelsKeepApart(t *testing.T) {
	room := labelRoom{inside: vg.Rectangle{Max: vg.Point{X: 200, Y: 100}}}
	canvas := draw.New(vgimg.New(200, 100))
	room.takeLine([]vg.Point{{X: 20, Y: 10}, {X: 180, Y: 10}})
	line := len(room.taken)
	for _, at := range []vg.Point{{X: 100, Y: 50}, {X: 104, Y: 50}, {X: 100, Y: 54}, {X: 198, Y: 98}, {X: 100, Y: 12}} {
		room.write(canvas, textStyle(8), at, "label")
	}
	for i, a := range room.taken[line:] {
		rest := labelRoom{inside: room.inside, taken: slices.Concat(room.taken[:line+i], room.taken[line+i+1:])}
		if covered := rest.covered(a); covered > 1e-6 {
			t.Errorf("label %d covers %.1f square points of others or of the outside", i, covered)
		}
	}
}

func TestThinKeepsOutliersAndGaps(t *testing.T) {
	line := Line{X: make([]float64, 10000), Y: make([]float64, 10000)}
	for i := range line.X {
		line.X[i] = float64(i)
	}
	line.Y[5003], line.Y[7001], line.Y[2000] = 9, -9, math.NaN()
	got := thin(line, 0, 9999)
	if len(got.X) > 1500 || !slices.IsSorted(got.X) {
		t.Errorf("%d points left, rising %v", len(got.X), slices.IsSorted(got.X))
	}
	if !slices.Contains(got.Y, 9) || !slices.Contains(got.Y, -9) || !slices.ContainsFunc(got.Y, math.IsNaN) {
		t.Error("an outlier or the gap is lost")
	}
}

func TestTickLabels(t *testing.T) {
	for _, c := range []struct {
		v, step float64
		want    string
	}{
		{0, 0.1, "0"}, {0.30000000000000004, 0.1, "0.3"}, {25000, 5000, "25k"}, {2500000, 500000, "2.5M"}, {28.5, 0.5, "28.5"},
		{2e-4, 5e-5, "0.0002"}, {100, 20, "100"}, {-3, 1, "-3"}, {0.02, 0.02, "0.02"}, {1000, 500, "1000"},
	} {
		if got := number(c.v, c.step); got != c.want {
			t.Errorf("number(%v, %v) is %q, want %q", c.v, c.step, got, c.want)
		}
	}
}

func wellFormed(t *testing.T, name, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}
