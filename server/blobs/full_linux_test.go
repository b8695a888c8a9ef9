package blobs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"classsr/fault"
)

// TestFullDisk fills a small disk, which is mounted where only a process of its own sees it; where that is not allowed, the test is skipped.
func TestFullDisk(t *testing.T) {
	const inside = "BLOBS_TEST_FULL_DISK"
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
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(rand.Uint32()) //nolint:gosec // no secret
	}
	s, err := Open(folder, Options{Most: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := diskOf(folder); err != nil || d.size != 4<<20 || d.free != 4<<20 {
		t.Errorf("the disk has %+v: %v", d, err)
	}
	first := receive(t, s, content)
	if err := first.Keep(); err != nil {
		t.Fatal(err)
	}
	first.Discard()
	// With a bound that is not kept in mind, as if another program had filled the disk meanwhile.
	for name, disk := range map[string]func(string) (disk, error){"told": diskOf, "not told": roomy} {
		s.disk = disk
		for range 3 {
			_, err := s.Receive(bytes.NewReader(append([]byte("x"), content...)), -1, nil)
			if fault.KindOf(err) != fault.Unavailable || name == "not told" && !errors.Is(err, unix.ENOSPC) {
				t.Errorf("%s: %v", name, err)
			}
		}
		nothingPromised(t, s)
	}
	s.disk = diskOf
	if sum, _, err := HashFile(s.Picture(first.Sum)); err != nil || sum != first.Sum {
		t.Errorf("the picture before is %s: %v", sum, err)
	}
	if err := s.RemovePicture(first.Sum); err != nil {
		t.Fatal(err)
	}
	again := receive(t, s, content[1:])
	if err := again.Keep(); err != nil {
		t.Error(err)
	}
	again.Discard()
	nothingPromised(t, s)
}
