//go:build unix

package imageio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"classsr/fault"
)

// Pipes and devices, whatever they are called, are never opened, let alone waited for.
func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe, picture := filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	if err := os.WriteFile(picture, encoded(t, patterned(3, 3, 1, false, 8), "png"), 0o600); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"c.png": "a.png", "d.png": "b.png", "e.png": "/dev/zero", "f.png": "nowhere", "g.png": "."}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := List(dir)
	want := []string{picture, filepath.Join(dir, "d.png"), filepath.Join(dir, "f.png")} // the last one is to be reported as missing
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("listed %q, error %v; want %q", found, err, want)
	}
	for path, says := range map[string]string{
		pipe: "give it on standard input as -", filepath.Join(dir, "c.png"): "pipe", "/dev/zero": "device", dir: "folder",
	} {
		if _, err := DecodeFile(path, Limits{}); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v of kind %s, want one with %q", path, err, fault.KindOf(err), says)
		}
	}
	if d, err := DecodeFile(filepath.Join(dir, "d.png"), Limits{}); err != nil || d.Width != 3 {
		t.Errorf("a link to a picture: %v", err)
	}
}
