package ncnn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/nn"
	"classsr/tensor"
)

// style says which of the forms that ncnn's tools write is written here.
type style struct {
	half  bool // weights in float16
	fused bool // activations in convolutions, sums with coefficients
	long  bool // all settings, those too that are as by default
}

// emitter writes a graph as the files of ncnn, in the forms that its tools know.
type emitter struct {
	style
	g       *nn.Graph
	params  tensor.Set
	lines   []string
	weights []byte
	names   []string // of values
	copies  []int    // of values: how many readers are still to come
}

// written gives the text and the weights of a graph.
func written(g *nn.Graph, params tensor.Set, s style) (text string, weights []byte) {
	w := &emitter{style: s, g: g, params: params, copies: make([]int, len(g.Nodes)+1), names: []string{"data"}}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			w.copies[v]++
		}
	}
	w.line("Input", 0, nil, []string{"data"}, "")
	w.split(nn.Input)
	for i := 0; i < len(g.Nodes); i++ {
		i = w.node(i)
	}
	return fmt.Sprintf("7767517\n%d %d\n%s\n", len(w.lines), 3*len(w.lines), strings.Join(w.lines, "\n")), w.weights
}

func (w *emitter) line(kind string, number int, inputs, outputs []string, settings string) {
	w.lines = append(w.lines, fmt.Sprintf("%-24s %-24s %d %d %s %s %s", kind, fmt.Sprint(kind, "_", number), len(inputs), len(outputs),
		strings.Join(inputs, " "), strings.Join(outputs, " "), settings))
}

// split writes a layer that copies a value with several readers.
func (w *emitter) split(v nn.Value) {
	if w.copies[v] < 2 {
		return
	}
	var outputs []string
	for i := range w.copies[v] {
		outputs = append(outputs, fmt.Sprintf("%s_split_%d", w.names[v], i))
	}
	w.line("Split", int(v), []string{w.names[v]}, outputs, "")
}

// read gives the name under which the next reader finds a value.
func (w *emitter) read(v nn.Value) string {
	readers := 0
	for _, n := range w.g.Nodes {
		for _, in := range n.Inputs {
			if in == v {
				readers++
			}
		}
	}
	if readers < 2 {
		return w.names[v]
	}
	w.copies[v]--
	return fmt.Sprintf("%s_split_%d", w.names[v], w.copies[v])
}

// node writes node i and those that it takes in, and gives the number of the last one.
func (w *emitter) node(i int) int {
	n := w.g.Nodes[i]
	kind, settings := w.describe(n)
	var inputs []string
	for _, v := range n.Inputs {
		inputs = append(inputs, w.read(v))
	}
	name := fmt.Sprint("v", i)
	switch op := n.Op.(type) {
	case nn.Conv:
		if slope, ok := leakOf(w.g, i+1); ok && w.fused {
			settings += fmt.Sprintf(" 9=2 -23310=1,%e", slope)
			w.names, i = append(w.names, ""), i+1
		}
	case nn.Scale:
		if w.fused {
			kind, settings = "Eltwise", fmt.Sprintf("0=1 -23301=2,%e,1.0", op.Factor)
			inputs = append(inputs, w.read(w.g.Nodes[i+1].Inputs[1]))
			w.names, i = append(w.names, ""), i+1
		}
	}
	w.names = append(w.names, name)
	w.line(kind, i, inputs, []string{name}, settings)
	w.split(nn.Value(i + 1))
	return i
}

// describe gives the kind and the settings of a layer, and writes its weights.
func (w *emitter) describe(n nn.Node) (kind, settings string) {
	switch op := n.Op.(type) {
	case nn.Conv:
		return w.convolution(n, op)
	case nn.PReLU:
		w.floats(w.params[n.Name+".weight"].Data)
		return "PReLU", fmt.Sprint("0=", op.Slopes)
	case nn.LeakyReLU:
		return "ReLU", fmt.Sprintf("0=%e", op.Slope)
	case nn.ReLU:
		return "ReLU", ""
	case nn.Nearest:
		settings = fmt.Sprintf("0=1 1=%[1]e 2=%[1]e", float32(op.Factor))
		if w.long {
			settings += " 3=0 4=0 6=0"
		}
		return "Interp", settings
	case nn.PixelShuffle:
		return "PixelShuffle", fmt.Sprint("0=", op.Factor)
	case nn.PixelUnshuffle:
		return "Reorg", fmt.Sprint("0=", op.Factor)
	case nn.Scale:
		return "BinaryOp", fmt.Sprintf("0=2 1=1 2=%e", op.Factor)
	case nn.Add:
		return "BinaryOp", ""
	case nn.Concat:
		if w.long {
			settings = "0=0"
		}
		return "Concat", settings
	}
	panic("an operation that the test does not write")
}

// leakOf is the slope of an activation that is node i.
func leakOf(g *nn.Graph, i int) (float32, bool) {
	if i >= len(g.Nodes) {
		return 0, false
	}
	l, ok := g.Nodes[i].Op.(nn.LeakyReLU)
	return l.Slope, ok
}

func (w *emitter) convolution(n nn.Node, op nn.Conv) (kind, settings string) {
	weight := w.params[n.Name+".weight"].Data
	kind = "Convolution"
	settings = fmt.Sprintf("0=%d 1=%d 4=%d 5=1 6=%d", op.Out, op.Kernel, op.Pad, len(weight))
	if w.long {
		settings += fmt.Sprintf(" 11=%[1]d 2=1 12=1 3=1 13=1 14=%[2]d 15=%[2]d 16=%[2]d", op.Kernel, op.Pad)
	}
	if op.NoBias {
		settings = strings.Replace(settings, "5=1", "5=0", 1)
	}
	if op.Groups > 1 {
		kind = "ConvolutionDepthWise"
		settings += fmt.Sprint(" 7=", op.Groups)
	}
	w.marked(weight)
	if !op.NoBias {
		w.floats(w.params[n.Name+".bias"].Data)
	}
	return kind, settings
}

func (w *emitter) floats(data []float32) {
	w.weights, _ = binary.Append(w.weights, binary.LittleEndian, data) // it fails for other types only
}

func (w *emitter) marked(data []float32) {
	if !w.half {
		w.weights = append(w.weights, 0, 0, 0, 0)
		w.floats(data)
		return
	}
	w.weights = append(w.weights, 0x47, 0x6b, 0x30, 0x01)
	for _, v := range data {
		bits, _ := tensor.ToFloat16(v) // numbers of few bits
		w.weights = binary.LittleEndian.AppendUint16(w.weights, bits)
	}
	for len(w.weights)%4 != 0 {
		w.weights = append(w.weights, 0)
	}
}

// random gives parameters whose values float16 can hold.
func random(spec arch.Spec) tensor.Set {
	r := rand.New(rand.NewPCG(1, 2))
	set := tensor.Set{}
	for _, p := range spec.Params() {
		a := tensor.NewArray(p.Dims...)
		for i := range a.Data {
			a.Data[i] = float32(r.IntN(65)-32) / 64
		}
		set[p.Name] = a
	}
	return set
}

func readText(text string, weights []byte) (*Network, error) {
	return Read([]byte(text), bytes.NewReader(weights), int64(len(weights)))
}

// spec is a small network of an architecture.
func spec(t testing.TB, name string, scale, width, depth int) arch.Spec {
	t.Helper()
	s, err := arch.Paper(name, scale, width)
	if err != nil {
		t.Fatal(err)
	}
	s.Depth = depth
	if s.Growth > 0 {
		s.Growth = 4
	}
	return s
}

func equalSets(t *testing.T, got, want tensor.Set) {
	t.Helper()
	if !slices.Equal(got.Names(), want.Names()) {
		t.Fatalf("tensors %q, want %q", got.Names(), want.Names())
	}
	for name, a := range want {
		if !slices.Equal(got[name].Dims, a.Dims) || !slices.Equal(got[name].Data, a.Data) {
			t.Errorf("tensor %s differs", name)
		}
	}
}

func zeros(g *nn.Graph) tensor.Set {
	set := tensor.Set{}
	for _, p := range g.Params() {
		set[p.Name] = tensor.NewArray(p.Dims...)
	}
	return set
}
