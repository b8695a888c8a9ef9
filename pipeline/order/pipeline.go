package order

import (
	"cmp"

	"classsr"
	"classsr/budget"
	"classsr/imageio"
	"classsr/infer"
	"classsr/pipeline"
)

// Reading is what is wanted of the picture's file.
func (o *Order) Reading() (r imageio.Options, err error) {
	r.Page = o.Page
	if o.Bands != "" {
		if r.Bands, err = ParseBands(o.Bands); err != nil {
			return r, err
		}
	}
	if o.Range != "" {
		samples, err := ParseRange(o.Range)
		if err != nil {
			return r, err
		}
		r.Range = &samples
	}
	return r, nil
}

// Pipeline makes what does it, within a budget of memory and cores. progress, if not nil, is told pixels that are done and all, pass by pass; tell what the user
// may not expect. An order that the models cannot do is an error of kind fault.Usage.
func (o *Order) Pipeline(shared *budget.Budget, progress func(done, total int), tell func(string)) (*pipeline.Pipeline, error) {
	options := classsr.Options{
		Scale: o.Target.Whole(), Threads: shared.Threads(), Shared: shared, Mode: o.Mode.Mode, Branch: o.Mode.Branch,
		Budget: o.Budget, MaxTime: o.MaxTime, Quality: o.Quality, Router: o.Router, Border: infer.Border(o.Border), Progress: progress,
	}
	models, err := o.models(options)
	if err != nil {
		return nil, err
	}
	models.Tell = tell
	reading, err := o.Reading()
	if err != nil {
		return nil, err
	}
	level, err := ParsePNGLevel(o.PNGLevel)
	if err != nil {
		return nil, err
	}
	background, err := ParseColour(cmp.Or(o.Background, "white"))
	if err != nil {
		return nil, err
	}
	p := &pipeline.Pipeline{
		Models: models, Scale: o.Target.Whole(), JPEGQuality: o.JPEGQuality, JPEGFullColor: o.JPEG444, Reading: reading, PNGLevel: level,
		ICC: o.ICC, Strip: o.Strip, Background: background, Overwrite: true, Threads: shared.Threads(), Shared: shared,
	}
	if o.Target.Given() && !models.Enlarges(o.Target.Whole()) {
		p.Sizing = &pipeline.Sizing{Target: o.Target, Models: models, Linear: o.Linear}
	} else if err := models.Check(p.Scale); err != nil {
		return nil, err
	}
	return p, nil
}

// models gives what the picture is enlarged with.
func (o *Order) models(options classsr.Options) (*pipeline.Models, error) {
	if o.Model == "" {
		return pipeline.NewChoice(pipeline.Choice{Kind: o.Kind, Fast: o.Fast, Denoise: o.Denoise}, options)
	}
	only, err := classsr.Open(o.Model)
	if err == nil && o.Denoise != nil {
		only, err = only.Denoised(*o.Denoise)
	}
	if err != nil {
		return nil, err
	}
	return pipeline.NewModels(only, options)
}
