package train

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/fault"
)

func TestRecipesInside(t *testing.T) {
	for _, name := range RecipeNames() {
		r, err := LoadRecipe(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.Name != name {
			t.Errorf("recipe %s is named %s", name, r.Name)
		}
	}
}

func TestBadRecipes(t *testing.T) {
	const good = `
name: a
network: fsrcnn
scale: 4
branches: [{width: 16}, {width: 56}]
stages:
  - {train: branch, branch: 2, steps: 1, learning_rate: 1e-3}
`
	if _, err := ParseRecipe(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{good, "", "empty"},
		{"scale: 4", "scale: 4\nlearning: 3", "field learning not found"},
		{"steps: 1", "steps: 1, lerning_rate: 3", "field lerning_rate not found"},
		{"steps: 1", "steps: many", "cannot unmarshal"},
		{"fsrcnn", "edsr", `unknown network "edsr"`},
		{"scale: 4", "scale: 5", "cannot enlarge 5 times"},
		{"name: a", "name: a/b", "name"},
		{"{width: 16}, {width: 56}", "{width: 56}", "branches"},
		{"{width: 56}", "{bicubic: true}", "the last one"},
		{"{width: 16}", "{width: 16, bicubic: true}", "number 1 needs a width, or bicubic"},
		{"branch: 2", "branch: 3", "number 3 is not one"},
		{"train: branch", "train: trunk", "it is branch, class-module or joint"},
		{"1e-3", "-1", "learning_rate"},
		{"steps: 1", "steps: 1, betas: [0.9, 1.5]", "betas"},
		{"steps: 1", "steps: 1, periods: [0]", "periods"},
		{"steps: 1", "steps: 1, patches: some", "patches"},
		{"steps: 1", "steps: 1, start: {slice: 1}", "not as wide"},
		{"steps: 1", "steps: 1, start: {slice: 3}", "number 3 is not one"},
		{"steps: 1", "steps: 1, start: {slice: 1, model: carn-m-x4}", "one of slice, widen and model"},
		{"steps: 1", "steps: 1, start: {branch: 1}", "branch 1, but of no model"},
		{"steps: 1", "steps: 1, start: {slice: 2, branch: 1}", "branch 1, but of no model"},
		{"steps: 1", "steps: 1, start: {model: carn-m-x4, branch: -1}", "branch -1"},
		{"train: branch, branch: 2", "train: class-module, start: {model: a, branch: 1}", "only one Class-Module"},
		{"steps: 1", "steps: 1, teacher: {model: carn-m-x4, branch: -1, weight: 1}", "a branch or a model"},
		{"steps: 1", "steps: 1, start: {widen: 3}", "number 3 is not one"},
		{"steps: 1", "steps: 1, start: {widen: 0}", "number 0 is not one"},
		{"branch: 2, steps: 1", "branch: 1, steps: 1, start: {widen: 2}", "branch 2 is wider than branch 1: make a slice of it"},
		{"steps: 1", "steps: 1, teacher: {branch: 2, weight: 1}", "not another network"},
		{"steps: 1", "steps: 1, teacher: {branch: 1}", "weight"},
		{"scale: 4", "scale: 4\nloss: l3", "unknown loss"},
		{"steps: 1", "steps: 1, loss: l3", "unknown loss"},
		{"scale: 4", "scale: 4\nbatch_norm: true", "batch_norm"},
		{"scale: 4", "scale: 4\ninit_gain: -1", "init_gain"},
		{"scale: 4", "scale: 4\nclass_module_gain: .nan", "class_module_gain"},
		{"1e-3", ".nan", "learning_rate"},
		{"steps: 1", "steps: 1, clip: .nan", "clip"},
		{"steps: 1", "steps: 1, loss_weights: {pixel: .inf}", "loss_weights"},
		{"name: a", "name: ..", "name"},
		{"name: a", `name: "a\e[31m"`, "name"},
		{"network: fsrcnn\n", "", "number 2 has no network"},
		{"{width: 16}", "{network: edsr, width: 16}", `unknown network "edsr"`},
		{"{width: 16}", "{network: carn, width: 18}", "not divisible"},
		{"{width: 16}", "{network: carn, bicubic: true}", "number 1 is that of a network and is bicubic"},
		{"{width: 16}", "{network: carn, width: 16, depth: 2}", "number 1: carn has no depth to set"},
		{"{width: 16}", "{width: 16, blocks: 2}", "number 1: fsrcnn has no blocks to set"},
		{"{width: 16}", "{width: 16, depth: -2}", "-2 mapping layers"},
		{"{width: 16}, {width: 56}]\nstages:\n  - {train: branch, branch: 2,", "{width: 16, depth: 2}, {width: 56}]\nstages:\n  - {train: branch, branch: 2, start: {widen: 1},",
			"branches 1 and 2 differ in depth"},
		{"{width: 16}", "{network: rcan, width: 36}", "number 1 (rcan) takes colours in 0..255, number 2 (fsrcnn) in 0..1"},
		{"train: branch, branch: 2", "train: joint, branch: 2", "for stages that train a branch"},
	} {
		_, err := ParseRecipe(strings.Replace(good, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q has several lines", err)
		}
	}
}

// The Class-Module's random weights have a gain of their own, or that of all.
func TestGainsOfRandomWeights(t *testing.T) {
	scale := func(text string) float64 {
		r, err := ParseRecipe("name: a\nnetwork: fsrcnn\nscale: 4\nbranches: [{width: 4}, {width: 8}]\n" + text +
			"\nstages: [{train: joint, steps: 0}]")
		if err != nil {
			t.Fatal(err)
		}
		n, err := newNetworks(r)
		if err != nil {
			t.Fatal(err)
		}
		return float64(n.classModule.Params["CondNet.0.weight"].Data[0])
	}
	own := scale("")
	for text, want := range map[string]float64{"init_gain: 0.2": 2, "class_module_gain: 1": 10, "init_gain: 1\nclass_module_gain: 0.5": 5} {
		if got := scale(text) / own; math.Abs(got-want) > 1e-4 {
			t.Errorf("%s: weights are %v times as large, want %v", text, got, want)
		}
	}
}

// Branches of several architectures: each has its own, and what needs two of one kind says so.
func TestBranchesOfSeveralArchitectures(t *testing.T) {
	const text = `
name: a
network: fsrcnn
scale: 4
batch_norm: true
branches: [{bicubic: true}, {width: 16}, {network: carn, width: 36}]
stages:
  - {train: branch, branch: 2, steps: 1, learning_rate: 1e-3, teacher: {branch: 3, weight: 0.5}}
`
	r, err := ParseRecipe(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []arch.Spec{
		{Net: "bicubic", Scale: 4, Width: 1, InputRange: 1},
		{Net: "fsrcnn", Scale: 4, Width: 16, Depth: 4, Shrink: 12, InputRange: 1},
		{Net: "carn", Scale: 4, Width: 36, Groups: 4, BatchNorm: true, InputRange: 1},
	} {
		if got, err := r.spec(i); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("branch %d: %+v (%v), want %+v", i+1, got, err, want)
		}
	}
	sliced := strings.Replace(text, "teacher: {branch: 3, weight: 0.5}", "start: {slice: 3}", 1)
	if _, err := ParseRecipe(sliced); err == nil || !strings.Contains(err.Error(), "branch 3 is a carn and branch 2 a fsrcnn") {
		t.Errorf("a slice of another architecture: %v", err)
	}
	widened := strings.Replace(text, "branch: 2, steps: 1, learning_rate: 1e-3, teacher: {branch: 3, weight: 0.5}",
		"branch: 3, steps: 1, learning_rate: 1e-3, start: {widen: 2}", 1)
	if _, err := ParseRecipe(widened); err == nil || !strings.Contains(err.Error(), "branch 2 is a fsrcnn and branch 3 a carn") {
		t.Errorf("another architecture widened: %v", err)
	}
}

// Files that are none, or far too large for a recipe, are refused before they are read.
func TestRecipesThatAreNone(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.yaml")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<40); err != nil {
		t.Skip("no sparse files here:", err)
	}
	for path, want := range map[string]fault.Kind{
		large: fault.TooLarge, os.DevNull: fault.Unsupported, folder: fault.Unsupported, "nothing": fault.NotFound,
		filepath.Join(folder, "none.yaml"): fault.NotFound,
	} {
		if _, err := LoadRecipe(path); fault.KindOf(err) != want || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, of kind %s", path, err, fault.KindOf(err))
		}
	}
}

// The rate of a step far behind the last period does not take for ever.
func TestScheduleOfShortPeriods(t *testing.T) {
	s := schedule{Rate: 1, Floor: 0.5, Periods: []int{5, 1, 2}}
	for step, want := range map[int]float64{0: 1, 4: s.at(4), 5: 1, 6: 1, 7: 0.75, 8: 1, 9: 0.75, 1<<62 + 1: 0.75} {
		if got := s.at(step); got != want {
			t.Errorf("step %d: %v, want %v", step, got, want)
		}
	}
}
