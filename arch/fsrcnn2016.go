package arch

import (
	"fmt"

	"classsr/nn"
)

// fsrcnn2016 is FSRCNN(d, s, m) as in its own paper (Dong et al., ECCV 2016), but on RGB: after every convolution, those of the mapping too,
// there is a PReLU with a slope for each channel.
var fsrcnn2016 = Arch{
	Name:   "fsrcnn2016",
	Title:  "FSRCNN (2016)",
	Scales: fsrcnn.Scales,
	Widths: fsrcnn.Widths,
	limits: fsrcnn.limits,
	paper: func(scale, width int) Spec {
		return Spec{Net: "fsrcnn2016", Scale: scale, Width: width, Shrink: 12, Depth: 4, InputRange: 1}
	},
	build:     buildFSRCNN2016,
	recognise: recogniseFSRCNN2016,
	anyScale:  true,
}

func buildFSRCNN2016(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	x := g.Add("first_part.0", nn.Conv{In: 3, Out: s.Width, Kernel: 5, Pad: 2}, nn.Input)
	x = g.Add("first_part.1", nn.PReLU{Slopes: s.Width}, x)
	part := 0
	mid := func(c nn.Conv) {
		x = g.Add(fmt.Sprint("mid_part.", part), c, x)
		x = g.Add(fmt.Sprint("mid_part.", part+1), nn.PReLU{Slopes: c.Out}, x)
		part += 2
	}
	mid(nn.Conv{In: s.Width, Out: s.Shrink, Kernel: 1})
	for range s.Depth {
		mid(nn.Conv{In: s.Shrink, Out: s.Shrink, Kernel: 3, Pad: 1})
	}
	mid(nn.Conv{In: s.Shrink, Out: s.Width, Kernel: 1})
	g.Add("last_part", nn.Deconv{In: s.Width, Out: 3, Kernel: 9, Stride: s.Scale, Pad: 4, OutPad: s.Scale - 1}, x)
	return g
}

func recogniseFSRCNN2016(d dims) (Spec, bool) {
	if !d.has("first_part.0.weight", 4) || !d.has("mid_part.0.weight", 4) || !d.has("last_part.weight", 4) {
		return Spec{}, false
	}
	convs := 0
	for d.has(fmt.Sprintf("mid_part.%d.weight", 2*convs), 4) {
		convs++
	}
	return Spec{
		Net: "fsrcnn2016", Scale: 4, Width: d.at("first_part.0.weight", 0), Shrink: d.at("mid_part.0.weight", 0),
		Depth: convs - 2, // the first one shrinks, the last one expands
	}, true
}
