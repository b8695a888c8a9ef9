// Package bench measures the speed of the paper's networks on this machine, at full width with random weights: patches, and a whole picture
// as the upscale command computes it. bench/peers, a module of its own, compares it with other programs.
package bench

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"classsr"
	"classsr/arch"
	"classsr/budget"
	"classsr/engine"
	"classsr/fault"
	"classsr/internal/par"
	"classsr/internal/stopwatch"
	"classsr/internal/sysmem"
	"classsr/picture"
	"classsr/tensor"
	"classsr/weights"
)

// Options says what is measured.
type Options struct {
	Nets    []string // architectures of the paper
	Threads []int    // numbers of threads, each measured on its own
	Runs    int      // how often each case is measured; the median counts
}

// Case is the measurement of one network on one shape. PeakRSSMB is the most memory that the process had resident from when it began to
// prepare that shape, in MiB; where the system cannot measure from there (sysmem.ResetPeakRSS), since the process began.
type Case struct {
	Net       string  `json:"net"`
	Width     int     `json:"width"`
	Shape     string  `json:"shape"`
	Batch     int     `json:"batch"`
	Threads   int     `json:"threads"`
	MS        float64 `json:"ms"`
	GMACPerS  float64 `json:"gmac_per_s"`
	PeakRSSMB int64   `json:"peak_rss_mb"`
}

// Shapes that are measured, rows x columns.
const (
	patchSide     = 32
	pictureHeight = 339
	pictureWidth  = 510
	batchSize     = 16
)

// DefaultNets are the networks that are measured where none are named: the paper's, and that of the default model.
func DefaultNets() []string { return []string{"fsrcnn", "carn", "srresnet", "rcan", "span"} }

// Run measures all networks and hands each case to done as soon as it is measured; an error of done ends it. A network that
// is not known is an error of kind fault.Usage, before anything is measured.
func Run(ctx context.Context, o Options, done func(Case) error) error {
	var specs []arch.Spec
	for _, net := range o.Nets {
		a, err := arch.ByName(net)
		if err != nil || !a.Enlarges() {
			return fault.New(fault.Usage, "no network %s to measure: there are %s", net, strings.Join(arch.SRNames(), ", "))
		}
		spec, err := arch.Paper(net, 4, slices.Max(a.Widths))
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	for _, spec := range specs {
		for _, threads := range o.Threads {
			if err := o.measure(ctx, spec, threads, done); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure measures one network on all shapes and hands each case to done. What one shape needs is given back before the next is measured.
func (o Options) measure(ctx context.Context, spec arch.Spec, threads int, done func(Case) error) error {
	for _, c := range []struct {
		h, w, batch int
		prepare     func() (once func() error, err error)
	}{
		{patchSide, patchSide, 1, func() (func() error, error) { return preparePatches(ctx, spec, 1, 1), nil }},
		{patchSide, patchSide, batchSize, func() (func() error, error) { return preparePatches(ctx, spec, batchSize, threads), nil }},
		{pictureHeight, pictureWidth, 1, func() (func() error, error) { return preparePicture(ctx, spec, threads) }},
	} {
		if c.h == patchSide && c.batch == 1 && threads > 1 {
			continue // a patch is one piece, for one thread
		}
		budget.Default().Trim() // where the lanes of the last picture are parked
		sysmem.ResetPeakRSS()
		once, err := c.prepare()
		if err != nil {
			return err
		}
		median, err := o.median(once)
		if err != nil {
			return err
		}
		macs := spec.Build().Cost(tensor.Shape{N: c.batch, C: 3, H: c.h, W: c.w}).True
		err = done(Case{
			Net: spec.Net, Width: spec.Width, Shape: fmt.Sprintf("%dx%d", c.h, c.w), Batch: c.batch, Threads: threads,
			MS: median * 1000, GMACPerS: float64(macs) / median / 1e9, PeakRSSMB: sysmem.PeakRSS() >> 20,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// median is the median of the seconds that once takes, after it was called once to warm up.
func (o Options) median(once func() error) (float64, error) {
	times := make([]time.Duration, o.Runs+1)
	for i := range times {
		watch := stopwatch.Start()
		if err := once(); err != nil {
			return 0, err
		}
		times[i] = watch.Elapsed()
	}
	times = times[1:]
	slices.Sort(times)
	return times[len(times)/2].Seconds(), nil
}

// preparePatches makes a function that runs a batch of patches.
func preparePatches(ctx context.Context, spec arch.Spec, batch, threads int) func() error {
	plan := engine.Compile(spec.Build(), spec.Init(1)).ByLayer() // as the upscale command does for small pictures
	arenas := make([]engine.Arena, threads)
	return func() error {
		return par.Do(ctx, threads, batch, func(worker, _ int) error {
			side := image.Pt(patchSide, patchSide)
			return plan.Run(ctx, &arenas[worker], engine.Piece{Window: side, Core: image.Rectangle{Max: side}}, nil, nil)
		})
	}
}

// preparePicture makes a function that enlarges a picture as the upscale command does, without files.
func preparePicture(ctx context.Context, spec arch.Spec, threads int) (func() error, error) {
	up, err := classsr.ModelOf(weights.Single(spec, spec.Init(1))).Upscaler(classsr.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	picture := picture.New(pictureWidth, pictureHeight, 3, false, 8)
	return func() error {
		_, _, err := up.Upscale(ctx, picture)
		return err
	}, nil
}
