package picture

import (
	"image"
	"math"
	"slices"
	"testing"
)

func TestWritePlaneRounding(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		depth int
		in    float32
		want  int
	}{
		{8, 0, 0}, {8, 1, 255}, {8, -0.1, 0}, {8, 1.5, 255}, {8, nan, 0}, {8, inf, 255}, {8, -inf, 0},
		{8, 0.5, 128}, // 127.5 is rounded up
		{8, math.Nextafter32(0.5, 0), 127},
		{8, math.SmallestNonzeroFloat32, 0},
		{16, 0.5, 32768}, {16, math.Nextafter32(0.5, 0), 32767}, {16, 1, 65535}, {16, nan, 0}, {16, -3, 0},
	} {
		p := New(1, 1, 1, false, test.depth)
		p.WritePlane([]float32{test.in}, 0, p.Bounds())
		var got int
		if test.depth == 8 {
			got = int(p.Pix8[0])
		} else {
			got = int(p.Pix16[0])
		}
		if got != test.want {
			t.Errorf("depth %d: %v is written as %d, want %d", test.depth, test.in, got, test.want)
		}
	}
}

func TestPlanesKeepEverySample(t *testing.T) {
	for _, depth := range []int{8, 16} {
		p := New(1<<depth/16, 16, 1, false, depth)
		for i := range 1 << depth {
			if depth == 8 {
				p.Pix8[i] = uint8(i)
			} else {
				p.Pix16[i] = uint16(i)
			}
		}
		plane := make([]float32, 1<<depth)
		p.ReadPlane(plane, 0, p.Bounds())
		if plane[0] != 0 || plane[len(plane)-1] != 1 || plane[1] != 1/float32(len(plane)-1) {
			t.Errorf("depth %d: black, one and white are read as %v, %v, %v", depth, plane[0], plane[1], plane[len(plane)-1])
		}
		q := New(p.Width, p.Height, 1, false, depth)
		q.WritePlane(plane, 0, p.Bounds())
		if !slices.Equal(p.Pix8, q.Pix8) || !slices.Equal(p.Pix16, q.Pix16) {
			t.Errorf("depth %d: samples change when read and written", depth)
		}
	}
}

func TestPlaneTouchesItsRectangleOnly(t *testing.T) {
	p := New(5, 4, 3, true, 8)
	p.WritePlane([]float32{1, 1, 1, 1}, 2, image.Rect(1, 2, 3, 4))
	for y := range 4 {
		for x := range 5 {
			for c := range 4 {
				want := uint8(0)
				if c == 2 && x >= 1 && x < 3 && y >= 2 {
					want = 255
				}
				if got := p.Pix8[(y*5+x)*4+c]; got != want {
					t.Errorf("sample %d of (%d, %d) is %d, want %d", c, x, y, got, want)
				}
			}
		}
	}
	plane := make([]float32, 6)
	p.ReadPlane(plane, 2, image.Rect(0, 1, 2, 4))
	if want := []float32{0, 0, 0, 1, 0, 1}; !slices.Equal(plane, want) {
		t.Errorf("read %v, want %v", plane, want)
	}
}

// TestPlanesTogether writes all channels at once and one by one.
func TestPlanesTogether(t *testing.T) {
	r := image.Rect(1, 2, 38, 5)
	for _, depth := range []int{8, 16} {
		for _, colors := range []int{1, 3} {
			for _, alpha := range []bool{false, true} {
				together, apart := New(40, 6, colors, alpha, depth), New(40, 6, colors, alpha, depth)
				planes := make([][]float32, together.Channels())
				for c := range planes {
					planes[c] = make([]float32, r.Dx()*r.Dy())
					for i := range planes[c] {
						planes[c][i] = float32(math.Sin(float64(i*len(planes)+c)))*0.6 + 0.5
					}
					apart.WritePlane(planes[c], c, r)
				}
				together.WritePlanes(planes, r)
				if !slices.Equal(together.Pix8, apart.Pix8) || !slices.Equal(together.Pix16, apart.Pix16) {
					t.Errorf("%d colours, alpha %v, %d bits: the samples differ", colors, alpha, depth)
				}
			}
		}
	}
}

// TestEmptyRectangles reads and writes nothing; an empty rectangle is inside a picture wherever it lies.
func TestEmptyRectangles(*testing.T) {
	p := New(2, 2, 3, false, 8)
	for _, r := range []image.Rectangle{{}, image.Rect(1, 1, 1, 2), image.Rect(7, 0, 7, 9), image.Rect(-3, 5, 4, 5)} {
		p.ReadPlane(nil, 0, r)
		p.WritePlane(nil, 0, r)
		p.WritePlanes(make([][]float32, 3), r)
	}
}

func TestMisusePanics(t *testing.T) {
	p := New(4, 4, 3, false, 8)
	plane := make([]float32, 16)
	for name, call := range map[string]func(){
		"size":      func() { New(0, 4, 3, false, 8) },
		"colours":   func() { New(4, 4, 2, false, 8) },
		"depth":     func() { New(4, 4, 3, false, 10) },
		"channel":   func() { p.ReadPlane(plane, 3, p.Bounds()) },
		"rectangle": func() { p.WritePlane(plane, 0, image.Rect(1, 0, 5, 1)) },
		"short":     func() { p.ReadPlane(plane[:15], 0, p.Bounds()) },
		"planes":    func() { p.WritePlanes([][]float32{plane}, p.Bounds()) },
		"one short": func() { p.WritePlanes([][]float32{plane, plane, plane[:15]}, p.Bounds()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}
