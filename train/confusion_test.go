package train

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/infer"
	"classsr/route"
	"classsr/tensor"
	"classsr/train/report"
	"classsr/weights"
)

// The table of a run's model is that of its Class-Module and the judge, patch by patch, and the log and the page have it.
func TestConfusionOfARun(t *testing.T) {
	r, o := tinyRun(t)
	var notes []string
	o.Note = func(text string) { notes = append(notes, text) }
	result, err := Run(context.Background(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	got := result.Validation.Confusion
	want := plainConfusion(t, r, o)
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the table is %v, want %v", got, want)
	}
	if lines := strings.Join(notes, "\n"); strings.Count(lines, "judge, chosen:  simple  medium    hard") != 2 {
		t.Errorf("the table of the two routed stages is not in the notes:\n%s", lines)
	}
	for name, text := range map[string]string{report.LogName: `"confusion":[[`, report.PageName: "Judge and Class-Module"} {
		if b, err := os.ReadFile(filepath.Join(o.Folder, name)); err != nil || !strings.Contains(string(b), text) {
			t.Errorf("%s has no table (%v)", name, err)
		}
	}
}

// plainConfusion makes the table of a run's model by itself.
func plainConfusion(t *testing.T, r *Recipe, o Options) Confusion {
	t.Helper()
	_, store, err := tinyRecipeAndStore(t)
	if err != nil {
		t.Fatal(err)
	}
	v, err := newValidator(context.Background(), o.Validation, r, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	judge, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	up, err := judge.Upscaler(classsr.Options{Scale: 4, Border: infer.BorderZero})
	if err != nil {
		t.Fatal(err)
	}
	model, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
	if err != nil {
		t.Fatal(err)
	}
	_, between := store.Split(3)
	table := Confusion{make([]int, 3), make([]int, 3), make([]int, 3)}
	side := store.Patch()
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: side, W: side})
	for _, p := range v.pictures {
		judged, _, err := up.Upscale(context.Background(), p.lr)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range store.Judge(p.hr, judged) {
			for c := range 3 {
				p.lr.ReadPlane(x.Plane(0, c), c, image.Rect(at.X, at.Y, at.X+side, at.Y+side))
			}
			scores := model.ClassModule.Spec.Build().Forward(model.ClassModule.Params, x)
			var class int
			for class = 0; class < 2 && at.PSNR < between[class]; class++ {
			}
			table[class][route.Argmax(route.Softmax(scores.Data))]++
		}
	}
	return table
}

// A judge that is not known by its name means no table, and a note, but no error.
func TestConfusionWithoutTheJudge(t *testing.T) {
	r, o := tinyRun(t)
	o.Judge = filepath.Join(t.TempDir(), "gone.safetensors")
	var notes []string
	o.Note = func(text string) { notes = append(notes, text) }
	result, err := Run(context.Background(), r, o)
	if err != nil || result.Validation.Confusion != nil {
		t.Fatalf("%v, %v", result, err)
	}
	if len(notes) == 0 || !strings.Contains(notes[0], "gone.safetensors") || !strings.Contains(notes[0], "--judge") {
		t.Errorf("%q", notes)
	}
}

func TestLinesOfConfusions(t *testing.T) {
	lines := Confusion{{3, 1}, {0, 0}}.Lines([]string{"simple", "hard"})
	want := []string{"judge, chosen:  simple    hard", "simple           75.0%   25.0%  of 4", "hard              0.0%    0.0%  of 0"}
	if !slices.Equal(lines, want) {
		t.Errorf("%q", lines)
	}
}
