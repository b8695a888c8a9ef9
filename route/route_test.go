package route

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"
)

func TestSoftmax(t *testing.T) {
	got := Softmax([]float32{1, 2, 1000, 999})
	e := math.Exp(-1)
	for i, want := range []float64{0, 0, 1 / (1 + e), e / (1 + e)} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("probability %d is %g, want %g", i, got[i], want)
		}
	}
}

func TestArgmax(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		values []float64
		want   int
	}{
		{[]float64{3}, 0}, {[]float64{1, 2, 2}, 1}, {[]float64{5, 5, 1}, 0}, {[]float64{-3, -2, -1}, 2},
		{[]float64{nan, 1, 0}, 1}, {[]float64{0, nan, nan}, 0}, {[]float64{nan, nan, nan}, 2}, {[]float64{1, 0, nan}, 0},
	} {
		if got := Argmax(c.values); got != c.want {
			t.Errorf("largest of %v is number %d, want %d", c.values, got, c.want)
		}
	}
}

func TestCountsAndShares(t *testing.T) {
	cores := []image.Rectangle{image.Rect(0, 0, 30, 10), image.Rect(30, 0, 50, 10), image.Rect(0, 10, 50, 20)}
	m := NewMap(image.Pt(50, 20), cores, []string{"simple", "medium", "hard"})
	copy(m.Classes, []int{0, 2, 2})
	if counts := m.Counts(); !slices.Equal(counts, []int{1, 0, 2}) {
		t.Errorf("counts %v", counts)
	}
	if shares := m.Shares(); !slices.Equal(shares, []float64{0.3, 0, 0.7}) || m.Pixels() != 1000 {
		t.Errorf("shares %v of %d pixels", shares, m.Pixels())
	}
	if shares := NewMap(image.Point{}, nil, []string{"full"}).Shares(); !slices.Equal(shares, []float64{0}) {
		t.Errorf("shares of nothing are %v", shares)
	}
}

func TestColors(t *testing.T) {
	green, yellow, red := color.RGBA{0, 255, 0, 255}, color.RGBA{255, 255, 0, 255}, color.RGBA{255, 0, 0, 255}
	if Color(0, 3) != green || Color(1, 3) != yellow || Color(2, 3) != red || Color(0, 1) != green {
		t.Errorf("three classes are %v %v %v", Color(0, 3), Color(1, 3), Color(2, 3))
	}
	for classes := 2; classes <= 16; classes++ {
		seen := map[color.RGBA]bool{}
		for class := range classes {
			seen[Color(class, classes)] = true
		}
		if len(seen) != classes || Color(0, classes) != green || Color(classes-1, classes) != red {
			t.Errorf("%d classes have %d colours from %v to %v", classes, len(seen), Color(0, classes), Color(classes-1, classes))
		}
	}
}

func TestPaint(t *testing.T) {
	cores := []image.Rectangle{image.Rect(0, 0, 20, 10), image.Rect(16, 0, 36, 10)}
	m := NewMap(image.Pt(40, 10), cores, []string{"simple", "hard"})
	m.Classes[1] = 1
	under := image.NewUniform(color.Gray{100})
	got := m.Paint(cropped{under, image.Rect(0, 0, 40, 10)})
	for _, c := range []struct {
		x    int
		want color.RGBA
	}{
		{5, color.RGBA{50, 177, 50, 255}}, {30, color.RGBA{177, 50, 50, 255}}, {17, color.RGBA{113, 113, 50, 255}},
		{38, color.RGBA{100, 100, 100, 255}}, // outside all cores
	} {
		if at := got.RGBAAt(c.x, 4); at != c.want {
			t.Errorf("pixel %d is %v, want %v", c.x, at, c.want)
		}
	}
	if got.Rect.Dx() <= 40 || got.Rect.Dy() <= 10 {
		t.Errorf("the picture with its legend has %v pixels", got.Rect.Size())
	}
	white, green := 0, 0
	for y := 10; y < got.Rect.Dy(); y++ {
		for x := range got.Rect.Dx() {
			switch got.RGBAAt(x, y) {
			case color.RGBA{255, 255, 255, 255}:
				white++
			case Color(0, 2):
				green++
			}
		}
	}
	if white < 100 || green != 100 {
		t.Errorf("the legend has %d pixels of text and %d green ones", white, green)
	}
}

// cropped is a picture that ends.
type cropped struct {
	image.Image
	bounds image.Rectangle
}

func (c cropped) Bounds() image.Rectangle { return c.bounds }
