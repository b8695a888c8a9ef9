package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"classsr/dataset"
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

// Whatever a checkpoint holds, a run goes on from it or refuses it.
func FuzzCheckpoint(f *testing.F) {
	data, err := tinyData()
	if err != nil {
		f.Fatal(err)
	}
	store, err := dataset.Open(filepath.Join(data, "data.sr"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	r, err := ParseRecipe(tinyRecipe)
	if err != nil {
		f.Fatal(err)
	}
	seed, err := tinyCheckpoint(r, filepath.Join(data, "data.sr"), f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-100])
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := readCheckpoint(bytes.NewReader(b), int64(len(b)))
		if err != nil || c.fits(r, store) != nil {
			return
		}
		n, err := newNetworks(r)
		if err != nil {
			t.Fatal(err)
		}
		if c.restoreInto(n.all(), checkpointModel) == nil && n.all().CheckFinite() != nil {
			t.Error("numbers that are none were taken")
		}
	})
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
