package ncnn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/fault"
	"classsr/nn"
)

func TestNetworksGetTheirNamesBack(t *testing.T) {
	for _, s := range []arch.Spec{
		spec(t, "srvggnet", 4, 8, 3), spec(t, "srvggnet", 2, 5, 1), spec(t, "srvggnet", 3, 8, 2),
		spec(t, "rrdbnet", 4, 6, 2), spec(t, "rrdbnet", 2, 8, 1), spec(t, "rrdbnet", 1, 8, 1),
	} {
		params := random(s)
		for _, st := range []style{{}, {half: true}, {fused: true}, {long: true}, {half: true, fused: true, long: true}} {
			t.Run(fmt.Sprint(s.Net, s.Scale, st), func(t *testing.T) {
				text, weights := written(s.Build(), params, st)
				n, err := readText(text, weights)
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				got, err := n.Tensors()
				if err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				equalSets(t, got, params)
			})
		}
	}
}

// One thing is changed in the text of a network.
func TestOtherNetworksAreRefused(t *testing.T) {
	s := spec(t, "srvggnet", 2, 8, 2)
	text, weights := written(s.Build(), random(s), style{})
	rrdb := spec(t, "rrdbnet", 4, 8, 1)
	fused := style{fused: true}
	deep, deepWeights := written(rrdb.Build(), random(rrdb), fused)
	for _, c := range []struct {
		name, text, from, to string
		weights              []byte
		want                 string
	}{
		{"product in place of the sum", text, "2 1 v7 v8 v9", "2 1 v7 v8 v9 0=2", weights, "Add"},
		{"sum with itself", text, "2 1 v7 v8 v9", "2 1 v7 v7 v9", weights, "make something that no other layer reads"},
		{"activation of another value", text, "1 1 v2 v3", "1 1 v0 v3", weights, "line 7"},
		{"leaky in place of PReLU", text, "PReLU                    PReLU_3                  1 1 v2 v3 0=8", "ReLU PReLU_3 1 1 v2 v3 0=0.1", weights, "unknown type"},
		{"another slope", deep, "9=2 -23310=1,2.000000e-01", "9=2 -23310=1,2.500000e-01", deepWeights, "LeakyReLU{Slope:0.2}"},
		{"ReLU in place of leaky", deep, "9=2 -23310=1,2.000000e-01", "9=1", deepWeights, "LeakyReLU"},
		{"no activation", deep, "9=2 -23310=1,2.000000e-01", "", deepWeights, "LeakyReLU"},
		{"another part of residuals", deep, "-23301=2,2.000000e-01,1.0", "-23301=2,1.000000e-01,1.0", deepWeights, "Scale{Factor:0.2}"},
		{"the other term is scaled", deep, "-23301=2,2.000000e-01,1.0", "-23301=2,1.0,2.000000e-01", deepWeights, "Scale"},
		{"no part of residuals", deep, "0=1 -23301=2,2.000000e-01,1.0", "0=1", deepWeights, "Scale"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(c.text, c.from, c.to, 1)
			if changed == c.text {
				t.Fatalf("nothing to change in\n%s", c.text)
			}
			n, err := readText(changed, c.weights)
			if err == nil {
				_, err = n.Tensors()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if k := fault.KindOf(err); k != fault.Unsupported && k != fault.Damaged {
				t.Errorf("error of kind %s", k)
			}
		})
	}
}

func TestWeightsAreFinite(t *testing.T) {
	s := spec(t, "srvggnet", 2, 8, 1)
	params := random(s)
	params["body.2.weight"].Data[5] = float32(math.Inf(-1))
	text, weights := written(s.Build(), params, style{})
	n, err := readText(text, weights)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Tensors(); fault.KindOf(err) != fault.Damaged || !strings.Contains(err.Error(), "body.2.weight") {
		t.Errorf("error %v of kind %s", err, fault.KindOf(err))
	}
}

// Networks whose layers are in order and of the right shapes, but not wired as the network is.
func TestOtherWiringIsRefused(t *testing.T) {
	conv := func(in, out int) nn.Conv { return nn.Conv{In: in, Out: out, Kernel: 3, Pad: 1} }
	build := map[string]func(g *nn.Graph){
		"without the skip": func(g *nn.Graph) {
			x := g.Add("a", conv(3, 8), nn.Input)
			x = g.Add("b", nn.PReLU{Slopes: 8}, x)
			x = g.Add("c", conv(8, 8), x)
			x = g.Add("d", nn.PReLU{Slopes: 8}, x)
			x = g.Add("e", conv(8, 12), x)
			g.Add("", nn.PixelShuffle{Factor: 2}, x)
		},
		"a skip inside": func(g *nn.Graph) {
			x := g.Add("a", conv(3, 8), nn.Input)
			x = g.Add("b", nn.PReLU{Slopes: 8}, x)
			y := g.Add("c", conv(8, 8), x)
			y = g.Add("d", nn.PReLU{Slopes: 8}, y)
			x = g.Add("", nn.Add{}, x, y)
			x = g.Add("e", conv(8, 12), x)
			x = g.Add("", nn.PixelShuffle{Factor: 2}, x)
			g.Add("", nn.Add{}, x, g.Add("", nn.Nearest{Factor: 2}, nn.Input))
		},
		"something after it": func(g *nn.Graph) {
			x := g.Add("a", conv(3, 8), nn.Input)
			x = g.Add("b", nn.PReLU{Slopes: 8}, x)
			x = g.Add("c", conv(8, 8), x)
			x = g.Add("d", nn.PReLU{Slopes: 8}, x)
			x = g.Add("e", conv(8, 12), x)
			x = g.Add("", nn.PixelShuffle{Factor: 2}, x)
			x = g.Add("", nn.Add{}, x, g.Add("", nn.Nearest{Factor: 2}, nn.Input))
			g.Add("", nn.ReLU{}, x)
		},
		"another kernel": func(g *nn.Graph) {
			x := g.Add("a", conv(3, 8), nn.Input)
			x = g.Add("b", nn.PReLU{Slopes: 8}, x)
			x = g.Add("c", nn.Conv{In: 8, Out: 8, Kernel: 1}, x)
			x = g.Add("d", nn.PReLU{Slopes: 8}, x)
			x = g.Add("e", conv(8, 12), x)
			x = g.Add("", nn.PixelShuffle{Factor: 2}, x)
			g.Add("", nn.Add{}, x, g.Add("", nn.Nearest{Factor: 2}, nn.Input))
		},
		"no activations": func(g *nn.Graph) {
			x := g.Add("a", conv(3, 8), nn.Input)
			g.Add("b", conv(8, 3), x)
		},
	}
	for name, b := range build {
		t.Run(name, func(t *testing.T) {
			g := nn.NewGraph(3)
			b(g)
			params := zeros(g)
			text, weights := written(g, params, style{})
			n, err := readText(text, weights)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			set, err := n.Tensors()
			if err == nil || fault.KindOf(err) != fault.Unsupported {
				t.Errorf("error %v and %d tensors, want one of kind %s", err, len(set), fault.Unsupported)
			}
		})
	}
}
