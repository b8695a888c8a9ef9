package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"classsr/dataset"
	"classsr/tensor"
)

// Whatever a text holds, it is refused, or it is a recipe that training can be begun by.
func FuzzRecipe(f *testing.F) {
	for _, name := range RecipeNames() {
		text, _ := BuiltinRecipe(name)
		f.Add(text)
	}
	f.Add(tinyRecipe)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRecipe(text)
		if err != nil {
			return
		}
		if err := r.check(); err != nil {
			t.Errorf("refused the second time: %v", err)
		}
		for i, s := range r.Stages {
			numbers := []float64{
				s.Rate, s.RateEnd, s.Clip, s.Average, s.Betas[0], s.Betas[1],
				s.Weights.Pixel, s.Weights.Class, s.Weights.Average, s.Weights.Difficulty,
			}
			if s.Steps > 0 {
				c := schedule{Rate: s.Rate, Floor: s.RateEnd, Warmup: s.Warmup, Periods: s.Periods}
				numbers = append(numbers, c.at(0), c.at(s.Steps/2), c.at(s.Steps-1))
			}
			for _, v := range numbers {
				if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Errorf("stage %d has the numbers %v", i+1, numbers)
					break
				}
			}
			if s.Batch%s.Chunk != 0 {
				t.Errorf("stage %d: a batch of %d in chunks of %d", i+1, s.Batch, s.Chunk)
			}
			_ = r.title(s)
		}
	})
}

// Whatever a checkpoint holds, a run goes on from it or refuses it. The checkpoint is of a network of a few numbers, so that many are tried.
func FuzzCheckpoint(f *testing.F) {
	r, store, err := tinyRecipeAndStore(f)
	if err != nil {
		f.Fatal(err)
	}
	r.Text = "name: tiny"
	network := func() tensor.Set { return tensor.Set{"a.weight": tensor.NewArray(2, 3), "a.bias": tensor.NewArray(2)} }
	c := &checkpoint{position: position{Recipe: r.Text, Data: store.Identity(), Stage: 1, Step: 2, Log: 100}, tensors: tensor.Set{}}
	c.tensors.Merge(checkpointModel, network())
	c.tensors.Merge(checkpointFirst, network())
	folder := f.TempDir()
	if err := c.save(folder); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(filepath.Join(folder, CheckpointName))
	if err != nil {
		f.Fatal(err)
	}
	if !goesOn(f, seed, r, store, network()) {
		f.Fatal("the seed is refused")
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-5])
	f.Fuzz(func(t *testing.T, b []byte) { goesOn(t, b, r, store, network()) })
}

// Checkpoints of whole networks with bytes changed, or broken off, are refused or hold numbers.
func TestDamagedCheckpointsAreRefused(t *testing.T) {
	r, store, err := tinyRecipeAndStore(t)
	if err != nil {
		t.Fatal(err)
	}
	data, err := tinyData()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := tinyCheckpoint(r, filepath.Join(data, "data.sr"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n, err := newNetworks(r)
	if err != nil {
		t.Fatal(err)
	}
	if !goesOn(t, whole, r, store, n.all()) {
		t.Fatal("the checkpoint of a run is refused")
	}
	random := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		b := bytes.Clone(whole)
		for range 1 + random.IntN(4) {
			at := random.IntN(len(b))
			if random.IntN(2) == 0 {
				at = random.IntN(min(4000, len(b))) // where the header is
			}
			b[at] = byte(random.IntN(256))
		}
		goesOn(t, b, r, store, n.all())
		if cut := b[:random.IntN(len(b))]; goesOn(t, cut, r, store, n.all()) {
			t.Errorf("the first %d of %d bytes were taken", len(cut), len(b))
		}
	}
}

// goesOn tells whether a run whose networks have these parameters goes on from a checkpoint, and demands that they are numbers then.
func goesOn(t testing.TB, b []byte, r *Recipe, store *dataset.Store, params tensor.Set) bool {
	t.Helper()
	c, err := readCheckpoint(bytes.NewReader(b), int64(len(b)))
	if err != nil || c.fits(r, store) != nil || c.restoreInto(params, checkpointModel) != nil {
		return false
	}
	if params.CheckFinite() != nil {
		t.Error("numbers that are none were taken")
	}
	return true
}

// tinyRecipeAndStore opens what tinyData made.
func tinyRecipeAndStore(t testing.TB) (*Recipe, *dataset.Store, error) {
	t.Helper()
	data, err := tinyData()
	if err != nil {
		return nil, nil, err
	}
	store, err := dataset.Open(filepath.Join(data, "data.sr"))
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { _ = store.Close() })
	r, err := ParseRecipe(tinyRecipe)
	return r, store, err
}

// tinyCheckpoint gives the bytes of a checkpoint within the first stage.
func tinyCheckpoint(r *Recipe, data, folder string) ([]byte, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := Options{Data: data, Folder: filepath.Join(folder, "run"), Threads: 2, Progress: func(Progress) { cancel() }}
	if _, err := Run(ctx, r, o); !errors.Is(err, context.Canceled) {
		return nil, err
	}
	return os.ReadFile(filepath.Join(o.Folder, CheckpointName))
}
