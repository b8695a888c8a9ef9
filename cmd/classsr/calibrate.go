package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/imageio"
	"classsr/internal/atomicfile"
	"classsr/picture"
	"classsr/resample"
)

// calibrateFlags are the flags of the calibrate command.
type calibrateFlags struct {
	hr        string
	output    string
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

func newCalibrate(io streams) *cobra.Command {
	var f calibrateFlags
	cmd := &cobra.Command{
		Use:   "calibrate MODEL --hr DIR -o FILE.safetensors",
		Short: "Measure what the branches of a ClassSR model lose, for routing",
		Long: "Measure what the branches of a ClassSR model lose on content of each difficulty, and write the model with what was found.\n" +
			"Routing then knows how much quality a cheaper class costs, may use plain bicubic interpolation where nothing is lost, and\n" +
			"can tell difficulty without a network. Give it some twenty pictures like those that the model is for, not those that\n" +
			"it is tested on; LR pictures are made of them by the bicubic filter of MATLAB's imresize.",
		Example: "  classsr calibrate runs/first/model.safetensors --hr photos/ -o mine.safetensors",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, io, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.hr, "hr", "", "`DIR` of HR pictures")
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` to write the model to (.safetensors)")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *calibrateFlags) run(cmd *cobra.Command, io streams, name string) error {
	switch {
	case f.hr == "":
		return usagef("required flag --hr is missing: the folder of the HR pictures")
	case f.output == "":
		return usagef("required flag -o is missing: the file to write the model to")
	case cmd.Flags().Changed("threads") && f.threads < 1:
		return usagef("--threads %d: at least one is needed", f.threads)
	}
	if _, err := os.Stat(f.output); err == nil && !f.overwrite { // now, not after minutes of work
		return fmt.Errorf("%s: %w: use --overwrite to replace it", f.output, atomicfile.ErrExists)
	}
	model, err := classsr.Open(name)
	if err != nil {
		return err
	}
	paths, err := imageio.List(f.hr)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("folder %s holds no pictures (PNG, JPEG, WebP or TIFF)", f.hr)
	}
	calibrator, err := classsr.NewCalibrator(model, f.threads)
	if err != nil {
		return err
	}
	scale := model.Scales()[0]
	if err := f.each(cmd.Context(), io, "measure", paths, scale, calibrator.Add); err != nil {
		return err
	}
	if err := calibrator.Fit(); err != nil {
		return err
	}
	if err := f.each(cmd.Context(), io, "try", paths, scale, calibrator.Try); err != nil {
		return err
	}
	calibrated, err := calibrator.Finish()
	if err != nil {
		return err
	}
	if err := calibrated.Weights().Save(f.output, f.overwrite); err != nil {
		return err
	}
	return f.print(io.out, calibrateResult{model.Name(), f.output, len(paths)})
}

// each gives a step of the calibration all pictures.
func (f *calibrateFlags) each(ctx context.Context, io streams, step string, paths []string, scale int,
	take func(ctx context.Context, lr, hr *picture.Picture) error) error {
	for i, path := range paths {
		if !f.quiet {
			io.note("%s %d of %d: %s", step, i+1, len(paths), path)
		}
		hr, lr, err := reduced(path, scale, resample.Published)
		if err != nil {
			return err
		}
		if err := take(ctx, lr, hr); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (f *calibrateFlags) print(out io.Writer, r calibrateResult) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, "%s: calibrated with %d pictures\n", r.Output, r.Pictures)
	return err
}
