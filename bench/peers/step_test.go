package main

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/arch"
	"classsr/bench/nets"
	"classsr/nn"
	"classsr/tensor"
)

// Two engines' gradients are the same where rectifiers hardly bend: one that falls on the other side by rounding then moves a
// gradient by a hundredth of what it does in the networks that are measured, while forgetting about it still shows.
func TestStepsAreTorchs(t *testing.T) {
	python, _, err := findTorch("")
	if err != nil {
		t.Fatal(err)
	}
	if python == "" {
		t.Skip("there is no PyTorch")
	}
	const (
		slope = 0.99
		limit = 1e-3
	)
	for _, net := range arch.SRNames() {
		t.Run(net, func(t *testing.T) {
			spec, err := arch.Paper(net, 4, 24)
			if err != nil {
				t.Fatal(err)
			}
			if net == "rcan" {
				spec.Depth, spec.Blocks = 2, 2
			}
			g := spec.Build()
			for i, n := range g.Nodes {
				switch n.Op.(type) {
				case nn.ReLU, nn.LeakyReLU:
					g.Nodes[i].Op = nn.LeakyReLU{Slope: slope}
				}
			}
			params := nets.RandomParams(spec)
			for _, n := range g.Nodes {
				if _, ok := n.Op.(nn.PReLU); ok {
					for i := range params[n.Name+".weight"].Data {
						params[n.Name+".weight"].Data[i] = slope
					}
				}
			}
			x := nets.RandomInput(tensor.Shape{N: 3, C: 3, H: 9, W: 14}, spec.InputRange)
			if d := stepDifference(t, python, g, params, x); !(d <= limit) {
				t.Errorf("difference %.1e, want at most %.0e", d, limit)
			} else {
				t.Logf("difference %.1e", d)
			}
		})
	}
}

// stepDifference runs a step in both engines, twice, because gradients must not add up.
func stepDifference(t *testing.T, python string, g *nn.Graph, params tensor.Set, x *tensor.Tensor) float64 {
	t.Helper()
	model, err := nets.Export(g, params)
	if err != nil {
		t.Fatal(err)
	}
	dy := randomGradient(g.Shapes(x.Shape)[g.Output()])
	ours := newOurStep(context.Background(), g, params, x, dy, 2)
	torch, err := newTorch(python, torchJob{model: model, input: x, threads: 2, dy: dy, learns: ours.names})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := torch.close(); err != nil {
			t.Error(err)
		}
	}()
	var outputs [][]float32
	for _, p := range []peer{ours, torch} {
		for range 2 {
			if _, err := p.run(time.Nanosecond); err != nil {
				t.Fatal(err)
			}
		}
		output, err := p.output()
		if err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, output)
	}
	return ours.difference(outputs[1], outputs[0])
}

func TestGradientsAreComparedParameterByParameter(t *testing.T) {
	want := []float32{3000, 4000, 0, 0.3, 0.4}
	lengths := []int{2, 1, 2}
	for _, c := range []struct {
		got  []float32
		want float64
	}{
		{[]float32{3000, 4000, 0, 0.3, 0.4}, 0},
		{[]float32{3000, 4005, 0, 0.3, 0.4}, 0.001},
		{[]float32{3000, 4005, 0, 0.3, 0.45}, 0.1},
		{[]float32{3000, 4000, 1e-9, 0.3, 0.4}, math.Inf(1)},
		{[]float32{3000, 4000, 0, 0.3}, math.Inf(1)},
	} {
		if d := gradientDifference(c.got, want, lengths); math.Abs(d-c.want) > 1e-6 && d != c.want {
			t.Errorf("%v: %g, want %g", c.got, d, c.want)
		}
	}
	nan := float32(math.NaN())
	if d := gradientDifference([]float32{nan, 4000, 0, 0.3, 0.5}, want, lengths); !math.IsNaN(d) {
		t.Errorf("NaN differs by %g", d)
	}
}

func TestCases(t *testing.T) {
	for _, c := range []struct {
		rcan bool
		want string
	}{
		{false, "fsrcnn-56 32x32, rcan-64 32x32, fsrcnn-56 339x510, fsrcnn-56 16x32x32"},
		{true, "fsrcnn-56 32x32, rcan-64 32x32, fsrcnn-56 339x510, rcan-64 339x510, fsrcnn-56 16x32x32, rcan-64 16x32x32"},
	} {
		f := flags{nets: "fsrcnn,rcan", shapes: "patch,picture,step", rcan: c.rcan, batch: 16}
		cases, err := f.cases()
		if err != nil {
			t.Fatal(err)
		}
		if got := titles(cases); got != c.want {
			t.Errorf("cases %s, want %s", got, c.want)
		}
		left := slices.DeleteFunc(slices.Clone(cases), func(c benchCase) bool { return strings.Count(c.title(), "x") == 2 })
		if got := titles(leaveOutSteps(cases)); got != titles(left) {
			t.Errorf("without steps: %s", got)
		}
	}
	if _, err := (&flags{nets: "fsrcnn", shapes: "stepp"}).cases(); err == nil || !strings.Contains(err.Error(), "stepp") {
		t.Errorf("an unknown shape gives %v", err)
	}
}

func titles(cases []benchCase) string {
	var list []string
	for _, c := range cases {
		list = append(list, c.title())
	}
	return strings.Join(list, ", ")
}

// An engine that takes no part in a case has empty columns.
func TestTableLines(t *testing.T) {
	f := flags{nets: "fsrcnn", shapes: "step", batch: 16, threads: 2}
	cases, err := f.cases()
	if err != nil {
		t.Fatal(err)
	}
	r := result{
		benchCase: cases[0], macs: 3e9, names: []string{"ours", "torch"}, exact: true,
		medians: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond}, differences: []float64{0, 0.02},
	}
	want := "fsrcnn-56 16x32x32 2 10.00 300 - - - - 20.00 150 0.50 2.0e-02"
	if got := strings.Join(strings.Fields(table{[]string{"ort", "torch"}}.line(r)), " "); got != want || r.differs() {
		t.Errorf("line %q, differs: %v", got, r.differs())
	}
	r.differences[1] = 0.04
	if got := (table{[]string{"torch"}}).line(r); !strings.HasSuffix(got, "4.0e-02 !") || !r.differs() {
		t.Errorf("line %q, differs: %v", got, r.differs())
	}
}
