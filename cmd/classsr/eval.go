package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"classsr/evaluate"
	"classsr/resample"
)

// evalFlags are the flags of the eval command.
type evalFlags struct {
	spoil spoilFlags
	modelFlags
	hr, lr      string
	downscale   string
	compareFull bool
	json        bool
}

func newEval(std streams) *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval -m MODEL --hr DIR [--lr DIR]",
		Short: "Measure PSNR and SSIM of a model on test pictures",
		Long: "Enlarge low-resolution (LR) pictures and compare the results with the high-resolution (HR) originals: PSNR and SSIM in RGB\n" +
			"and Y (BT.601, studio range), without a border as many pixels wide as the scale, and their means over the pictures.\n" +
			"LR pictures must be named like the HR ones (NAME or NAMEx4). Without --lr they are made from the HR pictures by the\n" +
			"bicubic filter of MATLAB's imresize. For comparison, -m bicubic measures plain interpolation.",
		Example: "  classsr eval -m carn-m-x4 --hr Set5/HR --lr Set5/LRx4\n  classsr eval -m bicubic --hr Set14/HR --json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd, std) },
	}
	f.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.hr, "hr", "", "`DIR` of the HR (original) pictures")
	flags.StringVar(&f.lr, "lr", "", "`DIR` of the LR (small) pictures; by default they are made from the HR pictures")
	flags.StringVar(&f.downscale, "downscale", "published",
		"how LR pictures are made: `VARIANT` published (as the LR sets in use: rounded to 8 bits between the passes)\n"+
			"or original (as the ClassSR authors' code: not rounded)")
	// Completion can only fail for flags that are not there.
	_ = cmd.RegisterFlagCompletionFunc("downscale", cobra.FixedCompletions([]string{"published", "original"}, 0))
	f.spoil.register(cmd)
	flags.BoolVar(&f.compareFull, "compare-full", false,
		"also run the full-width network over the whole pictures, to compare its time and how visible seams are")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *evalFlags) run(cmd *cobra.Command, std streams) error {
	if f.hr == "" {
		return usagef("required flag --hr is missing: the folder of the HR pictures")
	}
	options, err := f.options(cmd)
	switch {
	case err != nil:
		return err
	case cmd.Flags().Changed("scale") && options.Scale == 0:
		return usagef("--scale %g: it must be a whole number, such as 4 or 4x", f.times)
	}
	variant := resample.Published
	switch f.downscale {
	case "published":
	case "original":
		variant = resample.Original
	default:
		return usagef("--downscale %s: it must be published or original", f.downscale)
	}
	degradation, err := f.spoil.degradation(cmd)
	switch {
	case err != nil:
		return err
	case degradation != nil && f.lr != "":
		return usagef("--jpeg, --noise and --blur are for LR pictures that eval makes: leave out --lr")
	}
	model, err := f.open(cmd, func(text string) { std.note("%s", text) })
	if err != nil {
		return err
	}
	folder := evaluate.Folder{HR: f.hr, LR: f.lr, Variant: variant, CompareFull: f.compareFull, Degradation: degradation}
	failed := false
	result, err := folder.Run(cmd.Context(), model, options, func(err error) {
		std.report(err)
		failed = true
	})
	if err != nil {
		return err
	}
	if result.Images > 0 {
		if err := f.print(std, result); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

func (f *evalFlags) print(std streams, r *evaluate.Result) error {
	if f.json {
		return json.NewEncoder(std.out).Encode(r)
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	line := func(s evaluate.ImageScore) { // a failed write shows in Flush
		_, _ = fmt.Fprintf(table, "%s\t%.2f\t%.4f\t%.2f\t%.4f\n", printable(s.Name), float64(s.PSNRRGB), s.SSIMRGB, float64(s.PSNRY), s.SSIMY)
	}
	_, _ = fmt.Fprintln(table, "PICTURE\tPSNR RGB\tSSIM RGB\tPSNR Y\tSSIM Y")
	for _, s := range r.PerImage {
		line(s)
	}
	line(r.Mean())
	if err := table.Flush(); err != nil {
		return err
	}
	timing := fmt.Sprintf("%s x%d, %s: %.1f s", printable(r.Model), r.Scale, r.Mode, r.SecondsNetwork)
	if r.SecondsFull > 0 {
		timing += fmt.Sprintf(" (full: %.1f s)", r.SecondsFull)
	}
	_, err := fmt.Fprintf(std.out, "%s, %.0f %% of the full network's MACs\n%s", timing, r.MACsPercent, r.Seam.String())
	if err != nil || len(r.Classes) < 2 {
		return err
	}
	var shares []string
	for _, c := range r.Classes {
		shares = append(shares, fmt.Sprintf("%s %.1f %%", printable(c.Name), 100*c.Share))
	}
	_, err = fmt.Fprintf(std.out, "%s; %.1f %% of the paper FLOPs\n", strings.Join(shares, ", "), r.PaperFLOPsPercent)
	return err
}
