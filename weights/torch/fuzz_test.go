package torch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzzRoots are objects over the storages 0 (float32), 1 (int64) and 2 (float16).
func fuzzRoots() (roots []any, blobs []blob) {
	b, n, h := floats("0", 1, 2, 3, 4), longs("1", 7), halves("2", "torch.HalfStorage", 0x3c00, 0x0001)
	weights := orderedDict("module.w", b.tensor(0, tup{2, 2}, tup{1, 2}), "n", n.tensor(0, tup{}, tup{}), "h", h.vector())
	view := called("torch._utils._rebuild_tensor_v2", b.id(tup{"v", 1, 2}), 0, tup{2}, tup{1}, false, raw("}"))
	return []any{
		weights,
		dct{"params_ema", weights, "params", weights, "iter", 5, "optimizer", dct{"state", dct{0, dct{"exp_avg", b.vector()}}}},
		dct{"a", view, "options", imported("argparse.Namespace") + ")\x81}b", "set", raw("\x8f(") + emit(1) + "\x90"},
		called("collections.OrderedDict", lst{lst{"w", b.vector()}}),
		imported("os.system") + emit(tup{"id"}) + "R",
	}, []blob{b, n, h}
}

// FuzzRead reads whole files of both formats.
func FuzzRead(f *testing.F) {
	roots, blobs := fuzzRoots()
	for _, root := range roots {
		f.Add(zipOf(f, root, blobs...))
		var used []blob
		for _, b := range blobs {
			if strings.Contains(string(emit(root)), string(emit(b.key))) {
				used = append(used, b)
			}
		}
		f.Add(legacyOf(root, used...))
	}
	samples, err := filepath.Glob("testdata/*.pth")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range samples {
		sample, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sample)
	}
	f.Fuzz(readFairly)
}

// FuzzPickle puts the pickle into a zip file, whose checksums would otherwise catch most of the changes.
func FuzzPickle(f *testing.F) {
	roots, blobs := fuzzRoots()
	for _, root := range roots {
		f.Add([]byte(pickled(root)))
	}
	f.Fuzz(func(t *testing.T, pickle []byte) {
		entries := []zipEntry{{name: "n/data.pkl", data: string(pickle)}}
		for _, b := range blobs {
			entries = append(entries, zipEntry{name: "n/data/" + b.key, data: string(b.data)})
		}
		readFairly(t, zipEntries(t, entries...))
	})
}

// readFairly asserts that reading a file ends in a checkpoint or in an error of one line, and that the memory and the result
// stay in proportion to the file.
func readFairly(t *testing.T, file []byte) {
	var c *Checkpoint
	var err error
	used := allocated(func() { c, err = readBytes(file) })
	if used > fair(len(file)) {
		t.Errorf("allocated %d bytes for a file of %d", used, len(file))
	}
	if (c == nil) == (err == nil) {
		t.Errorf("checkpoint %v and error %v", c, err)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
	if err == nil && (len(c.Tensors) == 0 || c.Tensors.Len() > len(file)+spareElements) {
		t.Errorf("%d tensors with %d elements from %d bytes", len(c.Tensors), c.Tensors.Len(), len(file))
	}
}
