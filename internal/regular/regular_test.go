package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/fault"
)

func TestFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a.txt"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	paths := []string{path}
	if os.Symlink("a.txt", link) == nil { // not everywhere
		if _, err := os.Lstat(link); err == nil { // wine says so, and makes none
			paths = append(paths, link)
		}
	}
	for _, p := range paths {
		f, err := Open(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != "content" {
			t.Errorf("%s holds %q, error %v", p, got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got, err := ReadFile(p, 7); err != nil || string(got) != "content" {
			t.Errorf("%s holds %q, error %v", p, got, err)
		}
	}
	_, err := ReadFile(path, 6)
	if fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "6 bytes") {
		t.Errorf("a file of 7 bytes where 6 are allowed: %v", err)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	refused(t, dir, fault.Unsupported, "folder")
	refused(t, filepath.Join(dir, "none"), fault.NotFound, "")
	refused(t, os.DevNull, fault.Unsupported, "device")
}

func refused(t *testing.T, path string, kind fault.Kind, says string) {
	t.Helper()
	for _, open := range []func(string) error{
		func(path string) error { _, err := Open(path); return err },
		func(path string) error { _, err := ReadFile(path, 100); return err },
	} {
		err := open(path)
		var pathErr *fs.PathError
		if !errors.As(err, &pathErr) || pathErr.Path != path || fault.KindOf(err) != kind || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v of kind %s, want a path error of kind %s with %q", err, fault.KindOf(err), kind, says)
		}
	}
}
