package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"classsr/bench"
	"classsr/cost"
	"classsr/infer"
	"classsr/internal/kernel"
	"classsr/internal/par"
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
	CPU          string       `json:"cpu"`
	Kernel       string       `json:"kernel"`
	PeakGMACPerS float64      `json:"peak_gmac_per_s"`
	Results      []bench.Case `json:"results"`
}

func newBench(std streams) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the speed of the networks on this machine",
		Long: "Measure how fast the networks run on this machine (x4, full width, random weights): a patch of 32x32 pixels, a batch of 16\n" +
			"of them, and a whole picture of 510x339 pixels. Times are medians. GMAC/S are billions of multiply-accumulates a second,\n" +
			"without those for the overlap of pieces. OF THE PEAK compares that with the fastest loop of multiply-adds that one\n" +
			"thread can run. PEAK MB is the most memory that the program had while a line was prepared and measured; what earlier lines\n" +
			"needed is given back before. Other systems than Linux cannot tell that apart: there it is the most since the program began.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), std) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.nets, "net", bench.DefaultNets(), "networks to measure, as a `LIST`")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default first one, then all")
	flags.IntVar(&f.runs, "runs", 5, "measure `N` times and take the median")
	flags.StringVar(&f.costs, "costs", "", "instead measure the speed of each network for the kernels in use, and update the cost table in `FILE`\n"+
		"(for developers: cost/costs.json)")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *benchFlags) run(ctx context.Context, std streams) error {
	name, err := kernel.Select()
	if err != nil {
		return err
	}
	if f.runs < 1 || f.threads < 0 || f.threads > par.MaxThreads {
		return usagef("--runs and --threads must be positive numbers, and --threads at most %d", par.MaxThreads)
	}
	if f.costs != "" {
		set, costs, err := infer.MeasureCosts(ctx)
		if err != nil {
			return err
		}
		return cost.UpdateFile(f.costs, set, costs)
	}
	result := benchResult{CPU: cpuid.CPU.BrandName, Kernel: name, PeakGMACPerS: kernel.Peak() / 1e9}
	o := bench.Options{Nets: f.nets, Threads: []int{f.threads}, Runs: f.runs}
	if f.threads == 0 {
		o.Threads = slices.Compact([]int{1, par.Threads(0)})
	}
	if f.json {
		err := bench.Run(ctx, o, func(c bench.Case) error {
			result.Results = append(result.Results, c)
			return nil
		})
		if err != nil {
			return err
		}
		return json.NewEncoder(std.out).Encode(result)
	}
	return result.stream(ctx, std, o)
}

// stream prints each case as soon as it is measured: all of them take minutes.
func (r *benchResult) stream(ctx context.Context, std streams, o bench.Options) error {
	begun := false
	return bench.Run(ctx, o, func(c bench.Case) error {
		if !begun {
			begun = true
			_, err := fmt.Fprintf(std.out, "%s, %s kernels, at most %.1f GMAC/s a thread\n"+benchHeadings,
				r.CPU, r.Kernel, r.PeakGMACPerS, "NETWORK", "SHAPE", "BATCH", "THREADS", "MS", "GMAC/S", "OF THE PEAK", "PEAK MB")
			if err != nil {
				return err
			}
		}
		percent := 100 * c.GMACPerS / r.PeakGMACPerS / float64(c.Threads)
		_, err := fmt.Fprintf(std.out, benchLine, fmt.Sprintf("%s-%d", c.Net, c.Width), c.Shape, c.Batch, c.Threads, c.MS, c.GMACPerS, percent, c.PeakRSSMB)
		return err
	})
}

// The columns of the table, which cannot wait to learn how wide they become.
const (
	benchHeadings = "%12s  %8s  %5s  %7s  %10s  %7s  %11s  %7s\n"
	benchLine     = "%12s  %8s  %5d  %7d  %10.2f  %7.1f  %9.0f %%  %7d\n"
)
