package torch

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"classsr/internal/testref"
	"classsr/tensor"
)

// equalSets compares names, dimensions and every bit.
func equalSets(t *testing.T, got, want tensor.Set) {
	t.Helper()
	if !slices.Equal(got.Names(), want.Names()) {
		t.Fatalf("names %q, want %q", got.Names(), want.Names())
	}
	for name, w := range want {
		g := got[name]
		if !slices.Equal(g.Dims, w.Dims) || len(g.Data) != len(w.Data) {
			t.Errorf("%s: dimensions %v (%d elements), want %v (%d)", name, g.Dims, len(g.Data), w.Dims, len(w.Data))
			continue
		}
		for i := range w.Data {
			if math.Float32bits(g.Data[i]) != math.Float32bits(w.Data[i]) {
				t.Errorf("%s: element %d is %v, want %v", name, i, g.Data[i], w.Data[i])
				break
			}
		}
	}
}

func readSafetensors(t *testing.T, path string) tensor.Set {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		Dtype   string
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	set := tensor.Set{}
	for name, h := range header {
		if h.Dtype != "F32" {
			continue
		}
		a := tensor.NewArray(h.Shape...)
		if _, err := binary.Decode(b[8+n:][h.Offsets[0]:h.Offsets[1]], binary.LittleEndian, a.Data); err != nil {
			t.Fatal(err)
		}
		set[name] = a
	}
	return set
}

// The safetensors files were converted from the .pth files with PyTorch.
func TestSameAsSafetensors(t *testing.T) {
	tests := []struct {
		pth, safetensors string
		ignored          []string
	}{
		{"carn_m.pth", "carnm_multiscale_official", nil},
		{"arm-carn.pth", "carnm_x4_armnet", nil},
		{"arm-fsrcnn.pth", "fsrcnn_x4_armnet", nil},
		{"pcsr-fsrcnn-x4-iter_last.pth", "fsrcnn_x4_pcsr",
			[]string{"iter", "lr_scheduler", "model.args", "model.name", "optimizer"}},
	}
	for _, test := range tests {
		t.Run(test.pth, func(t *testing.T) {
			want := readSafetensors(t, testref.Path(t, "data", "weights", test.safetensors+".safetensors"))
			c, err := ReadFile(testref.Path(t, "data", "weights", "orig", test.pth))
			if err != nil {
				t.Fatal(err)
			}
			equalSets(t, c.Tensors, want)
			if !slices.Equal(c.Ignored, test.ignored) {
				t.Errorf("ignored %q, want %q", c.Ignored, test.ignored)
			}
		})
	}
}

func TestReferenceFilesRead(t *testing.T) {
	// Parameters as in the paper, plus the running mean and variance of each BatchNorm channel: 12 fusions of nf channels.
	elements := map[string]int{
		"fsrcnn_16.pth": 10755, "fsrcnn_56.pth": 24515, "classmodule.pth": 60035, "srresnet_36.pth": 481683,
		"carn_36.pth": 94851 + 2*12*36, "carn_64.pth": 294939 + 2*12*64,
		"papermode.pth": 112940, "classsr_fsrcnn_step_start.pth": 112940, "rcan_small.pth": 0,
	}
	files, err := filepath.Glob(filepath.Join(testref.Path(t, "reference"), "*.pth"))
	if err != nil || len(files) < len(elements) {
		t.Fatalf("found %d files (error %v), want at least %d", len(files), err, len(elements))
	}
	for _, path := range files {
		c, err := ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := c.Tensors.CheckFinite(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if want := elements[filepath.Base(path)]; want != 0 && c.Tensors.Len() != want {
			t.Errorf("%s: %d elements, want %d", path, c.Tensors.Len(), want)
		}
	}
}

// The files of testdata were written by Python's own pickle module; testdata/make.py says with what in them.
func TestPythonFiles(t *testing.T) {
	want := tensor.Set{
		"conv.weight":     {Dims: []int{2, 3}, Data: []float32{0.5, 1.5, 2.5, 1, 2, 3}},
		"conv.bias":       {Dims: []int{3}, Data: []float32{1.5, -2, 65504}},
		"bn.weight":       {Dims: []int{2}, Data: []float32{1, -3}},
		"bn.running_mean": {Dims: []int{2}, Data: []float32{float32(0.1), float32(-0.2)}},
		"slope":           {Dims: []int{}, Data: []float32{3.5}},
	}
	ignored := []string{"args", "best_psnr", "bn.num_batches_tracked", "classes", "entropy", "epoch", "frozen", "log",
		"optimizer", "seed", "seen"}
	files, err := filepath.Glob("testdata/*.pth")
	if err != nil || len(files) != 7 {
		t.Fatalf("found %q (error %v), want 7 files", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if raw, ok := c.Tensors["raw"]; ok {
				equalSets(t, tensor.Set{"raw": raw}, tensor.Set{"raw": {Dims: []int{2}, Data: []float32{1, 1.0 / (1 << 24)}}})
				delete(c.Tensors, "raw")
			} else if filepath.Base(path)[:3] == "zip" {
				t.Error("the tensor over an untyped storage is missing")
			}
			equalSets(t, c.Tensors, want)
			if !slices.Equal(c.Ignored, ignored) {
				t.Errorf("ignored %q, want %q", c.Ignored, ignored)
			}
		})
	}
}
