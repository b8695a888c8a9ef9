package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/imageio"
	"classsr/infer"
	"classsr/internal/testref"
	"classsr/picture"
)

// vulkanFolder is a folder in which the program runs with classsr-gpu, which is built, and with Vulkan's own library or one that tests put in its place.
type vulkanFolder struct {
	*testing.T
	folder string
}

// newVulkan makes such a folder.
func newVulkan(t *testing.T) *vulkanFolder {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("libraries are put in place of Vulkan's as Linux finds them")
	}
	v := &vulkanFolder{t, t.TempDir()}
	helper := filepath.Join(v.folder, "classsr-gpu")
	build := exec.Command("go", "build", "-ldflags", "-X main.version="+version, "-o", helper, "classsr/cmd/classsr-gpu")
	if out, err := build.CombinedOutput(); err != nil {
		testref.Missing(t, "classsr-gpu cannot be built: %v: %s", err, out)
	}
	if cache, err := os.UserCacheDir(); err == nil { // what lavapipe compiles takes long, and is the same for all tests
		t.Setenv("MESA_SHADER_CACHE_DIR", cache)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(v.folder, "cache"))
	t.Setenv(gpu.HelperVariable, helper)
	return v
}

// forget removes what is remembered of devices.
func (v *vulkanFolder) forget() {
	v.Helper()
	if err := os.RemoveAll(filepath.Join(v.folder, "cache", "classsr")); err != nil {
		v.Fatal(err)
	}
}

// onLavapipe has only the driver be used that computes on the processor, and takes it to have passed its test in both precisions, with such a
// speed in multiply-accumulates a second.
func (v *vulkanFolder) onLavapipe(speed float64) {
	v.Helper()
	drivers, err := filepath.Glob("/usr/share/vulkan/icd.d/lvp_icd.*.json")
	if err != nil || len(drivers) == 0 {
		testref.Missing(v.T, "there is no lavapipe: install Debian's mesa-vulkan-drivers")
	}
	v.Setenv("VK_DRIVER_FILES", drivers[0])
	v.Setenv("VK_ICD_FILENAMES", drivers[0])
	for _, half := range []bool{false, true} {
		all, err := gpu.Devices(v.Context(), gpuOptions(half))
		if err != nil || len(all) == 0 {
			testref.Missing(v.T, "lavapipe is not to be had: %v", err)
		}
		gpu.Remember(gpuOptions(half), all[0].Device, gpu.Verdict{Passed: true, Speed: gpu.Speed{MACs: speed, Pixels: 1e6}})
	}
}

// library has a library that gcc makes of a file be Vulkan's.
func (v *vulkanFolder) library(file string) {
	v.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		testref.Missing(v.T, "there is no gcc: install Debian's gcc")
	}
	if _, err := os.Stat("/usr/include/vulkan/vulkan.h"); err != nil {
		testref.Missing(v.T, "there is no header of Vulkan: install Debian's libvulkan-dev")
	}
	source := filepath.Join("..", "..", "gpu", "vulkan", "testdata", file)
	folder := filepath.Join(v.folder, file+".d")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		v.Fatal(err)
	}
	out, err := exec.Command(gcc, "-Wall", "-Werror", "-Wno-unused-function", "-shared", "-fPIC", "-o", filepath.Join(folder, "libvulkan.so.1"), source, "-ldl").CombinedOutput()
	if err != nil {
		v.Fatalf("%v\n%s", err, out)
	}
	v.Setenv("LD_LIBRARY_PATH", folder)
}

// shim puts testdata/shim.c between the helper and Vulkan. settings are its variables.
func (v *vulkanFolder) shim(settings map[string]string) {
	v.Helper()
	behind := ""
	for _, folder := range []string{"/usr/lib/" + map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + "-linux-gnu", "/usr/lib64", "/usr/lib"} {
		path := filepath.Join(folder, "libvulkan.so.1")
		if _, err := os.Stat(path); err == nil && behind == "" {
			behind = path
		}
	}
	if behind == "" {
		testref.Missing(v.T, "there is no libvulkan.so.1 where Debian has it")
	}
	v.Setenv("SHIM_REAL", behind)
	for name, value := range settings {
		v.Setenv(name, value)
	}
	v.library("shim.c")
}

// input writes a picture.
func (v *vulkanFolder) input(p *picture.Picture) string {
	v.Helper()
	var content bytes.Buffer
	if err := imageio.Encode(&content, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
		v.Fatal(err)
	}
	path := filepath.Join(v.folder, "in.png")
	if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
		v.Fatal(err)
	}
	return path
}

// enlarged is what came of a picture.
type enlarged struct {
	bytes  []byte
	report infer.Report
	lines  []string // on the standard error, but for those about progress and the result
}

// enlarge runs upscale, which has to go well.
func (v *vulkanFolder) enlarge(in string, flags ...string) enlarged {
	v.Helper()
	to := filepath.Join(v.folder, "out.png")
	out, errOut := said(v.T, exitDone, append([]string{"upscale", "--json", "--overwrite", "-o", to, in}, flags...)...)
	var e enlarged
	if err := json.Unmarshal([]byte(out), &e.report); err != nil {
		v.Fatal(err)
	}
	for line := range strings.Lines(errOut) {
		if !strings.Contains(line, " -> ") && !strings.Contains(line, " %, ") {
			e.lines = append(e.lines, line)
		}
	}
	var err error
	if e.bytes, err = os.ReadFile(to); err != nil {
		v.Fatal(err)
	}
	return e
}

// picture decodes it.
func (e enlarged) picture(t *testing.T) *picture.Picture {
	t.Helper()
	d, err := imageio.Decode(e.bytes, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Picture
}

// isProcessors checks that a result is the processor's, and that one line says why.
func (e enlarged) isProcessors(t *testing.T, what string, want enlarged, because string) {
	t.Helper()
	if !bytes.Equal(e.bytes, want.bytes) {
		t.Errorf("%s: other bytes than the processor's", what)
	}
	if len(e.lines) != 1 || !strings.Contains(e.lines[0], "the processor compute") || !strings.Contains(e.lines[0], because) || len(e.lines[0]) > 500 || strings.Contains(e.lines[0], "\ufffd") {
		t.Errorf("%s: said %q", what, e.lines)
	}
}

// levels are a picture's samples as levels of 255.
func levels(p *picture.Picture) (all []float64) {
	for _, v := range p.Pix8 {
		all = append(all, float64(v))
	}
	for _, v := range p.Pix16 {
		all = append(all, float64(v)/257)
	}
	return all
}

// deep is a picture of 8 bits with 16.
func deep(p *picture.Picture) *picture.Picture {
	if p.Depth == 16 {
		return p
	}
	out := picture.New(p.Width, p.Height, p.Colors, p.Alpha, 16)
	for i, v := range p.Pix8 {
		out.Pix16[i] = 257 * uint16(v)
	}
	return out
}

// near checks that a picture is as good as the processor's: 99.9 % of the samples within an 8-bit level, none farther than most, and less than 0.01 dB worse, where both
// are compared with a picture that is 35 dB away from what the processor computes before it rounds to 8 bits, exact.
func near(t *testing.T, what string, got, want, exact *picture.Picture, most float64) {
	t.Helper()
	if got.Config() != want.Config() {
		t.Fatalf("%s: %+v, want %+v", what, got.Config(), want.Config())
	}
	noise := rand.New(rand.NewPCG(3, 4))
	far, farthest, before, after := 0, 0.0, 0.0, 0.0
	is, was, truth := levels(got), levels(want), levels(exact)
	for i := range was {
		difference := math.Abs(is[i] - was[i])
		if farthest = max(farthest, difference); difference > 1 {
			far++
		}
		const deviation = 4.5 // 35 dB
		original := truth[i] + deviation*noise.NormFloat64()
		before, after = before+(was[i]-original)*(was[i]-original), after+(is[i]-original)*(is[i]-original)
	}
	loss := 10 * math.Log10(after/before)
	t.Logf("%s: %d of %d samples are more than a level away, the farthest %.2f; %.5f dB", what, far, len(was), farthest, loss)
	if far > len(was)/1000 || farthest > most || loss > 0.01 {
		t.Errorf("%s: %d of %d samples are more than a level away, the farthest %.2f; %.5f dB", what, far, len(was), farthest, loss)
	}
}

// Whole pictures, in both precisions, are the processor's but for rounding.
func TestPicturesOnVulkan(t *testing.T) {
	v := newVulkan(t)
	v.onLavapipe(1e9)
	for _, k := range []struct {
		name  string
		in    *picture.Picture
		quick string // the mode of a quick test, if there is one
	}{
		{"colours", branchtest.Patchwork(76, 60, 3, false, 8), "routed"},
		{"gray", branchtest.Patchwork(63, 51, 1, false, 8), ""},
		{"alpha", branchtest.Patchwork(63, 51, 3, true, 8), ""},
		{"16 bits", branchtest.Patchwork(55, 47, 3, false, 16), "full"},
	} {
		for mode, ask := range map[string]string{"routed": "--budget=50", "full": "--mode=full"} {
			if mode != k.quick && !testref.IsSlow() {
				continue
			}
			exact := v.enlarge(v.input(deep(k.in)), "--fast", ask)
			in := v.input(k.in)
			cpu := v.enlarge(in, "--fast", ask)
			for precision, half := range map[string]string{gpu.Float32: "--half=false", gpu.Float16: "--half"} {
				e := v.enlarge(in, "--fast", ask, "--device", "gpu", half)
				d := e.report.Device
				if d == nil || d.Precision != precision || d.Bands == 0 || d.CPUBecause != "" || len(e.lines) > 0 {
					t.Errorf("%s, %s: %+v, %q", k.name, precision, d, e.lines)
				}
				if routes := e.report.Classes[0].Name != "full"; routes != (mode == "routed") || routes && e.report.MACs > e.report.MACsFull*9/10 {
					t.Errorf("%s, %s: %+v", k.name, mode, e.report)
				}
				most := 1.
				if precision == gpu.Float16 {
					most = 3
				}
				near(t, fmt.Sprintf("%s, %s, %s", k.name, mode, precision), e.picture(t), cpu.picture(t), exact.picture(t), most)
			}
		}
	}
}

func TestHalfIsForGPUs(t *testing.T) {
	t.Setenv(gpu.HelperVariable, "")
	for _, args := range [][]string{{"upscale"}, {"plan"}, {"serve"}, {"doctor"}, {"worker", "--server", "http://127.0.0.1:1"}, {"video", "-o", "out.y4m"}} {
		args = append(args, "--half")
		if args[0] == "upscale" || args[0] == "plan" || args[0] == "video" {
			args = append(args, "in.png")
		}
		if _, errOut := said(t, exitUsage, args...); !strings.Contains(errOut, "--half is about the numbers of a GPU: it needs --device gpu or auto") {
			t.Errorf("%v: %q", args, errOut)
		}
	}
}
