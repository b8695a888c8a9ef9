package ncnn

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// What is written is read back as the same network.
func TestWrittenNetworksAreRead(t *testing.T) {
	for _, s := range []arch.Spec{spec(t, "srvggnet", 4, 8, 3), spec(t, "rrdbnet", 4, 8, 2), spec(t, "rrdbnet", 2, 8, 1)} {
		params := random(s)
		var text, weights bytes.Buffer
		if err := Write(&text, &weights, s.Build(), params); err != nil {
			t.Fatal(err)
		}
		n, err := readText(text.String(), weights.Bytes())
		if err != nil {
			t.Fatalf("%s: %v\n%s", s.Net, err, text.String())
		}
		got, err := n.Tensors()
		if err != nil {
			t.Fatalf("%s: %v", s.Net, err)
		}
		equalSets(t, got, params)
	}
}

// Every network that enlarges is written: each layer reads what a layer before it made and nobody else reads, the counts are right, and the
// weights are as many as the layers say.
func TestAllNetworksAreWritten(t *testing.T) {
	specs := []arch.Spec{arch.PaperClassModule(3)}
	for _, name := range arch.SRNames() {
		s, err := arch.Paper(name, 4, 16)
		if err != nil {
			t.Fatal(err)
		}
		if name == "rrdbnet" || name == "rcan" {
			s.Depth = 2
		}
		specs = append(specs, s)
	}
	for _, s := range specs {
		g := s.Build()
		var text, weights bytes.Buffer
		if err := Write(&text, &weights, g, zeros(g)); err != nil {
			t.Fatalf("%s: %v", s.Net, err)
		}
		lines, err := parse(text.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", s.Net, err)
		}
		made := map[string]bool{}
		for _, l := range lines {
			for _, name := range l.inputs {
				if !made[name] {
					t.Errorf("%s, line %d: %s is made by no layer before it, or read twice", s.Net, l.number, name)
				}
				delete(made, name)
			}
			for _, name := range l.outputs {
				made[name] = true
			}
		}
		if len(made) != 1 || !made[OutputName] {
			t.Errorf("%s: %v are not read", s.Net, made)
		}
		if n := weights.Len(); n < 4*s.Build().Cost(tensor.Shape{N: 1, C: 3, H: 32, W: 32}).Params*9/10 {
			t.Errorf("%s: only %d bytes of weights", s.Net, n)
		}
	}
}

// A normalisation after a convolution becomes a part of it, and activations, too, unless somebody else reads what lies between.
func TestWhatConvolutionsTakeIn(t *testing.T) {
	g := nn.NewGraph(3)
	x := g.Add("c", nn.Conv{In: 3, Out: 1, Kernel: 1, NoBias: true}, nn.Input)
	x = g.Add("n", nn.BatchNorm{Channels: 1}, x)
	x = g.Add("", nn.ReLU{}, x)
	y := g.Add("d", nn.Conv{In: 1, Out: 1, Kernel: 1}, x)
	z := g.Add("", nn.ReLU{}, y)
	g.Add("", nn.Add{}, y, z)
	one := func(v ...float32) tensor.Array { return tensor.Array{Dims: []int{len(v)}, Data: v} }
	params := tensor.Set{
		"c.weight": {Dims: []int{1, 3, 1, 1}, Data: []float32{1, 2, 3}},
		"n.weight": one(4), "n.bias": one(5), "n.running_mean": one(1), "n.running_var": one(4 - nn.BatchNormEpsilon),
		"d.weight": {Dims: []int{1, 1, 1, 1}, Data: []float32{7}}, "d.bias": one(8),
	}
	var text, weights bytes.Buffer
	if err := Write(&text, &weights, g, params); err != nil {
		t.Fatal(err)
	}
	n, err := readText(text.String(), weights.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	wantOps := []nn.Op{nn.Conv{In: 3, Out: 1, Kernel: 1}, nn.ReLU{}, nn.Conv{In: 1, Out: 1, Kernel: 1}, nn.ReLU{}, nn.Add{}}
	for i, l := range n.Layers {
		if len(n.Layers) != len(wantOps) || l.Op != wantOps[i] {
			t.Fatalf("%d layers, layer %d is %+v\n%s", len(n.Layers), i, l.Op, text.String())
		}
	}
	if got, bias := n.Layers[0].Params[0].Data, n.Layers[0].Params[1].Data[0]; got[0] != 2 || got[2] != 6 || bias != 3 {
		t.Errorf("weights %v and bias %v, want 2, 4, 6 and 3", got, bias)
	}
	if strings.Count(text.String(), "Split") != 1 {
		t.Errorf("one value is read twice:\n%s", text.String())
	}
}

func TestWhatIsNotWritten(t *testing.T) {
	g := nn.NewGraph(3)
	g.Add("", nn.Bicubic{Scale: 2}, nn.Input)
	var text, weights bytes.Buffer
	if err := Write(&text, &weights, g, nil); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("an operation that ncnn does not have: %v", err)
	}
	g = spec(t, "srvggnet", 4, 8, 1).Build()
	if err := Write(&text, &weights, g, nil); err == nil {
		t.Error("without weights: no error")
	}
	if err := Write(&text, failing{}, g, zeros(g)); !errors.Is(err, errFailing) {
		t.Errorf("a disk that is full: %v", err)
	}
}

var errFailing = errors.New("no space left")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }
