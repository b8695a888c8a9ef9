package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/gpu"
	"classsr/gpu/link"
	"classsr/internal/testref"
)

// asProgram has this test be gpu-bench.
const asProgram = "GPU_BENCH_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// programs builds what run.sh runs.
func programs(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	own, err := os.Executable()
	if err == nil {
		err = os.Symlink(own, filepath.Join(folder, "gpu-bench"))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags", "-s -w", "-o", folder, "../../cmd/classsr", "../../cmd/classsr-gpu")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return folder
}

// believed writes into a cache folder that the device has passed its test, which takes half a minute where the processor has to be the GPU. Package gpu has the test.
func believed(t *testing.T, programs, cache string) {
	t.Helper()
	o := gpu.Options{
		Version: "development", Folder: filepath.Join(cache, "classsr", "gpu"),
		Start: func() (*link.Process, error) { return gpu.StartProgram(filepath.Join(programs, "classsr-gpu")) },
	}
	known, err := gpu.Devices(t.Context(), o)
	if err != nil || len(known) == 0 {
		testref.Missing(t, "no GPU, and no driver that computes on the processor: install Debian's mesa-vulkan-drivers: %v", err)
	}
	verdicts := map[string]gpu.Verdict{}
	for _, half := range []bool{false, true} {
		d := known[0]
		key := fmt.Sprintf("%s; %s; %s; classsr %s; half %t", d.Name, d.Driver, d.ID, o.Version, half)
		verdicts[key] = gpu.Verdict{Passed: true, Speed: gpu.Speed{MACs: 1e9, Pixels: 1e5}}
	}
	data, err := json.Marshal(verdicts)
	if err == nil {
		err = os.MkdirAll(o.Folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(o.Folder, "gpu.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if known, err = gpu.Devices(t.Context(), o); err != nil || !known[0].Tested {
		t.Fatalf("the device's test is not remembered: %+v, %v", known, err)
	}
}

// quickly are the arguments of small runs into a folder.
func quickly(folder string, more ...string) []string {
	return append([]string{"--quick", "--turns", "1", "--sizes", "44x16", "--out", folder}, more...)
}

// quick runs run.sh and gives what it writes and says.
func quick(t *testing.T, programs, cache, folder string) (*results, string) {
	t.Helper()
	shaders, err := os.UserCacheDir()
	if err != nil {
		shaders = cache
	}
	cmd := exec.Command("./run.sh", quickly(folder)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GPU_BENCH_PROGRAMS="+programs, "XDG_CACHE_HOME="+cache, "MESA_SHADER_CACHE_DIR="+shaders)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r, err := load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(out)
}

// All of it, on the processor in place of a GPU, with PyTorch on the processor, too: what it says of speed is worth nothing, all else has to be right.
func TestQuickRun(t *testing.T) {
	if os.Getenv("CLASSSR_SLOW") == "" {
		t.Skip("takes 15 seconds; CLASSSR_SLOW is not set")
	}
	built, cache, folder := programs(t), t.TempDir(), t.TempDir()
	believed(t, built, cache)
	r, out := quick(t, built, cache, folder)
	if strings.Contains(out, "missing: PyTorch: ") {
		testref.Missing(t, "install Debian's python3-torch:\n%s", out)
	}
	if len(r.Networks) != 2 || len(r.Routed) != 2 || len(r.Files) != 3 || r.Machine.Device == nil {
		t.Fatalf("%d networks, %d routed, %d files\n%s", len(r.Networks), len(r.Routed), len(r.Files), out)
	}
	for _, n := range r.Networks {
		switch {
		case n.OursFailed+n.TorchFailed != "" || n.Ours == nil || n.Torch == nil:
			t.Errorf("%s: %q, %q", n.key(), n.OursFailed, n.TorchFailed)
		case n.Ours.Device.Median <= 0 || n.Ours.Wall.Median < n.Ours.Device.Median || n.DeviceRatio <= 0 || n.WallRatio <= 0 || n.GMACs <= 0 || n.Ours.Upload <= 0 || n.Ours.Download <= 0:
			t.Errorf("%s: times %+v, %+v", n.key(), n.Ours, n.Torch)
		case n.Precision == float32s && (n.OursFromCPU.Max > 1e-5 || n.OursFromTorch.Max > 1e-5):
			t.Errorf("%s: differs from the processor by %+v, from PyTorch by %+v", n.key(), n.OursFromCPU, n.OursFromTorch)
		}
	}
	for _, r := range r.Routed {
		if r.Failed != "" || r.Routed.Device <= 0 || r.WallRatio <= 0 || r.PSNR < 10 || math.Abs(r.PSNRLoss) > 0.01 || r.MaxLevel > 2 {
			t.Errorf("%+v", r)
		}
	}
	for _, f := range r.Files {
		if f.Failed+f.Because != "" || f.Total <= 0 || f.Process < f.Total || f.Compute > 0 == (f.By == byCPU) {
			t.Errorf("%+v", f)
		}
	}
	table, err := os.ReadFile(filepath.Join(folder, tableName))
	if err != nil || strings.Count(string(table), "\n## ") != 3 {
		t.Errorf("the table: %v\n%s", err, table)
	}
	// What is there is not measured again, and what is missing is said.
	t.Setenv("CLASSSR_GPU", "")
	var said strings.Builder
	if err := run(t.Context(), quickly(folder, "-python", "none", "-classsr", "/nowhere/classsr"), &said); err != nil {
		t.Fatal(err)
	}
	again, err := load(folder)
	if err != nil {
		t.Fatal(err)
	}
	out = said.String()
	if len(again.Networks) != 2 || again.Networks[0].Ours.Wall != r.Networks[0].Ours.Wall || len(again.Files) != 3 {
		t.Errorf("measured again:\n%s", out)
	}
	if len(again.Missing) != 3 || !strings.Contains(out, "missing: a GPU") || !strings.Contains(out, "missing: PyTorch") || !strings.Contains(out, "missing: classsr") {
		t.Errorf("missing: %q\n%s", again.Missing, out)
	}
}

// With neither a GPU nor PyTorch a line each says so, and nothing has a speed.
func TestWithNothing(t *testing.T) {
	t.Setenv("CLASSSR_GPU", "")
	folder := t.TempDir()
	var out strings.Builder
	if err := run(t.Context(), quickly(folder, "-parts", "networks,routed", "-python", "none"), &out); err != nil {
		t.Fatal(err)
	}
	r, err := load(folder)
	if err != nil || len(r.Networks) != 2 || len(r.Routed) != 0 || !strings.Contains(out.String(), "missing: a GPU") || !strings.Contains(out.String(), "missing: PyTorch") {
		t.Fatalf("%v, %+v\n%s", err, r, out.String())
	}
	for _, n := range r.Networks {
		if n.Ours != nil || n.OursFailed == "" || n.Torch != nil || n.TorchFailed == "" || n.DeviceRatio != 0 {
			t.Errorf("%+v", n)
		}
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	for _, args := range [][]string{
		{"-parts", "speed"}, {"-sizes", "510"}, {"-sizes", "4x4"}, {"-nets", "fsrcnn"}, {"-nets", "alexnet-9"}, {"-precisions", "bf16"}, {"-turns", "0"}, {"-nothing"},
	} {
		if err := run(t.Context(), append(args, "-out", t.TempDir()), &strings.Builder{}); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}

func TestHowFarResultsAre(t *testing.T) {
	want := []float32{0, 0.25, 0.5, 1}
	if a := compared(want, want); a.Max != 0 || a.PSNR != 200 || !a.right(false) {
		t.Errorf("the same: %+v", a)
	}
	if a := compared([]float32{0, 0.25, 0.5, 1.01}, want); math.Abs(a.Max-0.01) > 1e-6 || math.Abs(a.PSNR-46.02) > 0.01 || a.right(false) || !a.right(true) {
		t.Errorf("a hundredth of one of four: %+v", a)
	}
	for _, got := range [][]float32{{0, 0, 0}, {0, float32(math.NaN()), 0.5, 1}, {float32(math.Inf(1)), 0.25, 0.5, 1}} {
		if a := compared(got, want); a.right(true) {
			t.Errorf("%v is right: %+v", got, a)
		}
	}
	if s := spreadOf([]float64{9, 1, 5, 3, 7}); s != (spread{5, 3, 7}) {
		t.Errorf("%+v", s)
	}
}
