package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/imageio/y4m"
	"classsr/pipeline"
)

// onFilm enlarges a video, which has to go well, and gives the result, what --json tells, and what else was said.
func onFilm(t *testing.T, in string, flags ...string) (out []byte, r pipeline.VideoResult, errOut string) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "large.y4m")
	printed, errOut := said(t, exitDone, append([]string{"video", "--fast", "-s", "2", "--json", in, "-o", to}, flags...)...)
	if err := json.Unmarshal([]byte(printed), &r); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return out, r, errOut
}

// filmFile is a video in a file.
func filmFile(t *testing.T, h y4m.Header, frames int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.y4m")
	if err := os.WriteFile(path, film(t, h, frames), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// levelsApart is how far samples of two videos of 8 bits are apart at most. Their lines are the same.
func levelsApart(t *testing.T, a, b []byte) int {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("videos of %d and %d bytes", len(a), len(b))
	}
	most := 0
	for i, v := range a {
		most = max(most, int(v)-int(b[i]), int(b[i])-int(v))
	}
	return most
}

// framesOf gives the frames of a video.
func framesOf(t *testing.T, content []byte) (all [][]byte) {
	t.Helper()
	r, err := y4m.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for f := r.Header().NewFrame(); r.Read(f) == nil; {
		all = append(all, bytes.Join(f.Pix8, nil))
	}
	return all
}

// Whatever becomes of the device, all frames are there, once, and one line says why the processor computed.
func TestVideosOnADevice(t *testing.T) {
	inDisguise(t, "well")
	in := filmFile(t, plain420, 6)
	want, r, _ := onFilm(t, in)
	if r.Device != nil {
		t.Errorf("on the processor: %+v", r.Device)
	}
	got, r, errOut := onFilm(t, in, "--device", "gpu")
	if d := r.Device; d == nil || d.Bands != 6 || d.CPUBecause != "" || d.Precision != gpu.Float32 || d.Seconds.Compute <= 0 || r.Reused < 0.3 || strings.Contains(errOut, "note:") {
		t.Errorf("%+v, %.2f are reused, %q", d, r.Reused, errOut)
	}
	if most := levelsApart(t, got, want); most > 2 { // a level of red, green and blue may be two of chroma
		t.Errorf("up to %d levels from the processor", most)
	}
	for _, behaves := range []string{"lost", "lost later", "black later"} {
		t.Setenv(asHelper, behaves)
		later, r, errOut := onFilm(t, in, "--device", "gpu")
		if d := r.Device; d == nil || d.CPUBecause == "" || strings.Count(errOut, "the processor computed what Processor in disguise did not: ") != 1 || strings.Count(errOut, "note:") != 1 {
			t.Errorf("%s: %+v, %q", behaves, d, errOut)
		}
		is, was := framesOf(t, later), framesOf(t, want)
		if len(is) != len(was) || !bytes.Equal(is[5], was[5]) || levelsApart(t, later, want) > 2 {
			t.Errorf("%s: the processor goes on otherwise", behaves)
		}
		if behaves == "lost" && !bytes.Equal(later, want) {
			t.Error("a device that does nothing changes the result")
		}
	}
	t.Setenv(gpu.HelperVariable, "")
	none, r, errOut := onFilm(t, in, "--device", "gpu", "--half")
	if !bytes.Equal(none, want) || r.Device != nil || strings.Count(errOut, "the processor computes: ") != 1 {
		t.Errorf("without a helper: %+v, %q", r.Device, errOut)
	}
}

// A folder's frames, and what a server does of a y4m.
func TestFramesAndJobsOnADevice(t *testing.T) {
	inDisguise(t, "well")
	in := filmFile(t, plain420, 3)
	want, _, _ := onFilm(t, in, "--device", "gpu")
	url, _ := serving(t, "--device", "gpu")
	got, r, _ := onFilm(t, in, "--cluster", url)
	if d := r.Device; d == nil || d.Bands == 0 || d.CPUBecause != "" || !bytes.Equal(got, want) {
		t.Errorf("by a server: %+v", d)
	}
	frames := filepath.Join(t.TempDir(), "frames")
	if err := os.Mkdir(frames, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.png", "2.png"} {
		writePNG(t, filepath.Join(frames, name), branchtest.Patchwork(160, 90, 3, false, 8))
	}
	out, _ := said(t, exitDone, "video", "--fast", "-s", "2", "--json", "--device", "gpu", frames, "-o", filepath.Join(t.TempDir(), "large"))
	if strings.Count(out, `"device":{"name":"Processor in disguise"`) != 1 || !strings.Contains(out, `"reused":1`) {
		t.Errorf("a folder is told as %s", out)
	}
}

// On Vulkan, too, reuse shows in no byte.
func TestVideosOnVulkan(t *testing.T) {
	v := newVulkan(t)
	v.onLavapipe(1e9)
	h := plain420
	h.Width, h.Height = 96, 64
	in := filmFile(t, h, 3)
	want, _, _ := onFilm(t, in)
	got, r, errOut := onFilm(t, in, "--device", "gpu")
	if d := r.Device; d == nil || d.Bands < 3 || d.CPUBecause != "" || strings.Contains(errOut, "note:") || r.Reused < 0.1 {
		t.Errorf("%+v, %.2f are reused, %q", d, r.Reused, errOut)
	}
	anew, _, _ := onFilm(t, in, "--device", "gpu", "--no-reuse")
	if !bytes.Equal(got, anew) {
		t.Error("reuse changes the result")
	}
	if most := levelsApart(t, got, want); most > 2 {
		t.Errorf("up to %d levels from the processor", most)
	}
}
