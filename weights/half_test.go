package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/tensor"
)

// header gives the entries of a safetensors file.
func header(t *testing.T, data []byte) map[string]headerEntry {
	t.Helper()
	entries, _, err := parseHeader(data[8 : 8+binary.LittleEndian.Uint64(data)])
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestHalfPrecisionModels(t *testing.T) {
	for _, m := range []*Model{classSR(t), Single(network(t, "carn", 36).Spec, network(t, "carn", 36).Spec.Init(1))} {
		full := write(t, m)
		for name, e := range header(t, full) {
			if e.DType != "F32" {
				t.Errorf("%s is %s before anything was rounded", name, e.DType)
			}
		}
		before := m.Tensors()
		if err := m.Half(); err != nil {
			t.Fatal(err)
		}
		data := write(t, m)
		if 10*len(data) > 6*len(full) {
			t.Errorf("%d bytes in half precision, %d in full", len(data), len(full))
		}
		got, err := read(data) // compares the checksum
		if err != nil {
			t.Fatal(err)
		}
		for name, a := range got.Tensors() {
			if !slices.Equal(a.Data, m.Tensors()[name].Data) {
				t.Errorf("%s comes back as other numbers", name)
			}
			for i, v := range before[name].Data {
				if bits, _ := tensor.ToFloat16(v); a.Data[i] != tensor.Float16(bits) && a.Data[i] != v {
					t.Fatalf("%s: %v became %v", name, v, a.Data[i])
				}
			}
		}
		if again := write(t, got); !bytes.Equal(again, data) {
			t.Error("written again, it is another file")
		}
		checkHalves(t, header(t, data))
	}
}

// checkHalves fails unless all but the mean shift is float16, and all begins where its elements may.
func checkHalves(t *testing.T, entries map[string]headerEntry) {
	t.Helper()
	for name, e := range entries {
		want := "F16"
		if strings.HasPrefix(name, "sub_mean.") || strings.HasPrefix(name, "add_mean.") {
			want = "F32"
		}
		if e.DType != want || e.Offsets[0]%elementSize[e.DType] != 0 {
			t.Errorf("%s is %s at %d, want %s", name, e.DType, e.Offsets[0], want)
		}
	}
}

func TestModelsTooLargeForHalfPrecision(t *testing.T) {
	m := classSR(t)
	const name = "head_conv.0.weight"
	m.Branches[1].Params[name].Data[3] = 65520
	before := write(t, m)
	err := m.Half()
	if fault.KindOf(err) != fault.Usage || !strings.Contains(err.Error(), "net2."+name) || !strings.Contains(err.Error(), "65520") {
		t.Errorf("error %v of kind %s", err, fault.KindOf(err))
	}
	if !bytes.Equal(write(t, m), before) {
		t.Error("the model is another one after the error")
	}
}

// Every number of two bytes is read exactly.
func TestTwoByteNumbersAreExact(t *testing.T) {
	data := make([]byte, 0, 1<<17)
	for bits := range 1 << 16 {
		data = binary.LittleEndian.AppendUint16(data, uint16(bits))
	}
	for bits := range 1 << 16 {
		want := map[string]uint32{"BF16": uint32(bits) << 16, "F16": math.Float32bits(tensor.Float16(uint16(bits)))}
		for dtype, w := range want {
			if got := math.Float32bits(toFloat32(dtype, data[2*bits:2*bits+2])[0]); got != w {
				t.Fatalf("%s %#x is %#x, want %#x", dtype, bits, got, w)
			}
		}
	}
}
