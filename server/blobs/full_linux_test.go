package blobs

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"classsr/fault"
	"classsr/internal/smalldisk"
)

// A disk that is full refuses pictures, and harms none that are there.
func TestFullDisk(t *testing.T) {
	smalldisk.Run(t, "4m", func(folder string) { fullDisk(t, folder) })
}

func fullDisk(t *testing.T, folder string) {
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
