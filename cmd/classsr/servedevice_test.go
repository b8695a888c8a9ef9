package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/gpu/gputest"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
)

// log is what a server or a worker logs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// running runs a command until the test ends, and fails the test if it does not end well then.
func running(t *testing.T, args ...string) (out *bufio.Reader, logged *log) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // ended in the order of Cleanup
	reader, writer := io.Pipe()
	logged = &log{}
	code := make(chan int)
	go func() {
		code <- Run(ctx, args, strings.NewReader(""), writer, logged)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if c := <-code; c != exitDone && !strings.Contains(logged.String(), "interrupted") {
			t.Errorf("%v: exit code %d: %s", args, c, logged)
		}
	})
	return bufio.NewReader(reader), logged
}

// serving starts a server and gives its address.
func serving(t *testing.T, flags ...string) (url string, logged *log) {
	t.Helper()
	out, logged := running(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"), "--grace", "5s"}, flags...)...)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v: %s", err, logged)
	}
	return strings.TrimSuffix(strings.TrimSpace(line), "/"), logged
}

// asked asks a server for a picture.
func asked(t *testing.T, url, query string, content []byte) (p *picture.Picture, file []byte, r infer.Report) {
	t.Helper()
	answer, err := http.Post(url+"/v1/upscale?"+query, "image/png", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if file, err = io.ReadAll(answer.Body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s (%v)", answer.Status, file, err)
	}
	if err := json.Unmarshal([]byte(answer.Header.Get("X-Classsr-Report")), &r); err != nil {
		t.Fatal(err)
	}
	d, err := imageio.Decode(file, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Picture, file, r
}

// encoded is a picture as a PNG.
func encoded(t *testing.T, p *picture.Picture) []byte {
	t.Helper()
	var content bytes.Buffer
	if err := imageio.Encode(&content, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

// inDisguise has the helper be this program, whose device is the processor, has passed its test and behaves in some way (serveDevice).
func inDisguise(t *testing.T, behaves string) {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, folder)
	}
	t.Setenv(gpu.HelperVariable, own)
	t.Setenv(asHelper, behaves)
	all, err := (&gputest.Backend{}).Devices()
	if err != nil {
		t.Fatal(err)
	}
	gpu.Remember(gpuOptions(false), all[0], gpu.Verdict{Passed: true, Speed: gpu.Speed{MACs: 1e9, Pixels: 1e6}})
}

const fullFast = "fast=true&mode=full"

func TestServerOnVulkan(t *testing.T) {
	v := newVulkan(t)
	v.onLavapipe(1e9)
	content := encoded(t, branchtest.Patchwork(76, 60, 3, false, 8))
	cpuURL, _ := serving(t)
	want, _, r := asked(t, cpuURL, "fast=true&budget=50", content)
	if r.Device != nil {
		t.Errorf("on the processor: %+v", r.Device)
	}
	url, logged := serving(t, "--device", "gpu", "--half")
	got, _, r := asked(t, url, "fast=true&budget=50", content)
	if d := r.Device; d == nil || d.Bands == 0 || d.CPUBecause != "" || d.Precision != gpu.Float16 {
		t.Errorf("%+v", d)
	}
	near(t, "by HTTP", got, want, want, 1)
	if text := logged.String(); !strings.Contains(text, "a GPU computes pictures") || !strings.Contains(text, "llvmpipe") || !strings.Contains(text, gpu.Float16) {
		t.Errorf("logged %s", text)
	}
	if out, _ := said(t, exitDone, "doctor", "--data", filepath.Join(t.TempDir(), "other"), "--listen", "127.0.0.1:0", "--device", "gpu"); !strings.Contains(out, "llvmpipe") {
		t.Errorf("doctor says %s", out)
	}
}

// Whatever the device does, requests are answered with the processor's picture, those that are under way as well as later ones.
func TestRequestsSurviveTheirDevice(t *testing.T) {
	content := encoded(t, branchtest.Patchwork(301, 203, 3, false, 8))
	t.Setenv(gpu.HelperVariable, "")
	url, _ := serving(t, "--device", "gpu") // there is none, which a line of the log tells
	want, whole, _ := asked(t, url, fullFast, content)
	for _, c := range []struct{ behaves, because string }{{"lost later", "lost"}, {"black", "wrong"}, {"black later", "wrong"}} {
		t.Run(c.behaves, func(t *testing.T) {
			inDisguise(t, c.behaves)
			url, _ := serving(t, "--device", "gpu", "--device-memory", "8MB")
			for range 2 {
				got, file, r := asked(t, url, fullFast, content)
				d := r.Device
				if d == nil || !strings.Contains(d.CPUBecause, c.because) {
					t.Errorf("%+v", d)
				}
				if c.because == "wrong" && !bytes.Equal(file, whole) {
					t.Error("other bytes than the processor's")
				}
				near(t, c.behaves, got, want, want, 1)
			}
		})
	}
}

// Jobs that are under way at the same time share the memory of a device that is slow, and none goes without it.
func TestJobsShareTheDevicesMemory(t *testing.T) {
	inDisguise(t, "slow")
	content := encoded(t, branchtest.Patchwork(301, 203, 3, false, 8))
	url, _ := serving(t, "--device", "gpu", "--device-memory", "8MB", "--jobs", "2")
	folder := t.TempDir()
	args := []string{"upscale", "--cluster", url, "--fast", "--mode", "full", "--json", "-o", filepath.Join(folder, "large") + "/"}
	for _, name := range []string{"a", "b", "c"} {
		path := filepath.Join(folder, name+".png")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	out, errOut := said(t, exitDone, args...)
	want, _, _ := asked(t, url, fullFast, content)
	results := 0
	for line := range strings.Lines(out) {
		var r struct {
			infer.Report
			Output string `json:"output"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Output == "" { // the sum of all
			continue
		}
		if d := r.Device; d == nil || d.Bands < 2 || d.CPUBecause != "" {
			t.Errorf("%+v, %s", d, errOut)
		}
		got, err := imageio.DecodeFile(r.Output, imageio.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, r.Output, got.Picture, want, want, 0)
		results++
	}
	if results != 3 {
		t.Errorf("%d results: %s", results, errOut)
	}
}

// A worker with a device computes the pictures of a server that does nothing itself.
func TestWorkerOnADevice(t *testing.T) {
	inDisguise(t, "well")
	content := encoded(t, branchtest.Patchwork(120, 90, 3, false, 8))
	url, _ := serving(t, "--cluster-listen", "127.0.0.1:0", "--cluster-only")
	want, _, _ := asked(t, url, fullFast, content)
	_, logged := running(t, "worker", "--server", url, "--name", "shed", "--cache", filepath.Join(t.TempDir(), "shed"), "--device", "gpu", "--grace", "5s")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if out, _ := said(t, exitDone, "cluster", "status", "--server", url); strings.Contains(out, "shed") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the worker does not join: %s", logged)
		}
	}
	folder := t.TempDir()
	in := filepath.Join(folder, "in.png")
	if err := os.WriteFile(in, content, 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(folder, "out.png")
	out, errOut := said(t, exitDone, "upscale", "--cluster", url, "--fast", "--mode", "full", "--json", "-o", to, in)
	var r infer.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if d := r.Device; d == nil || d.Bands == 0 || d.CPUBecause != "" {
		t.Errorf("%+v, %s, %s", d, errOut, logged)
	}
	got, err := imageio.DecodeFile(to, imageio.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "by a worker", got.Picture, want, want, 1)
	if !strings.Contains(logged.String(), "Processor in disguise") {
		t.Errorf("logged %s", logged)
	}
}
