package main

import (
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDisks runs scripts that need disks of their own, small ones and some that cannot be written. They are mounted where nobody else sees
// them; where that is not allowed, the test is skipped.
func TestDisks(t *testing.T) {
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("no disks can be mounted: %v %s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/disks",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"picture": scriptPicture},
	})
}
