package train

import (
	"strings"
	"testing"
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
		{"steps: 1", "steps: 1, teacher: {branch: 2, weight: 1}", "not another network"},
		{"steps: 1", "steps: 1, teacher: {branch: 1}", "weight"},
		{"scale: 4", "scale: 4\nloss: l3", "unknown loss"},
		{"steps: 1", "steps: 1, loss: l3", "unknown loss"},
		{"scale: 4", "scale: 4\nbatch_norm: true", "batch_norm"},
		{"scale: 4", "scale: 4\ninit_gain: -1", "init_gain"},
		{"train: branch, branch: 2", "train: joint, branch: 2", "for stages that train a branch"},
	} {
		_, err := ParseRecipe(strings.Replace(good, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q has several lines", err)
		}
	}
}
