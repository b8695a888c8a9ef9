package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test program one that takes its time to write a file, if it is told which.
func TestMain(m *testing.M) {
	if path := os.Getenv("ATOMICFILE_TEST_PATH"); path != "" {
		_ = Write(path, true, func(io.Writer) error {
			fmt.Println("writing")
			time.Sleep(time.Minute)
			return nil
		})
	}
	os.Exit(m.Run())
}

// writing starts a program that is in the middle of writing path.
func writing(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_PATH="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, "writing") {
		t.Fatalf("the other program says %q, %v", line, err)
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill() // it may have been killed already
	_ = cmd.Wait()
}
