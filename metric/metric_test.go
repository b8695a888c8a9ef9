package metric

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawPair draws two pictures of one size, kinds of samples mixed, and a border that leaves at least need pixels a side.
func drawPair(t *rapid.T, need int) (a, b Image, border int) {
	w, h := rapid.IntRange(need, need+9).Draw(t, "width"), rapid.IntRange(need, need+9).Draw(t, "height")
	border = rapid.IntRange(0, (min(w, h)-need)/2).Draw(t, "border")
	draw := func(name string) Image {
		channels := rapid.SampledFrom([]int{1, 3}).Draw(t, name+" channels")
		pix := rapid.SliceOfN(rapid.Byte(), w*h*channels, w*h*channels).Draw(t, name)
		m := Bytes(w, h, channels, pix)
		if rapid.Bool().Draw(t, name+" as planes") {
			m = Planes(w, h, planesOf(m)...)
		}
		if rapid.Bool().Draw(t, name+" as luma") {
			m = m.Luma()
		}
		return m
	}
	return draw("a"), draw("b"), border
}

// planesOf reads a picture sample by sample.
func planesOf(m Image) [][]float64 {
	var planes [][]float64
	for c := range m.measured() {
		var plane []float64
		for y := range m.height {
			for x := range m.width {
				one := []float64{0}
				m.row(one, c, y, x)
				plane = append(plane, one[0])
			}
		}
		planes = append(planes, plane)
	}
	return planes
}

// cut takes the border off and makes the number of channels equal.
func cut(m Image, border, channels int) [][][]float64 {
	planes := planesOf(m)
	out := make([][][]float64, channels)
	for c := range out {
		for y := border; y < m.height-border; y++ {
			row := planes[min(c, len(planes)-1)][y*m.width:][:m.width]
			out[c] = append(out[c], row[border:m.width-border])
		}
	}
	return out
}

func TestPSNRFollowsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, border := drawPair(t, 1)
		channels := max(a.measured(), b.measured())
		sum, n := 0.0, 0.0
		pa, pb := cut(a, border, channels), cut(b, border, channels)
		for c, plane := range pa {
			for y, row := range plane {
				for x, v := range row {
					d := v - pb[c][y][x]
					sum += d * d
					n++
				}
			}
		}
		want := 20*math.Log10(255) - 10*math.Log10(sum/n)
		got, err := PSNR(a, b, border)
		if err != nil || !(math.Abs(got-want) < 1e-9) && got != want {
			t.Fatalf("PSNR %v (error %v), want %v", got, err, want)
		}
		if back, _ := PSNR(b, a, border); back != got {
			t.Fatalf("PSNR of b and a is %v, of a and b %v", back, got)
		}
	})
}

func TestSSIMFollowsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, border := drawPair(t, 11)
		channels := max(a.measured(), b.measured())
		want := 0.0
		pa, pb := cut(a, border, channels), cut(b, border, channels)
		for c := range channels {
			want += directSSIM(pa[c], pb[c]) / float64(channels)
		}
		got, err := SSIM(a, b, border)
		if err != nil || !(math.Abs(got-want) < 1e-9) {
			t.Fatalf("SSIM %v (error %v), want %v", got, err, want)
		}
		if back, _ := SSIM(b, a, border); back != got {
			t.Fatalf("SSIM of b and a is %v, of a and b %v", back, got)
		}
		if same, err := SSIM(a, a, border); err != nil || same != 1 {
			t.Fatalf("SSIM of a picture with itself is %v (error %v)", same, err)
		}
	})
}

// directSSIM takes the weighted means, variances and covariance of every 11x11 window anew, from the deviations.
func directSSIM(a, b [][]float64) float64 {
	var weight [11][11]float64
	total := 0.0
	for i := range weight {
		for j := range weight[i] {
			weight[i][j] = math.Exp(-(math.Pow(float64(i)-5, 2) + math.Pow(float64(j)-5, 2)) / 4.5)
			total += weight[i][j]
		}
	}
	sum, places := 0.0, 0.0
	for y := range len(a) - 10 {
		for x := range len(a[0]) - 10 {
			mean := func(f func(va, vb float64) float64) (m float64) {
				for i := range 11 {
					for j := range 11 {
						m += weight[i][j] / total * f(a[y+i][x+j], b[y+i][x+j])
					}
				}
				return m
			}
			ma, mb := mean(func(va, _ float64) float64 { return va }), mean(func(_, vb float64) float64 { return vb })
			variances := mean(func(va, vb float64) float64 { return (va-ma)*(va-ma) + (vb-mb)*(vb-mb) })
			covariance := mean(func(va, vb float64) float64 { return (va - ma) * (vb - mb) })
			sum += (2*ma*mb + 6.5025) * (2*covariance + 58.5225) / ((ma*ma + mb*mb + 6.5025) * (variances + 58.5225))
			places++
		}
	}
	return sum / places
}

func TestKnownErrorGivesKnownPSNR(t *testing.T) {
	a, b := make([]uint8, 20*10*3), make([]uint8, 20*10*3)
	for i := range a {
		a[i], b[i] = 100, 105
	}
	got, err := PSNR(Bytes(20, 10, 3, a), Bytes(20, 10, 3, b), 2)
	if want := 20 * math.Log10(255./5); err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("PSNR at an error of 5 is %v (error %v), want %v", got, err, want)
	}
	// Unrounded values are measured as they are.
	got, err = PSNR(Planes(1, 1, []float32{0.25}), Planes(1, 1, []float32{0.5}), 0)
	if want := 20 * math.Log10(255*4.); err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("PSNR at an error of 1/4 is %v (error %v), want %v", got, err, want)
	}
	if got, err := PSNR(Bytes(20, 10, 3, a), Bytes(20, 10, 3, a), 2); err != nil || !math.IsInf(got, 1) {
		t.Errorf("PSNR of equal pictures is %v (error %v), want +Inf", got, err)
	}
}

func TestErrorsInTheBorderDoNotCount(t *testing.T) {
	const side, border = 20, 4
	a := make([]uint8, side*side)
	for at := range a {
		b := slices.Clone(a)
		b[at] = 255
		psnr, err := PSNR(Bytes(side, side, 1, a), Bytes(side, side, 1, b), border)
		if err != nil {
			t.Fatal(err)
		}
		ssim, err := SSIM(Bytes(side, side, 1, a), Bytes(side, side, 1, b), border)
		if err != nil {
			t.Fatal(err)
		}
		x, y := at%side, at/side
		inside := min(x, y) >= border && max(x, y) < side-border
		if math.IsInf(psnr, 1) == inside || (ssim == 1) == inside {
			t.Errorf("error at %d,%d: PSNR %v, SSIM %v", x, y, psnr, ssim)
		}
	}
}

func TestLuma(t *testing.T) {
	tests := []struct {
		pix  []uint8
		want float64
	}{
		{[]uint8{0, 0, 0}, 16},
		{[]uint8{255, 255, 255}, 235},
		{[]uint8{255, 0, 0}, 16 + 65.481},
		{[]uint8{0, 255, 0}, 16 + 128.553},
		{[]uint8{0, 0, 255}, 16 + 24.966},
		{[]uint8{100}, 16 + 219*100/255.},
	}
	for _, test := range tests {
		y := Bytes(1, 1, len(test.pix), test.pix).Luma()
		if got := planesOf(y); len(got) != 1 || math.Abs(got[0][0]-test.want) > 1e-12 {
			t.Errorf("luma of %v is %v, want %v", test.pix, got, test.want)
		}
		if again := planesOf(y.Luma()); again[0][0] != planesOf(y)[0][0] {
			t.Errorf("luma of the luma of %v is %v", test.pix, again)
		}
	}
}

func TestGrayIsRGBOfEqualChannels(t *testing.T) {
	gray, rgb, other := []uint8{}, []uint8{}, []uint8{}
	for i := range 16 * 16 {
		v := uint8(i * 7)
		gray, rgb, other = append(gray, v), append(rgb, v, v, v), append(other, v, v+1, v/2)
	}
	asGray, asRGB, reference := Bytes(16, 16, 1, gray), Bytes(16, 16, 3, rgb), Bytes(16, 16, 3, other)
	if a, b := figures(t, asGray, reference, 1), figures(t, asRGB, reference, 1); a["psnr_rgb"] != b["psnr_rgb"] ||
		a["psnr_y"] != b["psnr_y"] || a["ssim_rgb"] != b["ssim_rgb"] || a["ssim_y"] != b["ssim_y"] {
		t.Errorf("figures as gray %v, as RGB %v", a, b)
	}
}

func TestErrors(t *testing.T) {
	image := func(w, h int) Image { return Bytes(w, h, 1, make([]uint8, w*h)) }
	tests := []struct {
		name    string
		measure func(a, b Image, border int) (float64, error)
		a, b    Image
		border  int
		want    string // "" for no error
	}{
		{"one pixel", PSNR, image(9, 9), image(9, 9), 4, ""},
		{"one window", SSIM, image(19, 19), image(19, 19), 4, ""},
		{"no pixel", PSNR, image(8, 9), image(8, 9), 4, ErrTooSmall.Error()},
		{"empty", PSNR, image(0, 0), image(0, 0), 0, ErrTooSmall.Error()},
		{"none at all", PSNR, Image{}, Image{}, 0, ErrTooSmall.Error()},
		{"huge border", PSNR, image(9, 9), image(9, 9), math.MaxInt, ErrTooSmall.Error()},
		{"less than a window", SSIM, image(18, 30), image(18, 30), 4, ErrTooSmall.Error()},
		{"width", PSNR, image(9, 8), image(8, 8), 0, "picture of 9x8 with one of 8x8"},
		{"height", SSIM, image(20, 20), image(20, 21), 0, "picture of 20x20 with one of 20x21"},
		{"border", SSIM, image(20, 20), image(20, 20), -1, "border of -1"},
	}
	for _, test := range tests {
		_, err := test.measure(test.a, test.b, test.border)
		switch {
		case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got error %v, want %q", test.name, err, test.want)
		case test.want == ErrTooSmall.Error() && !errors.Is(err, ErrTooSmall):
			t.Errorf("%s: error %v is not ErrTooSmall", test.name, err)
		}
	}
}

func TestWrongShapesPanic(t *testing.T) {
	for name, call := range map[string]func(){
		"length":       func() { Bytes(3, 3, 3, make([]uint8, 26)) },
		"channels":     func() { Bytes(3, 3, 4, make([]uint8, 36)) },
		"plane length": func() { Planes(3, 3, make([]float32, 8)) },
		"no plane":     func() { Planes[float32](3, 3) },
		"negative":     func() { Bytes(-3, -3, 1, make([]uint8, 9)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if message, ok := recover().(string); !ok || !strings.HasPrefix(message, "metric: ") {
					t.Errorf("recovered %v, want a message of this package", message)
				}
			}()
			call()
		})
	}
}

func TestNaNIsNotHidden(t *testing.T) {
	plane := make([]float32, 12*12)
	plane[70] = float32(math.NaN())
	a, b := Planes(12, 12, plane), Planes(12, 12, make([]float32, 12*12))
	if got, err := PSNR(a, b, 0); err != nil || !math.IsNaN(got) {
		t.Errorf("PSNR is %v (error %v), want NaN", got, err)
	}
	if got, err := SSIM(a, b, 0); err != nil || !math.IsNaN(got) {
		t.Errorf("SSIM is %v (error %v), want NaN", got, err)
	}
}
