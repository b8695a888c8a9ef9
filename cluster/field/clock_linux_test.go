package field

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"classsr/internal/testref"
)

// skewed builds this test program with a clock that can be made wrong, as the clock of a machine may be set: what the monotonic clock says does not change.
var skewed = sync.OnceValues(func() (program string, err error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const reads = "	sec, nsec, mono := runtimeNow()\n"
	changed := strings.Replace(string(text), reads, reads+"	sec += SkewForTests\n", 1) + "\n// SkewForTests is added to the wall clock.\nvar SkewForTests int64\n"
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: filepath.Join(scratch, "time.go")}})
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{"time.go": []byte(changed), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(scratch, name), content, 0o600); err != nil {
			return "", err
		}
	}
	program = filepath.Join(scratch, "field.test")
	build := exec.Command("go", "test", "-c", "-overlay", filepath.Join(scratch, "overlay.json"), "-tags", "skewed", "-o", program, ".")
	build.Stderr = os.Stderr
	return program, build.Run()
})

// skewedProgram gives it.
func skewedProgram(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		testref.Missing(t, "there is no go command to build a program with whose clock can be wrong")
	}
	program, err := skewed()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// setClock makes the clocks of a cluster wrong by so many seconds.
func (s *site) setClock(seconds int) {
	s.t.Helper()
	if err := os.WriteFile(s.skew, []byte(strconv.Itoa(seconds)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
