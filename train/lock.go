package train

import (
	"errors"
	"fmt"
	"path/filepath"

	"classsr/fault"
	"classsr/internal/filelock"
)

// lockName is the file in the folder of a run that is locked while the run goes on.
const lockName = "run.lock"

// lock keeps others from training in the same folder: two runs would write into each other's log and checkpoints.
func (t *trainer) lock() error {
	unlock, err := filelock.Take(filepath.Join(t.Folder, lockName))
	switch {
	case errors.Is(err, filelock.ErrNoLock):
		t.Note(fmt.Sprintf("%s is on a file system without locks: see that no other classsr train uses it", t.Folder))
		return nil
	case errors.Is(err, filelock.ErrHeld):
		return fault.New(fault.Busy, "another classsr train is at work in %s: wait for it, or name another folder", t.Folder)
	case err != nil:
		return fmt.Errorf("cannot lock the folder of the run: %w", err)
	}
	t.unlock = unlock
	return nil
}
