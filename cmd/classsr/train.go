package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"classsr/fault"
	"classsr/train"
	"classsr/train/report"
)

// trainFlags are the flags of the train command.
type trainFlags struct {
	data       string
	output     string
	validation string
	judge      string
	threads    int
	resume     bool
	show       bool
	quiet      bool
	json       bool
}

func newTrain(std streams) *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE|CONFIG.yaml --data DATA.sr [--resume]",
		Short: "Train a ClassSR model",
		Long: "Train a ClassSR model by a recipe, on patches made by classsr prepare: first the branches, then the Class-Module with the\n" +
			"branches frozen, then all together. The folder of the run receives checkpoints, a log (log.jsonl), a page of curves to\n" +
			"watch (report.html) and at the end the model (model.safetensors). Ctrl-C saves and stops; --resume continues, with the\n" +
			"same result as if the run had never been stopped.\n\n" +
			"Built-in recipes; --show prints one, as a start for your own:\n  " + strings.Join(train.RecipeNames(), "\n  "),
		Example: "  classsr prepare photos/ -o data.sr\n" +
			"  classsr train fsrcnn-x4-quick --data data.sr -o runs/first\n" +
			"  classsr train fsrcnn-x4-quick --data data.sr -o runs/first --resume",
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return train.RecipeNames(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, std, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.data, "data", "d", "", "training data, a `FILE` made by classsr prepare")
	flags.StringVarP(&f.output, "output", "o", "", "`FOLDER` of the run (default: runs/ and the recipe's name)")
	flags.StringVar(&f.validation, "validation", "", "`FOLDER` of HR pictures to measure quality on, in place of the one in the recipe")
	flags.StringVar(&f.judge, "judge", "", "`MODEL` that judged the data, to compare its classes with those chosen for the validation pictures (default: found by its name)")
	flags.IntVar(&f.threads, "threads", 0, "use `N` cores; by default all")
	flags.BoolVar(&f.resume, "resume", false, "continue the run in the folder")
	flags.BoolVar(&f.show, "show", false, "print the recipe and stop")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (f *trainFlags) run(cmd *cobra.Command, std streams, name string) error {
	recipe, err := train.LoadRecipe(name)
	if err != nil {
		return fault.As(fault.Usage, err)
	}
	if f.show {
		_, err := fmt.Fprint(std.out, recipe.Text)
		return err
	}
	switch {
	case f.data == "":
		return usagef("required flag --data is missing: a file made by classsr prepare")
	case cmd.Flags().Changed("threads") && checkThreads(f.threads) != nil:
		return checkThreads(f.threads)
	}
	if f.output == "" {
		f.output = "runs/" + recipe.Name
	}
	o := train.Options{
		Data: f.data, Folder: f.output, Validation: f.validation, Judge: f.judge, Threads: f.threads, Resume: f.resume,
		Note: func(text string) { std.note("%s", text) },
	}
	if !f.quiet {
		o.Progress = newTrainProgress(std)
	}
	endsItself.Store(true)
	result, err := train.Run(cmd.Context(), recipe, o)
	if stopped := cmd.Context().Err(); err != nil && stopped != nil { // of which no more than that would be said
		if errors.Is(err, stopped) {
			std.note("the run is saved in %s: continue it with --resume", f.output)
		} else {
			std.report(err)
		}
	}
	if err != nil {
		return err
	}
	if f.json {
		return json.NewEncoder(std.out).Encode(result)
	}
	text := result.Model
	if result.Validation != nil {
		text += ": " + result.Validation.String()
	}
	std.note("%s", text)
	return nil
}

// newTrainProgress tells the progress line by line: every few seconds where a person looks on, else every half minute.
func newTrainProgress(std streams) func(train.Progress) {
	every := 30 * time.Second
	if newProgress(std, false).width != nil {
		every = 5 * time.Second
	}
	var last time.Time
	stage := 0
	return func(p train.Progress) {
		if p.Stage == stage && p.Step < p.Steps && time.Since(last) < every {
			return
		}
		last, stage = time.Now(), p.Stage
		text := fmt.Sprintf("stage %d/%d %s  step %d/%d  %.1f ms  %s left", p.Stage, p.Stages, p.Title, p.Step, p.Steps, p.MSPerStep,
			p.Left.Round(time.Second))
		for _, name := range []string{report.LossPixel, report.LossTeacher, report.LossClass, report.LossAverage,
			report.LossDifficulty} {
			if v, ok := p.Losses[name]; ok {
				text += fmt.Sprintf("  %s %.4f", name, v)
			}
		}
		for i, share := range p.Shares {
			if i == 0 {
				text += "  classes"
			}
			text += fmt.Sprintf(" %.0f%%", 100*share)
		}
		std.note("%s", text)
	}
}
