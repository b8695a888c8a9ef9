package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/pipeline/journal"
)

// until waits for something to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within half a minute", what)
		}
	}
}

// heard is a log that may be asked while it is written.
type heard struct {
	mu sync.Mutex
	log
}

func (h *heard) Started(j Job, at Position) { h.mu.Lock(); defer h.mu.Unlock(); h.log.Started(j, at) }
func (h *heard) Finished(r *Result) error   { h.mu.Lock(); defer h.mu.Unlock(); return h.log.Finished(r) }
func (h *heard) Skipped(j Job, why string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.Skipped(j, why)
}
func (h *heard) Failed(f Failure) error { h.mu.Lock(); defer h.mu.Unlock(); return h.log.Failed(f) }

// count tells how many lines begin so.
func (h *heard) count(beginning string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range h.lines {
		if strings.HasPrefix(line, beginning) {
			n++
		}
	}
	return n
}

// watching starts to watch in, and gives what ends it.
func watching(t *testing.T, p *Pipeline, w Watcher) (end func() Summary) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var sum Summary
	var err error
	var running sync.WaitGroup
	running.Go(func() {
		sum, err = p.Watch(ctx, &Request{Args: []string{"in"}, Output: "out", Recursive: true, Naming: Enlarged("x2", "")}, w)
	})
	return func() Summary {
		cancel()
		start := time.Now()
		running.Wait()
		if err != nil || time.Since(start) > time.Second {
			t.Errorf("it ended after %v with %v", time.Since(start), err)
		}
		return sum
	}
}

// Pictures are enlarged when they are complete: those that are there, that are moved there, that are written bit by bit, in new folders.
func TestWatch(t *testing.T) {
	someFolder(t, "in/there.png", "moved.png", "in/sub/x.txt")
	data := png(t, "large.png", branchtest.Patchwork(90, 70, 3, false, 8))
	var h heard
	end := watching(t, with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}), &h)
	done := func(names ...string) func() bool {
		return func() bool {
			return !slices.ContainsFunc(names, func(name string) bool { return !Exists(filepath.Join("out", name)) })
		}
	}
	until(t, "a picture that is there", done("there_x2.png"))
	if err := os.Rename("moved.png", "in/sub/moved.png"); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create("in/slow.png")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range [][]byte{data[:len(data)/2], data[len(data)/2:]} {
		if i > 0 {
			time.Sleep(2 * settled) // a pause does not make it complete
		}
		if _, err := f.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("in/new/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	png(t, "in/new/deep/d.png", branchtest.Patchwork(9, 7, 3, false, 8))
	until(t, "pictures that arrive", done("sub/moved_x2.png", "slow_x2.png", "new/deep/d_x2.png"))
	until(t, "four finished", func() bool { return h.count("finished") == 4 })
	if sum := end(); sum.Done != 4 || sum.Failed != 0 {
		t.Errorf("%+v: %q", sum, h.lines)
	}
	// Later it is known what was done.
	var again heard
	end = watching(t, with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}), &again)
	until(t, "all known", func() bool { return again.count("skipped") == 4 })
	if sum := end(); sum.Done != 0 || sum.DoneBefore != 4 {
		t.Errorf("%+v: %q", sum, again.lines)
	}
}

// Where the system does not tell of changes, they are found all the same; what stays cut short is told of once.
func TestWatchWithoutNotices(t *testing.T) {
	someFolder(t, "in/a.png")
	if err := os.WriteFile("in/cut.png", []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes("in/cut.png", old, old); err != nil {
		t.Fatal(err)
	}
	var h heard
	v := newVigil(with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}), &Request{Args: []string{"in"}, Output: "out", Naming: Enlarged("x2", "")}, &h)
	v.notify, _ = fsnotify.NewWatcher()
	if v.notify == nil {
		t.Skip("there are no notices")
	}
	v.watchFolders([]string{"in", "missing"})
	if v.notify != nil {
		t.Fatal("a folder that cannot be watched does not end notices")
	}
	for range 2 {
		until(t, "a look", func() bool { return v.look(context.Background()) == nil && len(v.arriving) == 0 })
		if len(h.results) != 1 || len(h.errors) != 1 {
			t.Errorf("%q", h.lines)
		}
	}
	if wait := v.next(); wait < polling-time.Second || wait > polling {
		t.Errorf("the next look is in %v", wait)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := v.pause(ctx, time.Hour, 0); err == nil {
		t.Error("a pause does not end with its context")
	}
}

// While another run writes to the folder, watching waits. A picture that is written while it is read is no failure, since it will be read again.
func TestWatchWaits(t *testing.T) {
	someFolder(t, "in/a.png", "out/x")
	var h heard
	v := newVigil(with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}), &Request{Args: []string{"in"}, Output: "out", Naming: Enlarged("x2", "")}, &h)
	j, err := journal.Open("out", journal.Run{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		time.Sleep(settled)
		if err := v.look(context.Background()); err != nil || len(h.lines) > 0 || v.next() > polling {
			t.Errorf("%v, %q, the next look is in %v", err, h.lines, v.next())
		}
	}
	j.Close()
	if err := v.look(context.Background()); err != nil || h.count("finished") != 1 || v.busy {
		t.Errorf("%v, %q", err, h.lines)
	}
	p := &patient{Watcher: &h}
	if err := p.Failed(Failure{Err: errChanged}); err != nil || len(p.later) != 1 || len(h.errors) > 0 {
		t.Errorf("%v, %v, %v", err, p.later, h.errors)
	}
}
