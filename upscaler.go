package classsr

import (
	"slices"

	"classsr/fault"
	"classsr/infer"
)

// What enlarges pictures is package infer; these are its types.
type (
	// Options says how an Upscaler works. The zero value is a good choice for all pictures and models.
	Options = infer.Options
	// Upscaler enlarges pictures. It may be used by several goroutines at once.
	Upscaler = infer.Upscaler
	// Report says what an Upscaler did with a picture.
	Report = infer.Report
	// Forecast is what enlarging a picture would take.
	Forecast = infer.Forecast
	// Error is an error with a kind; fault.KindOf tells the kind of any error.
	Error = fault.Error
)

// Modes that Options can ask for.
const (
	ModeRouted = infer.ModeRouted
	ModeFull   = infer.ModeFull
	ModePaper  = infer.ModePaper
)

// Upscaler makes an Upscaler of the model. It returns an error of kind fault.Usage if the model cannot do what the options ask for.
func (m *Model) Upscaler(o Options) (*Upscaler, error) {
	if o.Scale == 0 {
		o.Scale = m.scales[0]
	}
	if !slices.Contains(m.scales, o.Scale) {
		return nil, fault.New(fault.Usage, "%s enlarges %s times, not %d; %s enlarges %s times",
			m.name, listScales(m.scales), o.Scale, Bicubic, listScales(bicubicScales))
	}
	return infer.New(m.file, m.name, o)
}
