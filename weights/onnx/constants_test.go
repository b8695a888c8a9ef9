package onnx

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"classsr/nn"
	"classsr/tensor"
)

// initializers gives what a model stores, by name.
func initializers(t *testing.T, model message) tensor.Set {
	t.Helper()
	set := tensor.Set{}
	for _, m := range all(t, model, modelGraph, graphInitializer) {
		a := tensor.NewArray(numbers(t, m, tensorDims)...)
		if _, err := binary.Decode(all(t, m, tensorRawData)[0], binary.LittleEndian, a.Data); err != nil {
			t.Fatal(err)
		}
		set[texts(t, m, tensorName)[0]] = a
	}
	return set
}

// firstInt gives an attribute that is a whole number, or the first of several.
func firstInt(t *testing.T, node message, name string) int {
	t.Helper()
	for _, a := range all(t, node, nodeAttribute) {
		if texts(t, a, attributeName)[0] == name {
			return append(numbers(t, a, attributeI), numbers(t, a, attributeInts)...)[0]
		}
	}
	t.Fatalf("there is no attribute %s", name)
	return 0
}

// Constant factors are products with stored numbers, each stored once.
func TestConstantFactors(t *testing.T) {
	g := nn.NewGraph(2)
	x := g.Add("", nn.Scale{Factor: 0.2}, nn.Input)
	x = g.Add("", nn.Scale{Factor: -3}, x)
	g.Add("", nn.Scale{Factor: 0.2}, x)
	model := export(t, g, nil)
	stored := initializers(t, model)
	if len(stored) != 2 {
		t.Errorf("%q are stored, want two numbers", stored.Names())
	}
	var factors []float32
	for _, n := range all(t, model, modelGraph, graphNode) {
		inputs := texts(t, n, nodeInput)
		if kind := texts(t, n, nodeOpType)[0]; kind != "Mul" || len(inputs) != 2 || !slices.Equal(stored[inputs[1]].Dims, []int{1}) {
			t.Fatalf("%s of %q", kind, inputs)
		}
		factors = append(factors, stored[inputs[1]].Data[0])
	}
	if !slices.Equal(factors, []float32{0.2, -3, 0.2}) {
		t.Errorf("factors %v", factors)
	}
}

// Squares of pixels become channels by a convolution, whose weights are stored: it computes the same.
func TestPixelUnshuffleIsAConvolution(t *testing.T) {
	for _, op := range []nn.PixelUnshuffle{{Channels: 3, Factor: 2}, {Channels: 3, Factor: 4}, {Channels: 1, Factor: 3}} {
		g := nn.NewGraph(op.Channels)
		g.Add("", op, nn.Input)
		model := export(t, g, nil)
		node := all(t, model, modelGraph, graphNode)[0]
		inputs := texts(t, node, nodeInput)
		if kind := texts(t, node, nodeOpType)[0]; kind != "Conv" || len(inputs) != 2 {
			t.Fatalf("%+v is %s of %q", op, kind, inputs)
		}
		weight := initializers(t, model)[inputs[1]]
		conv := nn.Conv{
			In: op.Channels, Out: weight.Dims[0], Kernel: firstInt(t, node, "kernel_shape"), Stride: firstInt(t, node, "strides"),
			Pad: firstInt(t, node, "pads"), Groups: firstInt(t, node, "group"), NoBias: true,
		}
		c := nn.NewGraph(op.Channels)
		c.Add("c", conv, nn.Input)
		params := tensor.Set{"c.weight": weight}
		if err := c.Check(params); err != nil {
			t.Fatal(err)
		}
		input := tensor.New(tensor.Shape{N: 2, C: op.Channels, H: 2 * op.Factor, W: 3 * op.Factor})
		for i := range input.Data {
			input.Data[i] = float32(math.Sin(float64(i)))
		}
		want, got := g.Forward(nil, input), c.Forward(params, input)
		if got.Shape != want.Shape || !slices.Equal(got.Data, want.Data) {
			t.Errorf("%+v: the convolution computes something else", op)
		}
	}
}
