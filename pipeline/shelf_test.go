package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/models"
	"classsr/scaling"
)

// Many pictures at once, each with its own choice and goal, become the files that they become without a shelf.
func TestShelvedModelsMakeTheSameFiles(t *testing.T) {
	inFolder(t)
	png(t, "in.png", branchtest.Patchwork(90, 60, 3, false, 8))
	half := 0.5
	run := func(m *Models, target scaling.Target, output string) error {
		p := &Pipeline{Models: m, Overwrite: true}
		if target.Given() {
			p.Sizing = &Sizing{Target: target, Models: m}
		}
		var l log
		if _, err := p.Run(context.Background(), NewWork(Job{Input: "in.png", Output: output}), &l); err != nil {
			return err
		}
		return errors.Join(l.errors...)
	}
	shelf := NewShelf(36 << 20) // for some of them
	var all sync.WaitGroup
	for i, c := range []struct {
		name    string
		denoise *float64
		choice  Choice
		target  scaling.Target
		options classsr.Options
	}{
		{choice: Choice{Fast: true}, options: classsr.Options{Budget: 70}},
		{choice: Choice{Fast: true}, options: classsr.Options{Quality: 0.5}},
		{choice: Choice{Fast: true}, target: scaling.Target{Scale: 2.5}},
		{choice: Choice{Fast: true}, options: classsr.Options{Mode: classsr.ModeFull}},
		{name: "fsrcnn-x3"},
		{name: "real-x4", denoise: &half},
		{name: classsr.Bicubic},
	} {
		own, err := (*Shelf)(nil).Choice(c.choice, c.options)
		if c.name != "" {
			own, err = (*Shelf)(nil).Named(c.name, c.denoise, c.options)
		}
		if err == nil {
			err = run(own, c.target, fmt.Sprintf("own%d.png", i))
		}
		if err != nil {
			t.Fatal(err)
		}
		for again := range 2 {
			all.Go(func() {
				m, err := shelf.Choice(c.choice, c.options)
				if c.name != "" {
					m, err = shelf.Named(c.name, c.denoise, c.options)
				}
				output := fmt.Sprintf("shelf%d-%d.png", i, again)
				if err == nil {
					err = run(m, c.target, output)
				}
				if err != nil {
					t.Error(err)
					return
				}
				got, errGot := os.ReadFile(output)
				want, errWant := os.ReadFile(fmt.Sprintf("own%d.png", i))
				if err := errors.Join(errGot, errWant); err != nil || !slices.Equal(got, want) {
					t.Errorf("%+v: another file (%v)", c, err)
				}
			})
		}
	}
	all.Wait()
	if shelf.bytes > shelf.most {
		t.Errorf("%d bytes are kept, %d may be", shelf.bytes, shelf.most)
	}
}

// The errors are those of models without a shelf, and nothing of them stays.
func TestShelvedErrors(t *testing.T) {
	half, shelf := 0.5, NewShelf(1<<30)
	for name, models := range map[string]func() (*Models, error){
		"file":  func() (*Models, error) { return shelf.Named("shelf_test.go", nil, classsr.Options{}) },
		"path":  func() (*Models, error) { return shelf.Named("../models/span-x4.safetensors", nil, classsr.Options{}) },
		"empty": func() (*Models, error) { return shelf.Named("", nil, classsr.Options{}) },
		"mode": func() (*Models, error) {
			return shelf.Named("carn-m-x4", nil, classsr.Options{Mode: classsr.ModePaper})
		},
		"goal":    func() (*Models, error) { return shelf.Named("carn-m-x4", nil, classsr.Options{Budget: 50}) },
		"denoise": func() (*Models, error) { return shelf.Named("carn-m-x4", &half, classsr.Options{}) },
		"denoise, clean": func() (*Models, error) {
			return shelf.Choice(Choice{Kind: models.Clean, Denoise: &half}, classsr.Options{})
		},
	} {
		if _, err := models(); fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for key := range shelf.kept {
		if k, ok := key.(modelKey); ok && k.name == "carn-m-x4" && k.denoise < 0 {
			continue // which can be opened
		}
		if k, ok := key.(readyKey); ok && k.mode == "" && k.name == "carn-m-x4" {
			continue // and be run, without a goal
		}
		t.Errorf("%+v is kept", key)
	}
}

// An Upscaler of the shelf is that of the model, with its own options.
func TestShelvedUpscalers(t *testing.T) {
	half, shelf := 0.5, NewShelf(1<<30)
	in := branchtest.Patchwork(40, 30, 3, false, 8)
	for name, denoise := range map[string]*float64{"real-x4": &half, "fsrcnn-x2": nil, classsr.Bicubic: nil} {
		m, err := classsr.Open(name)
		if err == nil && denoise != nil {
			m, err = m.Denoised(*denoise)
		}
		if err != nil {
			t.Fatal(err)
		}
		own, err := m.Upscaler(classsr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		up, err := shelf.Upscaler(name, denoise, classsr.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		got, report, err := up.Upscale(t.Context(), in)
		want, _, errOwn := own.Upscale(t.Context(), in)
		if err := errors.Join(err, errOwn); err != nil || !slices.Equal(got.Pix8, want.Pix8) || report.Threads != 1 {
			t.Errorf("%s: another picture, by %d threads (%v)", name, report.Threads, err)
		}
	}
	for _, name := range []string{"", "shelf_test.go", "../models/span-x4.safetensors"} {
		if _, err := shelf.Upscaler(name, nil, classsr.Options{}); fault.KindOf(err) != fault.Usage {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What has a key is made once, by whoever comes first, and one after the other.
func TestShelfMakesOnce(t *testing.T) {
	shelf := NewShelf(100)
	var made, making atomic.Int64
	var all sync.WaitGroup
	for first := range 20 {
		all.Go(func() {
			for key := range 5 {
				key = (key + first) % 5
				got, err := fromShelf(shelf, key, func() (int, int64, error) {
					made.Add(1)
					if making.Add(1) > 1 {
						t.Error("two are made at a time")
					}
					for range 1000 {
						runtime.Gosched()
					}
					making.Add(-1)
					return 7 * key, 10, nil
				})
				if got != 7*key || err != nil {
					t.Errorf("%d gives %d, %v", key, got, err)
				}
			}
		})
	}
	all.Wait()
	if n := made.Load(); n != 5 || shelf.bytes != 50 {
		t.Errorf("made %d times, %d bytes are kept", n, shelf.bytes)
	}
}

// A mistake in making something ends who made it, and is not kept.
func TestShelfOutlivesPanics(t *testing.T) {
	shelf := NewShelf(100)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = fromShelf(shelf, "a", func() (int, int64, error) { panic("mistake") })
	}()
	if got, err := fromShelf(shelf, "a", func() (int, int64, error) { return 3, 1, nil }); got != 3 || err != nil {
		t.Errorf("then it gives %d, %v", got, err)
	}
}

// What was used last stays, as much as there is room for.
func TestShelfKeepsWhatWasUsedLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 100
		shelf, used := NewShelf(most), []int(nil) // the last one last
		size := func(key int) int64 { return int64(key * 13 % 61) }
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			key := rapid.IntRange(1, 12).Draw(t, "key")
			made := false
			if _, err := fromShelf(shelf, key, func() (int, int64, error) { made = true; return key, size(key), nil }); err != nil {
				t.Fatal(err)
			}
			was := slices.Contains(used, key)
			if made == was {
				t.Fatalf("%d was kept: %t, and was made: %t", key, was, made)
			}
			used = append(slices.DeleteFunc(used, func(k int) bool { return k == key }), key)
			for sumOf(used, size) > most {
				used = used[1:]
			}
			if shelf.bytes != sumOf(used, size) || shelf.order.Len() != len(used) || len(shelf.kept) != len(used) {
				t.Fatalf("%d bytes of %d are kept, want %v", shelf.bytes, shelf.order.Len(), used)
			}
		}
	})
}

func sumOf(keys []int, size func(int) int64) (sum int64) {
	for _, k := range keys {
		sum += max(size(k), 1)
	}
	return sum
}

// Models take no more memory than is counted for them.
func TestShelfCountsEnough(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, name := range []string{"fsrcnn-x4", "span-x4", "real-x4"} {
		shelf := NewShelf(1 << 30)
		before := heap()
		m, err := shelf.Named(name, nil, classsr.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if took := heap() - before; took > shelf.bytes || took < shelf.bytes/4 {
			t.Errorf("%s takes %d bytes, %d are counted", name, took, shelf.bytes)
		}
		runtime.KeepAlive(m)
	}
}
