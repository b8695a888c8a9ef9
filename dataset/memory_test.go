package dataset

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"classsr/internal/par"
)

// TestRoomIsNeverExceeded lets jobs of all sizes take memory, by many workers, and end in their order as those of Prepare do. None waits
// for ever.
func TestRoomIsNeverExceeded(t *testing.T) {
	const total, jobs = 100, 3000
	r := newRoom(total, 0)
	var held, worst atomic.Int64
	var mu sync.Mutex
	written, next := sync.NewCond(&mu), 0
	err := par.Do(context.Background(), 8, jobs, func(_, i int) error {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		rest := int64(0)
		if bytes := random.Int64N(total); i%5 != 0 { // others cannot be read
			if i%100 == 1 {
				bytes = 2 * total // alone
			}
			r.take(i, bytes)
			if now := held.Add(bytes); bytes <= total && now > worst.Load() {
				worst.Store(now)
			}
			rest = bytes / 10
			held.Add(rest - bytes)
			r.keep(i, rest)
		} else {
			r.keep(i, 0)
		}
		mu.Lock()
		for next != i {
			written.Wait()
		}
		next++
		written.Broadcast()
		mu.Unlock()
		held.Add(-rest) // before others may take it
		r.keep(i, 0)
		return nil
	})
	if err != nil || worst.Load() > total {
		t.Errorf("%d of %d bytes were taken, error %v", worst.Load(), total, err)
	}
	if r.free != total || len(r.taken) != 0 {
		t.Errorf("%d of %d bytes are left, %d jobs hold some", r.free, total, len(r.taken))
	}
}

// A run that fails wakes those that wait.
func TestClosedRoom(*testing.T) {
	r := newRoom(10, 0)
	r.take(0, 10)
	go r.close()
	r.take(1, 10)
	r.take(5, 10)
}

// Pictures that take too much memory are left out, whatever the number of threads, and the others are not.
func TestHugePicturesAreNotPrepared(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	writePicture(t, filepath.Join(in, "a.png"), 200, 180, 1)
	writePicture(t, filepath.Join(in, "b.png"), 900, 800, 2)
	writePicture(t, filepath.Join(in, "c.png"), 210, 180, 3)
	o := settings(t)
	o.Memory = 4 << 20
	for _, o.Threads = range []int{1, 4} {
		o.Overwrite = true
		summary, err := Prepare(context.Background(), []string{in}, filepath.Join(folder, "data.sr"), o)
		if err != nil {
			t.Fatal(err)
		}
		if summary.Pictures != 2 || len(summary.Skipped) != 1 || !strings.Contains(summary.Skipped[0].Error, "of memory, and only 4.2 MB may be used") {
			t.Errorf("%d threads: %+v", o.Threads, summary)
		}
	}
}
