package scaling

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"classsr/fault"
)

func TestSizes(t *testing.T) {
	tests := []struct {
		target        Target
		width, height int
		wantW, wantH  int
	}{
		{Target{Scale: 4}, 3, 5, 12, 20},
		{Target{Scale: 2.5}, 3, 5, 8, 13},
		{Target{Scale: 1.5}, 1, 1, 2, 2},
		{Target{Scale: 0.1}, 3, 1000, 1, 100},
		{Target{Width: 3840}, 960, 540, 3840, 2160},
		{Target{Width: 100}, 10000, 10, 100, 1},
		{Target{Height: 1080}, 4000, 3000, 1440, 1080},
		{Target{Height: 600}, 10000, 10, 600000, 600},
		{Target{Fit: [2]int{3840, 2160}}, 1000, 1000, 2160, 2160},
		{Target{Fit: [2]int{3840, 2160}}, 1000, 100, 3840, 384},
		{Target{Fit: [2]int{3840, 2160}}, 7680, 4320, 3840, 2160},
		{Target{Fit: [2]int{3840, 2160}}, 10000, 10, 3840, 4},
		{Target{Fit: [2]int{10, 10}}, 10000, 10, 10, 1},
		{Target{Megapixels: 50}, 4000, 3000, 8164, 6123},
		{Target{Megapixels: 0.01}, 10000, 10, 3162, 3},
		{Target{Megapixels: 0.000001}, 10000, 10, 31, 1},
		{Target{}, 7, 9, 7, 9},
	}
	for _, test := range tests {
		w, h, err := test.target.Size(test.width, test.height)
		if err != nil || w != test.wantW || h != test.wantH {
			t.Errorf("%+v of %dx%d: %dx%d, %v; want %dx%d", test.target, test.width, test.height, w, h, err, test.wantW, test.wantH)
		}
	}
}

// Sizes are at least one pixel, keep within the frame, and touch it.
func TestFitFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 5000)
		width, height, frame := side.Draw(t, "width"), side.Draw(t, "height"), [2]int{side.Draw(t, "to width"), side.Draw(t, "to height")}
		w, h, err := Target{Fit: frame}.Size(width, height)
		if err != nil {
			if max(frame[0]/width, frame[1]/height) < MaxTimes {
				t.Fatal(err)
			}
			return
		}
		if w < 1 || h < 1 || w > frame[0] || h > frame[1] || w != frame[0] && h != frame[1] {
			t.Fatalf("%dx%d in a frame of %v: %dx%d", width, height, frame, w, h)
		}
	})
}

func TestSizesThatAreTooLarge(t *testing.T) {
	for _, test := range []struct {
		target        Target
		width, height int
		want          string
	}{
		{Target{Width: 100000}, 10, 10, "at most 64 times"},
		{Target{Height: 10000}, 10000, 10, "at most 64 times"},
		{Target{Scale: 64}, 1 << 20, 10, "at most 16777216 pixels a side"},
	} {
		_, _, err := test.target.Size(test.width, test.height)
		if err == nil || !strings.Contains(err.Error(), test.want) || fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", test.target, err)
		}
	}
}

func TestChoose(t *testing.T) {
	all, four := []int{4, 2, 3}, []int{4}
	tests := []struct {
		scales     []int
		have, want image.Point
		passes     []int
	}{
		{all, image.Pt(100, 100), image.Pt(400, 400), []int{4}},
		{all, image.Pt(100, 100), image.Pt(200, 200), []int{2}},
		{all, image.Pt(100, 100), image.Pt(150, 150), []int{2}},
		{all, image.Pt(100, 100), image.Pt(201, 200), []int{3}},
		{all, image.Pt(100, 100), image.Pt(100, 101), []int{2}},
		{all, image.Pt(100, 100), image.Pt(100, 100), nil},
		{all, image.Pt(100, 100), image.Pt(10, 100), nil},
		{four, image.Pt(100, 100), image.Pt(200, 200), []int{4}},
		{all, image.Pt(100, 100), image.Pt(401, 401), []int{4}},
		{all, image.Pt(100, 100), image.Pt(800, 800), []int{2, 4}},
		{all, image.Pt(100, 100), image.Pt(700, 801), []int{3, 3}},
		{all, image.Pt(100, 100), image.Pt(1600, 1600), []int{4, 4}},
		{all, image.Pt(100, 100), image.Pt(3000, 3000), []int{4, 4}},
		{four, image.Pt(100, 100), image.Pt(800, 800), []int{4, 4}},
		{[]int{2}, image.Pt(100, 100), image.Pt(400, 400), []int{2, 2}},
		{[]int{1}, image.Pt(100, 100), image.Pt(800, 800), []int{1, 1}},
		{nil, image.Pt(100, 100), image.Pt(800, 800), nil},
	}
	for _, test := range tests {
		if got := Choose(test.scales, test.scales, test.have, test.want); !slices.Equal(got, test.passes) {
			t.Errorf("%v to %v with %v: %v, want %v", test.have, test.want, test.scales, got, test.passes)
		}
	}
	for want, passes := range map[int][]int{400: {4}, 800: {4, 2}, 900: {4, 3}, 1600: {4, 4}, 150: {4}} { // others for a second pass
		if got := Choose(four, all, image.Pt(100, 100), image.Pt(want, want)); !slices.Equal(got, passes) {
			t.Errorf("100 to %d, from x4 on: %v, want %v", want, got, passes)
		}
	}
	if got := Choose(four, nil, image.Pt(100, 100), image.Pt(800, 800)); !slices.Equal(got, four) {
		t.Errorf("without a second pass: %v", got)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]float64{"4": 4, "2x": 2, "X3": 3, "2.5": 2.5, "2.5x": 2.5, ".5": 0.5, "64": 64} {
		if got, err := ParseScale(text); err != nil || got != want {
			t.Errorf("scale %q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"2,5": "written with a point: 2.5", "2,5x": "written with a point: 2.5", "": "such as 4, 2.5 or 2x", "x": "such as", "-2": "more than 0",
		"0": "more than 0", "1e3": "such as", "0x10": "such as", "inf": "such as", "NaN": "such as", "250%": "not a percentage", "65": "at most 64",
		"99999999999999999999999": "at most 64", "2,500,000": "such as", "zwei": "such as",
	} {
		if got, err := ParseScale(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("scale %q: %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"3840x2160", "3840X2160", "3840×2160", "3840 x 2160"} {
		if got, err := ParseFit(text); err != nil || got != [2]int{3840, 2160} {
			t.Errorf("fit %q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"4K", "3840", "3840x", "x2160", "0x10", "-1x5", "3840x2160x2", "1.5x2", "99999999x1", ""} {
		if got, err := ParseFit(text); err == nil || !strings.Contains(err.Error(), "such as 3840x2160") {
			t.Errorf("fit %q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]int{"1920": 1920, "1920px": 1920, "1": 1} {
		if got, err := ParseSide(text); err != nil || got != want {
			t.Errorf("side %q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-3", "1.5", "wide", "", "99999999", "99999999999999999999999"} {
		if got, err := ParseSide(text); err == nil || !strings.Contains(err.Error(), "pixels") {
			t.Errorf("side %q: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]float64{"50": 50, "12.5": 12.5, "50MP": 50} {
		if got, err := ParseMegapixels(text); err != nil || got != want {
			t.Errorf("megapixels %q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-3", "12,5", "many", "", "1e9", "99999999", "0.0000001"} {
		if got, err := ParseMegapixels(text); err == nil {
			t.Errorf("megapixels %q: %v", text, got)
		}
	}
}

func TestNames(t *testing.T) {
	for want, target := range map[string]Target{
		"x4": {Scale: 4}, "x2.5": {Scale: 2.5}, "w1920": {Width: 1920}, "h1080": {Height: 1080}, "3840x2160": {Fit: [2]int{3840, 2160}},
		"50mp": {Megapixels: 50}, "12.5mp": {Megapixels: 12.5}, "": {},
	} {
		if got := target.String(); got != want || target.Given() != (want != "") {
			t.Errorf("%+v is called %q, want %q", target, got, want)
		}
	}
	for scale, want := range map[float64]int{4: 4, 2.5: 0, 1: 1, 0.5: 0, 0: 0, math.MaxFloat64: 0} {
		if got := (Target{Scale: scale}).Whole(); got != want {
			t.Errorf("scale %v is the whole number %d", scale, got)
		}
	}
}
