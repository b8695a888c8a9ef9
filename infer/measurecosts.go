package infer

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"
	"time"

	"classsr/arch"
	"classsr/branch"
	"classsr/cost"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/internal/stopwatch"
	"classsr/picture"
	"classsr/route"
	"classsr/tile"
	"classsr/weights"
)

// MeasureCosts measures what costs.json holds for the kernel set in use: how long networks take, and borders between classes, from the times of
// pictures that are enlarged by one branch, by another one, and in stripes by both. It takes some minutes, and a quiet machine. set is the name of
// the kernel set.
func MeasureCosts(ctx context.Context) (set string, costs map[string]cost.Unit, err error) {
	if set, err = kernel.Select(); err != nil {
		return "", nil, err
	}
	specs, err := cost.Specs()
	if err != nil {
		return set, nil, err
	}
	costs = map[string]cost.Unit{}
	for _, spec := range specs {
		if err := measureCosts(ctx, spec, measuredTime, costs); err != nil {
			return set, nil, err
		}
	}
	costs[cost.NameOf(arch.PaperClassModule(3))], err = moduleUnit(ctx)
	return set, costs, err
}

const (
	measuredSide = 512
	// measuredStripe is how wide the stripes are, in pixels, about as wide as what has a class in photos.
	measuredStripe = 128
	// Each is measured for so long, but a few times at least: the shortest time of many is that of a machine which did nothing else.
	measuredTime, fewTimes = 20 * time.Second, 5
)

// measureCosts measures for at least so long, and adds the costs of a network and of interpolation.
func measureCosts(ctx context.Context, spec arch.Spec, least time.Duration, costs map[string]cost.Unit) error {
	const border = measuredSide * (measuredSide/measuredStripe - 1)
	shapes := []func(x, y int) int{
		func(_, _ int) int { return 0 }, func(_, _ int) int { return 1 },
		func(x, _ int) int { return x / measuredStripe % 2 }, func(_, y int) int { return y / measuredStripe % 2 },
	}
	up, classes, err := measuredUpscaler(spec)
	if err != nil {
		return err
	}
	fixed := up.method.(*fixedClasses)
	in, shortest := noise(measuredSide), make([]float64, len(shapes))
	start := time.Now()
	for n := 0; n < fewTimes || time.Since(start) < least; n++ {
		for i, at := range shapes { // in turns: other programs may disturb for a while
			fixed.at = at
			_, report, err := up.Upscale(ctx, in)
			if err != nil {
				return err
			}
			if t := report.Seconds.Network * 1e9; shortest[i] == 0 || t < shortest[i] {
				shortest[i] = t
			}
		}
	}
	interpolation, network := shortest[0]/(measuredSide*measuredSide), shortest[1]/(measuredSide*measuredSide)
	beside, below := classes.Borders(1)
	// What a border takes is all put down to the network; its share of the interpolation is small.
	more := func(stripes, pixels float64) float64 {
		return max(stripes-(shortest[0]+shortest[1])/2, 0) / border / network / pixels
	}
	costs[cost.NameOf(fixed.Branches[0].Spec)] = cost.Unit{Pixel: interpolation}
	costs[cost.NameOf(spec)] = cost.Unit{
		MAC:    network * measuredSide * measuredSide / float64(fixed.Branches[1].MACs(image.Pt(measuredSide, measuredSide))),
		Beside: more(shortest[2], beside), Below: more(shortest[3], below),
	}
	return nil
}

// measuredUpscaler is routing between interpolation and a network, by classes that are still to be said, and the work of both.
func measuredUpscaler(spec arch.Spec) (*Upscaler, *cost.Classes, error) {
	module := arch.PaperClassModule(3)
	up, err := New(&weights.Model{
		ClassModule: &weights.Network{Spec: module, Params: module.Init(1)},
		Branches:    []weights.Network{{Spec: spec, Params: spec.Init(1)}}, Classes: []string{"hard"},
	}, spec.Net, Options{Mode: ModeRouted, Threads: 1, Scale: spec.Scale})
	if err != nil {
		return nil, nil, err
	}
	r := up.method.(*routed)
	if err := r.Extend([]string{branch.Bicubic, "hard"}); err != nil {
		return nil, nil, err
	}
	classes := cost.NewClasses(r.Branches, blendWidth)
	r.costs = classes.MACs() // the strips of a picture depend on them
	up.method = &fixedClasses{routed: r}
	return up, classes, nil
}

// fixedClasses is routing by classes that do not depend on the picture.
type fixedClasses struct {
	*routed
	at func(x, y int) int // the class of the core at a pixel
}

func (f *fixedClasses) plan(_ context.Context, in branch.Source, s sizing, _ room) (*plan, error) {
	grid := f.grid(sizeOf(in))
	var classes []int
	for _, core := range grid.Cores() {
		classes = append(classes, f.at(core.Min.X, core.Min.Y))
	}
	p := f.planOf(sizeOf(in), s, f.choice(grid, classes, 0, ""))
	p.sizeArenas()
	return p, nil
}

func noise(side int) *picture.Picture {
	in := picture.New(side, side, 3, false, 8)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range in.Pix8 {
		in.Pix8[i] = uint8(r.IntN(256))
	}
	return in
}

// moduleUnit measures the Class-Module of the paper.
func moduleUnit(ctx context.Context) (cost.Unit, error) {
	spec := arch.PaperClassModule(3)
	set, err := branch.NewSet(&weights.Model{ClassModule: &weights.Network{Spec: spec, Params: spec.Init(1)}}, 4)
	if err != nil {
		return cost.Unit{}, err
	}
	cuts := tile.Cuts(measuredSide, branch.SubImage)
	grid := route.Grid{Xs: cuts, Ys: cuts}
	in := noise(measuredSide)
	var all []float64
	for range fewTimes {
		watch := stopwatch.Start()
		if _, err := set.Classify(ctx, in, grid.Cores(), 1); err != nil {
			return cost.Unit{}, err
		}
		all = append(all, float64(watch.Elapsed()))
	}
	work := engine.Work{MACs: set.RouteMACs(grid.Size(), len(grid.Cores()))}
	return cost.Unit{MAC: slices.Min(all) / float64(work.MACs)}, nil
}
