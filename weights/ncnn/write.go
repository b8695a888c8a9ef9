package ncnn

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"classsr/fault"
	"classsr/nn"
	"classsr/tensor"
)

// Names of the picture and of the result in files that Write makes.
const (
	InputName  = "data"
	OutputName = "output"
)

// Write writes a graph and its parameters as a network for ncnn: the layers to text, the weights to weights, in float32. It is the form that
// ncnn computes fastest: normalisations are part of convolutions, activations too where ncnn has that, and what several layers read is copied by layers
// of its own. Values are in the range that the network was trained on. Parameters that the graph does not use are left out. It returns an error if a
// parameter is missing or has the wrong dimensions, one of kind fault.Unsupported if ncnn has no counterpart of an operation, or the
// writers' errors.
func Write(text, weights io.Writer, g *nn.Graph, params tensor.Set) error {
	used := tensor.Set{}
	for _, p := range g.Params() {
		if a, ok := params[p.Name]; ok {
			used[p.Name] = a
		}
	}
	if err := g.Check(used); err != nil {
		return err
	}
	buffered := bufio.NewWriter(weights)
	w := &writer{
		g: g, params: used, weights: buffered, readers: make([]int, len(g.Nodes)+1), left: make([]int, len(g.Nodes)+1),
		names: make([]string, len(g.Nodes)+1), flat: make([]bool, len(g.Nodes)+1),
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			w.readers[v]++
		}
	}
	copy(w.left, w.readers)
	w.line("Input", "input", nil, []string{InputName}, "")
	w.made(nn.Input, InputName)
	for i := 0; i < len(g.Nodes); {
		n, err := w.layer(i)
		if err != nil {
			return err
		}
		i += n
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(text, "%s\n%d %d\n%s", magic, w.lines, w.values, w.text.String())
	return err
}

// writer writes a graph layer by layer.
type writer struct {
	g             *nn.Graph
	params        tensor.Set
	text          strings.Builder
	weights       *bufio.Writer // keeps its first error for Flush
	lines, values int
	names         []string // of values
	readers, left []int    // of values, and those that are still to come
	flat          []bool   // values without height and width
}

// line writes a layer.
func (w *writer) line(kind, name string, inputs, outputs []string, settings string) {
	words := []string{fmt.Sprintf("%-20s %-24s %d %d", kind, name, len(inputs), len(outputs))}
	words = append(append(words, inputs...), outputs...)
	if settings != "" {
		words = append(words, settings)
	}
	w.text.WriteString(strings.Join(words, " ") + "\n")
	w.lines, w.values = w.lines+1, w.values+len(outputs)
}

// made notes the name of a value, and copies it if it has several readers, as ncnn wants it.
func (w *writer) made(v nn.Value, name string) {
	w.names[v] = name
	if w.readers[v] < 2 {
		return
	}
	var outputs []string
	for i := range w.readers[v] {
		outputs = append(outputs, splitName(name, i))
	}
	w.line("Split", "split_"+name, []string{name}, outputs, "")
}

func splitName(name string, i int) string { return fmt.Sprintf("%s_%d", name, i) }

// read gives the name under which the next reader finds a value.
func (w *writer) read(v nn.Value) string {
	if w.readers[v] < 2 {
		return w.names[v]
	}
	w.left[v]--
	return splitName(w.names[v], w.readers[v]-1-w.left[v])
}

// layer writes node i with those after it that ncnn has in the same layer, and gives how many these are.
func (w *writer) layer(i int) (nodes int, err error) {
	n := w.g.Nodes[i]
	var inputs []string
	for _, v := range n.Inputs {
		inputs = append(inputs, w.read(v))
	}
	if len(n.Inputs) > 0 {
		w.flat[i+1] = w.flat[n.Inputs[0]]
	}
	kind, settings, nodes := "", "", 1
	switch op := n.Op.(type) {
	case nn.Conv:
		kind, settings, nodes = w.convolution(i, op)
	case nn.Deconv:
		kind, settings, nodes = w.deconvolution(i, op)
	case nn.Linear:
		a := n.Arrays(w.params)
		kind, settings = "InnerProduct", w.weighted(fmt.Sprintf("0=%d 1=1 2=%d", op.Out, len(a[0].Data)), a[0].Data, a[1].Data)
	case nn.PReLU:
		kind, settings = "PReLU", fmt.Sprint("0=", op.Slopes)
		w.floats(n.Arrays(w.params)[0].Data)
	default:
		if kind, settings = plainLayer(op); kind == "" {
			return 0, fault.New(fault.Unsupported, "layer %d of the network (%T) has no counterpart in ncnn: write an ONNX file instead", i+1, op)
		}
		if _, pools := op.(nn.GlobalAvgPool); pools {
			w.flat[i+1] = true
		} else if _, scales := op.(nn.ChannelMul); scales {
			w.flat[i+1] = false
		}
	}
	out := nn.Value(i + nodes)
	w.flat[out] = w.flat[i+1]
	name := fmt.Sprint("v", int(out))
	if out == w.g.Output() {
		name = OutputName
	}
	w.line(kind, fmt.Sprintf("%s_%d", strings.ToLower(kind), i+1), inputs, []string{name}, settings)
	w.made(out, name)
	return nodes, nil
}

// plainLayer gives the layer for an operation without parameters; an empty kind if there is none.
func plainLayer(op nn.Op) (kind, settings string) {
	switch op := op.(type) {
	case nn.ReLU:
		return "ReLU", ""
	case nn.LeakyReLU:
		return "ReLU", fmt.Sprintf("0=%e", op.Slope)
	case nn.Sigmoid:
		return "Sigmoid", ""
	case nn.Add:
		return "BinaryOp", fmt.Sprint("0=", binaryAdd)
	case nn.Mul, nn.ChannelMul:
		return "BinaryOp", fmt.Sprint("0=", binaryMul)
	case nn.Scale:
		return "BinaryOp", fmt.Sprintf("0=%d 1=1 2=%e", binaryMul, op.Factor)
	case nn.Concat:
		return "Concat", ""
	case nn.PixelShuffle:
		return "PixelShuffle", fmt.Sprint("0=", op.Factor)
	case nn.PixelUnshuffle:
		return "Reorg", fmt.Sprint("0=", op.Factor)
	case nn.Nearest:
		return "Interp", fmt.Sprintf("0=1 1=%[1]e 2=%[1]e", float32(op.Factor))
	case nn.Bilinear:
		return "Interp", fmt.Sprintf("0=2 1=%[1]e 2=%[1]e", float32(op.Factor))
	case nn.GlobalAvgPool:
		return "Pooling", "0=1 4=1"
	}
	return "", ""
}

// convolution gives the layer for a convolution, node i, and writes its weights.
func (w *writer) convolution(i int, op nn.Conv) (kind, settings string, nodes int) {
	a := w.g.Nodes[i].Arrays(w.params)
	weight, bias := a[0].Data, []float32(nil)
	if !op.NoBias {
		bias = a[1].Data
	}
	nodes = 1
	if norm, ok := w.followedBy(i).(nn.BatchNorm); ok {
		weight, bias = normalised(norm, w.g.Nodes[i+1].Arrays(w.params), weight, bias)
		nodes++
	}
	if w.flat[w.g.Nodes[i].Inputs[0]] { // where there is one pixel
		return "InnerProduct", w.weighted(fmt.Sprintf("0=%d 1=%d 2=%d", op.Out, flag(bias != nil), len(weight)), weight, bias), nodes
	}
	settings = fmt.Sprintf("0=%d 1=%d 4=%d 5=%d 6=%d", op.Out, op.Kernel, op.Pad, flag(bias != nil), len(weight))
	if op.Stride > 1 {
		settings += fmt.Sprint(" 3=", op.Stride)
	}
	kind = "Convolution"
	if op.Groups > 1 {
		kind = "ConvolutionDepthWise"
		settings += fmt.Sprint(" 7=", op.Groups)
	}
	active, more := w.activation(i + nodes - 1)
	return kind, w.weighted(settings+active, weight, bias), nodes + more
}

// deconvolution does the same for a transposed convolution, whose weights ncnn has by results first.
func (w *writer) deconvolution(i int, op nn.Deconv) (kind, settings string, nodes int) {
	a := w.g.Nodes[i].Arrays(w.params)
	taps := op.Kernel * op.Kernel
	weight := make([]float32, 0, len(a[0].Data))
	for out := range op.Out {
		for in := range op.In {
			weight = append(weight, a[0].Data[(in*op.Out+out)*taps:][:taps]...)
		}
	}
	settings = fmt.Sprintf("0=%d 1=%d 3=%d 4=%d 5=1 6=%d 18=%d 19=%d", op.Out, op.Kernel, op.Stride, op.Pad, len(weight), op.OutPad, op.OutPad)
	active, more := w.activation(i)
	return "Deconvolution", w.weighted(settings+active, weight, a[1].Data), 1 + more
}

// followedBy gives the operation that alone reads node i, if it is the next one; else nil.
func (w *writer) followedBy(i int) nn.Op {
	if i+1 >= len(w.g.Nodes) || w.readers[i+1] != 1 {
		return nil
	}
	if next := w.g.Nodes[i+1]; len(next.Inputs) == 1 && next.Inputs[0] == nn.Value(i+1) {
		return next.Op
	}
	return nil
}

// activation gives the settings for what follows node i in the same layer, and how many nodes that is.
func (w *writer) activation(i int) (settings string, nodes int) {
	switch op := w.followedBy(i).(type) {
	case nn.ReLU:
		return " 9=1", 1
	case nn.LeakyReLU:
		return fmt.Sprintf(" 9=2 -23310=1,%e", op.Slope), 1
	}
	return "", 0
}

// normalised gives the weights and the bias, which may have been nil, of a convolution with the normalisation after it.
func normalised(norm nn.BatchNorm, a []tensor.Array, weight, bias []float32) (newWeight, newBias []float32) {
	newWeight, newBias = make([]float32, len(weight)), make([]float32, norm.Channels)
	each := len(weight) / norm.Channels
	for c := range norm.Channels {
		factor, offset := norm.Affine(a, c)
		for k, v := range weight[c*each:][:each] {
			newWeight[c*each+k] = float32(float64(v) * factor)
		}
		if bias != nil {
			offset += float64(bias[c]) * factor
		}
		newBias[c] = float32(offset)
	}
	return newWeight, newBias
}

// weighted writes weights and a bias, which may be nil, and gives the settings back.
func (w *writer) weighted(settings string, weight, bias []float32) string {
	w.floats([]float32{0}) // the mark of float32
	w.floats(weight)
	w.floats(bias)
	return settings
}

func (w *writer) floats(data []float32) { _ = binary.Write(w.weights, binary.LittleEndian, data) } // whose errors Flush tells

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
