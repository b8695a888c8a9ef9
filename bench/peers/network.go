package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"

	"classsr/arch"
	"classsr/nn"
	"classsr/tensor"
	"classsr/weights/onnx"
)

const seed = 1

// gain keeps the results of the deepest networks finite.
const gain = 0.5

// randomParams gives parameters, the same for the same network: weights normal with standard deviation sqrt(2/fan in) times
// gain, small biases, normalisations near the identity, mean shifts that shift.
func randomParams(spec arch.Spec) tensor.Set {
	random := rand.New(rand.NewPCG(seed, 0))
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

// randomInput gives numbers that are even in 0..inputRange.
func randomInput(s tensor.Shape, inputRange int) *tensor.Tensor {
	random := rand.New(rand.NewPCG(seed, 1))
	x := tensor.New(s)
	for i := range x.Data {
		x.Data[i] = random.Float32() * float32(max(inputRange, 1))
	}
	return x
}

func exportModel(g *nn.Graph, params tensor.Set) ([]byte, error) {
	var b bytes.Buffer
	err := onnx.Export(&b, g, params, "classsr bench/peers")
	return b.Bytes(), err
}
