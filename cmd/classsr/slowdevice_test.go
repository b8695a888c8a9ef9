package main

import (
	"testing"

	"classsr/branch/branchtest"
	"classsr/internal/testref"
)

// A device of 300 MB computes a picture that takes more of it in several bands: nothing else than its memory would have it do so.
func TestDeviceWithLittleMemory(t *testing.T) {
	testref.Slow(t)
	v := newVulkan(t)
	v.onLavapipe(1e10)
	in := v.input(branchtest.Patchwork(440, 300, 3, false, 8))
	cpu := v.enlarge(in, "--fast", "--mode", "full")
	v.shim(map[string]string{"SHIM_HEAP": "300000000"})
	e := v.enlarge(in, "--fast", "--mode", "full", "--device", "gpu")
	if d := e.report.Device; d == nil || d.Bands < 2 || d.CPUBecause != "" || len(e.lines) > 0 {
		t.Errorf("%+v, %q", d, e.lines)
	}
	near(t, "300 MB", e.picture(t), cpu.picture(t), cpu.picture(t), 1)
}
