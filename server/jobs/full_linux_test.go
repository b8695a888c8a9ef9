package jobs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/fault"
	"classsr/internal/smalldisk"
)

// With a full disk jobs are refused and wait, and go on when there is room again.
func TestFullDisk(t *testing.T) {
	smalldisk.Run(t, "4m", func(folder string) { fullDisk(t, folder) })
}

func fullDisk(t *testing.T, folder string) {
	path := filepath.Join(folder, "jobs.db")
	table := open(t, path, Options{})
	large := strings.Repeat("x", 100_000) // more than the file has room for without growing
	begun, filled := make(chan bool), make(chan bool)
	waits, ends := add(t, table, job("b", 2)), add(t, table, job("a", 1))
	_ = waits
	ballast := filepath.Join(folder, "ballast")
	runs(t, table, 0, runner(func(_ context.Context, j Job, _ Told) (Result, error) {
		if j.ID == ends.ID {
			begun <- true
			<-filled
		}
		return Result{Bytes: 1, Report: []byte(`"` + large + `"`)}, nil
	}), func() {
		<-begun
		waitFor(t, table, waits, Done)
		_ = os.WriteFile(ballast, make([]byte, 4<<20), 0o600) // as much as there is room for
		more := job("c", 3)
		more.Name = large
		_, _, err := table.Add(more, "")
		kind(t, "a job for a full disk", err, fault.Unavailable)
		if fault.Disk(err) == nil || len(table.keys) != 0 || table.held["c"] != 0 {
			t.Errorf("what is left of it: %v %v: %v", table.keys, table.held, err)
		}
		close(filled)
		for !table.Stats().Paused { // until the end of the run could not be written
			time.Sleep(time.Millisecond)
		}
		state(t, table, ends, Running)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		waitFor(t, table, ends, Done)
		if _, _, err := table.Add(more, ""); err != nil {
			t.Errorf("with room again: %v", err)
		}
	})
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	// One that is there opens on a full disk, too.
	_ = os.WriteFile(ballast, make([]byte, 4<<20), 0o600)
	table = open(t, path, Options{})
	defer func() { _ = table.db.Close() }()
	state(t, table, ends, Done)
	if table.Aside() != "" {
		t.Error("a full disk counts as damage")
	}
	_, err := Open(filepath.Join(folder, "other.db"), Options{})
	kind(t, "a new table on a full disk", err, fault.Unavailable)
}
