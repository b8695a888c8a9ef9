package torch

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestForeignGlobalsAreRefused(t *testing.T) {
	const only = ": only tensors and plain containers are read"
	marker := filepath.Join(t.TempDir(), "ran")
	command := "touch " + marker
	stacked := emit("os") + emit("system") + "\x93"
	tests := []struct {
		name string
		root raw
		want string
	}{
		{"GLOBAL", imported("os.system") + emit(tup{command}) + "R", `refuses pickle global "os.system"` + only},
		{"STACK_GLOBAL", stacked + emit(tup{command}) + "R", `refuses pickle global "os.system"` + only},
		{"mentioned only", emit(lst{imported("posix.system")}), `refuses pickle global "posix.system"` + only},
		{"builtins.eval", called("builtins.eval", "1+1"), `refuses pickle global "builtins.eval"` + only},
		{"Python 2", called("__builtin__.eval", "1+1"), `refuses pickle global "__builtin__.eval"` + only},
		{"getattr", called("builtins.getattr", imported("torch.Size"), "x"), `refuses pickle global "builtins.getattr"`},
		{"attribute path", emit("collections") + emit("OrderedDict.__init__") + "\x93", `refuses pickle global "collections.Ord`},
		{"split elsewhere", emit("torch._utils._rebuild") + emit("tensor_v2") + "\x93", `refuses pickle global "torch._utils._re`},
		{"a class of the user", called("models.fsrcnn.FSRCNN"), `refuses pickle global "models.fsrcnn.FSRCNN"`},
		{"nested load", called("torch.storage._load_from_bytes", raw("C\x01x")), `"torch.storage._load_from_bytes"`},
		{"sparse tensor", called("torch._utils._rebuild_sparse_tensor", 1), `"torch._utils._rebuild_sparse_tensor"`},
		{"names that are not strings", raw("NN\x93"), "a global is named by None"},
		{"line feed in a name", emit("os\n") + emit("system") + "\x93", `"os\n.system"`},
		{"long name", raw("c" + strings.Repeat("a", 1<<20) + "\nb\n"), "a line is longer"},
		{"long stacked name", emit(strings.Repeat("a", 1<<20)) + emit("b") + "\x93", `aaa"...`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { mustFail(t, test.want, test.root) })
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the command was run")
	}
}

func TestCallsThatAreRefused(t *testing.T) {
	b := floats("0", 1, 2)
	rebuild := imported("torch._utils._rebuild_tensor_v2")
	fromType := imported("torch._tensor._rebuild_from_type_v2")
	tests := []struct {
		name string
		root raw
		want string
	}{
		{"a dtype", called("torch.float32", 1), "refuses to call torch.float32"},
		{"a storage class", called("torch.FloatStorage", 1), "refuses to call torch.FloatStorage"},
		{"a string", emit("os.system") + emit(tup{"id"}) + "R", "refuses to call a string"},
		{"a tensor", b.vector() + ")R", "refuses to call a tensor"},
		{"a type", called("builtins.list", 1), "refuses to call builtins.list"},
		{"new object of a string", emit("x") + ")\x81", "refuses to call a string"},
		{"arguments no tuple", rebuild + "]R", "arguments are a list"},
		{"too few arguments", called("torch._utils._rebuild_tensor_v2", 1), "1 arguments"},
		{"no storage", called("torch._utils._rebuild_tensor_v2", 1, 2, tup{}, tup{}), "arguments are an integer"},
		{"no dtype", called("torch._utils._rebuild_tensor_v3", b.id(), 0, tup{2}, tup{1}, false, nil, "x"), "its dtype is a string"},
		{"another dtype", called("torch._utils._rebuild_tensor_v3", b.id(), 0, tup{2}, tup{1}, false, nil,
			imported("torch.float64")), "a storage of float32 for float64"},
		{"from type of itself", called("torch._tensor._rebuild_from_type_v2", fromType, nil, tup{fromType, nil, tup{}}),
			"refuses to call"},
		{"from type of anything", called("torch._tensor._rebuild_from_type_v2", imported("torch.Size"), nil, tup{}),
			"refuses to call"},
		{"parameter of a number", called("torch._utils._rebuild_parameter", 1), "not a tensor"},
		{"dictionary of numbers", called("collections.OrderedDict", lst{1}), "an entry is an integer"},
		{"size of a number", called("torch.Size", 1), "not a tuple"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { mustFail(t, test.want, orderedDict("w", test.root), b) })
	}
}

func TestBuildSetsNothing(t *testing.T) {
	b := floats("0", 1, 2)
	other := floats("1", 3, 4)
	state := dct{"__class__", "os.system", "__setstate__", 1, "w", other.vector(), "data", other.vector()}
	root := orderedDict("w", b.vector()+emit(state)+"b") + emit(state) + "b" + emit(tup{nil, state}) + "b"
	c := mustRead(t, root, b, other)
	if got := c.Tensors["w"].Data; len(c.Tensors) != 1 || got[0] != 1 {
		t.Errorf("state replaced the weights: %v", c.Tensors)
	}
	for name, root := range map[string]raw{
		"function": imported("torch._utils._rebuild_tensor_v2") + emit(state) + "b",
		"class":    imported("collections.OrderedDict") + emit(state) + "b",
		"list":     raw("]") + emit(state) + "b",
		"string":   emit("x") + emit(state) + "b",
	} {
		t.Run(name, func(t *testing.T) { mustFail(t, "sets attributes of", root) })
	}
}

func TestOpaqueObjectsArePassedOver(t *testing.T) {
	b := floats("0", 1, 2)
	dtype := called("numpy.dtype", "f8", false, true) + emit(tup{3, "<", nil, nil, nil, -1, -1, 0}) + "b"
	root := dct{
		"options", imported("argparse.Namespace") + ")\x81" + emit(dct{"lr", 1e-3, "net", dct{"w", b.vector()}}) + "b",
		"psnr", called("numpy.core.multiarray.scalar", dtype, called("_codecs.encode", "\u00ff", "latin1")),
		"counts", called("collections.Counter", dct{"a", 1}),
		"seen", raw("\x8f(") + emit(1) + "\x90",
		"path", called("pathlib.PosixPath", "/", "runs"),
		"time", called("datetime.datetime", called("_codecs.encode", "\u0007", "latin1")),
		"torch", imported("torch.torch_version.TorchVersion") + emit(tup{"2.1.0"}) + "\x81",
		"state_dict", orderedDict("w", b.vector()),
	}
	c := mustRead(t, root, b)
	if len(c.Tensors) != 1 || len(c.Ignored) != 7 {
		t.Errorf("tensors %v, ignored %q", c.Tensors.Names(), c.Ignored)
	}
	mustFail(t, "holds an opaque object instead of a dictionary", called("argparse.Namespace"))
}

func TestImpossibleTensors(t *testing.T) {
	b := floats("0", 1, 2, 3, 4)
	const huge = 1 << 62
	tests := []struct {
		name         string
		offset       int
		size, stride tup
		want         string
	}{
		{"offset after the end", 5, tup{0}, tup{1}, "begins at element 5 of 4"},
		{"negative offset", -1, tup{1}, tup{1}, "begins at element -1"},
		{"huge offset", huge, tup{1}, tup{1}, "begins at element"},
		{"one too many", 1, tup{4}, tup{1}, "reaches beyond the 4 elements"},
		{"number after the end", 4, tup{}, tup{}, "reaches beyond"},
		{"stride too long", 0, tup{2, 2}, tup{3, 1}, "reaches beyond"},
		{"huge stride", 0, tup{3}, tup{huge}, "reaches beyond"},
		{"strides that overflow together", 1, tup{2, 2, 2, 2, 2}, tup{huge, huge, huge, huge, 1}, "reaches beyond"},
		{"negative stride", 3, tup{4}, tup{-1}, "negative"},
		{"negative size", 0, tup{-1}, tup{1}, "negative"},
		{"negative sizes whose product is not", 0, tup{-2, -2}, tup{2, 1}, "negative"},
		{"huge size", 0, tup{huge}, tup{0}, "more than 1073741824 elements"},
		{"sizes that overflow", 0, tup{1 << 30, 1 << 30, 1 << 4}, tup{0, 0, 0}, "more than 1073741824 elements"},
		{"expanded too often", 0, tup{1 << 20}, tup{0}, "repeats its data"},
		{"size and stride differ", 0, tup{2, 2}, tup{1}, "2 dimensions and 1 strides"},
		{"too many dimensions", 0, tup(make([]any, 17)), tup(make([]any, 17)), "17 dimensions"},
		{"size no integer", 0, tup{"2"}, tup{1}, "not an integer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mustFail(t, test.want, orderedDict("w", b.tensor(test.offset, test.size, test.stride)), b)
		})
	}
}

func TestImpossibleStorages(t *testing.T) {
	b := floats("0", 1, 2, 3, 4)
	vector := func(id raw) raw {
		return orderedDict("w", called("torch._utils._rebuild_tensor_v2", id, 0, tup{1}, tup{1}))
	}
	long := b
	long.numel = 1 << 61
	mustFail(t, "elements", vector(long.id()), b)
	negative := b
	negative.numel = -1
	mustFail(t, "described by", vector(negative.id()), b)
	absent := b
	absent.key = "9"
	mustFail(t, "is missing", vector(absent.id()))
	absent.key = "../data.pkl"
	mustFail(t, "is missing", vector(absent.id()))
	double := b
	double.class = "torch.DoubleStorage"
	mustFail(t, "two ways", orderedDict("a", b.vector(), "b", double.vector()), b)
	mustFail(t, "pickled module", emit(tup{"module", imported("torch.Size"), "net.py", "source"})+"Q")
	mustFail(t, "instead of 5 or 6", emit(tup{"storage"})+"Q")
	mustFail(t, "instead of a tuple", emit("storage")+"Q")
}

func TestBrokenInstructions(t *testing.T) {
	tests := map[string]struct{ instructions, want string }{
		"nothing":                  {"", "lacks its operand"},
		"tuple of too few":         {"N\x86", "lacks its operands"},
		"tuple across a mark":      {"N(N\x86", "lacks its operands"},
		"pop across a mark":        {"N(0", "lacks its operand"},
		"end without mark":         {"Nt", "never began"},
		"dictionary of odd length": {"}(Nu", "it sets 1 keys"},
		"items of a list":          {"](NNu", "keys and values of a list"},
		"append to a tuple":        {")Na", "appends to a tuple"},
		"add to a list":            {"](N\x90", "adds to a list"},
		"unknown memo":             {"h\x07", "recalls value 7"},
		"memo of nothing":          {"q\x00", "lacks its operand"},
		"text integer":             {"Ix\n", "not an integer"},
		"protocol 9":               {"\x80\x09", "protocol 9"},
		"INST":                     {"(ios\nsystem\n", "refuses pickle instruction 0x69"},
		"OBJ":                      {"(o", "refuses pickle instruction 0x6f"},
		"NEWOBJ_EX":                {"\x92", "refuses pickle instruction 0x92"},
		"EXT1":                     {"\x82\x01", "refuses pickle instruction 0x82"},
		"NEXT_BUFFER":              {"\x97", "refuses pickle instruction 0x97"},
		"negative string length":   {"T\xff\xff\xff\xff", "cut off"},
		"huge string length":       {"\x8d\xff\xff\xff\xff\xff\xff\xff\xff", "cut off"},
		"huge bytes length":        {"\x8e\x00\x00\x00\x00\x00\x00\x00\x40", "cut off"},
		"huge integer length":      {"\x8b\xff\xff\xff\x7f", "cut off"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { mustFail(t, test.want, raw(test.instructions)) })
	}
}

func TestTruncatedFiles(t *testing.T) {
	b := floats("0", 1, 2, 3)
	root := dct{"params", orderedDict("w", b.vector()), "step", 1}
	for format, whole := range map[string][]byte{"zip": zipOf(t, root, b), "legacy": legacyOf(root, b)} {
		if _, err := readBytes(whole); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		for n := range whole {
			if _, err := readBytes(whole[:n]); err == nil {
				t.Errorf("%s: read %d of %d bytes without an error", format, n, len(whole))
			}
		}
	}
}

// A damaged byte may go unnoticed where nothing depends on it, but never does it panic.
func TestDamagedBytes(t *testing.T) {
	b := floats("0", 1, 2, 3)
	root := dct{"params", orderedDict("w", b.vector()), "step", 1}
	for _, whole := range [][]byte{zipOf(t, root, b), legacyOf(root, b)} {
		for i := range whole {
			for _, flip := range []byte{0x01, 0x80, 0xff} {
				whole[i] ^= flip
				_, _ = readBytes(whole)
				whole[i] ^= flip
			}
		}
	}
	damaged := zipOf(t, root, b)
	at := strings.Index(string(damaged), string(b.data))
	damaged[at] ^= 1
	if _, err := readBytes(damaged); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a flipped bit in the weights: error %v, want one about the checksum", err)
	}
}

type failingReader struct{ io.ReaderAt }

func (r failingReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > 64 {
		return 0, errDisk
	}
	return r.ReaderAt.ReadAt(p, off)
}

var errDisk = errors.New("disk on fire")

func TestReadErrorsAreReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.pth")
	if _, err := ReadFile(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("absent file: error %v", err)
	}
	if _, err := ReadFile(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "it is a folder, not a file") {
		t.Errorf("folder: error %v", err)
	}
	if err := os.WriteFile(path, []byte("some text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), path+": not a PyTorch checkpoint") {
		t.Errorf("text file: error %v", err)
	}
	b := floats("0", 1, 2, 3)
	for format, whole := range map[string][]byte{"zip": zipOf(t, b.vector(), b), "legacy": legacyOf(b.vector(), b)} {
		_, err := Read(failingReader{strings.NewReader(string(whole))}, int64(len(whole)))
		if !errors.Is(err, errDisk) {
			t.Errorf("%s: error %v, want the reader's own", format, err)
		}
	}
}
