package resample

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestBadSizesAreErrors(t *testing.T) {
	tests := []struct {
		name                   string
		srcW, srcH, dstW, dstH int
		v                      Variant
		want                   string
	}{
		{"no source", 0, 5, 5, 5, Published, "sides must be 1 to"},
		{"no result", 5, 5, 5, 0, Published, "sides must be 1 to"},
		{"negative", 5, -5, 5, 5, Published, "sides must be 1 to"},
		{"huge", 5, 5, MaxSide + 1, 5, Published, "sides must be 1 to"},
		{"variant", 5, 5, 5, 5, Variant(7), "unknown bicubic variant 7"},
	}
	for _, test := range tests {
		_, err := New(test.srcW, test.srcH, test.dstW, test.dstH, test.v)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", test.name, err, test.want)
		}
	}
	for _, scale := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e-300, 0.1, 1e9, math.MaxFloat64} {
		if _, err := NewScale(5, 5, scale, Published); err == nil {
			t.Errorf("scale %v: no error", scale)
		}
	}
}

func TestVariantsDifferAtTheEdgesAndInRounding(t *testing.T) {
	// With one bright sample the mirrored kernel sees it twice at distance 0 and 1, the repeated edge at every distance.
	src := []float32{1, 0, 0, 0, 0, 0, 0, 0}
	first := func(v Variant) float32 {
		dst := make([]float32, 4)
		mustNew(t, 8, 1, 4, 1, v).Floats(dst, src, 1)
		return dst[0]
	}
	// The weights of samples -3 to 4 for the first output of a halving are -3, -9, 29, 111, 111, 29, -9, -3 over 256.
	if got := first(Published); got != (-3.-9+29+111)/256 {
		t.Errorf("published: first sample is %v", got)
	}
	if got := first(Original); got != (29.+111)/256 {
		t.Errorf("original: first sample is %v", got)
	}

	// A step of one along the width between rows that alternate by one: rounding the columns first loses the step's half.
	column := []uint8{10, 11}
	both := func(v Variant) uint8 {
		dst := make([]uint8, 1)
		mustNew(t, 2, 2, 1, 1, v).Bytes(dst, []uint8{column[0], column[0], column[0], column[1]}, 1)
		return dst[0]
	}
	if got := both(Published); got != 11 {
		t.Errorf("published: mean of 10 10 10 11 is %d, want 11 by rounding 10.5 in each pass", got)
	}
	if got := both(Original); got != 10 {
		t.Errorf("original: mean of 10 10 10 11 is %d, want 10", got)
	}
}

func TestSameSizeIsACopy(t *testing.T) {
	for _, v := range []Variant{Published, Original} {
		src := noise(7 * 5 * 3)
		dst := make([]uint8, len(src))
		mustNew(t, 7, 5, 7, 5, v).Bytes(dst, src, 3)
		if !slices.Equal(dst, src) {
			t.Errorf("%v: picture changed", v)
		}
	}
}

func TestOneRowOfMemoryIsAllocated(t *testing.T) {
	plan := mustNew(t, 64, 48, 256, 192, Published)
	src, dst := noise(64*48*3), make([]uint8, 256*192*3)
	if n := testing.AllocsPerRun(5, func() { plan.Bytes(dst, src, 3) }); n > 1 {
		t.Errorf("%v allocations for a picture, want 1", n)
	}
}

func TestWrongShapesPanic(t *testing.T) {
	plan := mustNew(t, 8, 8, 4, 4, Published)
	r := image.Rect(0, 0, 4, 4)
	have := image.Rect(0, 0, 8, 8)
	tests := map[string]func(){
		"short source": func() { plan.Bytes(make([]uint8, 16), make([]uint8, 63), 1) },
		"long result":  func() { plan.Floats(make([]float32, 17), make([]float32, 64), 1) },
		"no channels":  func() { plan.Bytes(nil, nil, 0) },
		"empty window": func() { plan.Source(image.Rectangle{}) },
		"outside":      func() { plan.Source(image.Rect(0, 0, 5, 4)) },
		"too little":   func() { plan.BytesWindow(make([]uint8, 16), r, make([]uint8, 56), image.Rect(0, 0, 7, 8), 1) },
		"too much": func() {
			plan.BytesWindow(make([]uint8, 16), r, make([]uint8, 72), image.Rectangle{have.Min, image.Pt(9, 8)}, 1)
		},
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if message, ok := recover().(string); !ok || !strings.HasPrefix(message, "resample: ") {
					t.Errorf("recovered %v, want a message of this package", message)
				}
			}()
			call()
		})
	}
}
