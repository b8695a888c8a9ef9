package main

import (
	"time"

	"classsr/infer"
	"classsr/internal/par"
	"classsr/models"
	"classsr/pipeline/order"
	"classsr/route"
	"classsr/scaling"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"classsr"
)

// modelFlags are the flags of commands that enlarge pictures.
type modelFlags struct {
	model   string
	fast    bool
	kind    string
	denoise float64
	times   float64 // the scale; 0 if none was given
	mode    string
	threads int
	memory  string
	budget  float64
	maxTime time.Duration
	quality float64
	router  string
	border  string
}

func (f *modelFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.model, "model", "m", "", "`NAME` of a built-in model (classsr models) or a model file; by default "+classsr.DefaultModel+", or the built-in\n"+
		"model for what is asked")
	flags.BoolVar(&f.fast, "fast", false, "use a small, fast model, such as "+classsr.FastModel)
	flags.StringVar(&f.kind, "kind", autoKind, "which built-in models are used: clean (keep all that is there), photo (remove traces of JPEG, and noise), real (look\n"+
		"sharp, by inventing texture), or auto: photo for JPEGs of low quality, clean for others")
	flags.Float64Var(&f.denoise, "denoise", 1, "how strongly noise is removed, `S` from 0 (hardly) to 1, by --kind real or a model with such a choice")
	flags.VarP(sizeValue[float64]{&f.times, scaling.ParseScale}, "scale", "s", "enlarge `N` times, such as 4 or 4x; by default the model's own scale")
	flags.StringVar(&f.mode, "mode", "", "how the model is used: routed (each part of the picture by the branch for its difficulty), full (the full-width\n"+
		"network everywhere), paper (as the ClassSR paper's code, to reproduce its figures), or branch=K (branch K\n"+
		"everywhere; 1 is the simplest); by default routed for models with classes, full for others")
	flags.Float64Var(&f.budget, "budget", 0, "routed: spend at most this `PERCENT` of the full network's multiply-accumulates")
	flags.Var(timeValue{&f.maxTime}, "max-time", "routed: let the networks take about this `TIME` at most for each picture, such as 2s or 500ms")
	flags.Float64Var(&f.quality, "quality", 0, "routed: lose at most this many `dB` (PSNR) on average against the full network, as far as\n"+
		"the model's calibration predicts (default: what the model was calibrated for, 0.02 as a rule)")
	flags.StringVar(&f.router, "router", "", "routed: how difficulty is judged: class-module (a small network) or edge (how strong edges are, no network);\n"+
		"by default whichever the model's calibration found better")
	flags.StringVar(&f.border, "border", "", "what networks see beyond the picture's borders: reflect (the picture mirrored) or zero (as in training and in\n"+
		"published figures); by default reflect, but zero in mode paper and where eval measures a single network")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.StringVar(&f.memory, "memory", "", "use at most this `SIZE` of memory for a picture and the work on it, such as 500MB or 2GB; by default four fifths\n"+
		"of the memory available to the process")
	// Completion can only fail for flags that are not there.
	_ = cmd.RegisterFlagCompletionFunc("model", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return classsr.Names(), cobra.ShellCompDirectiveDefault
	})
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{autoKind, string(models.Clean), string(models.Photo), string(models.Real)}, 0))
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"routed", "full", "paper", "branch=1", "branch=2", "branch=3"}, 0))
	_ = cmd.RegisterFlagCompletionFunc("router", cobra.FixedCompletions([]string{route.ClassModule, route.Edge}, 0))
	_ = cmd.RegisterFlagCompletionFunc("border", cobra.FixedCompletions([]string{string(infer.BorderReflect), string(infer.BorderZero)}, 0))
	_ = cmd.RegisterFlagCompletionFunc("scale", cobra.FixedCompletions([]string{"2", "3", "4"}, 0))
}

// scale is the scale that was given, if it is a whole number, or else 0.
func (f *modelFlags) scale() int { return scaling.Target{Scale: f.times}.Whole() }

// options checks the flags that do not depend on the model.
func (f *modelFlags) options(cmd *cobra.Command) (classsr.Options, error) {
	o := classsr.Options{
		Scale: f.scale(), Threads: f.threads,
		Budget: f.budget, MaxTime: f.maxTime, Quality: f.quality, Router: f.router, Border: infer.Border(f.border),
	}
	changed := cmd.Flags().Changed
	switch {
	case f.fast && changed("model"):
		return o, usagef("--fast chooses a built-in model, so it cannot be combined with -m %s", f.model)
	case changed("denoise") && !(f.denoise >= 0 && f.denoise <= 1):
		return o, usagef("--denoise %g: it must be 0 to 1", f.denoise)
	case changed("budget") && !(f.budget > 0 && f.budget <= 100):
		return o, usagef("--budget %g: it must be a percentage, more than 0 and at most 100", f.budget)
	case changed("max-time") && f.maxTime <= 0:
		return o, usagef("--max-time %s: it must be more than 0", f.maxTime)
	case changed("quality") && !(f.quality > 0 && f.quality <= 10):
		return o, usagef("--quality %g: it is how many dB may be lost and must be more than 0 and at most 10 (the quality of JPEG files is --jpeg-quality)", f.quality)
	case changed("threads"):
		if err := checkThreads(f.threads); err != nil {
			return o, err
		}
	}
	mode, err := order.ParseMode(f.mode)
	if err != nil {
		return o, usagef("--mode %s: %w", f.mode, err)
	}
	o.Mode, o.Branch = mode.Mode, mode.Branch
	if err := f.checkKind(cmd); err != nil {
		return o, err
	}
	memory, err := parseMemory(f.memory)
	if err != nil {
		return o, err
	}
	o.Memory = memory
	o.Shared = newBudget(o.Memory, o.Threads, besides)
	return o, nil
}

// parseMemory reads the flag --memory; 0 is what the process may use.
func parseMemory(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	bytes, err := humanize.ParseBytes(text)
	if err != nil || bytes == 0 || bytes > 1<<60 {
		return 0, usagef("--memory %s: not a size such as 500MB or 2GB", text)
	}
	return int64(bytes), nil
}

// checkThreads checks the flag --threads where it was given.
func checkThreads(n int) error {
	switch {
	case n < 1:
		return usagef("--threads %d: it must be at least 1", n)
	case n > par.MaxThreads:
		return usagef("--threads %d: it must be at most %d", n, par.MaxThreads)
	}
	return nil
}
