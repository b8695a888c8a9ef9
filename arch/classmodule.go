package arch

import "classsr/nn"

// classModule is ClassSR's Class-Module (section 3.3): five convolutions, the first of which cuts the sub-image into 4x4
// squares, average pooling and one fully connected layer. Its result, N x Classes x 1 x 1, is to be softmaxed into the
// probabilities of the classes, the simplest first. Width counts the channels of its inner layers.
var classModule = Arch{
	Name:   "classmodule",
	Title:  "Class-Module",
	Widths: []int{128},
	Pools:  true,
	limits: []limit{
		{"last channels", func(s Spec) int { return s.Squeeze }, 1, maxChannels},
		{"classes", func(s Spec) int { return s.Classes }, 2, 16},
	},
	paper: func(_, classes int) Spec {
		return Spec{Net: "classmodule", Width: 128, Squeeze: 32, Classes: classes, InputRange: 1}
	},
	build:     buildClassModule,
	recognise: recogniseClassModule,
}

func buildClassModule(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	leaky := func(x nn.Value) nn.Value { return g.Add("", nn.LeakyReLU{Slope: 0.1}, x) }
	conv1 := func(name string, out int, x nn.Value) nn.Value {
		return g.Add(name, nn.Conv{In: s.Width, Out: out, Kernel: 1}, x)
	}
	x := leaky(g.Add("CondNet.0", nn.Conv{In: 3, Out: s.Width, Kernel: 4, Stride: 4}, nn.Input))
	x = leaky(conv1("CondNet.2", s.Width, x))
	x = leaky(conv1("CondNet.4", s.Width, x))
	x = leaky(conv1("CondNet.6", s.Width, x))
	x = conv1("CondNet.8", s.Squeeze, x)
	g.Add("lastOut", nn.Linear{In: s.Squeeze, Out: s.Classes}, g.Add("", nn.GlobalAvgPool{}, x))
	return g
}

func recogniseClassModule(d dims) (Spec, bool) {
	if !d.has("CondNet.0.weight", 4) || !d.has("CondNet.8.weight", 4) || !d.has("lastOut.weight", 2) {
		return Spec{}, false
	}
	return Spec{
		Net: "classmodule", Width: d.at("CondNet.0.weight", 0), Squeeze: d.at("CondNet.8.weight", 0),
		Classes: d.at("lastOut.weight", 0),
	}, true
}
