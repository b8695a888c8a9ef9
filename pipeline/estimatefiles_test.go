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
	small := branchtest.Patchwork(100, 330, 3, false, 8)
	o := opened{reading: &reading{Decoded: &imageio.Decoded{Picture: small}}}
	if s, err := o.sample(); s != small || err != nil {
		t.Errorf("a small picture is not its own sample: %v", err)
	}
	if s := sampleOf(small); s.Width != 64 || s.Height != 25*64 {
		t.Errorf("a sample of it has %dx%d pixels", s.Width, s.Height)
	}
	p := picture.New(750, 1000, 3, true, 16)
	for i := range 25 { // a value for each of 5x5 parts
		plane := make([]float32, 150*200)
		for k := range plane {
			plane[k] = float32(i+1) / 26
		}
		p.WritePlane(plane, 0, image.Rect(0, 0, 150, 200).Add(image.Pt(i%5*150, i/5*200)))
	}
	s := sampleOf(p)
	row := s.Width * s.Channels()
	for y := range s.Height {
		part := y / 64
		if got, want := s.Pix16[y*row], p.Pix16[(part/5*200*p.Width+part%5*150)*p.Channels()]; got != want {
			t.Fatalf("row %d has %d, want %d", y, got, want)
		}
	}
}

func TestEstimatesOfFormats(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(400, 300, 3, false, 8))
	e, err := NewEstimator(modelsOf(t, open(t, classsr.FastModel), classsr.Options{Mode: classsr.ModeFull}), 0, nil)
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
