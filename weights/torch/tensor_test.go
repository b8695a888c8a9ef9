package torch

import (
	"encoding/binary"
	"math"
	"testing"

	"classsr/tensor"
)

func readOne(t *testing.T, value raw, blobs ...blob) tensor.Array {
	t.Helper()
	return mustRead(t, orderedDict("w", value), blobs...).Tensors["w"]
}

func TestElementTypes(t *testing.T) {
	double := blob{key: "0", class: "torch.DoubleStorage", numel: 3}
	for _, v := range []float64{0.1, 1e300, -0.25} {
		double.data = binary.LittleEndian.AppendUint64(double.data, math.Float64bits(v))
	}
	inf := float32(math.Inf(1))
	tests := []struct {
		name string
		blob blob
		want []float32
	}{
		{"float32", floats("0", 1, -2.5, 3e-39), []float32{1, -2.5, 3e-39}},
		{"float64", double, []float32{0.1, inf, -0.25}},
		{"bfloat16", halves("0", "torch.BFloat16Storage", 0x3f80, 0xc2f7, 0x0001), []float32{1, -123.5, 9.18354961579912e-41}},
		// One, the largest, the smallest normal and subnormal numbers, a subnormal between, minus zero, infinity.
		{"float16", halves("0", "torch.HalfStorage", 0x3c00, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0x7c00, 0xb555),
			[]float32{1, 65504, 1.0 / (1 << 14), 1.0 / (1 << 24), 1023.0 / (1 << 24), float32(math.Copysign(0, -1)),
				inf, -0.333251953125}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := readOne(t, test.blob.vector(), test.blob)
			equalSets(t, tensor.Set{"w": got}, tensor.Set{"w": {Dims: []int{len(test.want)}, Data: test.want}})
		})
	}
	nan := readOne(t, halves("0", "torch.HalfStorage", 0x7e01).vector(), halves("0", "torch.HalfStorage", 0x7e01))
	if v := float64(nan.Data[0]); !math.IsNaN(v) {
		t.Errorf("float16 NaN became %v", v)
	}
}

func TestStrides(t *testing.T) {
	b := floats("0", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
	tests := []struct {
		name         string
		offset       int
		size, stride tup
		dims         []int
		want         []float32
	}{
		{"contiguous", 0, tup{2, 3, 2}, tup{6, 2, 1}, []int{2, 3, 2}, b.values()},
		{"transposed", 0, tup{3, 4}, tup{1, 3}, []int{3, 4}, []float32{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}},
		{"column", 1, tup{4}, tup{3}, []int{4}, []float32{1, 4, 7, 10}},
		{"last element", 11, tup{1}, tup{1}, []int{1}, []float32{11}},
		{"single number", 5, tup{}, tup{}, []int{}, []float32{5}},
		{"expanded", 4, tup{2, 3}, tup{0, 1}, []int{2, 3}, []float32{4, 5, 6, 4, 5, 6}},
		{"channels last", 0, tup{1, 2, 2, 3}, tup{12, 1, 6, 2}, []int{1, 2, 2, 3}, []float32{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}},
		{"unused stride", 2, tup{1, 2}, tup{1 << 62, 1}, []int{1, 2}, []float32{2, 3}},
		{"empty", 12, tup{0, 3}, tup{3, 1}, []int{0, 3}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := readOne(t, b.tensor(test.offset, test.size, test.stride), b)
			equalSets(t, tensor.Set{"w": got}, tensor.Set{"w": {Dims: test.dims, Data: test.want}})
		})
	}
}

func (b blob) values() []float32 {
	values := make([]float32, b.numel)
	_, _ = binary.Decode(b.data, binary.LittleEndian, values)
	return values
}

func TestSharedStorageIsCopied(t *testing.T) {
	b := floats("0", 1, 2, 3, 4)
	c := mustRead(t, orderedDict("a", b.vector(), "tied", b.vector(), "part", b.tensor(2, tup{2}, tup{1})), b)
	c.Tensors["a"].Data[3] = 40
	equalSets(t, c.Tensors, tensor.Set{
		"a":    {Dims: []int{4}, Data: []float32{1, 2, 3, 40}},
		"tied": {Dims: []int{4}, Data: []float32{1, 2, 3, 4}},
		"part": {Dims: []int{2}, Data: []float32{3, 4}},
	})
}

func TestLegacyViews(t *testing.T) {
	b := floats("root", 0, 1, 2, 3, 4, 5, 6, 7)
	view := func(first, n any, offset int) raw {
		id := b.id(tup{"some view", first, n})
		return called("torch._utils._rebuild_tensor_v2", id, offset, tup{2}, tup{2}, false, raw("}"))
	}
	got := readOne(t, view(3, 4, 1), b)
	equalSets(t, tensor.Set{"w": got}, tensor.Set{"w": {Dims: []int{2}, Data: []float32{4, 6}}})

	mustFail(t, "reaches beyond the 3 elements", orderedDict("w", view(3, 3, 1)), b)
	mustFail(t, "outside storage", orderedDict("w", view(3, 6, 0)), b)
	mustFail(t, "outside storage", orderedDict("w", view(-1, 2, 0)), b)
	mustFail(t, "outside storage", orderedDict("w", view(1<<62, 1<<62, 0)), b)
	mustFail(t, "outside storage", orderedDict("w", view("x", 1, 0)), b)
}

func TestOtherWaysToSayATensor(t *testing.T) {
	b := floats("0", 1, 2)
	size := called("torch.Size", tup{2})
	untyped := blob{key: "0", class: "torch.storage.UntypedStorage", numel: 8, data: b.data}
	tests := map[string]raw{
		"before 0.4": called("torch._utils._rebuild_tensor", b.id(), 0, size, tup{1}),
		"parameter":  called("torch._utils._rebuild_parameter", b.vector(), true, raw("}")),
		"attributes": called("torch._utils._rebuild_parameter_with_state", b.vector(), true, raw("}"), dct{"a", 1}),
		"old class":  called("torch.nn.parameter.Parameter", b.vector()) + emit(tup{true, raw("}")}) + "b",
		"new object": imported("torch.nn.parameter.Parameter") + emit(tup{b.vector()}) + "\x81",
		"from type": called("torch._tensor._rebuild_from_type_v2", imported("torch._utils._rebuild_tensor_v2"),
			imported("torch.Tensor"), tup{b.id(), 0, tup{2}, tup{1}, false, raw("}")}, dct{}),
		"typed by dtype": called("torch._utils._rebuild_tensor_v3", untyped.id(), 0, tup{2}, tup{1}, false, raw("}"),
			imported("torch.float32")),
	}
	for name, value := range tests {
		t.Run(name, func(t *testing.T) {
			stored := b
			if name == "typed by dtype" {
				stored = untyped
			}
			got := readOne(t, value, stored)
			equalSets(t, tensor.Set{"w": got}, tensor.Set{"w": {Dims: []int{2}, Data: []float32{1, 2}}})
		})
	}
}
