package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"classsr/internal/smalldisk"
)

// TestDisks runs scripts that need disks of their own, small ones and some that cannot be written. They are mounted where nobody else sees
// them; where that is not allowed, the test is skipped.
func TestDisks(t *testing.T) {
	smalldisk.Need(t)
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/disks",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"picture": scriptPicture},
	})
}
