package pipeline

import (
	"slices"

	"classsr"
	"classsr/fault"
	"classsr/infer"
)

// Models are the enlargements that sizes are reached with: one model at all its scales, or the built-in ones. Models are opened when they are
// needed, and kept. It is for one goroutine.
type Models struct {
	options classsr.Options
	only    *classsr.Model // nil for the built-in ones
	ready   map[int]*classsr.Upscaler
}

// NewModels makes Models of a model, or of the built-in ones if it is nil, that work by the options, whose Scale is ignored. It returns an
// error of kind fault.Usage if the model cannot do what the options ask for.
func NewModels(only *classsr.Model, o classsr.Options) (*Models, error) {
	m := &Models{options: o, only: only, ready: map[int]*classsr.Upscaler{}}
	if only != nil {
		if _, err := m.upscaler(only.Scales()[0]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// interpolates tells that there is no network: any size is reached in one go.
func (m *Models) interpolates() bool { return m.only != nil && m.only.Name() == classsr.Bicubic }

// Scales lists the enlargements on offer.
func (m *Models) Scales() []int {
	switch {
	case m.interpolates():
		return nil
	case m.only != nil:
		return m.only.Scales()
	}
	var scales []int
	for scale := 2; scale <= 8; scale++ {
		if classsr.DefaultModelFor(scale) != "" {
			scales = append(scales, scale)
		}
	}
	return scales
}

// model opens the model of a scale.
func (m *Models) model(scale int) (*classsr.Model, error) {
	if m.only != nil {
		return m.only, nil
	}
	return classsr.Open(classsr.DefaultModelFor(scale))
}

// upscaler gives an Upscaler of a scale.
func (m *Models) upscaler(scale int) (*classsr.Upscaler, error) {
	if up := m.ready[scale]; up != nil {
		return up, nil
	}
	model, err := m.model(scale)
	if err != nil {
		return nil, err
	}
	o := m.options
	o.Scale = scale
	up, err := model.Upscaler(o)
	if err != nil {
		return nil, err
	}
	m.ready[scale] = up
	return up, nil
}

// passes gives Upscalers of these scales. It returns an error if the options make no sense for several, or for results that are resized.
func (m *Models) passes(scales []int) ([]*classsr.Upscaler, error) {
	switch {
	case m.options.Mode == infer.ModePaper:
		return nil, fault.New(fault.Usage, "mode %s enlarges by the scale of its model only: leave out the other size, or use another mode", infer.ModePaper)
	case m.options.MaxTime > 0 && len(scales) > 1:
		return nil, fault.New(fault.Usage, "a time limit works for one pass, and this size takes two (%d times, then %d times): use a budget or a quality instead", scales[0], scales[1])
	}
	var ups []*classsr.Upscaler
	for _, scale := range slices.Clip(scales) {
		up, err := m.upscaler(scale)
		if err != nil {
			return nil, err
		}
		ups = append(ups, up)
	}
	return ups, nil
}
