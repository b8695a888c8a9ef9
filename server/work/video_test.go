package work

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio/y4m"
	"classsr/imageio/yuv"
	"classsr/pipeline"
	"classsr/server/jobs"
	"classsr/server/limits"
	"classsr/server/tokens"
)

// film is a video in which a stripe moves before what stands still.
func film(t *testing.T, width, height, frames int) []byte {
	t.Helper()
	h := y4m.Header{Width: width, Height: height, Rate: y4m.Ratio{Num: 25, Den: 1}, Format: y4m.Format{Depth: 8, Across: 2, Down: 2, Siting: y4m.Left}}
	c := yuv.New(h, yuv.BT601, 1)
	var out bytes.Buffer
	w, err := y4m.NewWriter(&out, h)
	for i := range frames {
		p := branchtest.Patchwork(width, height, 3, false, 8)
		for y := range 8 {
			for x := range 24 {
				p.Pix8[(y*width+i)*3+x] = uint8(9 * x)
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

// A job of a video gives what the command gives, and tells of its frames.
func TestJobsOfVideos(t *testing.T) {
	b := newBench(t, nil)
	in := film(t, 96, 64, 6)
	j := b.job(b.keep(in), "fast", "true", "scale", "2", "matrix", "bt709")
	if j.Format != "y4m" || j.Ending != ".y4m" || j.Frames != 6 || j.OutWidth != 192 || j.Whole {
		t.Fatalf("%+v", j)
	}
	last := 0.0
	result, err := b.Run(t.Context(), j, jobs.Told{Progress: func(share float64) {
		if share < last || share > 1 {
			t.Errorf("%g is done after %g", share, last)
		}
		last = share
	}})
	if err != nil || last != 1 || result.View || result.Map {
		t.Fatalf("%+v, %g is done, %v", result, last, err)
	}
	var told pipeline.VideoResult
	if err := json.Unmarshal(result.Report, &told); err != nil || told.Frames != 6 || told.Matrix != yuv.BT709 || told.Output != "" {
		t.Errorf("%s is told (%v)", result.Report, err)
	}
	o, _ := orderOf(t, "fast", "true", "scale", "2", "matrix", "bt709")
	p, err := o.Pipeline(nil, budget.New(memory, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	v := o.Video(filepath.Join(folder, "in.y4m"), filepath.Join(folder, "out.y4m"))
	err = os.WriteFile(v.Input, in, 0o600)
	if err == nil {
		_, err = p.Video(t.Context(), v)
	}
	if err != nil {
		t.Fatal(err)
	}
	want, err1 := os.ReadFile(v.Output)
	got, err2 := os.ReadFile(b.Store.Result(j.ID, j.Ending))
	if err1 != nil || err2 != nil || !bytes.Equal(got, want) || int64(len(got)) != result.Bytes || result.Bytes != j.Bytes {
		t.Errorf("another video: %v, %v; %d bytes, %d told, %d forecast", err1, err2, len(got), result.Bytes, j.Bytes)
	}
	b.idle()
}

// What is no video that can be enlarged is refused before it is accepted, and what is not for videos, too.
func TestVideosThatAreRefused(t *testing.T) {
	b := newBench(t, func(l *limits.Limits) { l.MaxPixelsIn, l.MaxPixels = 96*64, 4*96*64 })
	good := film(t, 96, 64, 3)
	for name, c := range map[string]struct {
		in   []byte
		set  []string
		want fault.Kind
		says string
	}{
		"good":                  {good, []string{"scale", "2"}, "", ""},
		"named as a video":      {good, []string{"scale", "2", "format", "y4m", "each-alone", "", "no-reuse", ""}, "", ""},
		"interlaced":            {bytes.Replace(good, []byte(" Ip "), []byte(" It "), 1), nil, fault.Unsupported, "bwdif"},
		"interlaced later":      {bytes.Replace(good, []byte("FRAME\n"), []byte("FRAME It\n"), 1), nil, fault.Unsupported, "bwdif"},
		"cut off":               {good[:len(good)-9], nil, fault.Damaged, "within frame 3"},
		"another kind":          {bytes.Replace(good, []byte("C420mpeg2"), []byte("C411"), 1), nil, fault.Unsupported, "C411"},
		"a large frame":         {film(t, 98, 64, 1), []string{"scale", "2"}, fault.TooLarge, "frame"},
		"a large result":        {good, []string{"scale", "4"}, fault.TooLarge, "frame of the result"},
		"two passes":            {good, []string{"scale", "16"}, fault.Usage, "two and four"},
		"paper":                 {good, []string{"mode", "paper"}, fault.Usage, "single pictures"},
		"another format":        {good, []string{"format", "png"}, fault.Usage, "y4m"},
		"pages":                 {good, []string{"page", "2"}, fault.Usage, "page is for pictures"},
		"a picture as a video":  {file(t, branchtest.Patchwork(50, 40, 3, false, 8), "png"), []string{"format", "y4m"}, fault.Usage, "become a video"},
		"a picture with matrix": {file(t, branchtest.Patchwork(50, 40, 3, false, 8), "png"), []string{"matrix", "bt601"}, fault.Usage, "for videos"},
	} {
		first := b.First(c.in[:min(len(c.in), 600)])
		got, err := b.Store.Receive(bytes.NewReader(c.in), -1, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, _ := orderOf(t, c.set...)
		_, err = b.Judge(got.Path(), "clip.y4m", o)
		if fault.KindOf(err) != c.want && (err != nil || c.want != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v)", name, err, fault.KindOf(err))
		}
		if refused := name == "interlaced" || name == "another kind" || name == "a large frame"; refused != (first != nil) {
			t.Errorf("%s: by its first bytes: %v", name, first)
		}
		got.Discard()
	}
	b.idle()
}

// A video takes as long as its frames, and what would take too long is refused; it is not enlarged while somebody waits, and has no view.
func TestLongVideos(t *testing.T) {
	b := newBench(t, nil)
	o, _ := orderOf(t)
	one, long := b.keep(film(t, 96, 64, 1)), b.keep(film(t, 96, 64, 20))
	first, err := b.Judge(b.Store.Picture(one), "", o)
	if err != nil {
		t.Fatal(err)
	}
	all, err := b.Judge(b.Store.Picture(long), "", o)
	if err != nil || all.Seconds < 10*(first.Seconds-0.05) {
		t.Errorf("20 frames take %g s, and one %g s (%v)", all.Seconds, first.Seconds, err)
	}
	plan, err := b.Plan(t.Context(), tokens.Local(), b.Store.Picture(long), "", o)
	if err != nil || plan.Frames != 20 || len(plan.Points) != 1 {
		t.Errorf("the plan is %+v (%v)", plan, err)
	}
	if _, err := b.Direct(t.Context(), tokens.Local(), b.Store.Picture(one), "", o); fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "/v1/jobs") {
		t.Errorf("directly: %v", err)
	}
	if _, err := b.View(context.Background(), tokens.Local(), one, 96*64); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("a view: %v", err)
	}
	b.Limits.MaxJobTime = 1
	if _, err := b.Judge(b.Store.Picture(long), "", o); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "parts of it") {
		t.Errorf("too long: %v", err)
	}
	b.idle()
}
