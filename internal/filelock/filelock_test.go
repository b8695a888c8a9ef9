package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestTake(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.lock")
	if err := os.WriteFile(name, nil, 0o600); err != nil { // of a killed program
		t.Fatal(err)
	}
	unlock, err := Take(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(name); !errors.Is(err, ErrHeld) {
		t.Errorf("a second lock: %v", err)
	}
	unlock()
	if _, err := os.Lstat(name); err == nil {
		t.Error("the file is still there")
	}
	if unlock, err = Take(name); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Take(name); !errors.Is(err, ErrInWay) {
		t.Errorf("a folder: %v", err)
	}
}
