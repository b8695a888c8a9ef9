package classsr_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"classsr/branch/branchtest"
	"classsr/picture"
	"classsr/route"

	"classsr"
)

// sharedJob is a picture that several goroutines enlarge by one Upscaler, and what one alone made of it.
type sharedJob struct {
	in, want *picture.Picture
}

// An Upscaler may be shared: eight goroutines enlarge pictures of all kinds at the same time, some of them broken off half-way, and
// each result has the bits that it has alone. One model serves all Upscalers.
func TestUpscalersAreShared(t *testing.T) {
	model, err := classsr.Open("fsrcnn-x4")
	if err != nil {
		t.Fatal(err)
	}
	for name, options := range map[string]classsr.Options{
		"routed":          {Threads: 2},
		"edge router":     {Router: route.Edge, Threads: 3},
		"budget":          {Budget: 50, Threads: 1},
		"full":            {Mode: classsr.ModeFull, Threads: 2},
		"little memory":   {Mode: classsr.ModeFull, Threads: 2, Memory: 8e6},
		"paper":           {Mode: classsr.ModePaper, Threads: 2},
		"class by class":  {Router: route.ClassModule, Threads: 2},
		"quality by half": {Quality: 0.5, Threads: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the Upscalers share the model's parameters
			shareUpscaler(t, model, options)
		})
	}
}

func shareUpscaler(t *testing.T, model *classsr.Model, options classsr.Options) {
	t.Helper()
	up, err := model.Upscaler(options)
	if err != nil {
		t.Fatal(err)
	}
	jobs := sharedJobs(t, up)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for round := range 4 {
				j := jobs[(g+round)%len(jobs)]
				if (g+round)%4 == 3 {
					if err := breakOff(up, j.in); !errors.Is(err, context.Canceled) {
						t.Errorf("goroutine %d: broken off half-way, the error is %v, want %v", g, err, context.Canceled)
					}
					continue
				}
				got, _, err := up.Upscale(context.Background(), j.in)
				if err != nil {
					t.Errorf("goroutine %d: %v", g, err)
				} else if !samePixels(got, j.want) {
					t.Errorf("goroutine %d, round %d: other pixels than alone", g, round)
				}
			}
		})
	}
	all.Wait()
}

// sharedJobs enlarges pictures one after the other.
func sharedJobs(t *testing.T, up *classsr.Upscaler) []sharedJob {
	t.Helper()
	jobs := []sharedJob{
		{in: branchtest.Waves(96, 70, 3, false, 8)}, {in: branchtest.Waves(64, 99, 1, false, 8)}, {in: branchtest.Waves(67, 41, 3, true, 8)},
		{in: branchtest.Waves(48, 48, 3, false, 16)}, {in: branchtest.Waves(33, 90, 1, true, 16)},
	}
	for i, j := range jobs {
		large, _, err := up.Upscale(context.Background(), j.in)
		if err != nil {
			t.Fatal(fmt.Errorf("picture %d: %w", i, err))
		}
		jobs[i].want = large
	}
	return jobs
}

// breaking is a context that is cancelled once it has been asked a few times, so in the middle of the work.
type breaking struct {
	context.Context
	asked atomic.Int32
}

const asksUntilBroken = 4

func (b *breaking) Err() error {
	if b.asked.Add(1) > asksUntilBroken {
		return context.Canceled
	}
	return nil
}

func breakOff(up *classsr.Upscaler, in *picture.Picture) error {
	_, _, err := up.Upscale(&breaking{Context: context.Background()}, in)
	return err
}
