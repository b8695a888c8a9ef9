package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"classsr/pipeline"

	"github.com/spf13/cobra"
)

// planFlags are the flags of the plan command.
type planFlags struct {
	sizeFlags
	selectionFlags
	readingFlags
	deviceFlags
	json bool
}

func newPlan(std streams) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan [flags] INPUT...",
		Short: "Estimate the time and memory that enlarging pictures would take",
		Long: "Estimate the time, memory and arithmetic that enlarging pictures would take on this machine, without enlarging them. The\n" +
			"table compares all modes and some budgets, or shows the one that --mode, --budget, --max-time or --quality asks for.\n" +
			"SECONDS is the time from file to file, and MEMORY the most that the program takes at a time (with --device, GPU is the time of the networks there); MACS are\n" +
			"multiply-accumulates, in percent of what the full network needs; CLASSES are the shares of the picture that go to each branch.",
		Example: "  classsr plan photo.jpg\n  classsr plan --budget 50 --json scans/",
		Args:    needInput(&std),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, std, orPiped(args)) },
	}
	f.sizeFlags.register(cmd)
	f.selectionFlags.register(cmd)
	f.readingFlags.register(cmd.Flags())
	f.deviceFlags.register(cmd.Flags())
	completeDevice(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object for each picture")
	return cmd
}

func (f *planFlags) run(cmd *cobra.Command, std streams, args []string) error {
	options, err := f.options(cmd)
	if err != nil {
		return err
	}
	reading, err := f.reading()
	if err != nil {
		return err
	}
	if f.allBands() {
		reading.Band = 1 // which stands for the others
	}
	in, release, err := f.input(std, args, false)
	if err != nil {
		return err
	}
	defer release()
	std.in = in
	options.Device, err = f.openDevice(cmd.Context(), func(text string) { std.note("%s", text) })
	if err != nil {
		return err
	}
	defer closeDevice(options.Device)
	models, err := f.models(cmd, options, func(text string) { std.note("%s", text) })
	if err != nil {
		return err
	}
	sizing, err := f.sizing(cmd, models)
	if err != nil {
		return err
	}
	estimator, err := pipeline.NewEstimator(models, f.scale(), sizing)
	if err != nil {
		return err
	}
	request, err := f.request(args)
	if err != nil {
		return err
	}
	work, err := request.Find(cmd.Context())
	if err != nil {
		return err
	}
	for _, text := range work.LeftOut {
		std.note("%s", text)
	}
	for _, failure := range work.Failures {
		std.report(failure.Err)
	}
	failed := len(work.Failures) > 0
	for input := range work.Inputs() {
		input.Reading = reading
		err := f.estimate(cmd.Context(), std, estimator, input)
		if err != nil && !errors.Is(err, errReported) {
			return err
		}
		failed = failed || err != nil
	}
	if failed {
		return errReported
	}
	return nil
}

// estimate prints the estimates of a file, or of all its pages. It tells itself of what cannot be estimated, and then gives errReported.
func (f *planFlags) estimate(ctx context.Context, std streams, estimator *pipeline.Estimator, input pipeline.Input) error {
	pages := 1
	if f.allPages() {
		var err error
		if pages, err = pipeline.Pages(std.in, input.Path, input.Reading); err != nil {
			std.report(err)
			return errReported
		}
	}
	failed := false
	for page := 1; page <= pages; page++ {
		if pages > 1 {
			input.Reading.Page = page
		}
		result, err := estimator.Estimate(ctx, std.in, input)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			std.report(err)
			failed = true
			continue
		}
		if pages > 1 {
			result.Page = page
		}
		if err := f.print(std, result); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func (f *planFlags) print(std streams, r *pipeline.Estimates) error {
	if f.json {
		return json.NewEncoder(std.out).Encode(r)
	}
	size := ""
	if r.OutWidth > 0 {
		size = fmt.Sprintf(" to %dx%d, resized to %dx%d", r.NetworkWidth, r.NetworkHeight, r.OutWidth, r.OutHeight)
	}
	if r.Bands > 0 {
		size += fmt.Sprintf(", %d bands", r.Bands)
	}
	if _, err := fmt.Fprintf(std.out, "%s: %dx%d, %s x%d%s\n", printable(pipeline.Job{Input: r.Input, Page: r.Page}.Picture()), r.Width, r.Height, printable(r.Model), r.Scale, size); err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "MODE\tSECONDS\tMACS\tMEMORY\tCLASSES") // a failed write shows in Flush
	for _, p := range r.Forecasts {
		mode := string(p.Mode)
		if p.Budget > 0 {
			mode += fmt.Sprintf(" --budget %g", p.Budget)
		}
		var shares []string
		for _, c := range p.Classes {
			if c.Share > 0 {
				shares = append(shares, fmt.Sprintf("%s %.0f %%", printable(c.Name), 100*c.Share))
			}
		}
		if p.DeviceSeconds > 0 {
			shares = append(shares, "GPU "+threeDigits(p.DeviceSeconds)+" s")
		}
		if p.FullBecause != "" {
			shares = append(shares, "("+p.FullBecause+")")
		}
		percent := 0.0
		if p.MACsFull > 0 {
			percent = 100 * float64(p.MACs) / float64(p.MACsFull)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%.0f %%\t%d MB\t%s\n", mode, threeDigits(p.TotalSeconds), percent, p.PeakMB, strings.Join(shares, ", "))
	}
	return table.Flush()
}

// threeDigits gives a number with three digits, or as many as it has before the point.
func threeDigits(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
