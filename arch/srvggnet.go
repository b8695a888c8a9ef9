package arch

import (
	"fmt"

	"classsr/nn"
)

// srvggnet is SRVGGNetCompact, the small network of Real-ESRGAN: convolutions one after the other at the size of the input, each but the last
// one with a PReLU, a pixel shuffle, and the nearest enlargement of the input added to the result.
var srvggnet = Arch{
	Name:   "srvggnet",
	Title:  "SRVGGNetCompact",
	Scales: []int{1, 2, 3, 4, 8},
	Widths: []int{24, 48, 64},
	limits: []limit{{"body convolutions", func(s Spec) int { return s.Depth }, 1, 256}},
	paper: func(scale, width int) Spec {
		return Spec{Net: "srvggnet", Scale: scale, Width: width, Depth: 32, InputRange: 1}
	},
	build:     buildSRVGGNet,
	recognise: recogniseSRVGGNet,
	uniform:   true,
}

func buildSRVGGNet(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	x, in := nn.Input, 3
	for i := range s.Depth + 1 {
		x = g.Add(fmt.Sprint("body.", 2*i), nn.Conv{In: in, Out: s.Width, Kernel: 3, Pad: 1}, x)
		x = g.Add(fmt.Sprint("body.", 2*i+1), nn.PReLU{Slopes: s.Width}, x)
		in = s.Width
	}
	x = g.Add(fmt.Sprint("body.", 2*s.Depth+2), nn.Conv{In: in, Out: 3 * s.Scale * s.Scale, Kernel: 3, Pad: 1}, x)
	nearest := nn.Input
	if s.Scale > 1 {
		x = g.Add("", nn.PixelShuffle{Factor: s.Scale}, x)
		nearest = g.Add("", nn.Nearest{Factor: s.Scale}, nn.Input)
	}
	g.Add("", nn.Add{}, x, nearest)
	return g
}

func recogniseSRVGGNet(d dims) (Spec, bool) {
	if !d.has("body.0.weight", 4) || !d.has("body.1.weight", 1) {
		return Spec{}, false
	}
	convs := 0
	for d.has(fmt.Sprintf("body.%d.weight", 2*convs), 4) {
		convs++
	}
	if convs < 3 {
		return Spec{}, false
	}
	last := fmt.Sprintf("body.%d.weight", 2*convs-2)
	return Spec{Net: "srvggnet", Scale: root(d.at(last, 0) / 3), Width: d.at("body.0.weight", 0), Depth: convs - 2}, true
}
