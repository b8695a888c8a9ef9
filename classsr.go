// Package classsr enlarges pictures two, three, four or eight times with neural networks, on ordinary machines: no GPU, no
// Python, nothing to download. It implements the super-resolution framework ClassSR (Kong et al., CVPR 2021) and its networks.
//
// Open a model (one that is built in, or a file), make an Upscaler of it, and give it pictures:
//
//	model, err := classsr.Open("carn-m-x4")
//	...
//	up, err := model.Upscaler(classsr.Options{})
//	...
//	large, report, err := up.Upscale(ctx, small)
//
// Pictures are picture.Picture: gray or RGB, with or without alpha, 8 or 16 bits a sample; package imageio reads and writes
// their files. Pictures are cut into pieces with real context around each, computed on all cores; memory is bounded by the
// pieces and the two pictures. This package does not read or write picture files, and trains nothing.
package classsr

import (
	_ "embed" // for NOTICE
	"slices"

	"classsr/fault"
	"classsr/infer"
)

// Package infer enlarges the pictures; these are its types.
type (
	// Options says how an Upscaler works: scale, mode, goal, threads, memory. The zero value is a good choice.
	Options = infer.Options
	// Upscaler enlarges pictures. It may be used by several goroutines at once.
	Upscaler = infer.Upscaler
	// Report says what an Upscaler did with a picture: sizes, classes, arithmetic, seconds.
	Report = infer.Report
	// Forecast estimates what enlarging a picture would take: classes, arithmetic, seconds, memory.
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

// Notice is the text of the file NOTICE: the licences of the program, its built-in models and sample pictures, which must accompany them.
// Package licences has those of linked modules.
//
//go:embed NOTICE
var Notice string

// Upscaler makes an Upscaler of the model. Options.Scale 0 means the model's default. It returns an error of kind fault.Usage if the model cannot do what the options ask for.
func (m *Model) Upscaler(o Options) (*Upscaler, error) {
	if o.Scale == 0 {
		o.Scale = m.scales[0]
	}
	if !slices.Contains(m.scales, o.Scale) {
		return nil, fault.New(fault.Usage, "%s enlarges %s times, not %d; %s can enlarge %s times",
			m.name, listScales(m.scales), o.Scale, Bicubic, listScales(bicubicScales))
	}
	return infer.New(m.file, m.name, o)
}
