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

// Pipeline makes what does it, by models of the shelf (nil: own ones), within a budget of memory and cores. tell, if not nil, is told what the user may not
// expect. The caller adds Progress and Rows. It is for one picture at a time. An order that the models cannot do is an error of kind fault.Usage.
func (o *Order) Pipeline(shelf *pipeline.Shelf, shared *budget.Budget, tell func(string)) (*pipeline.Pipeline, error) {
	models, err := o.models(shelf, classsr.Options{
		Scale: o.Target.Whole(), Threads: shared.Threads(), Shared: shared, Mode: o.Mode.Mode, Branch: o.Mode.Branch,
		Budget: o.Budget, MaxTime: o.MaxTime, Quality: o.Quality, Router: o.Router, Border: infer.Border(o.Border),
	})
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
	if o.Classes != "" {
		d, err := infer.ParseDecision(o.Classes)
		if err != nil {
			return nil, err
		}
		p.Frames = &pipeline.Frames{Decided: &d}
	}
	if o.Target.Given() && !models.Enlarges(o.Target.Whole()) {
		p.Sizing = &pipeline.Sizing{Target: o.Target, Models: models, Linear: o.Linear}
	} else if err := models.Check(p.Scale); err != nil {
		return nil, err
	}
	return p, nil
}

// models gives what the picture is enlarged with.
func (o *Order) models(shelf *pipeline.Shelf, options classsr.Options) (*pipeline.Models, error) {
	if o.Model == "" {
		return shelf.Choice(pipeline.Choice{Kind: o.Kind, Fast: o.Fast, Denoise: o.Denoise}, options)
	}
	return shelf.Named(o.Model, o.Denoise, options)
}
