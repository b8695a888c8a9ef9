package onnx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"classsr/arch"
	"classsr/nn"
	"classsr/tensor"
)

// field is one field of a decoded message.
type field struct {
	number protowire.Number
	value  uint64 // of numbers
	bytes  message
}

func decode(t *testing.T, m message) []field {
	t.Helper()
	var fields []field
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		m = m[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(m)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(m)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(m)
		default:
			t.Fatalf("field %d has wire type %d", number, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		m = m[n:]
		fields = append(fields, f)
	}
	return fields
}

// all gives the messages of one field, at the end of a path of fields.
func all(t *testing.T, m message, path ...protowire.Number) []message {
	t.Helper()
	found := []message{m}
	for _, number := range path {
		var next []message
		for _, m := range found {
			for _, f := range decode(t, m) {
				if f.number == number {
					next = append(next, f.bytes)
				}
			}
		}
		found = next
	}
	return found
}

func texts(t *testing.T, m message, path ...protowire.Number) []string {
	t.Helper()
	var list []string
	for _, m := range all(t, m, path...) {
		list = append(list, string(m))
	}
	return list
}

func numbers(t *testing.T, m message, number protowire.Number) []int {
	t.Helper()
	var list []int
	for _, f := range decode(t, m) {
		if f.number == number {
			list = append(list, int(f.value))
		}
	}
	return list
}

func export(t *testing.T, g *nn.Graph, params tensor.Set) message {
	t.Helper()
	var b bytes.Buffer
	if err := Export(&b, g, params, "test"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zeros(g *nn.Graph) tensor.Set {
	params := tensor.Set{}
	for i, p := range g.Params() {
		params[p.Name] = tensor.NewArray(p.Dims...)
		params[p.Name].Data[0] = float32(i) + 0.5
	}
	return params
}

func TestNetworksKeepNodesAndParameters(t *testing.T) {
	specs := []arch.Spec{arch.PaperClassModule(3)}
	for _, name := range arch.SRNames() {
		for _, scale := range []int{2, 4} {
			spec, err := arch.Paper(name, scale, 36)
			if err != nil {
				t.Fatal(err)
			}
			if name == "rrdbnet" {
				spec.Depth = 2
			}
			specs = append(specs, spec)
		}
	}
	for _, spec := range specs {
		g := spec.Build()
		params := zeros(g)
		model := export(t, g, params)
		if again := export(t, g, params); !bytes.Equal(model, again) {
			t.Errorf("%s: two exports differ", spec.Net)
		}
		nodes := all(t, model, modelGraph, graphNode)
		if len(nodes) != len(g.Nodes) {
			t.Fatalf("%s: %d nodes, want %d", spec.Net, len(nodes), len(g.Nodes))
		}
		stored := map[string]bool{"": true}
		for _, m := range all(t, model, modelGraph, graphInitializer) {
			name := texts(t, m, tensorName)[0]
			if stored[name] {
				t.Errorf("%s: %s is stored twice", spec.Net, name)
			}
			stored[name] = true
			if want, ok := params[name]; ok {
				checkTensor(t, name, m, want)
			}
		}
		for name := range params {
			if !stored[name] {
				t.Errorf("%s: %s is not stored", spec.Net, name)
			}
		}
		checkOrder(t, nodes, stored)
	}
}

func checkTensor(t *testing.T, name string, m message, want tensor.Array) {
	t.Helper()
	dims := numbers(t, m, tensorDims)
	if tensor.DimsLen(dims) != len(want.Data) || !slices.Equal(dims[:min(len(dims), len(want.Dims))], want.Dims) {
		t.Errorf("%s has dimensions %v, want %v and perhaps ones", name, dims, want.Dims)
	}
	raw := all(t, m, tensorRawData)[0]
	if len(raw) != 4*len(want.Data) {
		t.Fatalf("%s has %d bytes, want %d", name, len(raw), 4*len(want.Data))
	}
	for i, v := range want.Data {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])); got != v {
			t.Fatalf("%s: element %d is %v, want %v", name, i, got, v)
		}
	}
}

// checkOrder fails unless every node reads what is stored or computed before it, and the last one makes the result.
func checkOrder(t *testing.T, nodes []message, known map[string]bool) {
	t.Helper()
	known[InputName] = true
	var last string
	for _, n := range nodes {
		for _, input := range texts(t, n, nodeInput) {
			if !known[input] {
				t.Errorf("%s is read before it is made", input)
			}
		}
		last = texts(t, n, nodeOutput)[0]
		known[last] = true
	}
	if last != OutputName {
		t.Errorf("the last node makes %q", last)
	}
}

func TestOperations(t *testing.T) {
	for _, c := range []struct {
		op     nn.Op
		inputs []nn.Value
		kind   string
		want   map[string]any
	}{
		{
			nn.Conv{In: 4, Out: 8, Kernel: 3, Stride: 2, Pad: 1, Groups: 2, NoBias: true}, []nn.Value{0}, "Conv",
			map[string]any{"group": 2, "kernel_shape": []int{3, 3}, "pads": []int{1, 1, 1, 1}, "strides": []int{2, 2}},
		},
		{
			nn.Deconv{In: 4, Out: 3, Kernel: 9, Stride: 4, Pad: 4, OutPad: 3}, []nn.Value{0}, "ConvTranspose",
			map[string]any{
				"kernel_shape": []int{9, 9}, "output_padding": []int{3, 3}, "pads": []int{4, 4, 4, 4}, "strides": []int{4, 4},
			},
		},
		{nn.ReLU{}, []nn.Value{0}, "Relu", map[string]any{}},
		{nn.LeakyReLU{Slope: 0.1}, []nn.Value{0}, "LeakyRelu", map[string]any{"alpha": float32(0.1)}},
		{nn.PReLU{Slopes: 4}, []nn.Value{0}, "PRelu", map[string]any{}},
		{nn.Sigmoid{}, []nn.Value{0}, "Sigmoid", map[string]any{}},
		{nn.Add{}, []nn.Value{0, 0}, "Add", map[string]any{}},
		{nn.Mul{}, []nn.Value{0, 0}, "Mul", map[string]any{}},
		{nn.Concat{}, []nn.Value{0, 0, 0}, "Concat", map[string]any{"axis": 1}},
		{nn.PixelShuffle{Factor: 2}, []nn.Value{0}, "DepthToSpace", map[string]any{"blocksize": 2, "mode": "CRD"}},
		{nn.BatchNorm{Channels: 4}, []nn.Value{0}, "BatchNormalization", map[string]any{"epsilon": float32(1e-5)}},
		{nn.GlobalAvgPool{}, []nn.Value{0}, "GlobalAveragePool", map[string]any{}},
		{
			nn.Nearest{Factor: 2}, []nn.Value{0}, "Resize",
			map[string]any{"coordinate_transformation_mode": "asymmetric", "mode": "nearest", "nearest_mode": "floor"},
		},
		{
			nn.Bilinear{Factor: 4}, []nn.Value{0}, "Resize",
			map[string]any{"coordinate_transformation_mode": "half_pixel", "mode": "linear"},
		},
		{
			nn.Bicubic{Scale: 3}, []nn.Value{0}, "Resize",
			map[string]any{"coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": float32(-0.5), "mode": "cubic"},
		},
	} {
		g := nn.NewGraph(4)
		g.Add("layer", c.op, c.inputs...)
		node := all(t, export(t, g, zeros(g)), modelGraph, graphNode)[0]
		if got := texts(t, node, nodeOpType)[0]; got != c.kind {
			t.Errorf("%T is %s, want %s", c.op, got, c.kind)
		}
		inputs := texts(t, node, nodeInput)
		if want := len(c.inputs) + len(c.op.Params()); c.kind != "Resize" && len(inputs) != want {
			t.Errorf("%s has inputs %q, want %d", c.kind, inputs, want)
		}
		checkAttributes(t, c.kind, all(t, node, nodeAttribute), c.want)
	}
}

func checkAttributes(t *testing.T, kind string, got []message, want map[string]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d attributes, want %d", kind, len(got), len(want))
	}
	for _, a := range got {
		name := texts(t, a, attributeName)[0]
		same := false
		switch v := want[name].(type) {
		case int:
			same = slices.Equal(numbers(t, a, attributeI), []int{v})
		case []int:
			same = slices.Equal(numbers(t, a, attributeInts), v)
		case float32:
			same = slices.Equal(numbers(t, a, attributeF), []int{int(math.Float32bits(v))})
		case string:
			same = slices.Equal(texts(t, a, attributeS), []string{v})
		}
		if !same {
			t.Errorf("%s: attribute %s is not %v", kind, name, want[name])
		}
	}
}

func TestSharedParametersAreStoredOnce(t *testing.T) {
	g := nn.NewGraph(2)
	conv := nn.Conv{In: 2, Out: 2, Kernel: 1}
	x := g.Add("unit", conv, nn.Input)
	g.Add("unit", conv, x)
	params := zeros(g)
	params["another.weight"] = tensor.NewArray(1)
	got := texts(t, export(t, g, params), modelGraph, graphInitializer, tensorName)
	if want := []string{"unit.weight", "unit.bias"}; !slices.Equal(got, want) {
		t.Errorf("stored %q, want %q", got, want)
	}
}

func TestDeclaredShapes(t *testing.T) {
	spec := arch.PaperClassModule(3)
	g := spec.Build()
	model := export(t, g, zeros(g))
	path := []protowire.Number{valueType, typeTensor, tensorShape, shapeDim, dimParam}
	in := texts(t, model, append([]protowire.Number{modelGraph, graphInput}, path...)...)
	if want := []string{"batch", "height", "width"}; !slices.Equal(in, want) {
		t.Errorf("open dimensions of the input: %q, want %q", in, want)
	}
	out := texts(t, model, append([]protowire.Number{modelGraph, graphOutput}, path...)...)
	if want := []string{"batch"}; !slices.Equal(out, want) {
		t.Errorf("open dimensions of the result: %q, want %q", out, want)
	}
}

type unknown struct{ nn.ReLU }

type brokenWriter struct{}

var errBroken = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestErrors(t *testing.T) {
	conv := nn.NewGraph(1)
	conv.Add("layer", nn.Conv{In: 1, Out: 1, Kernel: 1}, nn.Input)
	strange := nn.NewGraph(1)
	strange.Add("", unknown{}, nn.Input)
	for _, c := range []struct {
		name   string
		graph  *nn.Graph
		params tensor.Set
		want   string
	}{
		{"missing parameter", conv, tensor.Set{"layer.bias": tensor.NewArray(1)}, "layer.weight"},
		{"wrong dimensions", conv, tensor.Set{"layer.weight": tensor.NewArray(1), "layer.bias": tensor.NewArray(1)}, "[1 1 1 1]"},
		{"unknown operation", strange, nil, "onnx.unknown"},
		{"empty network", nn.NewGraph(1), nil, "no operations"},
	} {
		if err := Export(io.Discard, c.graph, c.params, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
	if err := Export(brokenWriter{}, conv, zeros(conv), ""); !errors.Is(err, errBroken) {
		t.Errorf("got error %v, want the writer's", err)
	}
}
