package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"classsr/internal/testref"
	"classsr/tensor"
	"classsr/weights/torch"
)

// moderate gives a network random parameters that keep its results near the size of its input.
func moderate(n Network) Network {
	r := rand.New(rand.NewPCG(2, uint64(n.Spec.Width)))
	for _, a := range n.Params {
		mean, deviation := 0.3, 0.1
		if len(a.Dims) > 1 {
			mean, deviation = 0, 1/math.Sqrt(float64(len(a.Data)/a.Dims[0]))
		}
		for i := range a.Data {
			a.Data[i] = float32(mean + deviation*r.NormFloat64())
		}
	}
	return n
}

// PyTorch loads an exported model into the paper's modules, with nothing missing and nothing surplus, and computes what the
// reference arithmetic computes.
func TestExportedCheckpointsWorkInPyTorch(t *testing.T) {
	python := testref.PythonWithTorch(t)
	m := classSR(t)
	parts := []Network{moderate(*m.ClassModule)}
	for _, b := range m.Branches {
		parts = append(parts, moderate(b))
	}
	const side = 32
	input := tensor.New(tensor.Shape{N: 1, C: 3, H: side, W: side})
	r := rand.New(rand.NewPCG(3, 4))
	for i := range input.Data {
		input.Data[i] = r.Float32()
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	var checkpoint bytes.Buffer
	if err := torch.Write(&checkpoint, m.Tensors()); err != nil {
		t.Fatal(err)
	}
	numbers, err := binary.Append(nil, binary.LittleEndian, input.Data)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"model.pth": checkpoint.Bytes(), "input.bin": numbers} {
		if err := os.WriteFile(path(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(python, "testdata/load_checkpoint.py",
		path("model.pth"), path("input.bin"), strconv.Itoa(side), path("result.bin"))
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	result, err := os.ReadFile(path("result.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range parts {
		want := part.Spec.Build().Forward(part.Params, input)
		if len(result) < 4*len(want.Data) {
			t.Fatalf("part %d: PyTorch's result is too short", i)
		}
		got := make([]float32, len(want.Data))
		if _, err := binary.Decode(result, binary.LittleEndian, got); err != nil {
			t.Fatal(err)
		}
		result = result[4*len(got):]
		compareResults(t, i, got, want.Data)
	}
	if len(result) != 0 {
		t.Errorf("PyTorch computed %d bytes more", len(result))
	}
}

// compareResults allows 1e-5 of the largest number, which has to be an ordinary one.
func compareResults(t *testing.T, part int, got, want []float32) {
	t.Helper()
	var worst, largest float64
	for i, v := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(v)))
		largest = max(largest, math.Abs(float64(v)))
	}
	t.Logf("part %d: largest number %.3g, difference %.1e", part, largest, worst)
	if !(worst <= 1e-5*largest) || largest < 0.05 {
		t.Errorf("part %d: PyTorch differs by %g, the largest number is %g", part, worst, largest)
	}
}
