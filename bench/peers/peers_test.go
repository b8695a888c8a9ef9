package main

import (
	"os"
	"slices"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"classsr/arch"
	"classsr/bench/nets"
	"classsr/internal/testref"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights"
)

// startOrSkip loads ONNX Runtime, or skips the test where it is not installed.
func startOrSkip(t *testing.T) {
	t.Helper()
	library := ortLibrary()
	if library == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("libonnxruntime is not installed")
		}
		t.Skip("libonnxruntime is not installed")
	}
	if ort.IsInitialized() {
		return
	}
	if err := startORT(library); err != nil {
		t.Fatal(err)
	}
}

// checkInORT exports a network and compares what ONNX Runtime makes of it with the reference forward pass.
func checkInORT(t *testing.T, g *nn.Graph, params tensor.Set, input *tensor.Tensor) {
	t.Helper()
	model, err := nets.Export(g, params)
	if err != nil {
		t.Fatal(err)
	}
	want := g.Forward(params, input)
	d := difference(runInORT(t, model, input, want.Shape), want.Data)
	t.Logf("difference %.1e", d)
	if !(d <= tolerance) {
		t.Errorf("ONNX Runtime differs by %.1e of the standard deviation, more than %.0e", d, tolerance)
	}
}

// runInORT gives ONNX Runtime's result.
func runInORT(t *testing.T, model []byte, input *tensor.Tensor, shape tensor.Shape) []float32 {
	t.Helper()
	p, err := newORT(model, input, shape, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.run(time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	got, err := p.output()
	if err != nil {
		t.Fatal(err)
	}
	got = slices.Clone(got)
	if err := p.close(); err != nil {
		t.Error(err)
	}
	return got
}

func TestExportedNetworksComputeTheSame(t *testing.T) {
	startOrSkip(t)
	classModule := arch.PaperClassModule(3)
	t.Run("classmodule", func(t *testing.T) {
		input := nets.RandomInput(tensor.Shape{N: 2, C: 3, H: 32, W: 32}, classModule.InputRange)
		checkInORT(t, classModule.Build(), nets.RandomParams(classModule), input)
	})
	for _, net := range arch.SRNames() {
		for _, scale := range []int{1, 2, 3, 4} {
			width := 24
			if scale == 4 {
				width = widths[net]
			}
			spec, err := arch.Paper(net, scale, width)
			if err != nil {
				continue // not every network has every scale
			}
			if spec.Net == "rcan" && scale != 4 {
				spec.Depth, spec.Blocks = 2, 2
			}
			side := tensor.Shape{N: 2, C: 3, H: 7, W: 10}
			if spec.Net == "rrdbnet" {
				spec.Depth, side.H, side.W = 2, 8, 12 // its squares of pixels have up to 4 a side
			}
			t.Run(spec.Net, func(t *testing.T) {
				input := nets.RandomInput(side, spec.InputRange)
				checkInORT(t, spec.Build(), nets.RandomParams(spec), input)
			})
		}
	}
}

// A ClassSR model as PyTorch saved it: each of its branches, and its Class-Module.
func TestExportedPartsOfAModelComputeTheSame(t *testing.T) {
	startOrSkip(t)
	model, err := weights.Open(testref.Path(t, "reference", "classsr_fsrcnn_step_start.pth"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range model.Branches {
		t.Run(model.Classes[i], func(t *testing.T) {
			input := nets.RandomInput(tensor.Shape{N: 2, C: 3, H: 32, W: 32}, b.Spec.InputRange)
			checkInORT(t, b.Spec.Build(), b.Params, input)
		})
	}
	t.Run("Class-Module", func(t *testing.T) {
		input := nets.RandomInput(tensor.Shape{N: 5, C: 3, H: 32, W: 32}, 1)
		checkInORT(t, model.ClassModule.Spec.Build(), model.ClassModule.Params, input)
	})
}

// Bicubic interpolation is the same but for the outermost results, where ONNX Runtime repeats what ours mirrors.
func TestExportedInterpolationComputesTheSameInside(t *testing.T) {
	startOrSkip(t)
	for _, scale := range []int{2, 3, 4} {
		g := arch.Interpolation(arch.Spec{Scale: scale}).Build()
		input := nets.RandomInput(tensor.Shape{N: 2, C: 3, H: 7, W: 10}, 1)
		model, err := nets.Export(g, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := g.Forward(nil, input)
		got := runInORT(t, model, input, want.Shape)
		border := scale / 2
		for n := range want.N {
			for c := range want.C {
				for y := border; y < want.H-border; y++ {
					row := y*want.W + border
					length := want.W - 2*border
					at := ((n*want.C+c)*want.H)*want.W + row
					if d := difference(got[at:at+length], want.Data[at:at+length]); !(d <= tolerance) {
						t.Fatalf("x%d: row %d differs by %.1e", scale, y, d)
					}
				}
			}
		}
	}
}

// Operations that the networks above use in one form only, or not at all.
func TestExportedOperationsComputeTheSame(t *testing.T) {
	startOrSkip(t)
	for name, op := range map[string]nn.Op{
		"bilinear, 4 times":   nn.Bilinear{Factor: 4},
		"bilinear, 3 times":   nn.Bilinear{Factor: 3},
		"batch normalisation": nn.BatchNorm{Channels: 4},
		"leaky relu":          nn.LeakyReLU{Slope: 0.1},
		"one slope":           nn.PReLU{Slopes: 1},
		"slope for each":      nn.PReLU{Slopes: 4},
		"strided convolution": nn.Conv{In: 4, Out: 6, Kernel: 3, Stride: 2, Pad: 1, Groups: 2, NoBias: true},
		"cut deconvolution":   nn.Deconv{In: 4, Out: 2, Kernel: 5, Stride: 3, Pad: 2, OutPad: 1},
		"pixel shuffle":       nn.PixelShuffle{Factor: 2},
		"pixel unshuffle":     nn.PixelUnshuffle{Channels: 4, Factor: 2},
		"nearest, 2 times":    nn.Nearest{Factor: 2},
		"nearest, 3 times":    nn.Nearest{Factor: 3},
		"constant factor":     nn.Scale{Factor: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			g := nn.NewGraph(4)
			g.Add("layer", op, nn.Input)
			params := tensor.Set{}
			for i, p := range g.Params() {
				params[p.Name] = tensor.Array{Dims: p.Dims, Data: nets.RandomInput(
					tensor.Shape{N: i + 1, C: 1, H: 1, W: tensor.DimsLen(p.Dims)}, 1).Data[i*tensor.DimsLen(p.Dims):]}
			}
			input := nets.RandomInput(tensor.Shape{N: 2, C: 4, H: 6, W: 8}, 1)
			for i := range input.Data {
				input.Data[i] -= 0.5
			}
			checkInORT(t, g, params, input)
		})
	}
	t.Run("product", func(t *testing.T) {
		g := nn.NewGraph(4)
		g.Add("", nn.Mul{}, g.Add("", nn.Scale{Factor: -3}, nn.Input), g.Add("", nn.Sigmoid{}, nn.Input))
		checkInORT(t, g, nil, nets.RandomInput(tensor.Shape{N: 2, C: 4, H: 5, W: 7}, 1))
	})
	t.Run("linear layer", func(t *testing.T) {
		g := nn.NewGraph(4)
		g.Add("layer", nn.Linear{In: 4, Out: 3}, g.Add("", nn.GlobalAvgPool{}, nn.Input))
		params := tensor.Set{
			"layer.weight": {Dims: []int{3, 4}, Data: []float32{1, 2, 3, 4, 5, -6, 7, 8, 9, 10, -11, 12}},
			"layer.bias":   {Dims: []int{3}, Data: []float32{1, 2, 3}},
		}
		checkInORT(t, g, params, nets.RandomInput(tensor.Shape{N: 2, C: 4, H: 5, W: 7}, 1))
	})
}
