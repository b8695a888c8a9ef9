package program_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/nn"
	"classsr/program"
)

// describe writes a program down: for each step its operation with what it does besides, and its inputs.
func describe(p *program.Program) string {
	var steps []string
	for _, s := range p.Steps {
		_, name, _ := strings.Cut(strings.ToLower(fmt.Sprintf("%T", s.Op)), ".")
		if c, ok := s.Op.(program.Conv); ok {
			name += strings.Repeat("+norm", len(c.Norms))
			if c.Scaled {
				name += "*scale"
			}
			if c.Residual {
				name += "+add"
			}
			if c.Activation != nil {
				name += "+activate"
			}
			if c.Shuffle > 1 {
				name += "+shuffle"
			}
		}
		var inputs []string
		for _, values := range s.Inputs {
			inputs = append(inputs, strings.Trim(fmt.Sprint(values), "[]"))
		}
		steps = append(steps, fmt.Sprintf("%s(%s)", name, strings.Join(inputs, ", ")))
	}
	return fmt.Sprintf("%s -> %d", strings.Join(steps, " "), p.Output)
}

// sigmoids are so many of them, one after the other, from value 1 on.
func sigmoids(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(" sigmoid(%d)", i+1))
	}
	return all
}

func TestLowerFuses(t *testing.T) {
	conv := func(g *nn.Graph, x ...nn.Value) nn.Value { // to 4 channels
		in := 4
		if x[0] == nn.Input {
			in = g.Channels
		}
		return g.Add(fmt.Sprint(len(g.Nodes)), nn.Conv{In: in, Out: 4, Kernel: 3, Pad: 1}, x...)
	}
	norm := nn.BatchNorm{Channels: 4}
	for _, c := range []struct {
		name                string
		build               func(g *nn.Graph)
		inference, training string // empty: the same
	}{
		{"a convolution with all that can follow", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("n", norm, conv(g, x))
			g.Add("", nn.ReLU{}, g.Add("", nn.Add{}, x, y))
		}, "conv(0) conv+norm+add+activate(1, 1) -> 2", "conv(0) conv(1) norm(2) add(1, 3) activate(4) -> 5"},
		{"what is not in the order of the kernels", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.ReLU{}, conv(g, x))
			g.Add("n", norm, g.Add("", nn.Add{}, y, x))
		}, "conv(0) conv+activate(1) add(2, 1) norm(3) -> 4", ""},
		{"the later convolution adds the earlier one", func(g *nn.Graph) {
			a := conv(g, nn.Input)
			b := conv(g, nn.Input)
			g.Add("", nn.Add{}, a, b)
		}, "conv(0) conv+add(0, 1) -> 2", ""},
		{"only once", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.Add{}, conv(g, x), x)
			g.Add("", nn.LeakyReLU{Slope: 0.1}, g.Add("", nn.ReLU{}, g.Add("", nn.Add{}, y, x)))
		}, "conv(0) conv+add(1, 1) add(2, 1) activate(3) activate(4) -> 5", ""},
		{"what something else reads stays", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.ReLU{}, x)
			g.Add("", nn.Add{}, y, x)
		}, "conv(0) activate(1) add(2, 1) -> 3", ""},
		{"a sum with itself", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			g.Add("", nn.Add{}, x, x)
		}, "conv(0) add(1, 1) -> 2", ""},
		{"slopes that are learnt, or negative", func(g *nn.Graph) {
			x := g.Add("p", nn.PReLU{Slopes: 4}, conv(g, nn.Input))
			g.Add("", nn.LeakyReLU{Slope: -1}, conv(g, x))
		}, "conv+activate(0) conv+activate(1) -> 2", "conv(0) activate(1) conv(2) activate(3) -> 4"},
		{"activations come before shuffles", func(g *nn.Graph) {
			x := g.Add("", nn.PixelShuffle{Factor: 2}, conv(g, nn.Input))
			g.Add("", nn.ReLU{}, x)
		}, "conv+activate+shuffle(0) -> 1", "conv+activate(0) shuffle(1) -> 2"},
		{"also where no convolution does them", func(g *nn.Graph) {
			x := g.Add("", nn.PixelShuffle{Factor: 2}, nn.Input)
			g.Add("", nn.ReLU{}, x)
		}, "activate(0) shuffle(1) -> 2", ""},
		{"but not those of single channels, nor of what is read otherwise", func(g *nn.Graph) {
			x := g.Add("c", nn.Conv{In: 4, Out: 16, Kernel: 3, Pad: 1}, nn.Input)
			x = g.Add("p", nn.PReLU{Slopes: 4}, g.Add("", nn.PixelShuffle{Factor: 2}, x))
			x = g.Add("", nn.PixelShuffle{Factor: 2}, x)
			g.Add("", nn.Add{}, x, g.Add("", nn.ReLU{}, x))
		}, "conv+shuffle(0) activate(1) shuffle(2) activate(3) add(3, 4) -> 5", "conv(0) shuffle(1) activate(2) shuffle(3) activate(4) add(4, 5) -> 6"},
		{"shuffles of what is read otherwise, or of channels of several groups", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			g.Add("", nn.PixelShuffle{Factor: 2}, g.Add("", nn.Add{}, x, x))
			x = g.Add("c", nn.Conv{In: 4, Out: 4, Kernel: 3, Pad: 1, Groups: 2}, x)
			g.Add("", nn.PixelShuffle{Factor: 2}, x)
		}, "conv(0) add(1, 1) shuffle(2) conv(1) shuffle(4) -> 5", ""},
		{"a transposed convolution", func(g *nn.Graph) {
			g.Add("", nn.ReLU{}, g.Add("d", nn.Deconv{In: 4, Out: 1, Kernel: 4, Stride: 2, Pad: 1}, nn.Input))
		}, "conv+activate+shuffle(0) -> 1", "conv+activate(0) shuffle(1) -> 2"},
		{"concatenations are lists of what they consist of", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.Concat{}, g.Add("", nn.Concat{}, nn.Input, x), nn.Input)
			g.Add("c", nn.Conv{In: 12, Out: 4, Kernel: 1}, y)
		}, "conv(0) conv(0 1 0) -> 2", ""},
		{"channel attention", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.ChannelMul{}, x, g.Add("", nn.Sigmoid{}, g.Add("", nn.GlobalAvgPool{}, x)))
			g.Add("", nn.Add{}, y, nn.Input)
		}, "meanof(0) sigmoid(1) conv*scale+add(0, 0, 2) -> 3", "conv(0) mean(1) sigmoid(2) channelmul(1, 3) add(4, 0) -> 5"},
		{"attention to what somebody else reads", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := g.Add("", nn.ChannelMul{}, x, g.Add("", nn.GlobalAvgPool{}, x))
			g.Add("", nn.Add{}, y, x)
		}, "conv(0) mean(1) channelmul(1, 2, 1) -> 3", "conv(0) mean(1) channelmul(1, 2) add(3, 1) -> 4"},
		{"what is made again after a long time", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			y := x
			for range 18 {
				y = g.Add("", nn.Sigmoid{}, y)
			}
			g.Add("", nn.ChannelMul{}, x, g.Add("", nn.GlobalAvgPool{}, y))
		}, "conv(0)" + strings.Join(sigmoids(18), "") + " mean(19) conv(0) channelmul(21, 20) -> 22",
			"conv(0)" + strings.Join(sigmoids(18), "") + " mean(19) channelmul(1, 20) -> 21"},
		{"what nobody reads", func(g *nn.Graph) {
			x := conv(g, nn.Input)
			conv(g, x)
			g.Add("", nn.Bilinear{Factor: 2}, x)
		}, "conv(0) conv(1) bilinear(1) -> 3", ""},
	} {
		g := nn.NewGraph(4)
		c.build(g)
		if c.training == "" {
			c.training = c.inference
		}
		if got := describe(program.Lower(g, program.Inference)); got != c.inference {
			t.Errorf("%s: %s, want %s", c.name, got, c.inference)
		}
		if got := describe(program.Lower(g, program.Training)); got != c.training {
			t.Errorf("%s, training: %s, want %s", c.name, got, c.training)
		}
	}
}

func TestPools(t *testing.T) {
	for name, g := range graphs(t) {
		var got []int
		for i, s := range program.Lower(g, program.Inference).Steps {
			if s.Pools() {
				got = append(got, i)
			}
		}
		if pools := strings.HasPrefix(name, "rcan") || name == "classmodule"; pools != (len(got) > 0) {
			t.Errorf("%s: steps %v pool", name, got)
		}
	}
}

// Every operation of nn, which is a type with a shape rule, has its case.
func TestLowerKnowsAllOperations(t *testing.T) {
	text, err := os.ReadFile("lower.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../nn/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var operations []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Shape" {
				continue
			}
			operations = append(operations, f.Recv.List[0].Type.(*ast.Ident).Name)
		}
	}
	if !slices.Contains(operations, "Conv") {
		t.Fatal("no operations found")
	}
	for _, o := range operations {
		if !strings.Contains(string(text), "nn."+o+":") && !strings.Contains(string(text), "nn."+o+",") {
			t.Errorf("Lower has no case for nn.%s", o)
		}
	}
}
