package device

import (
	"image"
	"testing"

	"classsr/arch/archtest"
	"classsr/nn"
	"classsr/program"
)

// attention is a network that scales channels by what two convolutions of single pixels make of their means.
func attention(channels, hidden int, between nn.Op, more bool) *nn.Graph {
	g := nn.NewGraph(channels)
	x := g.Add("leaky", nn.LeakyReLU{Slope: 0.3}, nn.Input) // so that means are of something that is computed
	a := g.Add("", nn.GlobalAvgPool{}, x)
	a = g.Add("first", nn.Conv{In: channels, Out: hidden, Kernel: 1}, a)
	if between != nil {
		a = g.Add("between", between, a)
	}
	b := g.Add("second", nn.Conv{In: hidden, Out: channels, Kernel: 1}, a)
	b = g.Add("", nn.Sigmoid{}, b)
	y := g.Add("", nn.ChannelMul{}, x, b)
	if more { // another one reads what is between the convolutions
		g.Add("", nn.ChannelMul{}, y, g.Add("", nn.Sigmoid{}, g.Add("third", nn.Conv{In: hidden, Out: channels, Kernel: 1}, a)))
	}
	return g
}

// Both convolutions and the sigmoid are one dispatch, if nobody else reads what is between them, and give what they give apart.
func TestSqueezes(t *testing.T) {
	d := open(t, false)
	for name, c := range map[string]struct {
		graph   *nn.Graph
		squeeze int
	}{
		"rectified":  {attention(10, 6, nn.ReLU{}, false), 1},
		"leaky":      {attention(260, 9, nn.LeakyReLU{Slope: 0.2}, false), 1},
		"own slopes": {attention(8, 5, nn.PReLU{Slopes: 5}, false), 1},
		"straight":   {attention(7, 12, nil, false), 1},
		"read twice": {attention(10, 6, nn.ReLU{}, true), 0},
		"wide":       {attention(4, 4*mostHidden+1, nn.ReLU{}, false), 0},
	} {
		params := archtest.RandomParams(c.graph, 5)
		m := load(t, d, Network{program.Lower(c.graph, program.Inference), params, 1})
		squeezes := 0
		for _, s := range m.nets[0].steps {
			if _, is := s.(squeeze); is {
				squeezes++
			}
		}
		if squeezes != c.squeeze {
			t.Errorf("%s: %d are one dispatch, want %d", name, squeezes, c.squeeze)
		}
		x := randomTensor(c.graph.Channels, 9, 14, 6)
		want := c.graph.Forward(params, x)
		got := valueOf(t, m, 0, x, image.Rectangle{Max: image.Pt(x.W, x.H)})
		if largest, spread := difference(t, got, want); !(largest <= 1e-5*spread) {
			t.Errorf("%s: differs by %g of a range of %g", name, largest, spread)
		}
	}
}

// Each block of RCAN has two convolutions and four small dispatches.
func TestDispatchesOfRCAN(t *testing.T) {
	spec := specs(t)["rcan-x4"]
	window := image.Pt(24, 20)
	count := func(blocks int) int {
		spec.Blocks = blocks
		p := program.Lower(spec.Build(), program.Inference)
		pack := packing{quadBytes: exactBytes, tiling: chooseTiling}
		n := pack.pack(Network{p, spec.Init(1), 1})
		b := &builder{}
		core := image.Rectangle{Max: window}
		b.run(n, piece{layout: newLayout(n, window, core), reads: core})
		return len(b.dispatches)
	}
	if more := count(4) - count(3); more != 6*spec.Depth {
		t.Errorf("a block more in each of %d groups takes %d more dispatches, want 6 a group", spec.Depth, more)
	}
}
