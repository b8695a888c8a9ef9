package train

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/weights"
)

// mixedRecipe trains branches of two architectures, with teachers of another one: a branch of the model, and a model inside the program.
const mixedRecipe = `
name: mixed
network: carn
scale: 4
checkpoint: 2
branches:
  - {network: fsrcnn, width: 4}
  - {width: 8}
validation: {every: 3, pictures: 1}
stages:
  - {train: branch, branch: 2, patches: all, steps: 3, batch: 2, learning_rate: 1e-3, teacher: {model: fsrcnn-x4, weight: 0.5}}
  - {train: branch, branch: 1, patches: all, steps: 3, batch: 2, learning_rate: 1e-3, teacher: {branch: 2, weight: 0.5}}
  - {train: class-module, steps: 2, batch: 4, chunk: 2, learning_rate: 1e-3}
  - {train: joint, steps: 2, batch: 4, chunk: 2, learning_rate: 1e-4}
`

// Branches of two architectures go through all stages, are resumed to the same bits, and come back from the model's file.
func TestRunsOfSeveralArchitectures(t *testing.T) {
	r, err := ParseRecipe(mixedRecipe)
	if err != nil {
		t.Fatal(err)
	}
	_, o := tinyRun(t)
	result, err := Run(context.Background(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	if v := result.Validation; v == nil || len(v.Shares) != 2 {
		t.Errorf("validated: %+v", v)
	}
	path := filepath.Join(o.Folder, ModelName)
	model, err := weights.Open(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	var nets []string
	for _, b := range model.Branches {
		nets = append(nets, b.Spec.Net)
	}
	if !slices.Equal(nets, []string{"fsrcnn", "carn"}) {
		t.Errorf("the model's branches are %q", nets)
	}
	_, stopped := tinyRun(t)
	for _, stage := range []int{1, 2, 4} {
		ctx, cancel := context.WithCancel(context.Background())
		stopped.Progress = func(p Progress) {
			if p.Stage == stage {
				cancel()
			}
		}
		if _, err := Run(ctx, r, stopped); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		stopped.Resume = true
	}
	stopped.Progress = nil
	if _, err := Run(context.Background(), r, stopped); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(modelBytes(t, o.Folder), modelBytes(t, stopped.Folder)) {
		t.Error("a run that was stopped gives another model")
	}
}

// A model whose branches are other networks is no start, and the error says for which branch.
func TestStartsOfOtherArchitectures(t *testing.T) {
	r, err := ParseRecipe(strings.Replace(mixedRecipe, "scale: 4", "scale: 4\nstart: FILE", 1))
	if err != nil {
		t.Fatal(err)
	}
	r.Start = filepath.Join(t.TempDir(), "other.safetensors")
	other := *r
	other.Start, other.Branches = "", []BranchRecipe{{Network: "fsrcnn", Width: 4}, {Network: "fsrcnn", Width: 8}}
	n, err := newNetworks(&other)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.model(nil).Save(r.Start, false); err != nil {
		t.Fatal(err)
	}
	if _, err := newNetworks(r); err == nil || !strings.Contains(err.Error(), "branch 2: carn of width 8 from fsrcnn of width 8") {
		t.Errorf("%v", err)
	}
}
