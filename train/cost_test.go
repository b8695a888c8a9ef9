package train

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/dataset"
	"classsr/internal/par"
)

// maxLoadingCost is how much longer a step may take with its batch read and turned than on a batch that is there.
const maxLoadingCost = 1.05

// What reading costs a step of FSRCNN-56, the fastest one and so the one that shows it most, measured in turns. It needs a machine
// that does nothing else and data of interest, so it runs only where CLASSSR_DATA names a file of classsr prepare.
func TestLoadingCosts(t *testing.T) {
	path := os.Getenv("CLASSSR_DATA")
	if path == "" {
		t.Skip("CLASSSR_DATA does not name training data to measure with")
	}
	store, err := dataset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	r, err := LoadRecipe("fsrcnn-x4-quick")
	if err != nil {
		t.Fatal(err)
	}
	n, err := newNetworks(r)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trainer{recipe: r, store: store, networks: n, Options: Options{Threads: par.Threads(0)}}
	stage := r.Stages[0]
	stage.Patches = PatchesAll
	j, err := tr.newJob(stage)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	fixed := j.sampler.NewBatch()
	if err := j.sampler.Load(ctx, fixed, 0); err != nil {
		t.Fatal(err)
	}
	batches := make([]*dataset.Batch, ahead+2)
	for i := range batches {
		batches[i] = j.sampler.NewBatch()
	}
	steps := func(count int, next func() (*dataset.Batch, error)) time.Duration {
		w := newWatch()
		begin := time.Now()
		for range count {
			b, err := next()
			if err == nil {
				err = tr.one(ctx, j, b, w)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(begin) / time.Duration(count)
	}
	const rounds, count = 15, 40
	var without, with []time.Duration
	for round := range rounds {
		without = append(without, steps(count, func() (*dataset.Batch, error) { return fixed, nil }))
		next, stop := par.Ahead(ctx, round*count, ahead, func(n int) (*dataset.Batch, error) {
			b := batches[n%len(batches)]
			return b, j.sampler.Load(ctx, b, n)
		})
		with = append(with, steps(count, next))
		stop()
	}
	slices.Sort(without)
	slices.Sort(with)
	a, b := without[rounds/2], with[rounds/2]
	t.Logf("%d patches, %d threads: a step takes %v on a batch that is there, %v with reading, %.3f times as long (medians of %d times %d steps)",
		store.Len(), tr.Threads, a, b, float64(b)/float64(a), rounds, count)
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for _, line := range strings.Split(string(status), "\n") {
			if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "RssFile") {
				t.Log(line)
			}
		}
	}
	if float64(b) > maxLoadingCost*float64(a) {
		t.Errorf("reading makes a step %.3f times as long, limit %v", float64(b)/float64(a), maxLoadingCost)
	}
}
