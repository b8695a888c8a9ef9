package blobs

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"classsr/internal/par"
)

// TestKilled kills a process that receives pictures on several goroutines: all that were kept by its word are there and whole, whatever has a
// picture's name is that picture, and after the sweep nothing else is left.
func TestKilled(t *testing.T) {
	const inside = "BLOBS_TEST_KILLED"
	if folder := os.Getenv(inside); folder != "" {
		keepForEver(folder)
		return
	}
	folder := t.TempDir()
	kept := map[Sum]bool{}
	for range 5 {
		cmd := exec.Command(os.Args[0], "-test.run", "TestKilled$", "-test.count", "1")
		cmd.Env = append(os.Environ(), inside+"="+folder)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for left := 1 + rand.IntN(20); lines.Scan(); left-- {
			sum, err := ParseSum(lines.Text())
			if err != nil {
				t.Fatal(err, lines.Text())
			}
			kept[sum] = true
			if left == 0 {
				_ = cmd.Process.Kill() // what it has said before is still read
			}
		}
		_ = cmd.Wait() // killed
	}
	names, _ := files(t, filepath.Join(folder, picturesFolder))
	for _, name := range names {
		if sum, _, err := HashFile(name); err != nil || sum.String() != filepath.Base(name) {
			t.Errorf("%s holds %s: %v", name, sum, err)
		}
	}
	s, err := Open(folder, Options{Most: 1 << 30, disk: roomy})
	if err != nil {
		t.Fatal(err)
	}
	removed, _, err := s.Sweep(func(sum Sum) bool { return kept[sum] }, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d were kept, %d files removed", len(kept), removed)
	for sum := range kept {
		if _, err := os.Stat(s.Picture(sum)); err != nil {
			t.Error(err)
		}
	}
	if names, _ := files(t, folder); len(names) != len(kept) {
		t.Errorf("%d files are there, %d were kept", len(names), len(kept))
	}
	nothingPromised(t, s)
}

// keepForEver receives pictures and tells of each that was kept.
func keepForEver(folder string) {
	s, err := Open(folder, Options{Most: 1 << 30, disk: roomy})
	if err != nil {
		panic(err)
	}
	err = par.Start(4, func(int) error {
		for {
			r, err := s.Receive(bytes.NewReader(bytes.Repeat([]byte{byte(rand.Uint32())}, rand.IntN(3*chunk))), -1, nil)
			if err != nil {
				return err
			}
			if err := r.Keep(); err != nil {
				return err
			}
			if _, err := fmt.Println(r.Sum); err != nil {
				return err
			}
			r.Discard()
		}
	})()
	panic(err)
}
