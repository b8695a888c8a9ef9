package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"classsr"
	"classsr/dataset"
	"classsr/imageio"
	"classsr/picture"
	"classsr/train/report"
	"classsr/weights"
)

// tinyRecipe goes through every kind of stage in a second.
const tinyRecipe = `
name: tiny
network: fsrcnn
scale: 4
init_gain: 1
checkpoint: 3
branches:
  - bicubic: true
  - width: 4
  - width: 8
validation: {every: 4, pictures: 2}
stages:
  - {train: branch, branch: 3, patches: all, steps: 8, batch: 4, learning_rate: 1e-3, weight_average: 0.9}
  - train: branch
    branch: 2
    start: {slice: 3}
    teacher: {branch: 3, weight: 0.5}
    steps: 6
    batch: 4
    learning_rate: 1e-3
    clip: 0.5
    warmup: 3
    periods: [2, 3]
  - {train: class-module, steps: 7, batch: 6, chunk: 3, learning_rate: 1e-3}
  - {train: joint, steps: 5, batch: 6, chunk: 3, learning_rate: 1e-4, weight_average: 0.5}
`

// tinyData gives a data file and a folder of pictures to validate on, made once for all tests.
var tinyData = sync.OnceValues(func() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "classsr-train-*"); err != nil {
		return "", err
	}
	for _, name := range []string{"train/a.png", "train/b.png", "val/c.png", "val/d.png"} {
		if err := writeWaves(filepath.Join(folder, name)); err != nil {
			return "", err
		}
	}
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		return "", err
	}
	o := dataset.PrepareOptions{Settings: dataset.PaperSettings(4), Model: model}
	o.Factors, o.Judge = []float64{1}, model.Name()
	_, err = dataset.Prepare(context.Background(), []string{filepath.Join(folder, "train")}, filepath.Join(folder, "data.sr"), o)
	return folder, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if folder, err := tinyData(); err == nil {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

func writeWaves(path string) error {
	const width, height = 260, 200
	random := rand.New(rand.NewPCG(uint64(len(path)), uint64(path[len(path)-5])))
	p := picture.New(width, height, 3, false, 8)
	plane := make([]float32, width*height)
	phase := random.Float64()
	for c := range 3 {
		for i := range plane {
			x, y := float64(i%width), float64(i/width)
			plane[i] = float32(0.5 + 0.4*math.Sin(x*x/900+phase)*math.Cos(y/(3+x/20)+float64(c)))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	var b bytes.Buffer
	if err := imageio.Encode(&b, p, "png", imageio.EncodeOptions{}); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// tinyRun gives the recipe and options of a run in a new folder.
func tinyRun(t *testing.T) (*Recipe, Options) {
	t.Helper()
	data, err := tinyData()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseRecipe(tinyRecipe)
	if err != nil {
		t.Fatal(err)
	}
	return r, Options{
		Data: filepath.Join(data, "data.sr"), Validation: filepath.Join(data, "val"), Folder: filepath.Join(t.TempDir(), "run"), Threads: 2,
	}
}

func modelBytes(t *testing.T, folder string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, ModelName))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A run that is stopped again and again, or that has other threads, gives the bytes of one that is not.
func TestRunsAreResumedToTheSameBits(t *testing.T) {
	r, o := tinyRun(t)
	result, err := Run(context.Background(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	want := modelBytes(t, o.Folder)
	if result.Validation == nil || len(result.Validation.Shares) != 3 || len(result.Stages) != 4 {
		t.Errorf("%+v", result)
	}
	model, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
	if err != nil || len(model.Branches) != 3 || !model.Branches[0].Spec.Interpolates() || model.Name != "tiny" {
		t.Errorf("%v, %v", model, err)
	}
	page, err := os.ReadFile(filepath.Join(o.Folder, report.PageName))
	if err != nil || !bytes.Contains(page, []byte("<svg")) {
		t.Errorf("the page has no curves (%v)", err)
	}
	wantEvents := events(t, o.Folder)

	_, broken := tinyRun(t)
	broken.Threads = 3
	stops := 0
	for stopAt := 2; ; stopAt += 5 {
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		broken.Progress = func(Progress) {
			if seen++; seen == 2+stopAt%3 {
				cancel()
			}
		}
		_, err := Run(ctx, r, broken)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		broken.Resume = true
		// As a kill leaves the log: events after the checkpoint, the last one cut.
		f, err := os.OpenFile(filepath.Join(broken.Folder, report.LogName), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(`{"kind":"step","stage":1,"step":9999}` + "\n" + `{"kind":"st`)
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		stops++
	}
	if stops < 5 {
		t.Errorf("the run was stopped %d times only", stops)
	}
	if !bytes.Equal(modelBytes(t, broken.Folder), want) {
		t.Error("a run that was stopped gives another model")
	}
	if got := events(t, broken.Folder); !slices.Equal(got, wantEvents) {
		t.Errorf("the log of a run that was stopped differs:\n%v\n%v", got, wantEvents)
	}
}

// events gives what a log says of the steps, in order.
func events(t *testing.T, folder string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, report.LogName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := report.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, e := range all {
		if e.Kind == report.KindValidation {
			texts = append(texts, fmt.Sprintf("%d %d %.6f %v", e.Stage, e.Step, e.PSNR, e.Shares))
		}
	}
	return texts
}

// What no checkpoint saw is done again: the last one decides, as after a kill.
func TestRunsGoOnFromTheLastCheckpoint(t *testing.T) {
	r, o := tinyRun(t)
	if _, err := Run(context.Background(), r, o); err != nil {
		t.Fatal(err)
	}
	want := modelBytes(t, o.Folder)
	_, killed := tinyRun(t)
	ctx, cancel := context.WithCancel(context.Background())
	var old []byte
	killed.Progress = func(p Progress) {
		switch {
		case p.Stage == 1 && p.Step == 5: // the checkpoint of step 3
			old, _ = os.ReadFile(filepath.Join(killed.Folder, CheckpointName))
		case p.Stage == 1 && p.Step == 8:
			cancel()
		}
	}
	if _, err := Run(ctx, r, killed); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(killed.Folder, CheckpointName), old, 0o600); err != nil {
		t.Fatal(err)
	}
	var notes []string
	killed.Resume, killed.Progress, killed.Note = true, nil, func(text string) { notes = append(notes, text) }
	if _, err := Run(context.Background(), r, killed); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(notes, "\n"), "continuing in stage 1 (branch hard) after 3 of 8 steps") {
		t.Errorf("%q", notes)
	}
	if !bytes.Equal(modelBytes(t, killed.Folder), want) {
		t.Error("a run that was killed gives another model")
	}
}

func TestRunsThatCannotGoOn(t *testing.T) {
	r, o := tinyRun(t)
	o.Validation = ""
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(Progress) { cancel() }
	if _, err := Run(ctx, r, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Progress = nil
	checkpoint := filepath.Join(o.Folder, CheckpointName)
	good, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	try := func(name, want string, r *Recipe, o Options) {
		t.Helper()
		_, err := Run(context.Background(), r, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	try("no --resume", "contains a run already", r, o)
	o.Resume = true
	changed, err := ParseRecipe(strings.Replace(tinyRecipe, "steps: 8", "steps: 9", 1))
	if err != nil {
		t.Fatal(err)
	}
	try("another recipe", "the recipe is not the one", changed, o)
	for name, bad := range map[string][]byte{"cut": good[:len(good)-5], "empty": {}, "text": []byte("no checkpoint at all")} {
		if err := os.WriteFile(checkpoint, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		try(name, checkpoint, r, o)
	}
	lost := o
	lost.Data = filepath.Join(t.TempDir(), "none.sr")
	try("no data", "none.sr", r, lost)
	lost = o
	lost.Validation = filepath.Join(t.TempDir(), "none")
	try("no validation", "validation", r, lost)
	x2 := *r
	x2.Scale = 2
	try("another scale", "the recipe trains for x2", &x2, o)
}

// A loss that is not a number stops the run, and the last checkpoint stays.
func TestDivergenceIsAnError(t *testing.T) {
	r, o := tinyRun(t)
	o.Validation = ""
	n, err := newNetworks(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range n.branches[1].Params {
		for i := range a.Data {
			a.Data[i] *= 1e12 // their products overflow
		}
	}
	wild := filepath.Join(t.TempDir(), "wild.safetensors")
	model := weights.Model{Branches: []weights.Network{n.branches[1]}, Classes: weights.ClassNames(1)}
	if err := model.Save(wild, false); err != nil {
		t.Fatal(err)
	}
	r.Stages[1].Start = StageStart{Model: wild}
	_, err = Run(context.Background(), r, o)
	if err == nil || !strings.Contains(err.Error(), "lower the learning rate") || !strings.Contains(err.Error(), "branch medium") {
		t.Fatalf("%v", err)
	}
	c, err := loadCheckpoint(o.Folder)
	if err != nil || c.Stage != 1 || c.Step != 0 {
		t.Errorf("the last checkpoint: %+v, %v", c, err)
	}
}

// While the Class-Module is trained nothing of the branches moves, BatchNorm's statistics included; in the joint stage the weights do,
// and neither statistics nor the colours' mean shift.
func TestFrozenPartsStay(t *testing.T) {
	const recipe = `
name: frozen
network: carn
scale: 4
batch_norm: true
branches: [{width: 4}, {width: 8}]
stages:
  - {train: class-module, steps: 2, batch: 4, learning_rate: 1e-3}
`
	for name, text := range map[string]string{"class-module": recipe, "joint": strings.Replace(recipe, "class-module", "joint", 1)} {
		r, err := ParseRecipe(text)
		if err != nil {
			t.Fatal(err)
		}
		_, o := tinyRun(t)
		o.Validation = ""
		if _, err := Run(context.Background(), r, o); err != nil {
			t.Fatal(err)
		}
		trained, err := weights.Open(filepath.Join(o.Folder, ModelName), 0)
		if err != nil {
			t.Fatal(err)
		}
		n, err := newNetworks(r)
		if err != nil {
			t.Fatal(err)
		}
		after := trained.Tensors()
		for tensor, before := range n.all() {
			branch := strings.HasPrefix(tensor, "net")
			mayMove := !branch || name == "joint" && !strings.Contains(tensor, ".running_") && !strings.Contains(tensor, "_mean.")
			if moved := !slices.Equal(before.Data, after[tensor].Data); moved && !mayMove {
				t.Errorf("%s: %s has moved", name, tensor)
			} else if !moved && mayMove && strings.HasSuffix(tensor, "entry.weight") {
				t.Errorf("%s: %s has not moved", name, tensor)
			}
		}
	}
}

func TestCollapseIsCalledOut(t *testing.T) {
	a := alarm{classes: []string{"simple", "medium", "hard"}}
	var said []string
	for range 10 {
		said = append(said, a.check(report.Event{Losses: map[string]float64{report.LossAverage: 0.97}, Shares: []float64{0, 0.2, 0.8}}, settledSteps)...)
	}
	if len(said) != 2 || !strings.Contains(said[0], "class hard") || !strings.Contains(said[1], "class simple") {
		t.Errorf("%q", said)
	}
	a = alarm{classes: a.classes}
	for i := range 10 {
		share := float64(i % 2)
		if w := a.check(report.Event{Losses: map[string]float64{report.LossAverage: 0.1}, Shares: []float64{share, 1 - share, 0.1}}, settledSteps); w != nil {
			t.Errorf("%q", w)
		}
	}
}
