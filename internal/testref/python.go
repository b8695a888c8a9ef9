package testref

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// PythonWithTorch is what CLASSSR_PYTHON names, or else Debian's python; without PyTorch in it the test ends as Missing says.
func PythonWithTorch(t testing.TB) string {
	t.Helper()
	python := os.Getenv("CLASSSR_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	// Python takes a folder torch beside the test for a package of that name, but one without modules.
	if out, err := exec.Command(python, "-c", "from torch import nn").CombinedOutput(); err != nil {
		Missing(t, "%s has no PyTorch: set CLASSSR_PYTHON to a python that has (%v: %s)", python, err, bytes.TrimSpace(out))
	}
	return python
}
