package testref

import (
	"bytes"
	"io"
	"os/exec"
	"testing"
)

// Output runs a program that is not ours, with so much on its standard input, and gives its standard output. Without the program the test ends as Missing
// says; if it fails, the test does.
func Output(t testing.TB, stdin io.Reader, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		Missing(t, "no %s here: .ci/run says which package has it", name)
	}
	cmd := exec.Command(name, args...)
	var out, errors bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errors
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, errors.Bytes())
	}
	return out.Bytes()
}
