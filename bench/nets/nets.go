// Package nets is what comparisons of our engines with others share: networks with random parameters, their input, and how other programs get them
// (ONNX files, and a module for Python that runs these with PyTorch).
package nets

import (
	"bytes"
	_ "embed"
	"math"
	"math/rand/v2"
	"strings"

	"classsr/arch"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights/onnx"
)

// Seed is that of all random numbers.
const Seed = 1

// Interpreter is onnx_torch.py, which runs ONNX files of ours with PyTorch.
//
//go:embed onnx_torch.py
var Interpreter string

// gain keeps the results of the deepest networks finite.
const gain = 0.5

// RandomParams gives parameters, the same for the same network: weights normal with standard deviation sqrt(2/fan in) times
// gain, small biases, normalisations near the identity, mean shifts that shift.
func RandomParams(spec arch.Spec) tensor.Set {
	random := rand.New(rand.NewPCG(Seed, 0))
	params := tensor.Set{}
	normal := func(p nn.NamedParam, mean, deviation float64) {
		a := tensor.NewArray(p.Dims...)
		for i := range a.Data {
			a.Data[i] = float32(mean + deviation*random.NormFloat64())
		}
		params[p.Name] = a
	}
	fans := fanIn(spec)
	for _, p := range spec.Params() {
		switch {
		case strings.Contains(p.Name, "_mean.") && p.Suffix == "weight":
			a := tensor.NewArray(p.Dims...)
			for i := range p.Dims[0] {
				a.Data[i*(p.Dims[0]+1)] = 1
			}
			params[p.Name] = a
		case p.Suffix == "running_var":
			normal(p, 1, 0)
		case p.Suffix == "weight" && len(p.Dims) == 1 && fans[p.Name] == 0: // PReLU, BatchNorm
			normal(p, 0.5, 0.1)
		case p.Suffix == "weight":
			normal(p, 0, gain*math.Sqrt(2/fans[p.Name]))
		default:
			normal(p, 0, 0.001*float64(max(spec.InputRange, 1)))
		}
	}
	return params
}

// fanIn counts the inputs that each result of a layer is a sum over, by the name of the layer's weight.
func fanIn(spec arch.Spec) map[string]float64 {
	fans := map[string]float64{}
	g := spec.Build()
	for _, n := range g.Nodes {
		switch op := n.Op.(type) {
		case nn.Conv:
			fan := float64(op.In / op.GroupCount() * op.Kernel * op.Kernel)
			if pooled(g, n) {
				// Attention has to see numbers near 1: saturated, it makes the network chaotic, and rounding is all that shows.
				fan *= float64(spec.InputRange * spec.InputRange)
			}
			fans[n.Name+".weight"] = fan
		case nn.Deconv:
			fans[n.Name+".weight"] = float64(op.In*op.Kernel*op.Kernel) / float64(op.Stride*op.Stride)
		case nn.Linear:
			fans[n.Name+".weight"] = float64(op.In)
		}
	}
	return fans
}

// pooled tells whether a node reads the result of an average.
func pooled(g *nn.Graph, n nn.Node) bool {
	if n.Inputs[0] == nn.Input {
		return false
	}
	_, ok := g.Nodes[n.Inputs[0]-1].Op.(nn.GlobalAvgPool)
	return ok
}

// RandomInput gives numbers that are even in 0..inputRange.
func RandomInput(s tensor.Shape, inputRange int) *tensor.Tensor {
	random := rand.New(rand.NewPCG(Seed, 1))
	x := tensor.New(s)
	for i := range x.Data {
		x.Data[i] = random.Float32() * float32(max(inputRange, 1))
	}
	return x
}

// Export gives a network as an ONNX file.
func Export(g *nn.Graph, params tensor.Set) ([]byte, error) {
	var b bytes.Buffer
	err := onnx.Export(&b, g, params, "classsr bench")
	return b.Bytes(), err
}
