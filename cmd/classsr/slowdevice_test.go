package main

import (
	"testing"

	"classsr/branch/branchtest"
	"classsr/internal/testref"
)

// A device of 300 MB computes a picture that takes more of it, in several bands.
func TestDeviceWithLittleMemory(t *testing.T) {
	testref.Slow(t)
	v := newVulkan(t)
	v.onLavapipe()
	in := v.input(branchtest.Patchwork(400, 300, 3, false, 8))
	ask := []string{"--model", "carn-m-x4", "--memory", "2GB"}
	cpu := v.enlarge(in, ask...)
	v.shim(map[string]string{"SHIM_HEAP": "300000000"})
	e := v.enlarge(in, append(ask, "--device", "gpu")...)
	t.Logf("%+v, %q", e.report.Device, e.lines)
	if d := e.report.Device; d == nil || d.Bands < 3 || d.CPUBecause != "" || len(e.lines) > 0 {
		t.Errorf("%+v, %q", d, e.lines)
	}
	near(t, "300 MB", e.picture(t), cpu.picture(t), cpu.picture(t), 1)
}
