package arch

import (
	"fmt"

	"classsr/nn"
)

// rcan is RCAN: residual groups of residual blocks with channel attention, which averages over the whole input. The paper
// trains it on colours in 0..255.
var rcan = Arch{
	Name:   "rcan",
	Title:  "RCAN",
	Scales: []int{2, 3, 4, 8},
	Widths: []int{36, 50, 64},
	Pools:  true,
	limits: []limit{
		{"residual groups", func(s Spec) int { return s.Depth }, 1, 32},
		{"blocks in a group", func(s Spec) int { return s.Blocks }, 1, 64},
		{"attention channels", func(s Spec) int { return s.Squeeze }, 1, maxChannels},
	},
	paper: func(scale, width int) Spec {
		return Spec{Net: "rcan", Scale: scale, Width: width, Depth: 10, Blocks: 20, Squeeze: max(width/16, 1), InputRange: 255}
	},
	build:     func(s Spec) *nn.Graph { return rcanBuilder{s, nn.NewGraph(3)}.build() },
	recognise: recogniseRCAN,
	fixed:     meanShiftParams,
}

type rcanBuilder struct {
	Spec
	*nn.Graph
}

func (b rcanBuilder) build() *nn.Graph {
	x := b.Add("sub_mean", meanShift(), nn.Input)
	head := b.Add("head.0", nn.Conv{In: 3, Out: b.Width, Kernel: 3, Pad: 1}, x)
	x = head
	for i := range b.Depth {
		x = b.group(fmt.Sprintf("body.%d.body.", i), x)
	}
	x = b.Add("", nn.Add{}, b.conv(fmt.Sprint("body.", b.Depth), b.Width, x), head)
	for i, factor := range shuffles(b.Scale) {
		x = b.conv(fmt.Sprint("tail.0.", 2*i), b.Width*factor*factor, x)
		x = b.Add("", nn.PixelShuffle{Factor: factor}, x)
	}
	b.Add("add_mean", meanShift(), b.conv("tail.1", 3, x))
	return b.Graph
}

func (b rcanBuilder) conv(name string, out int, x nn.Value) nn.Value {
	return b.Add(name, nn.Conv{In: b.Width, Out: out, Kernel: 3, Pad: 1}, x)
}

func (b rcanBuilder) group(body string, x nn.Value) nn.Value {
	y := x
	for i := range b.Blocks {
		y = b.block(fmt.Sprint(body, i, ".body."), y)
	}
	return b.Add("", nn.Add{}, b.conv(fmt.Sprint(body, b.Blocks), b.Width, y), x)
}

func (b rcanBuilder) block(body string, x nn.Value) nn.Value {
	y := b.Add("", nn.ReLU{}, b.conv(body+"0", b.Width, x))
	y = b.conv(body+"2", b.Width, y)
	return b.Add("", nn.Add{}, b.attention(body+"3.conv_du.", y), x)
}

func (b rcanBuilder) attention(name string, x nn.Value) nn.Value {
	a := b.Add("", nn.GlobalAvgPool{}, x)
	a = b.Add(name+"0", nn.Conv{In: b.Width, Out: b.Squeeze, Kernel: 1}, a)
	a = b.Add("", nn.ReLU{}, a)
	a = b.Add(name+"2", nn.Conv{In: b.Squeeze, Out: b.Width, Kernel: 1}, a)
	return b.Add("", nn.ChannelMul{}, x, b.Add("", nn.Sigmoid{}, a))
}

func recogniseRCAN(d dims) (Spec, bool) {
	const squeeze = "body.0.body.0.body.3.conv_du.0.weight"
	if !d.has("head.0.weight", 4) || !d.has(squeeze, 4) || !d.has("tail.1.weight", 4) {
		return Spec{}, false
	}
	width := d.at("head.0.weight", 0)
	return Spec{
		Net: "rcan", Scale: shuffleScale(d, "tail.0.", 2, width), Width: width,
		Depth:   d.count("body.", ".body.0.body.0.weight"),
		Blocks:  d.count("body.0.body.", ".body.0.weight"),
		Squeeze: d.at(squeeze, 0),
	}, true
}
