//go:build unix

package regular

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"classsr/fault"
)

func TestPipesAndDevices(t *testing.T) {
	dir := t.TempDir()
	pipe, link, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "link"), filepath.Join(dir, "s")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	refused(t, pipe, fault.Unsupported, "pipe")
	refused(t, link, fault.Unsupported, "pipe")
	refused(t, "/dev/zero", fault.Unsupported, "device")
	if listener, err := net.Listen("unix", socket); err == nil { // its path may be too long
		defer func() { _ = listener.Close() }()
		refused(t, socket, fault.Unsupported, "socket")
	}
	if _, err := Open(pipe); !errors.Is(err, ErrPipe) {
		t.Errorf("error %v, want ErrPipe", err)
	}
	// A pipe that takes a file's place after it was looked at.
	if _, err := openChecked(pipe); !errors.Is(err, ErrPipe) {
		t.Errorf("error %v, want ErrPipe", err)
	}
}

// Files of /proc claim to have no bytes.
func TestFilesThatHideTheirSize(t *testing.T) {
	const path = "/proc/self/status"
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Skip("no /proc here:", err)
	}
	if got, err := ReadFile(path, 1<<20); err != nil || len(got) == 0 {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
	if _, err := ReadFile(path, int64(len(whole))/2); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), path) {
		t.Errorf("longer than allowed: %v", err)
	}
}
