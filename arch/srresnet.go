package arch

import (
	"fmt"

	"classsr/nn"
)

// srresnet is MSRResNet: residual blocks without BatchNorm, pixel shuffles, and the bilinear enlargement of the input added
// to the result.
var srresnet = Arch{
	Name:   "srresnet",
	Title:  "SRResNet",
	Scales: []int{2, 3, 4},
	Widths: []int{36, 52, 64},
	limits: []limit{{"blocks", func(s Spec) int { return s.Depth }, 1, 256}},
	paper: func(scale, width int) Spec {
		return Spec{Net: "srresnet", Scale: scale, Width: width, Depth: 16, InputRange: 1}
	},
	build:     buildSRResNet,
	recognise: recogniseSRResNet,
}

func buildSRResNet(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	conv := func(name string, out int, x nn.Value) nn.Value {
		return g.Add(name, nn.Conv{In: s.Width, Out: out, Kernel: 3, Pad: 1}, x)
	}
	leaky := func(x nn.Value) nn.Value { return g.Add("", nn.LeakyReLU{Slope: 0.1}, x) }

	x := leaky(g.Add("conv_first", nn.Conv{In: 3, Out: s.Width, Kernel: 3, Pad: 1}, nn.Input))
	for i := range s.Depth {
		block := fmt.Sprint("recon_trunk.", i)
		y := g.Add("", nn.ReLU{}, conv(block+".conv1", s.Width, x))
		x = g.Add("", nn.Add{}, conv(block+".conv2", s.Width, y), x)
	}
	for i, factor := range shuffles(s.Scale) {
		x = conv(fmt.Sprint("upconv", i+1), s.Width*factor*factor, x)
		x = leaky(g.Add("", nn.PixelShuffle{Factor: factor}, x))
	}
	x = leaky(conv("HRconv", s.Width, x))
	x = conv("conv_last", 3, x)
	g.Add("", nn.Add{}, x, g.Add("", nn.Bilinear{Factor: s.Scale}, nn.Input))
	return g
}

func recogniseSRResNet(d dims) (Spec, bool) {
	if !d.has("conv_first.weight", 4) || !d.has("recon_trunk.0.conv1.weight", 4) || !d.has("upconv1.weight", 4) {
		return Spec{}, false
	}
	width := d.at("conv_first.weight", 0)
	scale := 2
	switch {
	case d.at("upconv1.weight", 0) == 9*width:
		scale = 3
	case d.has("upconv2.weight", 4):
		scale = 4
	}
	return Spec{Net: "srresnet", Scale: scale, Width: width, Depth: d.count("recon_trunk.", ".conv1.weight")}, true
}
