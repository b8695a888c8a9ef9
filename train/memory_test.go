package train

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"

	"classsr/budget"
	"classsr/fault"
	"classsr/internal/testref"
)

// The estimate for a stage is what its steps come to.
func TestFootprints(t *testing.T) {
	type run struct{ network, stage string }
	for _, c := range testref.Few(
		4,
		run{"fsrcnn", "train: branch, branch: 2, patches: all, batch: 16, weight_average: 0.9"},
		run{"span", "train: branch, branch: 2, patches: all, batch: 4"},
		run{"fsrcnn", "train: class-module, batch: 16"},
		run{"", "train: joint, batch: 16, chunk: 4"},
		run{"carn", "train: branch, branch: 2, patches: all, batch: 8"},
		run{"srresnet", "train: branch, branch: 2, patches: all, batch: 4"},
		run{"rcan", "train: branch, branch: 1, patches: all, batch: 2"},
		run{"srvggnet", "train: branch, branch: 1, patches: all, batch: 4"},
		run{"carn", "train: joint, batch: 16, chunk: 4"},
	) {
		branches := "[{width: 16}, {width: 48}]"
		if c.network == "" {
			branches = "[{network: fsrcnn, width: 16}, {network: carn, width: 48}]"
		}
		text := "name: a\nnetwork: " + c.network + "\nscale: 4\nbranches: " + branches + "\nstages: [{" + c.stage +
			", steps: 2, learning_rate: 1e-5}]\n"
		r, err := ParseRecipe(text)
		if err != nil {
			t.Fatal(err)
		}
		_, o := tinyRun(t)
		o.Validation = ""
		before := heap(t)
		var used float64
		o.Progress = func(p Progress) {
			if p.Step == 2 {
				used = heap(t) - before
			}
		}
		if _, err := Run(context.Background(), r, o); err != nil {
			t.Fatal(err)
		}
		f, err := newFootprint(r, 32, o.Threads)
		if err != nil {
			t.Fatal(err)
		}
		estimate := f.stage(r.Stages[0])
		t.Logf("%s, %s: %.1f MB, estimate %.1f MB (%.2f)", c.network, c.stage, used/1e6, estimate/1e6, estimate/used)
		if estimate < 0.8*used || estimate > 1.2*used {
			t.Errorf("%s, %s: %.1f MB, estimate %.1f MB", c.network, c.stage, used/1e6, estimate/1e6)
		}
	}
}

// heap is how much memory is in use, without what the validations of earlier tests parked for the next picture.
func heap(t *testing.T) float64 {
	t.Helper()
	all, err := budget.Default().Reserve(t.Context(), budget.Default().Memory())
	if err != nil {
		t.Fatal(err)
	}
	all.Release()
	runtime.GC()
	runtime.GC() // what pools hold survives the first one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// A run that could not be is refused before anything is allocated for it or written.
func TestRunsTooLargeForMemory(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a branch":     {"width: 8", "width: 4096", "lower its batch (4096) or the width of branch 3 (4096)"},
		"Class-Module": {"train: class-module, steps: 7, batch: 6, chunk: 3", "train: class-module, steps: 7, batch: 4096, chunk: 4096", "its chunk (4096)"},
	} {
		text := strings.Replace(tinyRecipe, c.old, c.new, 1)
		text = strings.Replace(text, "steps: 8, batch: 4", "steps: 8, batch: 4096", 1)
		r, err := ParseRecipe(text)
		if err != nil {
			t.Fatal(err)
		}
		f, err := newFootprint(r, 32, 2)
		if err != nil {
			t.Fatal(err)
		}
		const available = 3e9
		if err := f.check(available); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "would take about ") {
			t.Errorf("%s: %v", name, err)
		} else {
			t.Log(err)
		}
	}
	r, o := tinyRun(t)
	r.Branches[2].Width = 4096
	r.Stages[0].Batch = 4096
	_, err := Run(context.Background(), r, o)
	if fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "lower its batch (4096) or the width of branch 3 (4096)") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(o.Folder); err == nil {
		t.Error("the folder of the run was made")
	}
}

// The recipes inside the program fit into a machine of 16 GB.
func TestRecipesInsideFitIntoMemory(t *testing.T) {
	for _, name := range RecipeNames() {
		r, err := LoadRecipe(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := newFootprint(r, 32, 8)
		if err != nil {
			t.Fatal(err)
		}
		most := 0.0
		for _, s := range r.Stages {
			most = max(most, f.stage(s))
		}
		t.Logf("%s: %s", name, size(most))
		if err := f.check(12e9); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
