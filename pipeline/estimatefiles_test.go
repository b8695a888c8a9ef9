package pipeline

import (
	"context"
	"image"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/imageio"
	"classsr/picture"
)

// A sample has parts of all regions of a picture.
func TestSamples(t *testing.T) {
	small := branchtest.Patchwork(100, 300, 3, false, 8)
	o := opened{reading: &reading{Decoded: &imageio.Decoded{Picture: small}}}
	if s, err := o.sample(); s != small || err != nil {
		t.Errorf("a small picture is not its own sample: %v", err)
	}
	if s := sampleOf(small); s.Width != 96 || s.Height != 9*96 {
		t.Errorf("a sample of it has %dx%d pixels", s.Width, s.Height)
	}
	p := picture.New(600, 900, 3, true, 16)
	for i := range 9 { // a value for each ninth
		plane := make([]float32, 200*300)
		for k := range plane {
			plane[k] = float32(i+1) / 10
		}
		p.WritePlane(plane, 0, image.Rect(0, 0, 200, 300).Add(image.Pt(i%3*200, i/3*300)))
	}
	s := sampleOf(p)
	row := s.Width * s.Channels()
	for y := range s.Height {
		if got, want := s.Pix16[y*row], p.Pix16[(y/96/3*300*p.Width+y/96%3*200)*p.Channels()]; got != want {
			t.Fatalf("row %d has %d, want %d", y, got, want)
		}
	}
}

func TestEstimatesOfFormats(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(400, 300, 3, false, 8))
	e, err := NewEstimator(open(t, classsr.FastModel), classsr.Options{Mode: classsr.ModeFull}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var peaks []int64
	for _, ending := range []string{".png", ".jpg", ".tif", ".ppm"} {
		r, err := e.Estimate(context.Background(), nil, Input{Path: "in.png", ending: ending})
		if err != nil {
			t.Fatal(err)
		}
		f := r.Forecasts[0]
		if f.TotalSeconds <= f.Seconds || f.PeakMB <= f.MemoryMB {
			t.Errorf("%s: %+v", ending, f)
		}
		peaks = append(peaks, f.PeakMB)
	}
	if peaks[3] > peaks[0] { // PPM is not compressed
		t.Errorf("peaks are %d MB", peaks)
	}
}
