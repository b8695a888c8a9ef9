package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/calibrate"
	"classsr/internal/atomicfile"
	"classsr/route"
)

// calibrateFlags are the flags of the calibrate command.
type calibrateFlags struct {
	spoil     spoilFlags
	hr        string
	pages     string
	output    string
	quality   float64
	threads   int
	overwrite bool
	quiet     bool
	json      bool
}

// calibrateResult is what calibrate --json prints.
type calibrateResult struct {
	Model    string `json:"model"`
	Output   string `json:"output"`
	Pictures int    `json:"pictures"`
}

func newCalibrate(std streams) *cobra.Command {
	var f calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate MODEL --hr DIR -o FILE.safetensors",
		Short: "Measure how much quality the branches of a ClassSR model lose, for routing",
		Long: "Measure how much quality each branch of a ClassSR model loses on content of each difficulty, and write the model to a new\n" +
			"file together with the result. With a calibrated model, routing can keep a limit on quality (upscale --quality), use\n" +
			"plain bicubic interpolation where nothing is lost, and judge difficulty without a network. Some twenty high-resolution\n" +
			"(HR) pictures like those that the model is for are enough; do not take those that you test it on. Small pictures are\n" +
			"made from them by the bicubic filter of MATLAB's imresize.",
		Example: "  classsr calibrate runs/first/model.safetensors --hr photos/ -o mine.safetensors",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, std, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.hr, "hr", "", "`DIR` of HR (original) pictures")
	flags.StringVar(&f.pages, "pages", "", "`DIR` of small pictures of text, drawings and screens, whose edges routing must not blur")
	flags.Float64Var(&f.quality, "quality", route.DefaultQuality, "how many `DB` (PSNR) routing may lose on average with the model where nothing is asked for")
	f.spoil.register(cmd)
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` to write the model to (.safetensors)")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *calibrateFlags) run(cmd *cobra.Command, std streams, name string) error {
	switch {
	case f.hr == "":
		return usagef("required flag --hr is missing: the folder of the HR pictures")
	case f.output == "":
		return usagef("required flag -o is missing: the file to write the model to")
	case !(f.quality > 0 && f.quality <= route.MaxQuality):
		return usagef("--quality %g: it is how many dB may be lost and must be more than 0 and at most %d", f.quality, route.MaxQuality)
	case cmd.Flags().Changed("threads") && checkThreads(f.threads) != nil:
		return checkThreads(f.threads)
	}
	if _, err := os.Stat(f.output); err == nil && !f.overwrite { // now, not after minutes of work
		return fmt.Errorf("%s: %w: use --overwrite to replace it", f.output, atomicfile.ErrExists)
	}
	if err := atomicfile.Writable(f.output); err != nil {
		return err
	}
	degradation, err := f.spoil.degradation(cmd)
	if err != nil {
		return err
	}
	model, err := classsr.Open(name)
	if err != nil {
		return err
	}
	calibrated, pictures, err := calibrate.Folders{HR: f.hr, Pages: f.pages, Degradation: degradation, Quality: f.quality}.Run(cmd.Context(), model, f.threads, func(text string) {
		if !f.quiet {
			std.note("%s", text)
		}
	})
	if err != nil {
		return err
	}
	if err := calibrated.Weights().Save(f.output, f.overwrite); err != nil {
		return err
	}
	return f.print(std.out, calibrateResult{model.Name(), f.output, pictures})
}

func (f *calibrateFlags) print(out io.Writer, r calibrateResult) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, "%s: calibrated with %d pictures\n", printable(r.Output), r.Pictures)
	return err
}
