package main

import (
	"slices"

	"github.com/spf13/cobra"

	"classsr"
	"classsr/models"
	"classsr/pipeline"
)

// autoKind as --kind chooses for each picture.
const autoKind = "auto"

// checkKind returns an error if --kind, --denoise and --model contradict each other.
func (f *modelFlags) checkKind(cmd *cobra.Command) error {
	changed := cmd.Flags().Changed
	kind := models.Kind(f.kind)
	b, builtin := models.Find(f.model)
	switch {
	case f.kind != autoKind && !slices.Contains(models.Kinds, kind):
		return usagef("--kind %s: it must be auto, clean, photo or real", f.kind)
	case f.kind != autoKind && changed("model") && !builtin:
		return usagef("--kind %s chooses a built-in model, so it cannot be combined with -m %s", f.kind, f.model)
	case f.kind != autoKind && changed("model") && b.Kind != kind:
		return usagef("--kind %s: %s is a model of kind %s; leave out one of them", f.kind, f.model, b.Kind)
	case changed("denoise") && !changed("model") && kind != models.Real:
		return usagef("--denoise %g: it works with --kind real, or with -m and a model that has such a choice", f.denoise)
	}
	return nil
}

// choice is what the flags ask of the built-in models.
func (f *modelFlags) choice(cmd *cobra.Command) pipeline.Choice {
	c := pipeline.Choice{Fast: f.fast}
	if f.kind != autoKind {
		c.Kind = models.Kind(f.kind)
	}
	if cmd.Flags().Changed("denoise") {
		c.Denoise = &f.denoise
	}
	return c
}

// models gives what pictures are enlarged with. tell is told what the user may not expect.
func (f *modelFlags) models(cmd *cobra.Command, o classsr.Options, tell func(text string)) (m *pipeline.Models, err error) {
	if cmd.Flags().Changed("model") {
		var only *classsr.Model
		if only, err = f.named(cmd); err != nil {
			return nil, err
		}
		m, err = pipeline.NewModels(only, o)
	} else {
		m, err = pipeline.NewChoice(f.choice(cmd), o)
	}
	if err == nil {
		m.Tell = tell
	}
	return m, err
}

// named opens the model of --model.
func (f *modelFlags) named(cmd *cobra.Command) (*classsr.Model, error) {
	model, err := classsr.Open(f.model)
	if err == nil && cmd.Flags().Changed("denoise") {
		if model, err = model.Denoised(f.denoise); err != nil {
			return nil, usagef("--denoise %g: %w", f.denoise, err)
		}
	}
	return model, err
}

// open opens one model for all pictures: that of --model, or the built-in one that the flags ask for, which tell is told of if it is not quite that.
func (f *modelFlags) open(cmd *cobra.Command, tell func(text string)) (*classsr.Model, error) {
	if cmd.Flags().Changed("model") {
		model, err := f.named(cmd)
		if err == nil && model.Note() != "" {
			tell(model.Name() + ": " + model.Note())
		}
		return model, err
	}
	m, err := pipeline.NewChoice(f.choice(cmd), classsr.Options{}) // which model can do what is asked for shows when it is used
	if err != nil {
		return nil, err
	}
	m.Tell = tell
	return m.First(f.scale())
}
