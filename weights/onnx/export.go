// Package onnx writes networks as ONNX models, for other programs to run. Export writes a graph with its parameters; the
// file holds float32 numbers and operations of the standard operator set only, and the same network always gives the same
// bytes.
//
// It reads no ONNX files, and writes none that keep their parameters in files of their own, which limits them to 2 GiB.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"math"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

const (
	// Opset is the version of the ONNX operator set that the models ask for.
	Opset     = 17
	irVersion = 8
)

// Names of the model's input, batch x channels x height x width, and of its result.
const (
	InputName  = "input"
	OutputName = "output"
)

// maxBytes is what a protobuf message may have, less some room for the graph itself.
const maxBytes = math.MaxInt32 - 16<<20

// Export writes a graph and its parameters as an ONNX model to w. Batch size, height and width of the input are left open;
// values are in the range that the network was trained on. Parameters keep their names; the slopes of PReLU and the weights
// of linear layers get dimensions of 1 at the end, as ONNX wants them. Parameters that the graph does not use are left out.
// producer is the name of the writing program, as it stands in the file. It returns an error if a parameter is missing or has
// the wrong dimensions, if ONNX has no counterpart of an operation, if the model is larger than 2 GiB, or w's error.
func Export(w io.Writer, g *nn.Graph, params tensor.Set, producer string) error {
	used, err := usedParams(g, params)
	if err != nil {
		return fmt.Errorf("write an ONNX model: %w", err)
	}
	graph, err := encodeGraph(g, used)
	if err != nil {
		return fmt.Errorf("write an ONNX model: %w", err)
	}
	if _, err := w.Write(encodeModel(producer, graph)); err != nil {
		return fmt.Errorf("write an ONNX model: %w", err)
	}
	return nil
}

// usedParams picks the graph's parameters.
func usedParams(g *nn.Graph, params tensor.Set) (tensor.Set, error) {
	if len(g.Nodes) == 0 {
		return nil, errors.New("the network has no operations")
	}
	used := tensor.Set{}
	for _, p := range g.Params() {
		if a, ok := params[p.Name]; ok {
			used[p.Name] = a
		}
	}
	if err := g.Check(used); err != nil {
		return nil, err
	}
	if used.Len() > maxBytes/4 {
		return nil, fault.New(fault.TooLarge, "the network has %d parameters, too many for one file of at most 2 GiB", used.Len())
	}
	return used, nil
}

// encodeGraph gives a GraphProto.
func encodeGraph(g *nn.Graph, params tensor.Set) (message, error) {
	m := make(message, 0, 4*params.Len()+1<<16)
	var initializers []constant
	known := map[string]bool{}
	initialize := func(name string, a tensor.Array) {
		if !known[name] {
			known[name] = true
			initializers = append(initializers, constant{name, a})
		}
	}
	for i, n := range g.Nodes {
		translated, err := translate(n.Op)
		if err != nil {
			return nil, err
		}
		inputs := make([]string, 0, len(n.Inputs)+4)
		for _, v := range n.Inputs {
			inputs = append(inputs, valueText(g, v))
		}
		for j, p := range n.Op.Params() {
			array := params[n.ParamName(p)]
			if translated.paramDims != nil {
				array.Dims = translated.paramDims[j]
			}
			inputs = append(inputs, n.ParamName(p))
			initialize(n.ParamName(p), array)
		}
		for _, c := range translated.constants {
			inputs = append(inputs, c.name)
			if c.array.Data != nil {
				initialize(c.name, c.array)
			}
		}
		name := fmt.Sprintf("%s_%d", translated.op, i+1)
		m.message(graphNode, encodeNode(translated, name, inputs, valueText(g, nn.Value(i+1))))
	}
	m.text(graphName, "network")
	for _, c := range initializers {
		m.message(graphInitializer, encodeTensor(c.name, c.array))
	}
	m.message(graphInput, encodeValue(InputName, "batch", g.Channels, "height", "width"))
	m.message(graphOutput, encodeOutput(g))
	return m, nil
}

// valueText names a value. No name has a dot, which all parameters' names have.
func valueText(g *nn.Graph, v nn.Value) string {
	switch v {
	case nn.Input:
		return InputName
	case g.Output():
		return OutputName
	}
	return fmt.Sprint("value", int(v))
}

// encodeOutput declares the result, with a height and width only if they are the same for all inputs.
func encodeOutput(g *nn.Graph) message {
	const probe = 720 // larger than any kernel, and divisible by what squares of pixels may have a side
	output := func(side int) tensor.Shape {
		return g.Shapes(tensor.Shape{N: 1, C: g.Channels, H: side, W: side})[g.Output()]
	}
	shape := output(probe)
	if shape == output(2*probe) {
		return encodeValue(OutputName, "batch", shape.C, shape.H, shape.W)
	}
	return encodeValue(OutputName, "batch", shape.C, "output_height", "output_width")
}
