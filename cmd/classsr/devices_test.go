package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/gpu/helper"
	"classsr/imageio"
	"classsr/infer"
)

// said runs a command and gives what it printed.
func said(t *testing.T, want int, args ...string) (out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := Run(t.Context(), args, strings.NewReader(""), &o, &e); code != want {
		t.Fatalf("%v: exit code %d: %s", args, code, e.String())
	}
	return o.String(), e.String()
}

func TestDevicesSayWhyThereAreNone(t *testing.T) {
	t.Setenv(gpu.HelperVariable, "")
	if out, _ := said(t, exitDone, "devices"); !strings.HasPrefix(out, "no GPU: ") || strings.Count(out, "\n") != 1 {
		t.Errorf("%q", out)
	}
	out, _ := said(t, exitDone, "devices", "--json")
	var r devicesResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Because == "" || r.Devices == nil {
		t.Errorf("%q: %v", out, err)
	}
	if f := gpuFinding(t.Context(), gpuOptions(false)); !strings.HasPrefix(f.Text, "none") {
		t.Errorf("doctor: %+v", f)
	}
}

func TestWhatIsNotRememberedIsSaid(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for cache, want := range map[string]string{filepath.Join(folder, "new", "gpu"): "what comes of that is remembered", file: "cannot be remembered", "": "no folder for it is known"} {
		if text := testedText("A", gpu.Options{Folder: cache}); !strings.Contains(text, want) {
			t.Errorf("%q: %s", cache, text)
		}
	}
	t.Setenv(gpu.HelperVariable, folder)
	if out, _ := said(t, exitDone, "devices"); !strings.Contains(out, "is a folder, and "+gpu.HelperVariable+" is to name the program classsr-gpu") {
		t.Errorf("%q", out)
	}
}

// asHelper says that this program is to be a helper for GPUs, and how its device is.
const asHelper = "CLASSSR_TEST_AS_HELPER"

// serveDevice is such a helper, if that is wanted.
func serveDevice() {
	b := &gputest.Backend{}
	if len(os.Args) > 1 { // helpers are started without, and what starts them has the same environment
		return
	}
	switch os.Getenv(asHelper) {
	case "":
		return
	case "slow":
		b.Before = func(int64) { time.Sleep(50 * time.Millisecond) }
	case "lost later":
		b.LostAt = 3
	case "lost":
		b.LostAt = 1
	case "black":
		b.Spoil = gputest.Black(1)
	case "black later":
		b.Spoil = gputest.Black(5)
	}
	if err := helper.Serve(context.Background(), os.Stdin, os.Stdout, version, b); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// The helper is this program's tests, with a device that is the processor.
func TestUpscaleOnADevice(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	asOnADevice(t)
	t.Setenv(asHelper, "")
	folder := t.TempDir()
	var content bytes.Buffer
	if err := imageio.Encode(&content, branchtest.Patchwork(200, 450, 3, false, 8), imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(folder, "in.png")
	if err := os.WriteFile(in, content.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	enlarge := func(device, helper string, flags ...string) (written []byte, r infer.Report, errOut string) {
		t.Helper()
		t.Setenv(gpu.HelperVariable, helper)
		out, errOut := said(t, exitDone, append([]string{"upscale", "--fast", "--device", device, "--json", "--overwrite", "-o", filepath.Join(folder, "out.png"), in}, flags...)...)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(filepath.Join(folder, "out.png"))
		if err != nil {
			t.Fatal(err)
		}
		return written, r, errOut
	}
	processor, r, _ := enlarge("cpu", own)
	if r.Device != nil {
		t.Errorf("on the processor: %+v", r.Device)
	}
	none, r, errOut := enlarge("gpu", "")
	if !bytes.Equal(none, processor) || r.Device != nil || !strings.Contains(errOut, "the processor computes: ") {
		t.Errorf("without a helper: %+v, %q", r.Device, errOut)
	}
	if _, _, errOut := enlarge("auto", ""); strings.Contains(errOut, "processor computes") {
		t.Errorf("auto without a helper: %q", errOut)
	}
	t.Setenv(asHelper, "well")
	if _, r, errOut = enlarge("gpu", own); r.Device == nil || r.Device.Bands == 0 || r.Device.CPUBecause != "" {
		t.Errorf("on a device: %+v, %q", r.Device, errOut)
	}
	if out, _ := said(t, exitDone, "plan", "--device", "gpu", "--fast", "--mode", "full", in); !strings.Contains(out, "GPU ") {
		t.Errorf("plan: %q", out)
	}
	t.Setenv(asHelper, "lost")
	lost, r, errOut := enlarge("gpu", own)
	if !bytes.Equal(lost, processor) || r.Device == nil || !strings.Contains(errOut, "lost") {
		t.Errorf("lost: %+v, %q", r.Device, errOut)
	}
	if out, _ := said(t, exitDone, "devices"); !strings.Contains(out, "Processor in disguise") || !strings.Contains(out, "passed") {
		t.Errorf("devices: %q", out)
	}
	t.Setenv(asHelper, "black later") // after rows went to the encoder: the file is written again
	later, r, errOut := enlarge("gpu", own, "--device-memory", "4MB")
	if !bytes.Equal(later, processor) || r.Device == nil || r.Device.Bands > 0 || !strings.Contains(r.Device.CPUBecause, "wrong") {
		t.Errorf("black later: %+v, %q", r.Device, errOut)
	}
	t.Setenv(asHelper, "black")
	if out, _ := said(t, exitDone, "devices", "--test"); !strings.Contains(out, "not used") {
		t.Errorf("devices --test: %q", out)
	}
	black, _, errOut := enlarge("gpu", own)
	if !bytes.Equal(black, processor) || !strings.Contains(errOut, "failed its test") {
		t.Errorf("a device that has failed: %q", errOut)
	}
}
