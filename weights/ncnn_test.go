package weights

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/internal/testref"
	"classsr/tensor"
)

func TestNetworksForNCNNAreOpened(t *testing.T) {
	dir := testref.Path(t, "data", "weights", "realesrgan")
	for _, name := range []string{"RealESRGAN_General_x4_v3.param", "RealESRGAN_General_WDN_x4_v3.param", "RealESRGAN_General_x4_v3.bin"} {
		m, err := Open(filepath.Join(dir, name), 0)
		if err != nil {
			t.Error(err)
			continue
		}
		s := m.Full().Spec
		if s.Net != "srvggnet" || s.Scale != 4 || s.Width != 64 || s.Depth != 32 || s.InputRange != 1 {
			t.Errorf("%s is %+v", name, s)
		}
	}
}

func TestHalvesOfNetworksForNCNN(t *testing.T) {
	dir := t.TempDir()
	param, bin := filepath.Join(dir, "a.param"), filepath.Join(dir, "a.bin")
	other := filepath.Join(dir, "pytorch.bin")
	for path, data := range map[string]string{
		bin: "\x47\x6b\x30\x01\x00\x00\x00\x00", other: "PK\x03\x04", filepath.Join(dir, "b.param"): "7767517\n1 1\nInput i 0 1 x\n",
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(path, says string, kind fault.Kind) {
		t.Helper()
		_, err := Open(path, 0)
		if err == nil || !strings.Contains(err.Error(), "model "+path) || !strings.Contains(err.Error(), says) || fault.KindOf(err) != kind {
			t.Errorf("%s: error %v of kind %s, want one of kind %s with %q", path, err, fault.KindOf(err), kind, says)
		}
	}
	check(bin, "a.param is missing", fault.NotFound)
	check(filepath.Join(dir, "b.param"), "b.bin is missing", fault.NotFound)
	check(other, "zip", fault.Damaged) // what PyTorch calls .bin
	if err := os.WriteFile(param, []byte("7767517\n2 2\nInput i 0 1 x\nReLU r 1 1 x y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(param, "a.bin has 8 bytes more", fault.Damaged)
	if err := os.WriteFile(bin, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check(param, "use the PyTorch checkpoint", fault.Unsupported)
	check(bin, "empty", fault.Damaged)
}

// PyTorch computes the same, with the numbers that a script finds in the files.
func TestNetworksForNCNNWorkAsInPyTorch(t *testing.T) {
	testref.Slow(t)
	python := testref.PythonWithTorch(t)
	param := testref.Path(t, "data", "weights", "realesrgan", "RealESRGAN_General_x4_v3.param")
	m, err := Open(param, 0)
	if err != nil {
		t.Fatal(err)
	}
	input := tensor.New(tensor.Shape{N: 1, C: 3, H: 6, W: 7})
	r := rand.New(rand.NewPCG(5, 6))
	for i := range input.Data {
		input.Data[i] = r.Float32()
	}
	numbers, err := binary.Append(nil, binary.LittleEndian, input.Data)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, result := filepath.Join(dir, "input.bin"), filepath.Join(dir, "result.bin")
	if err := os.WriteFile(source, numbers, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "testdata/ncnn_srvggnet.py", param, strings.TrimSuffix(param, ".param")+".bin", source, "6", "7", result)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	want := m.Full().Spec.Build().Forward(m.Full().Params, input)
	got := make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, got); err != nil || len(got) != len(want.Data) {
		t.Fatalf("%d numbers, want %d, error %v", len(got), len(want.Data), err)
	}
	compareResults(t, 0, got, want.Data)
}
