package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/dataset"
	"classsr/fault"
	"classsr/pipeline"
)

// noJudge is the judge that says nothing.
const noJudge = "none"

// prepareFlags are the flags of the prepare command.
type prepareFlags struct {
	dataset.Settings
	degrade   degradeFlags
	output    string
	judge     string
	threads   int
	overwrite bool
	quiet     bool
	json      bool
}

func newPrepare(std streams) *cobra.Command {
	f := prepareFlags{Settings: dataset.PaperSettings(4)}
	cmd := &cobra.Command{
		Use:   "prepare FOLDER... -o DATA.sr",
		Short: "Cut pictures into patches to train with",
		Long: "Cut the pictures in folders and their subfolders into pairs of low-resolution (LR) and high-resolution (HR) patches, and\n" +
			"write them to one file for classsr train. A trained model, the judge, finds how difficult each patch is: the higher its\n" +
			"PSNR, the easier. With --jpeg, --noise and --blur the LR pictures are degraded first, so that networks learn to mend that.\n" +
			"Pictures that cannot be read are reported and left out. If the command is stopped, or even killed, run\n" +
			"it again and it continues where it was.",
		Example: "  classsr prepare photos/ -o data.sr\n  classsr prepare DIV2K/HR -o data.sr --judge srresnet.pth\n" +
			"  classsr prepare photos/ -o jpeg.sr --jpeg 30-95:0.9 --noise 0.5-4:0.4",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, std, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` to write, such as data.sr")
	flags.IntVarP(&f.Scale, "scale", "s", f.Scale, "scale `N` to train for")
	flags.IntVar(&f.Patch, "patch", f.Patch, "width and height of LR patches, in `PIXELS`")
	flags.IntVar(&f.Step, "step", f.Step, "distance from one LR patch to the next, in `PIXELS`")
	flags.Float64SliceVar(&f.Factors, "sizes", f.Factors, "use each picture several times, reduced to these `SHARES` of its size")
	flags.Lookup("sizes").DefValue = strings.Trim(strings.Join(strings.Fields(fmt.Sprint(f.Factors)), ","), "[]")
	flags.IntVar(&f.Thin, "thin", f.Thin, "keep only one in `N` flat patches")
	flags.StringVar(&f.judge, "judge", "", "`MODEL` that finds how difficult patches are, or none (default: the built-in model of the scale)")
	flags.IntVar(&f.Classes, "classes", f.Classes, "divide the patches into `N` classes of equal size by difficulty")
	f.degrade.register(cmd)
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace the output file if it exists")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *prepareFlags) run(cmd *cobra.Command, std streams, folders []string) error {
	switch {
	case f.output == "":
		return usagef("required flag --output is missing: the file to write")
	case cmd.Flags().Changed("threads") && checkThreads(f.threads) != nil:
		return checkThreads(f.threads)
	}
	if err := f.degrade.into(cmd, &f.Settings); err != nil {
		return fault.As(fault.Usage, err)
	}
	o := dataset.PrepareOptions{Settings: f.Settings, Threads: f.threads, Overwrite: f.overwrite}
	if err := o.Check(); err != nil {
		return fault.As(fault.Usage, err)
	}
	if f.judge == "" {
		if f.judge = classsr.DefaultModelFor(f.Scale); f.judge == "" {
			return usagef("there is no built-in model for x%d: name a model with --judge, or give --judge none", f.Scale)
		}
	}
	if f.judge != noJudge {
		model, err := classsr.Open(f.judge)
		if err != nil {
			return err
		}
		if _, err := model.Upscaler(classsr.Options{Scale: f.Scale}); err != nil {
			return fault.As(fault.Usage, fmt.Errorf("--judge %s: %w", f.judge, err))
		}
		o.Model, o.Judge = model, model.Name()
	}
	bar := newProgress(std, f.quiet)
	bar.start(f.output, pipeline.Position{Count: 1})
	o.Progress = func(done, total, _ int) { bar.update(done, total) }
	o.Note = func(text string) {
		bar.pause()
		std.note("%s", text)
	}
	summary, err := dataset.Prepare(cmd.Context(), folders, f.output, o)
	bar.finish(0)
	if err != nil {
		return hint(err)
	}
	if err := dataset.DrawHistogram(f.output, summary); err != nil {
		return err
	}
	if f.json {
		return json.NewEncoder(std.out).Encode(summary)
	}
	std.note("%s: %s", f.output, describeData(summary))
	return nil
}

// describeData says what is in a data file.
func describeData(s *dataset.Summary) string {
	text := fmt.Sprintf("%d patches of %d pictures", s.Patches, s.Pictures)
	if s.Thinned > 0 {
		text += fmt.Sprintf(", %d flat ones left out", s.Thinned)
	}
	if len(s.Thresholds) > 0 {
		var dB []string
		for _, t := range s.Thresholds {
			dB = append(dB, fmt.Sprintf("%.2f", t))
		}
		text += fmt.Sprintf("; classes are divided at %s dB (PSNR of %s)", strings.Join(dB, ", "), s.Settings.Judge)
	}
	if s.Settings.Degradation != nil {
		text += "; LR degraded by " + s.Settings.Degradation.String()
	}
	return text
}
