package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/internal/testref"
)

// What docs/video.md measures of large clips holds for small ones: what is kept shows in no byte and takes less, classes change less often than if each frame were alone, and results
// play as long as clips. classsr is this test, as scripts find it.
func TestFiguresOfVideos(t *testing.T) {
	program, err := exec.LookPath("classsr")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := filepath.Abs("../../docs/images/sample.png")
	if err != nil {
		t.Fatal(err)
	}
	const clip, large = "128x128, 12 frames, 0.480000 s", "256x256, 12 frames, 0.480000 s"
	testref.Output(t, nil, "ffmpeg", "-version")
	printed := testref.Output(t, nil, "go", "run", "../../bench/video", "-program", program, "-size", "128x128", "-frames", "12", "-options", "--budget 60", "-json", sample)
	type run struct {
		MACs         int64   `json:"macs"`
		Reused       float64 `json:"reused"`
		ClassChanges float64 `json:"class_changes"`
		InPlace      float64 `json:"flicker_in_place"`
	}
	var r struct {
		Still struct {
			Runs         []run
			Same         bool
			Clip, Result string
		} `json:"half_still"`
		Moving struct {
			Runs         []run
			Clip, Result string
		}
	}
	if err := json.Unmarshal(printed, &r); err != nil || len(r.Still.Runs) != 2 || len(r.Moving.Runs) != 3 {
		t.Fatalf("%v: %s", err, printed)
	}
	kept, anew := r.Still.Runs[0], r.Still.Runs[1]
	if !r.Still.Same || kept.Reused < 0.2 || kept.MACs >= anew.MACs || anew.Reused != 0 {
		t.Errorf("what stands still: %s", printed)
	}
	if scene, alone := r.Moving.Runs[0], r.Moving.Runs[1]; alone.ClassChanges == 0 || scene.ClassChanges > alone.ClassChanges/2 || scene.InPlace == 0 || alone.InPlace == 0 {
		t.Errorf("flicker: %s", printed)
	}
	for _, told := range []string{r.Still.Clip, r.Moving.Clip} {
		if told != clip {
			t.Errorf("a clip is %s", told)
		}
	}
	for _, told := range []string{r.Still.Result, r.Moving.Result} {
		if !strings.HasPrefix(told, large) {
			t.Errorf("a result is %s, want %s", told, large)
		}
	}
}
