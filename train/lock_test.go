package train

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"classsr/fault"
	"classsr/internal/filelock"
)

func TestOneRunAFolder(t *testing.T) {
	folder := t.TempDir()
	first := &trainer{Options: Options{Folder: folder}}
	if err := first.lock(); err != nil {
		t.Fatal(err)
	}
	second := &trainer{Options: Options{Folder: folder, Resume: true}}
	if err := second.lock(); fault.KindOf(err) != fault.Busy {
		t.Errorf("a second run in the folder: %v", err)
	}
	second.close()
	first.close()
	if err := second.lock(); err != nil {
		t.Errorf("after the first run: %v", err)
	}
	second.close()
}

func TestRunInALockedFolder(t *testing.T) {
	r, o := tinyRun(t)
	if err := os.MkdirAll(o.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	unlock, err := filelock.Take(filepath.Join(o.Folder, lockName))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Run(context.Background(), r, o); fault.KindOf(err) != fault.Busy {
		t.Errorf("a run in a folder where another goes on: %v", err)
	}
}
