package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"classsr"
	"classsr/arch"
	"classsr/engine"
	"classsr/internal/kernel"
	"classsr/internal/par"
	"classsr/picture"
	"classsr/tensor"
)

// benchFlags are the flags of the bench command.
type benchFlags struct {
	nets    []string
	threads int
	runs    int
	costs   string
	json    bool
}

// benchResult is what bench --json prints.
type benchResult struct {
	CPU          string      `json:"cpu"`
	Kernel       string      `json:"kernel"`
	PeakGMACPerS float64     `json:"peak_gmac_per_s"`
	Results      []benchCase `json:"results"`
}

// benchCase is the measurement of one network on one shape.
type benchCase struct {
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

func newBench(io streams) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the speed of the networks on this machine",
		Long: "Measure the networks at full width (x4, random weights): a 32x32 patch and a batch of 16, and a whole picture of 339x510\n" +
			"pixels. Times are medians; multiply-accumulates are the network's own, without the context of pieces. The peak is that of\n" +
			"a loop of multiply-adds between registers on one thread.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), io) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.nets, "net", arch.SRNames(), "networks to measure")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default one, and then all")
	flags.IntVar(&f.runs, "runs", 5, "measure `N` times")
	flags.StringVar(&f.costs, "costs", "", "measure what routing reckons with instead, and put it into this `FILE` (costs.json)")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *benchFlags) run(ctx context.Context, io streams) error {
	name, err := kernel.Select()
	if err != nil {
		return err
	}
	if f.runs < 1 || f.threads < 0 {
		return usagef("--runs and --threads are positive numbers")
	}
	if f.costs != "" {
		return updateCosts(ctx, f.costs)
	}
	threads := []int{f.threads}
	if f.threads == 0 {
		threads = slices.Compact([]int{1, par.Threads(0)})
	}
	result := benchResult{CPU: cpuid.CPU.BrandName, Kernel: name, PeakGMACPerS: kernel.Peak() / 1e9}
	for _, net := range f.nets {
		a, err := arch.ByName(net)
		if err != nil || !a.InPaper() {
			return usagef("--net %s: there are %s", net, strings.Join(arch.SRNames(), ", "))
		}
		spec, err := arch.Paper(net, 4, slices.Max(a.Widths))
		if err != nil {
			return err
		}
		for _, n := range threads {
			cases, err := f.measure(ctx, spec, n)
			if err != nil {
				return err
			}
			result.Results = append(result.Results, cases...)
		}
	}
	return result.print(io, f.json)
}

// measure measures one network on all shapes. What one shape needs is given back before the next is measured.
func (f *benchFlags) measure(ctx context.Context, spec arch.Spec, threads int) ([]benchCase, error) {
	var cases []benchCase
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
		resetPeakRSS()
		once, err := c.prepare()
		if err != nil {
			return nil, err
		}
		median, err := f.median(once)
		if err != nil {
			return nil, err
		}
		macs := spec.Build().Cost(tensor.Shape{N: c.batch, C: 3, H: c.h, W: c.w}).True
		cases = append(cases, benchCase{
			Net: spec.Net, Width: spec.Width, Shape: fmt.Sprintf("%dx%d", c.h, c.w), Batch: c.batch, Threads: threads,
			MS: median * 1000, GMACPerS: float64(macs) / median / 1e9, PeakRSSMB: peakRSS() >> 20,
		})
	}
	return cases, nil
}

// median is the median of the seconds that once takes, after it was called once to warm up.
func (f *benchFlags) median(once func() error) (float64, error) {
	times := make([]time.Duration, f.runs+1)
	for i := range times {
		start := time.Now()
		if err := once(); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
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
			return plan.Run(ctx, &arenas[worker], engine.Piece{
				Window: image.Pt(patchSide, patchSide), Core: image.Rect(0, 0, patchSide, patchSide),
				Read:  func(*tensor.Tensor, int) {},
				Write: func(*tensor.Tensor, image.Point) {},
			})
		})
	}
}

// preparePicture makes a function that enlarges a picture as the upscale command does, without files.
func preparePicture(ctx context.Context, spec arch.Spec, threads int) (func() error, error) {
	up, err := classsr.NewModel(spec, spec.Init(1)).Upscaler(classsr.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	picture := picture.New(pictureWidth, pictureHeight, 3, false, 8)
	return func() error {
		_, _, err := up.Upscale(ctx, picture)
		return err
	}, nil
}

func (r *benchResult) print(io streams, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(io.out).Encode(r)
	}
	if _, err := fmt.Fprintf(io.out, "%s, %s kernels, at most %.1f GMAC/s a thread\n", r.CPU, r.Kernel, r.PeakGMACPerS); err != nil {
		return err
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "NETWORK\tSHAPE\tBATCH\tTHREADS\tMS\tGMAC/S\tOF THE PEAK\tPEAK MB\t") // a failed write shows in Flush
	for _, c := range r.Results {
		_, _ = fmt.Fprintf(table, "%s-%d\t%s\t%d\t%d\t%.2f\t%.1f\t%.0f %%\t%d\t\n",
			c.Net, c.Width, c.Shape, c.Batch, c.Threads, c.MS, c.GMACPerS, 100*c.GMACPerS/r.PeakGMACPerS/float64(c.Threads), c.PeakRSSMB)
	}
	return table.Flush()
}
