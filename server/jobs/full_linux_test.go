package jobs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"classsr/fault"
)

// TestFullDisk fills a small disk, which is mounted where only a process of its own sees it; where that is not allowed, the test is skipped.
func TestFullDisk(t *testing.T) {
	const inside = "JOBS_TEST_FULL_DISK"
	folder := os.Getenv(inside)
	if folder == "" {
		folder = t.TempDir()
		if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", folder).CombinedOutput(); err != nil {
			t.Skipf("no disks can be mounted: %v %s", err, out)
		}
		cmd := exec.Command("unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=4m tmpfs "$0" && exec "$1" -test.run 'TestFullDisk$' -test.count 1`, folder, os.Args[0])
		cmd.Env = append(os.Environ(), inside+"="+folder)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
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
