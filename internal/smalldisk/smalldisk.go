// Package smalldisk gives tests a disk that is soon full. For tests only.
package smalldisk

import (
	"os"
	"os/exec"
	"testing"
)

// inside is the variable that tells the process of its own where the disk is.
const inside = "CLASSSR_TEST_SMALL_DISK"

// Need skips a test where no disks can be mounted by `unshare -rm`, as this package and scripts do it.
func Need(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("no disks can be mounted: %v %s", err, out)
	}
}

// Run runs test, which is the whole of t, with the folder of a disk of that size (4m, for example). The test runs in a process of its own, where nobody else sees
// the disk, and not at all where that is not possible.
func Run(t *testing.T, size string, test func(folder string)) {
	t.Helper()
	if folder := os.Getenv(inside); folder != "" {
		test(folder)
		return
	}
	Need(t)
	folder := t.TempDir()
	cmd := exec.Command("unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size="$3" tmpfs "$0" && exec "$1" -test.run "^$2\$" -test.count 1`, folder, os.Args[0], t.Name(), size)
	cmd.Env = append(os.Environ(), inside+"="+folder)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
