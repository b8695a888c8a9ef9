package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/infer"
)

// stripes is a video of so many frames in which a stripe moves before what stands still, and of which some frames are the one before.
func stripes(t *testing.T, width, height, frames int) []byte {
	t.Helper()
	h := y4m.Header{Width: width, Height: height, Rate: y4m.Ratio{Num: 25, Den: 1}, Format: y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}}
	c := yuv.New(h, yuv.BT601, 1)
	var out bytes.Buffer
	w, err := y4m.NewWriter(&out, h)
	for i := range frames {
		p := branchtest.Patchwork(width, height, 3, false, 8)
		at := 3 * (10 + i - i%3)
		for y := range 10 {
			for x := range 36 {
				p.Pix8[y*3*width+at+x] = uint8(9 * x)
			}
		}
		f := h.NewFrame()
		if err == nil {
			err = c.ToFrame(t.Context(), f, p)
		}
		if err == nil {
			err = w.Write(f)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fast is a Pipeline with small networks that have classes.
func fast(t *testing.T) *Pipeline {
	t.Helper()
	model, err := classsr.Open("fsrcnn-x2")
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModels(model, classsr.Options{Scale: 2, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return &Pipeline{Models: m, Threads: 1, Overwrite: true}
}

// runMakers are Runs by other Pipelines.
type runMakers struct {
	t     *testing.T
	count atomic.Int32
	spoil func(r *Run) error
}

func (*runMakers) AtATime() int { return 3 }

func (o *runMakers) EnlargeRun(ctx context.Context, r *Run, progress func(float64)) (*VideoResult, error) {
	o.count.Add(1)
	progress(0.5)
	result, err := fast(o.t).Video(ctx, Video{Input: r.Input, Output: r.Output, Matrix: r.Matrix})
	if err == nil && o.spoil != nil {
		err = o.spoil(r)
	}
	return result, err
}

// A video that is enlarged in runs by others is the same, and is told as the same.
func TestVideosInRuns(t *testing.T) {
	folder := t.TempDir()
	in, here, there := filepath.Join(folder, "in.y4m"), filepath.Join(folder, "here.y4m"), filepath.Join(folder, "there.y4m")
	const frames = mostFrames*2 + 5
	if err := os.WriteFile(in, stripes(t, 128, 64, frames), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := fast(t).Video(t.Context(), Video{Input: in, Output: here})
	if err != nil {
		t.Fatal(err)
	}
	runs := &runMakers{t: t}
	last := 0
	told := func(done, count int) {
		if done < last || count != frames {
			t.Errorf("frame %d of %d after %d", done, count, last)
		}
		last = done
	}
	got, err := fast(t).Video(t.Context(), Video{Input: in, Output: there, Runs: runs, Told: told})
	if err != nil {
		t.Fatal(err)
	}
	one, err1 := os.ReadFile(here)
	other, err2 := os.ReadFile(there)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(one, other) {
		t.Errorf("it is another one (%v)", err)
	}
	if runs.count.Load() != 3 || last != frames {
		t.Errorf("%d runs, %d frames", runs.count.Load(), last)
	}
	if got.Frames != want.Frames || got.Scenes != want.Scenes || got.ClassChanges != want.ClassChanges || got.Model != want.Model || got.MACsFull != want.MACsFull {
		t.Errorf("%+v is told, and %+v of the same here", got, want)
	}
	if got.Reused > want.Reused || got.Reused < want.Reused-0.05 || got.MACs < want.MACs || got.MACs > want.MACs+want.MACs/4 {
		t.Errorf("%g is kept with %d multiply-accumulates, and here %g with %d", got.Reused, got.MACs, want.Reused, want.MACs)
	}
}

// An error of a run, or of the video, ends all of it, and nothing stays.
func TestRunsThatFail(t *testing.T) {
	good := stripes(t, 64, 64, mostFrames+3)
	for name, c := range map[string]struct {
		in    []byte
		spoil func(*Run) error
		says  string
	}{
		"a run":           {good, func(*Run) error { return fault.New(fault.Internal, "no machine is left") }, "no machine is left"},
		"another form":    {good, func(r *Run) error { return os.WriteFile(r.Output, stripes(t, 64, 32, 1), 0o600) }, "another form"},
		"too few frames":  {good, func(r *Run) error { return os.Truncate(r.Output, 5000) }, "within frame 1"},
		"no result":       {good, func(r *Run) error { return os.Remove(r.Output) }, "no such file"},
		"the video":       {good[:len(good)-10], nil, "within frame 67"},
		"no frame at all": {good[:bytes.IndexByte(good, '\n')+1], nil, "no frame"},
	} {
		folder := t.TempDir()
		p := fast(t)
		p.In = bytes.NewReader(c.in)
		out := filepath.Join(folder, "out.y4m")
		_, err := p.Video(t.Context(), Video{Input: Std, Output: out, Folder: t.TempDir(), Runs: &runMakers{t: t, spoil: c.spoil}})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: %v is left", name, left)
		}
	}
}

// A video of which no more comes does not keep what is to end, by an interrupt or an error, from ending.
func TestRunsEndWhilePipesWait(t *testing.T) {
	begun := stripes(t, 64, 64, mostFrames+3)
	for name, spoil := range map[string]func(*Run) error{"an interrupt": nil, "a run": func(*Run) error { return fault.New(fault.Internal, "no machine is left") }} {
		ctx, cancel := context.WithCancel(t.Context())
		in, to := io.Pipe()
		p := fast(t)
		p.In = in
		go func() {
			_, _ = to.Write(begun) // and nothing more
			if spoil == nil {
				cancel()
			}
		}()
		ended := make(chan error, 1)
		go func() {
			_, err := p.Video(ctx, Video{Input: Std, Output: filepath.Join(t.TempDir(), "out.y4m"), Folder: t.TempDir(), Runs: &runMakers{t: t, spoil: spoil}})
			ended <- err
		}()
		select {
		case err := <-ended:
			if spoil == nil && !errors.Is(err, context.Canceled) || spoil != nil && fault.KindOf(err) != fault.Internal {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: it waits for the rest", name)
		}
		cancel()
		_ = to.Close()
	}
}

// Notes that cannot be right are errors.
func TestWrongNotes(t *testing.T) {
	h := y4m.Header{Width: 64, Height: 64, Format: y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}}
	for note, says := range map[string]string{"x": "decided", infer.Decision{Classes: []byte{7}}.Text(): "classes"} {
		var in bytes.Buffer
		w, err := y4m.NewWriter(&in, h)
		if err != nil {
			t.Fatal(err)
		}
		f := h.NewFrame()
		f.Note = note
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
		p := fast(t)
		p.In, p.Out = &in, &bytes.Buffer{}
		if _, err := p.Video(t.Context(), Video{Input: Std, Output: Std}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", note, err)
		}
	}
}
