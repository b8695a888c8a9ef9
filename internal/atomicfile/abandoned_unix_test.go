//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatAKilledProgramLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	for range 3 {
		kill(writing(t, path))
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Fatalf("three killed programs left %v, want one file", entries)
	}
	if err := Write(path, false, text("whole")); err != nil {
		t.Fatal(err)
	}
	onlyFile(t, path)
}

func TestWhatALivingProgramWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	first := writing(t, path)
	second := writing(t, path)
	if err := Writable(path); err != nil {
		t.Error(err)
	}
	if err := Write(path, false, text("whole")); err != nil {
		t.Error(err)
	}
	for n := range 2 {
		if _, err := os.Stat(partialName(path, n)); err != nil {
			t.Errorf("what another program is writing was removed: %v", err)
		}
	}
	kill(first)
	kill(second)
	if err := Write(path, true, text("again")); err != nil {
		t.Error(err)
	}
	onlyFile(t, path)
}

// A name in the way that is no file is left alone.
func TestForeignThingsInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.Symlink("elsewhere", partialName(path, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(partialName(path, 1), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, false, text("whole")); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 3 {
		t.Errorf("folder holds %v", entries)
	}
}

func TestSweep(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	long := strings.Repeat("ü", 100) + ".png"
	kill(writing(t, at("a.png")))
	kill(writing(t, at(long)))
	kill(writing(t, at("other.txt")))
	living := writing(t, at("b.png"))
	defer kill(living)
	for _, name := range []string{"a.partial", ".c.png.x.partial", ".c.png.01.partial", ".c.png.-1.partial", ".partial", "..0.partial", ".c.png.1000.partial"} {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at(".d.png.0.partial"), 0o700); err != nil {
		t.Fatal(err)
	}
	if n := Sweep(folder, func(name string) bool { return strings.HasSuffix(name, ".png") }); n != 2 {
		t.Errorf("removed %d files", n)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 7+1+2 {
		t.Errorf("left are %v (%v)", entries, err)
	}
	for _, name := range []string{"b.png", "other.txt"} {
		if _, err := os.Stat(partialName(at(name), 0)); err != nil {
			t.Errorf("what was not to be removed: %v", err)
		}
	}
	for _, name := range []string{"a.png", long} {
		if _, err := os.Stat(partialName(at(name), 0)); err == nil {
			t.Errorf("what a killed program left of %s is still there", name)
		}
	}
	if n := Sweep(at("none"), nil); n != 0 {
		t.Errorf("of a folder that is not there %d files were removed", n)
	}
}
