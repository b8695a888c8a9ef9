package arch

import (
	"errors"
	"math/rand/v2"
	"testing"

	"classsr/nn"
	"classsr/tensor"
)

// randomised gives parameters of a network that is not near the identity.
func randomised(s Spec, seed uint64) tensor.Set {
	random := rand.New(rand.NewPCG(seed, 1))
	params := s.InitGain(seed, 0.7)
	for _, name := range params.Names() { // in one order, so that the numbers are the same in every run
		a := params[name]
		if !s.Learns(name) {
			continue
		}
		for i := range a.Data { // biases, slopes and statistics, too
			a.Data[i] += 0.1 * (random.Float32() - 0.5)
		}
	}
	return params
}

func noise(seed uint64) *tensor.Tensor {
	x := tensor.New(tensor.Shape{N: 1, C: 3, H: 6, W: 10})
	random := rand.New(rand.NewPCG(seed, 2))
	for i := range x.Data {
		x.Data[i] = random.Float32()
	}
	return x
}

// compareResults demands that two results differ by no more than the rounding of their values.
func compareResults(t *testing.T, name string, got, want *tensor.Tensor) {
	t.Helper()
	var worst, largest float64
	for i, v := range want.Data {
		worst, largest = max(worst, float64(abs(v-got.Data[i]))), max(largest, float64(abs(v)))
	}
	if !(worst <= 1e-5*max(1, largest)) {
		t.Errorf("%s: the wider network differs by %g of %g", name, worst, largest)
	}
}

// A widened network computes what the narrower one does, and what is new in it can learn.
func TestWidenedNetworksComputeTheSame(t *testing.T) {
	for _, c := range []struct {
		narrow Spec
		wide   int
	}{
		{Spec{Net: "fsrcnn", Scale: 4, Width: 16, Shrink: 12, Depth: 4, InputRange: 1}, 56},
		{Spec{Net: "fsrcnn", Scale: 3, Width: 16, Shrink: 12, Depth: 4, InputRange: 1}, 16},
		{Spec{Net: "srresnet", Scale: 4, Width: 12, Depth: 2, InputRange: 1}, 20},
		{Spec{Net: "srresnet", Scale: 3, Width: 12, Depth: 2, InputRange: 1}, 16},
		{Spec{Net: "carn", Scale: 4, Width: 12, Groups: 4, InputRange: 1}, 20},
		{Spec{Net: "carn", Scale: 2, Width: 8, Groups: 4, BatchNorm: true, InputRange: 1}, 16},
		{Spec{Net: "carn", Scale: 4, Scales: []int{2, 3, 4}, Width: 8, Groups: 4, InputRange: 1}, 12},
		{Spec{Net: "carn", Scale: 3, Width: 6, Groups: 1, InputRange: 1}, 7},
		{Spec{Net: "span", Scale: 4, Width: 16, Depth: 5, InputRange: 1}, 24},
		{Spec{Net: "span", Scale: 3, Width: 8, Depth: 2, InputRange: 1}, 48},
		{Spec{Net: "fsrcnn2016", Scale: 3, Width: 16, Shrink: 12, Depth: 4, InputRange: 1}, 24},
		{Spec{Net: "srvggnet", Scale: 4, Width: 12, Depth: 3, InputRange: 1}, 20},
		{Spec{Net: "rrdbnet", Scale: 4, Width: 8, Depth: 1, Growth: 4, InputRange: 1}, 12},
		{Spec{Net: "rrdbnet", Scale: 2, Width: 8, Depth: 1, Growth: 4, InputRange: 1}, 12},
		{Spec{Net: "rcan", Scale: 2, Width: 16, Depth: 1, Blocks: 2, Squeeze: 1, InputRange: 255}, 36},
	} {
		wide := c.narrow
		wide.Width, wide.Scales = c.wide, nil
		if wide.Squeeze > 0 {
			wide.Squeeze = wide.Width / 16
		}
		params := randomised(c.narrow, 1)
		fresh := randomised(wide, 2)
		widened, err := Widen(c.narrow, params, wide, fresh)
		if err != nil {
			t.Errorf("%+v: %v", c.narrow, err)
			continue
		}
		x := noise(3)
		got := wide.Build().Record(widened, x, nn.Evaluate)
		compareResults(t, c.narrow.Net, got.Output(), c.narrow.Build().Forward(params, x))
		if wide.Width > c.narrow.Width {
			checkNewLearns(t, wide, widened, fresh, got)
		}
	}
}

// checkNewLearns demands that new channels have the weights of fresh, and that what they give to old ones has a gradient.
func checkNewLearns(t *testing.T, wide Spec, widened, fresh tensor.Set, r *nn.Record) {
	t.Helper()
	dy := tensor.New(r.Output().Shape)
	for i := range dy.Data {
		dy.Data[i] = 1
	}
	_, grads := r.Backward(dy)
	kept, zeros, learning := 0, 0, 0
	for name, a := range widened {
		for i, v := range a.Data {
			switch {
			case v == 0 && len(a.Dims) > 1 && wide.Learns(name):
				if zeros++; grads[name].Data[i] != 0 {
					learning++
				}
			case v == fresh[name].Data[i]:
				kept++
			}
		}
	}
	if kept == 0 || zeros == 0 || learning < zeros/2 {
		t.Errorf("%s: %d fresh numbers, %d zeros of which %d have a gradient", wide.Net, kept, zeros, learning)
	}
}

// Depthwise convolutions have as many groups as channels, so that the groups of both networks differ.
func TestWidenedDepthwiseConvolutionsComputeTheSame(t *testing.T) {
	build := func(width int) *nn.Graph {
		g := nn.NewGraph(3)
		near := g.Add("near", nn.Conv{In: 3, Out: 12, Kernel: 3, Pad: 1, Groups: 3}, nn.Input)
		x := g.Add("first", nn.Conv{In: 3, Out: width, Kernel: 3, Pad: 1}, nn.Input)
		x = g.Add("slopes", nn.PReLU{Slopes: width}, x)
		all := g.Add("", nn.Concat{}, near, x)
		all = g.Add("depth", nn.Conv{In: 12 + width, Out: 12 + width, Kernel: 3, Pad: 1, Groups: 12 + width}, all)
		all = g.Add("point", nn.Conv{In: 12 + width, Out: 12, Kernel: 1}, all)
		g.Add("", nn.PixelShuffle{Factor: 2}, all)
		return g
	}
	random := rand.New(rand.NewPCG(5, 5))
	numbers := func(g *nn.Graph) tensor.Set {
		set := tensor.Set{}
		for _, p := range g.Params() {
			a := tensor.NewArray(p.Dims...)
			for i := range a.Data {
				a.Data[i] = random.Float32() - 0.5
			}
			set[p.Name] = a
		}
		return set
	}
	narrow, wide := build(4), build(7)
	params := numbers(narrow)
	widened := widen(wide, narrow, numbers(wide), params)
	if widened == nil {
		t.Fatal("refused")
	}
	x := noise(4)
	compareResults(t, "depthwise", wide.Forward(widened, x), narrow.Forward(params, x))
}

func TestWhatCannotBeWidened(t *testing.T) {
	small := Spec{Net: "fsrcnn", Scale: 4, Width: 16, Shrink: 12, Depth: 4, InputRange: 1}
	for name, change := range map[string]func(*Spec){
		"narrower":      func(s *Spec) { s.Width = 12 },
		"less inside":   func(s *Spec) { s.Shrink = 8 },
		"deeper":        func(s *Spec) { s.Depth = 5 },
		"another scale": func(s *Spec) { s.Scale = 3 },
		"another range": func(s *Spec) { s.InputRange = 255 },
		"another":       func(s *Spec) { *s = Spec{Net: "carn", Scale: 4, Width: 64, Groups: 4, InputRange: 1} },
	} {
		other := small
		change(&other)
		if _, err := Widen(small, small.Init(1), other, other.Init(2)); !errors.Is(err, ErrNoWidening) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
