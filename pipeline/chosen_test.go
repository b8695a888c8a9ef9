package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/imageio"
	"classsr/models"
	"classsr/scaling"
)

// jpegFile writes a picture as a JPEG of a quality.
func jpegFile(t *testing.T, path string, quality int) {
	t.Helper()
	var b bytes.Buffer
	if err := imageio.Encode(&b, branchtest.Patchwork(24, 16, 3, false, 8), "jpeg", imageio.EncodeOptions{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// telling notes in all what Models tell.
func telling(m *Models, all *[]string) *Models {
	m.Tell = func(text string) { *all = append(*all, text) }
	return m
}

// enlargeAll enlarges pictures by m, to a target if one is given, and gives the results and what was told.
func enlargeAll(t *testing.T, m *Models, scale int, target scaling.Target, paths ...string) (results []*Result, told []string) {
	t.Helper()
	p := &Pipeline{Models: telling(m, &told), Scale: scale, Overwrite: true}
	if target.Given() {
		p.Sizing = &Sizing{Target: target, Models: m}
	}
	var jobs []Job
	for _, path := range paths {
		jobs = append(jobs, Job{Input: path, Output: path + "_out.png"})
	}
	var l log
	if _, err := p.Run(context.Background(), NewWork(jobs...), &l); err != nil || len(l.errors) > 0 {
		t.Fatal(err, l.errors)
	}
	return l.results, told
}

// TestKindsByFile has a folder's pictures choose their models: photo models are for JPEGs of low quality, if there are any.
func TestKindsByFile(t *testing.T) {
	inFolder(t)
	jpegFile(t, "low.jpg", 75)
	jpegFile(t, "lower.jpg", 40)
	jpegFile(t, "limit.jpg", models.PhotoBelow)
	png(t, "in.png", branchtest.Patchwork(24, 16, 3, false, 8))
	results, told := enlargeAll(t, chosen(t, Choice{}, classsr.Options{}), 0, scaling.Target{}, "in.png", "low.jpg", "lower.jpg", "limit.jpg")
	photo, usual := models.Wanted{Kind: models.Photo}, classsr.DefaultModelFor(4)
	want, _ := models.Choose(4, photo)
	if !models.Has(models.Photo) {
		if len(told) > 0 {
			t.Errorf("told %q, though there is nothing to choose", told)
		}
	} else if text := "low.jpg looks like a JPEG of quality 75: the photo model " + want.Name + " is used; --kind clean for the other"; !slices.Equal(told, []string{text}) {
		t.Errorf("told %q, want %q once", told, text)
	}
	for i, c := range []struct {
		model   string
		quality int
		because bool
	}{{usual, 0, false}, {want.Name, 75, want.Name != usual}, {want.Name, 40, want.Name != usual}, {usual, models.PhotoBelow, false}} {
		r := results[i]
		if b, _ := models.Find(r.Model); r.Model != c.model || r.JPEGQuality != c.quality || r.ChosenBecause != "" != c.because || r.Kind != b.Kind {
			t.Errorf("%s: %s, %+v; want %+v", r.Input, r.Model, r.Chosen, c)
		}
	}
}

// TestNoModelAsWanted asks for what there is not.
func TestNoModelAsWanted(t *testing.T) {
	inFolder(t)
	jpegFile(t, "a.jpg", 75)
	jpegFile(t, "b.jpg", 60)
	for _, c := range []struct {
		choice  Choice
		options classsr.Options
		scale   int
		missing models.Wanted
		jpeg    string // what is said before it
	}{
		{Choice{Kind: models.Photo, Fast: true}, classsr.Options{}, 4, models.Wanted{Kind: models.Photo, Fast: true}, ""},
		{Choice{Fast: true}, classsr.Options{}, 4, models.Wanted{Kind: models.Photo, Fast: true}, "a.jpg looks like a JPEG of quality 75, but "},
		{Choice{Kind: models.Photo, Fast: true}, classsr.Options{Budget: 50}, 4, models.Wanted{Kind: models.Photo, Fast: true, Classes: true}, ""},
		{Choice{Kind: models.Clean}, classsr.Options{}, 4, models.Wanted{Kind: models.Clean}, ""},
		{Choice{Kind: models.Real}, classsr.Options{}, 2, models.Wanted{Kind: models.Real}, ""},
	} {
		results, told := enlargeAll(t, chosen(t, c.choice, c.options), c.scale, scaling.Target{}, "a.jpg", "b.jpg")
		next, _ := models.Choose(c.scale, c.missing)
		want := next.Missing(c.missing)
		for _, r := range results {
			if r.Model != next.Name || !strings.HasSuffix(r.ChosenBecause, want) && (c.jpeg == "" || models.Has(models.Photo)) {
				t.Errorf("%+v: %s because %q, want %s because %q", c.choice, r.Model, r.ChosenBecause, next.Name, want)
			}
		}
		if want != "" {
			want = c.jpeg + want + ": " + next.Name + " is used"
		}
		if c.jpeg != "" && !models.Has(models.Photo) {
			want = ""
		}
		if got := strings.Join(told, "|"); got != want {
			t.Errorf("%+v x%d: told %q, want %q", c.choice, c.scale, got, want)
		}
	}
}

// TestSizesOfKinds reaches sizes by the models of a kind, and goes on with clean ones.
func TestSizesOfKinds(t *testing.T) {
	inFolder(t)
	jpegFile(t, "a.jpg", 75)
	half := 0.5
	m := chosen(t, Choice{Kind: models.Real, Denoise: &half}, classsr.Options{})
	if m.Enlarges(2) || !m.Enlarges(4) || m.Scale() != 4 {
		t.Errorf("x2: %v, x4: %v, x%d by itself", m.Enlarges(2), m.Enlarges(4), m.Scale())
	}
	results, told := enlargeAll(t, m, 0, scaling.Target{Scale: 2}, "a.jpg")
	if r := results[0]; r.Model != "real-x4" || r.OutWidth != 48 || r.NetworkWidth != 96 || r.Kind != models.Real ||
		r.ChosenBecause != "there is no real model for x2" {
		t.Errorf("%s to %d, %+v", r.Model, r.OutWidth, r.Chosen)
	}
	if len(told) != 2 || told[0] != "there is no real model for x2: real-x4 is used, and its result is reduced" || !strings.Contains(told[1], "real-x4: it invents texture") {
		t.Errorf("told %q", told)
	}
	results, told = enlargeAll(t, chosen(t, Choice{Kind: models.Real}, classsr.Options{}), 0, scaling.Target{Scale: 8}, "a.jpg")
	clean := classsr.DefaultModelFor(2)
	if r := results[0]; len(r.Passes) != 2 || r.Passes[0].Model != "real-x4" || r.Passes[1].Model != clean || r.Passes[1].Scale != 2 || len(told) != 1 {
		t.Errorf("%+v, told %q", r.Passes, told)
	}
	// Of any scale, the kind that suits is kept.
	photo, _ := models.Choose(4, models.Wanted{Kind: models.Photo})
	results, _ = enlargeAll(t, chosen(t, Choice{}, classsr.Options{}), 0, scaling.Target{Scale: 3.5}, "a.jpg")
	if r := results[0]; r.Model != photo.Name || r.Kind != photo.Kind {
		t.Errorf("%s, %+v, want %s", r.Model, r.Chosen, photo.Name)
	}
	// Only models with classes can be routed.
	results, told = enlargeAll(t, chosen(t, Choice{Kind: models.Clean}, classsr.Options{Budget: 60}), 0, scaling.Target{Scale: 3.5}, "a.jpg")
	if b, _ := models.Find(results[0].Model); !b.Classes || len(told) != 0 {
		t.Errorf("%+v, told %q", b, told)
	}
}

func TestChoicesThatAreRefused(t *testing.T) {
	one, two := 1.0, 2.0
	if _, err := NewChoice(Choice{Denoise: &one}, classsr.Options{}); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	if err := chosen(t, Choice{Kind: models.Real, Denoise: &two}, classsr.Options{}).Check(0); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	if err := chosen(t, Choice{Kind: models.Real}, classsr.Options{Budget: 50}).Check(0); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
	if err := chosen(t, Choice{}, classsr.Options{}).Check(7); fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "x7") {
		t.Error(err)
	}
}

// TestEstimatesNameTheModelOfEachFile asks what enlarging would take of pictures that different models suit.
func TestEstimatesNameTheModelOfEachFile(t *testing.T) {
	inFolder(t)
	jpegFile(t, "low.jpg", 75)
	png(t, "in.png", branchtest.Patchwork(24, 16, 3, false, 8))
	var told []string
	e, err := NewEstimator(telling(chosen(t, Choice{Fast: true}, classsr.Options{}), &told), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, wanted := range map[string]models.Wanted{"low.jpg": {Kind: models.Photo, Fast: true}, "in.png": {Kind: models.Clean, Fast: true}} {
		want, _ := models.Choose(4, wanted)
		r, err := e.Estimate(context.Background(), nil, Input{Path: path, ending: ".png"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Model != want.Name || r.Kind != want.Kind || len(r.Forecasts) < 6 || strings.Contains(string(text), `"jpeg_quality":75`) != (path == "low.jpg") {
			t.Errorf("%s: %s", path, text)
		}
	}
	if len(told) > 1 {
		t.Errorf("told %q", told)
	}
}
