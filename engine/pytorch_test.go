package engine_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/arch"
	"classsr/engine"
	"classsr/internal/testref"
	"classsr/tensor"
	"classsr/weights"
)

// Networks that PyTorch makes, stores and computes are recognised, and give the same by the plain reference and by plans.
func TestLaterNetworksAreThoseOfPyTorch(t *testing.T) {
	python := testref.PythonWithTorch(t)
	names := []string{"span-x4", "fsrcnn2016-x2", "srvggnet-x4", "rrdbnet-x2", "old-x4"}
	if testref.IsSlow() {
		names = append(names, "span-x2", "span-x3", "fsrcnn2016-x3", "fsrcnn2016-x4", "srvggnet-x2", "rrdbnet-x1", "rrdbnet-x4")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, append([]string{"testdata/networks.py", dir}, names...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			model, err := weights.Open(filepath.Join(dir, name+".pth"), 0)
			if err != nil {
				t.Fatal(err)
			}
			network := model.Full()
			kind, scale, _ := strings.Cut(strings.Replace(name, "old", "rrdbnet", 1), "-x")
			if got := fmt.Sprint(network.Spec.Scale); network.Spec.Net != kind || got != scale {
				t.Fatalf("recognised %s x%s", network.Spec.Net, got)
			}
			x := readNumbers(t, filepath.Join(dir, name+".x.bin"), tensor.Shape{N: 1, C: 3, H: 36, W: 44})
			graph := network.Spec.Build()
			want := readNumbers(t, filepath.Join(dir, name+".y.bin"), graph.Shapes(x.Shape)[graph.Output()])
			compareWithPyTorch(t, network.Spec, network.Params, x, want)
		})
	}
}

func compareWithPyTorch(t *testing.T, spec arch.Spec, params tensor.Set, x, want *tensor.Tensor) {
	t.Helper()
	graph := spec.Build()
	plan := engine.Compile(graph, params)
	limit := 1e-4 * deviation(want)
	if d := largestDifference(graph.Forward(params, x), want); d > limit {
		t.Errorf("the reference differs by %g, limit %g", d, limit)
	}
	for order, p := range map[string]*engine.Plan{"sliding": plan, "by layer": plan.ByLayer()} {
		got := run(t, p, &engine.Arena{}, x, want.C, whole(x))
		d := largestDifference(got, want)
		if d > limit {
			t.Errorf("the plan (%s) differs by %g, limit %g", order, d, limit)
		}
		t.Logf("%s: %.1e of the standard deviation", order, d/deviation(want))
	}
}

func readNumbers(t *testing.T, path string, s tensor.Shape) *tensor.Tensor {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(s)
	if len(data) != 4*len(x.Data) {
		t.Fatalf("%s has %d bytes, want %d", filepath.Base(path), len(data), 4*len(x.Data))
	}
	if _, err := binary.Decode(data, binary.LittleEndian, x.Data); err != nil {
		t.Fatal(err)
	}
	return x
}
