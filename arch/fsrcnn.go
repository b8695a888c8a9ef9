package arch

import (
	"fmt"

	"classsr/nn"
)

// fsrcnn is FSRCNN(d, s, m) as the ClassSR paper uses it: RGB in and out, one slope for each PReLU, no skip connection.
// Feature extraction 5x5, shrinking 1x1, m mapping layers 3x3, expanding 1x1, and a transposed 9x9 that enlarges.
var fsrcnn = Arch{
	Name:   "fsrcnn",
	Title:  "FSRCNN",
	Scales: []int{2, 3, 4, 8},
	Widths: []int{16, 36, 56},
	limits: []limit{
		{"shrunk channels", func(s Spec) int { return s.Shrink }, 1, maxChannels},
		{"mapping layers", func(s Spec) int { return s.Depth }, 1, 64},
	},
	paper: func(scale, width int) Spec {
		return Spec{Net: "fsrcnn", Scale: scale, Width: width, Shrink: 12, Depth: 4, InputRange: 1}
	},
	build:     buildFSRCNN,
	recognise: recogniseFSRCNN,
	anyScale:  true,
}

func buildFSRCNN(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	x := g.Add("head_conv.0", nn.Conv{In: 3, Out: s.Width, Kernel: 5, Pad: 2}, nn.Input)
	x = g.Add("head_conv.1", nn.PReLU{Slopes: 1}, x)
	x = g.Add("body_conv.0.0", nn.Conv{In: s.Width, Out: s.Shrink, Kernel: 1}, x)
	x = g.Add("body_conv.0.1", nn.PReLU{Slopes: 1}, x)
	for i := range s.Depth {
		x = g.Add(fmt.Sprint("body_conv.", i+1), nn.Conv{In: s.Shrink, Out: s.Shrink, Kernel: 3, Pad: 1}, x)
	}
	x = g.Add(fmt.Sprint("body_conv.", s.Depth+1), nn.PReLU{Slopes: 1}, x)
	expand := fmt.Sprint("body_conv.", s.Depth+2)
	x = g.Add(expand+".0", nn.Conv{In: s.Shrink, Out: s.Width, Kernel: 1}, x)
	x = g.Add(expand+".1", nn.PReLU{Slopes: 1}, x)
	// The smallest padding that leaves exactly Scale result pixels for each pixel; 3 and 1 at x4, as released.
	pad := (9 - s.Scale + 1) / 2
	g.Add("tail_conv", nn.Deconv{In: s.Width, Out: 3, Kernel: 9, Stride: s.Scale, Pad: pad, OutPad: 2*pad - (9 - s.Scale)}, x)
	return g
}

func recogniseFSRCNN(d dims) (Spec, bool) {
	if !d.has("head_conv.0.weight", 4) || !d.has("body_conv.0.0.weight", 4) || !d.has("tail_conv.weight", 4) {
		return Spec{}, false
	}
	depth := 0
	for d.has(fmt.Sprintf("body_conv.%d.weight", depth+1), 4) {
		depth++
	}
	return Spec{
		Net: "fsrcnn", Scale: 4, Width: d.at("head_conv.0.weight", 0), Shrink: d.at("body_conv.0.0.weight", 0),
		Depth: depth,
	}, true
}
