package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// What a killed program left goes away when it is old enough; what a living one writes stays, however long it has not written.
func TestWhatProgramsLeaveAtRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	kill(writing(t, path))
	living := writing(t, path)
	defer kill(living)
	if _, err := os.Stat(partialName(path, 1)); err != nil {
		t.Fatalf("what was left a moment ago was not: %v", err)
	}
	old := time.Now().Add(-2 * atRest)
	for n := range 2 {
		if err := os.Chtimes(partialName(path, n), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if n := Sweep(filepath.Dir(path), func(string) bool { return true }); n != 1 {
		t.Errorf("removed %d files", n)
	}
	if _, err := os.Stat(partialName(path, 1)); err != nil {
		t.Errorf("what a program is writing was removed: %v", err)
	}
}

// Somebody looks at a file for a moment while it is to be replaced, or removed.
func TestReplacingWhatIsLookedAt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := Write(path, false, text("old")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+"x"); err == nil {
		t.Fatal("an open file was renamed: this test tells nothing")
	}
	time.AfterFunc(patience/10, func() { _ = f.Close() })
	if err := Write(path, true, text("new")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(path); string(got) != "new" {
		t.Errorf("file holds %q, error %v", got, err)
	}
	onlyFile(t, path)
	if err := again(func() error { return windows.ERROR_PATH_NOT_FOUND }); err != windows.ERROR_PATH_NOT_FOUND {
		t.Error(err)
	}
}
