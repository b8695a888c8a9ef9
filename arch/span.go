package arch

import (
	"fmt"

	"classsr/nn"
	"classsr/tensor"
)

// span is SPAN as SPANV2 of the NTIRE 2026 challenge on efficient super-resolution has it: five blocks of three 3x3 convolutions. From the
// second one on, a block multiplies the sum of what it reads and what it makes by a 1x1 convolution of the latter, an attention without
// pooling. Two thin convolutions join the last block with an enlargement that begins as the nearest one, all at the size of the input, and a
// pixel shuffle ends it.
var span = Arch{
	Name:   "span",
	Title:  "SPAN",
	Scales: []int{2, 3, 4, 8},
	Widths: []int{16, 32, 48},
	limits: []limit{{"blocks", func(s Spec) int { return s.Depth }, 1, 64}},
	paper: func(scale, width int) Spec {
		return Spec{Net: "span", Scale: scale, Width: width, Depth: 5, InputRange: 1}
	},
	build:     buildSPAN,
	recognise: recogniseSPAN,
	uniform:   true,
	start:     startSPAN,
}

func buildSPAN(s Spec) *nn.Graph {
	g := nn.NewGraph(3)
	thin := 3 * s.Scale * s.Scale
	// block gives the result of the third convolution.
	block := func(name string, in int, x nn.Value) nn.Value {
		for i := range 3 {
			x = g.Add(fmt.Sprintf("%s.c%d.conv", name, i+1), nn.Conv{In: in, Out: s.Width, Kernel: 3, Pad: 1, NoBias: true}, x)
			if i < 2 {
				x = g.Add("", nn.ReLU{}, x)
			}
			in = s.Width
		}
		return x
	}
	x := g.Add("", nn.ReLU{}, block("block_1", 3, nn.Input))
	for i := 2; i <= s.Depth; i++ {
		name := fmt.Sprint("block_", i)
		f := block(name, s.Width, x)
		guide := g.Add(name+".guidance_map_conv", nn.Conv{In: s.Width, Out: s.Width, Kernel: 1}, f)
		x = g.Add("", nn.Mul{}, g.Add("", nn.Add{}, x, f), guide)
	}
	near := g.Add("conv_near", nn.Conv{In: 3, Out: thin, Kernel: 3, Pad: 1, Groups: 3, NoBias: true}, nn.Input)
	x = g.Add("", nn.Concat{}, near, x)
	all := thin + s.Width
	x = g.Add("depthwise_conv", nn.Conv{In: all, Out: all, Kernel: 3, Pad: 1, Groups: all, NoBias: true}, x)
	x = g.Add("pointwise_conv", nn.Conv{In: all, Out: thin, Kernel: 1, NoBias: true}, x)
	g.Add("", nn.PixelShuffle{Factor: s.Scale}, x)
	return g
}

func recogniseSPAN(d dims) (Spec, bool) {
	if !d.has("block_1.c1.conv.weight", 4) || !d.has("conv_near.weight", 4) || !d.has("pointwise_conv.weight", 4) {
		return Spec{}, false
	}
	depth := 1
	for d.has(fmt.Sprintf("block_%d.c1.conv.weight", depth+1), 4) {
		depth++
	}
	return Spec{Net: "span", Scale: root(d.at("conv_near.weight", 0) / 3), Width: d.at("block_1.c1.conv.weight", 0), Depth: depth}, true
}

// startSPAN makes the network begin near the nearest enlargement.
func startSPAN(s Spec, params tensor.Set) {
	for i := 2; i <= s.Depth; i++ {
		fill(params[fmt.Sprintf("block_%d.guidance_map_conv.bias", i)], 0.7)
	}
	near, deep, wide := params["conv_near.weight"], params["depthwise_conv.weight"], params["pointwise_conv.weight"]
	clear(near.Data)
	for i := range deep.Data {
		deep.Data[i] *= 0.1
	}
	for i := range wide.Data {
		wide.Data[i] *= 0.05
	}
	const taps, middle = 9, 4
	for c := range deep.Dims[0] {
		deep.Data[c*taps+middle] = 1
	}
	for c := range near.Dims[0] {
		near.Data[c*taps+middle] = 1
		wide.Data[c*wide.Dims[1]+c]++
	}
}

func fill(a tensor.Array, v float32) {
	for i := range a.Data {
		a.Data[i] = v
	}
}

// root is the square root of a square number, and 0 of others.
func root(n int) int {
	for i := 1; i*i <= n; i++ {
		if i*i == n {
			return i
		}
	}
	return 0
}
