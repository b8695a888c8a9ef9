package pipeline

import (
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/imageio"
	"classsr/imageio/tiff"
	"classsr/picture"
	"classsr/scaling"
)

// layers writes a TIFF of several bands.
func layers(t *testing.T, name string, bands ...*picture.Picture) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	planes := &tiff.Planes{Count: len(bands)}
	for _, band := range bands {
		if err := imageio.Encode(f, band, imageio.TIFF, imageio.EncodeOptions{Planes: planes}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Each band of the result is what is made of this band alone, by the scale of a model and in any size.
func TestAllBands(t *testing.T) {
	inFolder(t)
	var bands []*picture.Picture
	for k := range 5 {
		bands = append(bands, branchtest.Patchwork(60+k, 31, 1, false, 8).Crop(image.Rect(k, 0, 60+k, 31)))
	}
	layers(t, "sat.tif", bands...)
	for _, sizing := range []*Sizing{nil, sized(t, open(t, classsr.Bicubic), classsr.Options{}, scaling.Target{Scale: 0.5}).Sizing} {
		change := func(p *Pipeline) { p.Overwrite, p.Sizing = true, sizing }
		_, l := enlarge(t, Request{Args: []string{"sat.tif"}, Output: "all.tif"}, func(p *Pipeline) { change(p); p.AllBands = true })
		if len(l.errors) > 0 {
			t.Fatal(l.errors)
		}
		if r := l.results[0]; r.Bands != 5 || len(r.Notes) > 0 && sizing == nil || !slices.Contains(l.lines, "started sat.tif 1 of 1, part 5 of 5") {
			t.Errorf("%+v, %q", r, l.lines)
		}
		for k := range bands {
			_, l := enlarge(t, Request{Args: []string{"sat.tif"}, Output: "one.tif"}, func(p *Pipeline) { change(p); p.Reading.Bands = []int{k + 1} })
			if len(l.errors) > 0 {
				t.Fatal(l.errors)
			}
			want, err := imageio.DecodeFile("one.tif", imageio.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := imageio.DecodeFile("all.tif", imageio.Limits{Options: imageio.Options{Band: k + 1}})
			if err != nil || got.Bands != 5 || !slices.Equal(got.Pix8, want.Pix8) || got.Config() != want.Config() {
				t.Errorf("band %d is another one, %v", k+1, err)
			}
		}
	}
}

// Formats that do not hold them are refused before anything is done, and pictures of other formats are as always.
func TestBandsInOtherFormats(t *testing.T) {
	inFolder(t)
	gray := branchtest.Patchwork(9, 7, 1, false, 8)
	layers(t, "sat.tif", gray, gray)
	png(t, "rgb.png", branchtest.Patchwork(9, 7, 3, true, 8))
	all := func(p *Pipeline) { p.AllBands = true }
	sum, l := enlarge(t, Request{Args: []string{"sat.tif", "rgb.png"}}, all)
	if sum.Failed != 1 || sum.Done != 1 || fault.KindOf(l.errors[0]) != fault.Usage ||
		!strings.HasPrefix(l.errors[0].Error(), "sat.tif: it has 2 bands, which only TIFF holds") || l.results[0].Bands != 0 {
		t.Errorf("%+v, %v", sum, l.errors)
	}
	if err := checkBands(imageio.Config{Bands: mostBands + 1}, imageio.TIFF); fault.KindOf(err) != fault.TooLarge {
		t.Error(err)
	}
	if d, err := imageio.DecodeFile("rgb_x2.png", imageio.Limits{}); err != nil || d.Colors != 3 || !d.Alpha {
		t.Errorf("%+v, %v", d, err)
	}
}
