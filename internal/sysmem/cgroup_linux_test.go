package sysmem

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A limit on a control group counts for the groups inside it. The test makes real groups, for which it must be root; the process in the
// inner one is this test again.
func TestLimitsOfNestedGroupsCount(t *testing.T) {
	if os.Getenv("SYSMEM_TEST_IN_GROUP") != "" {
		fmt.Printf("available: %d\n", Available())
		return
	}
	inner, err := nestedGroup(t, 200<<20)
	if err != nil {
		t.Skipf("no control groups can be made here: %v", err)
	}
	cmd := exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs" || exit 9; exec "$@"`, inner, os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "SYSMEM_TEST_IN_GROUP=1")
	output, err := cmd.CombinedOutput()
	switch {
	case cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 9:
		t.Skipf("no process can be moved here: %s", output)
	case err != nil:
		t.Fatalf("%v: %s", err, output)
	}
	if want := fmt.Sprintf("available: %d\n", 200<<20); !strings.Contains(string(output), want) {
		t.Errorf("the process in the inner group says %q, want %q", output, want)
	}
}

// nestedGroup makes a control group with a limit and one without inside it, and gives the inner one's folder.
func nestedGroup(t *testing.T, limit int64) (inner string, err error) {
	t.Helper()
	root, file := "/sys/fs/cgroup/memory", "memory.limit_in_bytes" // version 1
	if _, err := os.Stat(root); err != nil {
		root, file = "/sys/fs/cgroup", "memory.max"
	}
	outer := filepath.Join(root, fmt.Sprintf("sysmem-test-%d", os.Getpid()))
	if err := os.Mkdir(outer, 0o755); err != nil {
		return "", err
	}
	inner = filepath.Join(outer, "inner")
	t.Cleanup(func() {
		for _, group := range []string{inner, outer} {
			if err := os.Remove(group); err != nil && !os.IsNotExist(err) {
				t.Errorf("a control group is left behind: %v", err)
			}
		}
	})
	if file == "memory.max" {
		if err := os.WriteFile(filepath.Join(outer, "cgroup.subtree_control"), []byte("+memory"), 0); err != nil {
			return "", err
		}
	}
	if err := os.WriteFile(filepath.Join(outer, file), fmt.Appendf(nil, "%d", limit), 0); err != nil {
		return "", err
	}
	return inner, os.Mkdir(inner, 0o755)
}
