package dataset

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"classsr/degrade"
	"classsr/tensor"
)

// degraded is a degradation of all kinds.
func degraded() *degrade.Degradation {
	d := &degrade.Degradation{
		JPEG:  &degrade.JPEG{Quality: [2]int{30, 95}, Share: 0.8, Subsampling: [3]float64{0.5, 0.3, 0.2}},
		Noise: &degrade.Noise{Sigma: [2]float64{1, 8}, Share: 0.5},
		Blur:  &degrade.Blur{Sigma: [2]float64{0.3, 1.2}, Share: 0.5},
		Seed:  7, Variants: 2,
	}
	d.SetDefaults()
	return d
}

// Degraded data is the same with other threads and after a stop; HR is that of clean data, and each variant is degraded otherwise.
func TestDegradedDataIsReproduced(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	for _, name := range []string{"a.png", "b.png"} {
		writePicture(t, filepath.Join(in, name), 203, 181, uint64(name[0]))
	}
	prepare := func(name string, change func(*PrepareOptions)) *Store {
		t.Helper()
		o := settings(t)
		o.Degradation = degraded()
		change(&o)
		path := filepath.Join(folder, name)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if name == "stopped" {
			o.Progress = func(done, _, _ int) {
				if done == 3 {
					cancel()
				}
			}
			if _, err := Prepare(ctx, []string{in}, path, o); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			o.Progress = nil
		}
		if _, err := Prepare(context.Background(), []string{in}, path, o); err != nil {
			t.Fatal(err)
		}
		store, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	store := prepare("one", func(o *PrepareOptions) { o.Threads = 1 })
	prepare("stopped", func(o *PrepareOptions) { o.Threads = 3 })
	other := prepare("other", func(o *PrepareOptions) { o.Degradation.Seed = 8 })
	clean := prepare("clean", func(o *PrepareOptions) { o.Degradation = nil })
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read("one"), read("stopped")) {
		t.Error("threads or a stop change the data")
	}
	if !store.Degradation().Same(other.Degradation()) || store.Degradation().Same(clean.Degradation()) || clean.Degradation() != nil {
		t.Error("the data does not tell how it is degraded")
	}
	if store.Len() != 2*clean.Len() || len(store.meta.Entries) != 2*len(clean.meta.Entries) {
		t.Fatalf("%d patches in %d entries, of clean ones %d", store.Len(), len(store.meta.Entries), clean.Len())
	}
	side := store.Patch()
	lr := tensor.New(tensor.Shape{N: 4, C: 3, H: side, W: side})
	hr := tensor.New(tensor.Shape{N: 4, C: 3, H: 4 * side, W: 4 * side})
	n := clean.meta.Entries[0].Patches // of the first picture at its full size; then come those of its second variant
	for k, from := range []struct {
		store *Store
		patch int
	}{{clean, 0}, {store, 0}, {store, n}, {other, 0}} {
		if err := from.store.Load(lr, hr, k, from.patch); err != nil {
			t.Fatal(err)
		}
	}
	of := func(b *tensor.Tensor, k int) []float32 { return b.Data[k*len(b.Data)/4 : (k+1)*len(b.Data)/4] }
	for k := range 4 {
		if !slices.Equal(of(hr, k), of(hr, 0)) {
			t.Errorf("HR %d is degraded", k)
		}
		for i := range k {
			if slices.Equal(of(lr, k), of(lr, i)) {
				t.Errorf("LR %d and %d are the same", i, k)
			}
		}
	}
	if got := store.meta.Entries[1]; got.Variant != 1 || got.Factor != 1 {
		t.Errorf("%+v", got)
	}
	if !slices.ContainsFunc(store.meta.Entries, func(e entry) bool { return len(e.Degraded) > 0 }) {
		t.Error("no entry tells what was done to it")
	}
}
