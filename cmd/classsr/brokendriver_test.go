package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/gpu"
	"classsr/internal/testref"
)

// confine puts the helper into a folder of its own, with the libraries that it cannot do without and nothing else, and gives the path of a program that starts it there.
func (v *vulkanFolder) confine() string {
	v.Helper()
	helper := os.Getenv(gpu.HelperVariable)
	root := filepath.Join(v.folder, "root")
	libraries, err := exec.Command("ldd", helper).Output()
	if err != nil {
		testref.Missing(v.T, "ldd: %v", err)
	}
	files := []string{helper}
	for word := range strings.FieldsSeq(string(libraries)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, word)
		}
	}
	for _, from := range files {
		content, err := os.ReadFile(from)
		if err != nil {
			v.Fatal(err)
		}
		to := filepath.Join(root, from)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, content, 0o700)); err != nil {
			v.Fatal(err)
		}
	}
	program := filepath.Join(v.folder, "confined")
	script := fmt.Sprintf("#!/bin/sh\n[ $(id -u) = 0 ] || as='unshare --map-root-user'\nexec $as chroot %s %s \"$@\"\n", root, helper)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		v.Fatal(err)
	}
	if out, err := exec.Command(program, "--version").CombinedOutput(); err != nil {
		testref.Missing(v.T, "the helper cannot be confined to a folder: %v: %s", err, out)
	}
	return program
}

func TestWithoutVulkansLibrary(t *testing.T) {
	v := newVulkan(t)
	in := v.input(branchtest.Patchwork(60, 48, 3, false, 8))
	cpu := v.enlarge(in, "--fast")
	t.Run("garbage", func(t *testing.T) {
		t.Setenv("LD_LIBRARY_PATH", v.folder)
		if err := os.WriteFile(filepath.Join(v.folder, "libvulkan.so.1"), []byte("not a library"), 0o600); err != nil {
			t.Fatal(err)
		}
		v.enlarge(in, "--fast", "--device", "gpu").isProcessors(t, "garbage for a library", cpu, "Vulkan is not installed")
	})
	t.Setenv(gpu.HelperVariable, v.confine())
	v.enlarge(in, "--fast", "--device", "gpu").isProcessors(t, "no library", cpu, "Vulkan is not installed")
	v.enlarge(in, "--fast", "--device", "auto").isProcessors(t, "no library, auto", cpu, "Vulkan is not installed")
}

// Each call of a driver fails in turn, and each of its functions is missing in turn; the quick test takes a sample.
func TestDriverWhoseCallsFail(t *testing.T) {
	v := newVulkan(t)
	v.library("stub.c")
	in := v.input(branchtest.Patchwork(60, 48, 3, false, 8))
	cpu := v.enlarge(in, "--fast")
	counts := filepath.Join(v.folder, "counts")
	t.Setenv("STUB_COUNTS", counts)
	v.enlarge(in, "--fast", "--device", "gpu").isProcessors(t, "a driver that computes nothing", cpu, "failed its test")
	text, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	var calls, lookups int
	if _, err := fmt.Sscan(string(text), &calls, &lookups); err != nil || calls < 60 || lookups < 40 {
		t.Fatalf("%q: %v", text, err)
	}
	t.Setenv("STUB_COUNTS", "")
	step := 9
	if testref.IsSlow() {
		step = 1
	}
	results := []int{-1, -2, -3, -4, -7, -9, -13} // out of memory of both kinds, initialization, lost, extension, driver, unknown
	for n := 1; n <= calls; n += step {
		v.forget()
		t.Setenv("STUB_FAILS", fmt.Sprint(n, results[n/step%len(results)], 0))
		v.enlarge(in, "--fast", "--device", "gpu").isProcessors(t, fmt.Sprintf("call %d fails", n), cpu, "")
	}
	for n := 1; n <= lookups; n += step {
		v.forget()
		t.Setenv("STUB_FAILS", fmt.Sprint(0, 0, n))
		v.enlarge(in, "--fast", "--device", "gpu").isProcessors(t, fmt.Sprintf("function %d is missing", n), cpu, "")
	}
}

// A device that has passed its test fails later, in a call or for want of memory, or the helper is killed: whatever it had done, the picture is the processor's but
// for rounding, and a line says why.
func TestDeviceThatFailsWhileItComputes(t *testing.T) {
	v := newVulkan(t)
	v.onLavapipe(1e9)
	in := v.input(branchtest.Patchwork(64, 120, 3, false, 8))
	cpu := v.enlarge(in, "--fast", "--mode", "full")
	v.shim(nil)
	for _, c := range []struct {
		variable, value string
		slow            bool
		bands           bool   // the device computes some
		because         string // a word of the line; empty if the device computes all
	}{
		{"SHIM_HEAP", "5000000", false, true, ""},
		{"SHIM_ROOM", "600000", false, false, "memory"},
		{"SHIM_ROOM", "4000000", true, true, ""}, // lower bands do
		{"SHIM_KILLED", "6", false, true, "signal: killed"},
		{"SHIM_KILLED", "1", true, false, "signal: killed"},
		{"SHIM_FAILS", "vkWaitForFences 1 -4", false, false, "lost"},
		{"SHIM_FAILS", "vkQueueSubmit 6 -4", true, true, "lost"},
		{"SHIM_FAILS", "vkCreateDevice 1 -3", true, false, "vkCreateDevice"},
		{"SHIM_FAILS", "vkEnumeratePhysicalDevices 1 -3", true, false, "vkEnumeratePhysicalDevices"},
		{"SHIM_FAILS", "vkAllocateMemory 1 -2", true, false, "memory"},
		{"SHIM_FAILS", "vkCreateBuffer 3 -1", true, false, "memory"},
		{"SHIM_FAILS", "vkMapMemory 2 -5", true, false, "vkMapMemory"},
		{"SHIM_FAILS", "vkBindBufferMemory 2 -2", true, false, "memory"},
		{"SHIM_FAILS", "vkCreateShaderModule 3 -1", true, false, "memory"},
		{"SHIM_FAILS", "vkCreateComputePipelines 2 -13", true, false, "vkCreateComputePipelines"},
		{"SHIM_FAILS", "vkAllocateDescriptorSets 2 -1000069000", true, false, "vkAllocateDescriptorSets"},
		{"SHIM_FAILS", "vkAllocateCommandBuffers 1 -1", true, false, "memory"},
		{"SHIM_FAILS", "vkBeginCommandBuffer 2 -2", true, false, "memory"},
		{"SHIM_FAILS", "vkEndCommandBuffer 2 -2", true, false, "memory"},
		{"SHIM_FAILS", "vkCreateFence 1 -1", true, false, "memory"},
	} {
		if c.slow && !testref.IsSlow() {
			continue
		}
		what := c.variable + "=" + c.value
		t.Run(what, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			flags := []string{"--fast", "--mode", "full", "--device", "gpu"}
			if c.variable != "SHIM_HEAP" {
				flags = append(flags, "--device-memory", "5MB") // so that there are several bands
			}
			e := v.enlarge(in, flags...)
			d := e.report.Device
			near(t, what, e.picture(t), cpu.picture(t), cpu.picture(t), 1)
			switch {
			case !c.bands:
				e.isProcessors(t, what, cpu, c.because)
			case d == nil || d.Bands == 0 || (d.CPUBecause != "") != (c.because != "") || !strings.Contains(d.CPUBecause, c.because):
				t.Errorf("%+v, %q", d, e.lines)
			case len(e.lines) > 1 || (len(e.lines) == 1) != (c.because != ""):
				t.Errorf("said %q", e.lines)
			}
			t.Logf("%+v, %q", d, e.lines)
		})
	}
}
