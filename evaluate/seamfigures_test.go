package evaluate

import (
	"encoding/json"
	"image"
	"math"
	"testing"

	"classsr"
	"classsr/picture"
	"classsr/route"
)

func TestSeamsOfAllPictures(t *testing.T) {
	cores := []image.Rectangle{image.Rect(0, 0, 4, 4), image.Rect(4, 0, 8, 4), image.Rect(8, 0, 12, 4)}
	m := route.NewMap(image.Pt(12, 4), cores, []string{"simple", "hard"})
	report := classsr.Report{Scale: 1, Route: m}
	// Steps count in 9 places of each of 4 rows and in 1 of each of 12 columns. Of a step s, the place itself jumps by s and both
	// beside it by s/2. Borders at 4 and 8 pass 8 of the 48 places: 4s/8 over (4s/2+4s/2)/40 is 5.
	var r Result
	r.addSeams(pictureWithStep(4), pictureWithStep(6), report)
	if got, want := r.Seam.String(), "seams: 5.000 at core borders (full network 0.000)\n"; got != want {
		t.Errorf("with one class: %q, want %q", got, want)
	}
	// Now (4s+0)/16 over (4s+8s)/80, for both; at the class border 0, and 4s/4 over (8s+4s)/(48+44).
	m.Classes[2] = 1
	r.addSeams(pictureWithStep(6), pictureWithStep(8), report)
	want := "seams: 1.667 at core borders (full network 1.667), 0.000 at class borders (7.667)\n"
	if got := r.Seam.String(); got != want {
		t.Errorf("with two classes: %q, want %q", got, want)
	}
	text, err := json.Marshal(r.Seam)
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]float64
	if err := json.Unmarshal(text, &read); err != nil || len(read) != 4 {
		t.Fatalf("JSON %s (error %v)", text, err)
	}
	for name, want := range map[string]float64{
		"routed": 5 / 3., "full": 5 / 3., "class_borders_routed": 0, "class_borders_full": 23 / 3.,
	} {
		if math.Abs(read[name]-want) > 1e-9 {
			t.Errorf("%s is %v in JSON, want %v", name, read[name], want)
		}
	}
}

func pictureWithStep(at int) *picture.Picture {
	p := picture.New(12, 4, 1, false, 8)
	for i := range p.Pix8 {
		if i%p.Width >= at {
			p.Pix8[i] = 51
		}
	}
	return p
}

func TestSeamsThatCannotBeTold(t *testing.T) {
	if got := (*SeamFigures)(nil).String(); got != "" {
		t.Errorf("without figures: %q", got)
	}
	var r Result
	flat := picture.New(8, 4, 1, false, 8)
	m := route.NewMap(image.Pt(8, 4), []image.Rectangle{image.Rect(0, 0, 8, 4)}, []string{"simple"})
	r.addSeams(flat, flat, classsr.Report{Scale: 1, Route: m})
	if got := r.Seam.String(); got != "" {
		t.Errorf("without borders: %q", got)
	}
	m = route.NewMap(image.Pt(8, 4), []image.Rectangle{image.Rect(0, 0, 4, 4), image.Rect(4, 0, 8, 4)}, []string{"simple"})
	r.addSeams(flat, flat, classsr.Report{Scale: 1, Route: m})
	if got, want := r.Seam.String(), "seams: none at core borders (full network none)\n"; got != want {
		t.Errorf("flat pictures: %q, want %q", got, want)
	}
	const want = `{"routed":null,"full":null,"class_borders_routed":null,"class_borders_full":null}`
	if text, err := json.Marshal(r.Seam); err != nil || string(text) != want {
		t.Errorf("JSON %s (error %v), want %s", text, err, want)
	}
}
