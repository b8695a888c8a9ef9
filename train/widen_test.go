package train

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/arch"
	"classsr/tensor"
	"classsr/weights"
)

// A branch that is widened, from another one or from a model's file, begins by computing the same; the run goes on from there.
func TestRunsThatWiden(t *testing.T) {
	r, o := tinyRun(t)
	o.Validation = ""
	if _, err := Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	first, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(`
name: wider
network: fsrcnn
scale: 4
branches: [{width: 8}, {width: 12}, {width: 20}]
stages:
  - {train: branch, branch: 1, start: {model: FILE}, steps: 0}
  - {train: branch, branch: 2, start: {widen: FILE, branch: 3}, steps: 0}
  - {train: branch, branch: 3, start: {widen: 2}, steps: 0}
  - {train: branch, branch: 3, patches: all, batch: 2, steps: 2, learning_rate: 1e-5}
`, "FILE", filepath.ToSlash(filepath.Join(o.Folder, ModelName)))
	if r, err = ParseRecipe(text); err != nil {
		t.Fatal(err)
	}
	o.Folder = filepath.Join(t.TempDir(), "wider")
	if _, err := Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	second, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 8, W: 8})
	random := rand.New(rand.NewPCG(1, 1))
	for i := range x.Data {
		x.Data[i] = random.Float32()
	}
	want := first.Full().Spec.Build().Forward(first.Full().Params, x)
	for i, limit := range []float64{1e-5, 1e-5, 0.05} { // the last one has learnt a little
		b := second.Branches[i]
		got := b.Spec.Build().Forward(b.Params, x)
		worst := 0.0
		for k, v := range want.Data {
			worst = max(worst, math.Abs(float64(v-got.Data[k])))
		}
		if worst > limit {
			t.Errorf("branch %d differs by %g", i+1, worst)
		}
	}
}

// A single branch of another model is what a branch starts from, or learns from.
func TestBranchesOfOtherModels(t *testing.T) {
	r, o := tinyRun(t)
	r.Stages = []Stage{r.Stages[0], r.Stages[1]}
	for i, width := range []int{16, 36, 56} { // those of the model
		r.Branches[i] = BranchRecipe{Network: "fsrcnn2016", Width: width}
	}
	r.Stages[0].Start, r.Stages[0].Steps = StageStart{Model: classsr.FastModel}, 0
	r.Stages[1].Start, r.Stages[1].Steps = StageStart{Model: classsr.FastModel, Branch: 2}, 0
	if _, err := Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	got, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := classsr.Open(classsr.FastModel)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 2; i++ {
		want := fast.Weights().Branches[i].Params
		for name, a := range got.Branches[i].Params {
			if !slices.Equal(a.Data, want[name].Data) {
				t.Errorf("branch %d: %s is not that of the model", i+1, name)
			}
		}
	}
	r.Stages[1].Start.Branch = 4
	o.Folder = filepath.Join(t.TempDir(), "run")
	if _, err := Run(context.Background(), r, o); err == nil || !strings.Contains(err.Error(), "fsrcnn-x4 has no network as branch 4") {
		t.Errorf("%v", err)
	}
	r.Stages[1].Start = StageStart{}
	r.Stages[1].Teacher = &Teacher{Model: classsr.FastModel, Branch: 9, Weight: 0.5}
	if _, err := Run(context.Background(), r, o); err == nil || !strings.Contains(err.Error(), "no network as branch 9") {
		t.Errorf("%v", err)
	}
}

// What cannot be widened is found before anything is trained, and the model is named.
func TestModelsThatCannotBeWidened(t *testing.T) {
	r, o := tinyRun(t)
	r.Stages[0].Start = StageStart{Widen: "carn-m-x4"}
	_, err := Run(context.Background(), r, o)
	if err == nil || !strings.Contains(err.Error(), "stage 1") || !strings.Contains(err.Error(), "carn-m-x4") ||
		!strings.Contains(err.Error(), arch.ErrNoWidening.Error()) {
		t.Errorf("%v", err)
	}
}
