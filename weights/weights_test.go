package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"classsr/arch"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/tensor"
)

// network makes a small network with random parameters.
func network(t testing.TB, net string, width int) Network {
	t.Helper()
	spec := arch.PaperClassModule(3)
	if net != "classmodule" {
		var err error
		if spec, err = arch.Paper(net, 4, width); err != nil {
			t.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, uint64(width)))
	params := tensor.Set{}
	for _, p := range spec.Params() {
		a := tensor.NewArray(p.Dims...)
		for i := range a.Data {
			a.Data[i] = r.Float32()
		}
		params[p.Name] = a
	}
	return Network{spec, params}
}

func classSR(t testing.TB) *Model {
	classifier := network(t, "classmodule", 128)
	return &Model{
		Name: "three", Licence: "Apache-2.0", Provenance: "random numbers",
		Branches: []Network{network(t, "fsrcnn", 16), network(t, "fsrcnn", 36), network(t, "fsrcnn", 56)},
		Classes:  []string{"simple", "medium", "hard"}, ClassModule: &classifier,
	}
}

func write(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(data []byte) (*Model, error) { return Read(bytes.NewReader(data), int64(len(data)), 0) }

func TestModelsComeBackAsTheyWere(t *testing.T) {
	fsrcnn := network(t, "fsrcnn", 16)
	fsrcnn.Spec.Scale = 2 // which the tensors do not tell
	plain := &Model{Name: "two", Branches: []Network{fsrcnn}, Classes: ClassNames(1), Licence: "MIT"}
	for _, want := range []*Model{plain, classSR(t)} {
		data := write(t, want)
		got, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != want.Name || got.Licence != want.Licence || got.Provenance != want.Provenance {
			t.Errorf("metadata %q %q %q", got.Name, got.Licence, got.Provenance)
		}
		if !slices.Equal(got.Classes, want.Classes) || len(got.Branches) != len(want.Branches) {
			t.Errorf("%d branches, classes %v", len(got.Branches), got.Classes)
		}
		if got.Full().Spec.Scale != want.Full().Spec.Scale {
			t.Errorf("scale %d, want %d", got.Full().Spec.Scale, want.Full().Spec.Scale)
		}
		if (got.ClassModule == nil) != (want.ClassModule == nil) {
			t.Errorf("Class-Module: %v", got.ClassModule)
		}
		if !bytes.Equal(write(t, got), data) {
			t.Error("written again, the file differs")
		}
	}
}

// file writes tensors with a metadata of the program's own, which spoil may change.
func file(t *testing.T, spoil func(tensors tensor.Set, metadata map[string]string)) []byte {
	t.Helper()
	m := &Model{Branches: []Network{network(t, "fsrcnn", 16)}, Classes: ClassNames(1)}
	tensors := tensor.Set{}
	for name, a := range m.Tensors() {
		tensors[name] = tensor.Array{Dims: a.Dims, Data: slices.Clone(a.Data)}
	}
	metadata, err := m.metadata(tensors)
	if err != nil {
		t.Fatal(err)
	}
	spoil(tensors, metadata)
	var b bytes.Buffer
	if err := WriteSafetensors(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// aboutFile reports whether an error says this, and is of a kind that a bad file brings about.
func aboutFile(err error, says string) bool {
	kind := fault.KindOf(err)
	return err != nil && strings.Contains(err.Error(), says) && (kind == fault.Damaged || kind == fault.Unsupported || kind == fault.TooLarge)
}

func TestKindsOfErrors(t *testing.T) {
	model := write(t, classSR(t))
	unknown := file(t, func(s tensor.Set, m map[string]string) { delete(m, keySHA256); clear(s) })
	dir := t.TempDir()
	_, scale := Read(bytes.NewReader(model), int64(len(model)), 7)
	_, foreign := read(unknown)
	_, text := read([]byte("not a model"))
	_, cut := read(model[:len(model)-1])
	_, folder := Open(dir, 0)
	_, missing := Open(filepath.Join(dir, "none"), 0)
	var m Model
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{scale, fault.Usage}, {foreign, fault.Unsupported}, {text, fault.Unsupported}, {cut, fault.Damaged},
		{folder, fault.Unsupported}, {missing, fault.NotFound}, {m.Save("a.txt", false), fault.Unsupported},
	} {
		if got := fault.KindOf(c.err); c.err == nil || got != c.want {
			t.Errorf("%v is of kind %s, want %s", c.err, got, c.want)
		}
	}
}

func TestModelsThatAreRefused(t *testing.T) {
	noSum := func(metadata map[string]string) { delete(metadata, keySHA256) }
	for _, c := range []struct {
		says  string
		spoil func(tensors tensor.Set, metadata map[string]string)
	}{
		{`"tail_conv.bias" is missing`, func(s tensor.Set, m map[string]string) { noSum(m); delete(s, "tail_conv.bias") }},
		{`"extra" does not belong`, func(s tensor.Set, m map[string]string) { noSum(m); s["extra"] = tensor.NewArray(1) }},
		{`has dimensions [3 1], want [3]`, func(s tensor.Set, m map[string]string) {
			noSum(m)
			s["tail_conv.bias"] = tensor.NewArray(3, 1)
		}},
		{"holds NaN", func(s tensor.Set, m map[string]string) {
			noSum(m)
			s["tail_conv.bias"].Data[1] = float32(math.NaN())
		}},
		{"holds +Inf", func(s tensor.Set, m map[string]string) {
			noSum(m)
			s["tail_conv.bias"].Data[1] = float32(math.Inf(1))
		}},
		{"checksum", func(s tensor.Set, _ map[string]string) { s["tail_conv.bias"].Data[0]++ }},
		{`architecture "carn"`, func(_ tensor.Set, m map[string]string) { m[keyArchitecture] = "carn" }},
		{"do not name 1 branches", func(_ tensor.Set, m map[string]string) { m[keyClasses] = `["a","b"]` }},
		{"widths [99]", func(_ tensor.Set, m map[string]string) { m[keyWidths] = "[99]" }},
		{"scale is \"junk\"", func(_ tensor.Set, m map[string]string) { m[keyScale] = "junk" }},
		{"input range of 7", func(_ tensor.Set, m map[string]string) { m[keyInputRange] = "7" }},
		{"cannot enlarge 5 times", func(_ tensor.Set, m map[string]string) { m[keyScale] = "[5]" }},
		{"no known network", func(s tensor.Set, m map[string]string) { noSum(m); clear(s) }},
	} {
		if _, err := read(file(t, c.spoil)); !aboutFile(err, c.says) {
			t.Errorf("error %v of kind %s, want one about the file with %q", err, fault.KindOf(err), c.says)
		}
	}
}

func TestClassSRModelsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		says  string
		spoil func(all tensor.Set)
	}{
		{"branch 2 of 3", func(all tensor.Set) { delete(all, "net2.tail_conv.bias") }},
		{`"net4.stray"`, func(all tensor.Set) { all["net4.stray"] = tensor.NewArray(1) }},
		{"class module", func(all tensor.Set) { delete(all, "classifier.lastOut.bias") }},
		{"not a network that enlarges", func(all tensor.Set) {
			for name := range all.Sub("net1.") {
				delete(all, "net1."+name)
			}
			all.Merge("net1.", all.Sub("classifier."))
		}},
	} {
		all := classSR(t).Tensors()
		c.spoil(all)
		if _, err := FromTensors(all, arch.Known{}); !aboutFile(err, c.says) {
			t.Errorf("error %v of kind %s, want one about the file with %q", err, fault.KindOf(err), c.says)
		}
	}
}

func TestSafetensorsThatAreRefused(t *testing.T) {
	valid := file(t, func(tensor.Set, map[string]string) {})
	for length := range 600 {
		if _, err := read(valid[:length]); !aboutFile(err, "") {
			t.Fatalf("the first %d bytes: error %v of kind %s", length, err, fault.KindOf(err))
		}
	}
	if _, err := read(valid[:len(valid)-1]); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("without its last byte: %v", err)
	}
	if _, err := read(append(slices.Clone(valid), 0)); err == nil || !strings.Contains(err.Error(), "belongs to no tensor") {
		t.Errorf("with a byte too many: %v", err)
	}
	for header, says := range map[string]string{
		`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`:                                                      "has 4 bytes",
		`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`:                                                      "gap",
		`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`: "overlaps",
		`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`:                                                  "F8_E4M3",
		`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`:                                                     "impossible shape",
		`{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,4]}}`:                       "impossible shape",
		`{"a":{"dtype":"F32","shape":[536870912],"data_offsets":[0,2147483648]}}`:                                     "cut short",
		`{"a":7}`:                       "damaged",
		`{"a`:                           "damaged",
		`{"__metadata__":{"format":7}}`: "metadata",
	} {
		data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		data = append(append(data, header...), 0, 0, 0, 0)
		if _, _, err := ReadSafetensors(bytes.NewReader(data), int64(len(data))); !aboutFile(err, says) {
			t.Errorf("%s: error %v of kind %s, want one about the file with %q", header, err, fault.KindOf(err), says)
		}
	}
}

// The header's length may be anything, its first byte too.
func TestHeadersOfAnyLength(t *testing.T) {
	m := &Model{Branches: []Network{network(t, "fsrcnn", 16)}, Classes: ClassNames(1)}
	for i := range 256 {
		m.Provenance = strings.Repeat("x", i)
		if _, err := read(write(t, m)); err != nil {
			t.Fatalf("with %d letters of provenance: %v", i, err)
		}
	}
}

func TestEmptyTensorsComeBack(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSafetensors(&b, tensor.Set{"a": tensor.NewArray(2), "b": tensor.NewArray(0, 4)}, nil); err != nil {
		t.Fatal(err)
	}
	set, _, err := ReadSafetensors(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(set["b"].Dims) != 2 {
		t.Errorf("got %v, error %v", set["b"], err)
	}
}

func TestHalfPrecisionSafetensors(t *testing.T) {
	entries := map[string]headerEntry{
		"bf16": {"BF16", []int64{1}, [2]int64{0, 2}}, "count": {"I64", nil, [2]int64{2, 10}},
		"f16": {"F16", []int64{2}, [2]int64{10, 14}}, "f64": {"F64", []int64{1}, [2]int64{14, 22}},
	}
	header, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	data = binary.LittleEndian.AppendUint16(data, 0xc020) // -2.5
	data = binary.LittleEndian.AppendUint64(data, 7)
	data = binary.LittleEndian.AppendUint16(data, 0x3e00) // 1.5
	data = binary.LittleEndian.AppendUint16(data, 0x8001) // the smallest subnormal, negative
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(0.75))
	set, _, err := ReadSafetensors(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"bf16": {-2.5}, "f16": {1.5, -1.0 / (1 << 24)}, "f64": {0.75}} {
		if !slices.Equal(set[name].Data, want) {
			t.Errorf("%s is %v, want %v", name, set[name].Data, want)
		}
	}
	if _, ok := set["count"]; ok {
		t.Error("an integer tensor was kept")
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "model.txt")
	if err := os.WriteFile(text, []byte("not a model at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		text: "neither a safetensors file nor a PyTorch checkpoint", filepath.Join(dir, "none"): syscall.ENOENT.Error(), dir: "not a file",
	} {
		if _, err := Open(path, 0); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one with %q", path, err, says)
		}
	}
}

func TestReleasedCheckpointsAreRecognised(t *testing.T) {
	for name, want := range map[string]arch.Spec{
		"carn_m.pth":                   {Net: "carn", Scale: 4, Width: 64, Groups: 4, InputRange: 1},
		"arm-carn.pth":                 {Net: "carn", Scale: 4, Width: 64, Groups: 4, InputRange: 1},
		"arm-fsrcnn.pth":               {Net: "fsrcnn", Scale: 4, Scales: []int{2, 3, 4, 8}, Width: 56, Shrink: 12, Depth: 4, InputRange: 1},
		"pcsr-fsrcnn-x4-iter_last.pth": {Net: "fsrcnn", Scale: 4, Width: 56, Shrink: 12, Depth: 4, InputRange: 1},
	} {
		m, err := Open(testref.Path(t, "data", "weights", "orig", name), 0)
		if err != nil {
			t.Error(err)
			continue
		}
		got := m.Full().Spec
		if name == "carn_m.pth" {
			if !slices.Equal(m.Scales(), []int{2, 3, 4}) {
				t.Errorf("%s serves scales %v", name, m.Scales())
			}
			got.Scales = nil
		}
		gotJSON, _ := json.Marshal(got)
		wantJSON, _ := json.Marshal(want)
		if string(gotJSON) != string(wantJSON) {
			t.Errorf("%s: %s, want %s", name, gotJSON, wantJSON)
		}
	}
	for _, scale := range []int{2, 3, 4} { // which only the name of the file tells
		m, err := Open(testref.Path(t, "data", "weights", "etds", fmt.Sprintf("FSRCNN_x%d.pth", scale)), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Full().Spec; got.Net != "fsrcnn2016" || !slices.Equal(m.Scales(), []int{scale}) {
			t.Errorf("FSRCNN_x%d.pth: %+v, want that scale", scale, got)
		}
	}
	m, err := Open(testref.Path(t, "reference", "papermode.pth"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Branches) != 3 || m.ClassModule == nil || m.Branches[1].Spec.Width != 36 {
		t.Errorf("papermode.pth: %d branches", len(m.Branches))
	}
}

func FuzzReadSafetensors(f *testing.F) {
	small := tensor.Set{"a": tensor.NewArray(2, 3), "b": tensor.NewArray()}
	var b bytes.Buffer
	if err := WriteSafetensors(&b, small, map[string]string{keyFormat: formatName}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, _, err := ReadSafetensors(bytes.NewReader(data), int64(len(data)))
		if err == nil && 4*set.Len() > 2*len(data) {
			t.Errorf("%d bytes became %d numbers", len(data), set.Len())
		}
		_, _ = read(data) // must not panic
	})
}
