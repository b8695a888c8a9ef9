package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/imageio"
	"classsr/infer"
	"classsr/picture"
)

// log is a Watcher that notes what it is told.
type log struct {
	lines   []string
	results []*Result
	errors  []error
	broken  error // what Finished returns
}

func (l *log) Started(j Job, at Position) {
	line := fmt.Sprintf("started %s %d of %d", j.Input, at.Index+1, at.Count)
	if at.Part > 0 {
		line += fmt.Sprintf(", part %d of %d", at.Part+1, at.Parts)
	}
	l.lines = append(l.lines, line)
}

func (l *log) Finished(r *Result) error {
	l.lines, l.results = append(l.lines, "finished "+r.Output), append(l.results, r)
	return l.broken
}

func (l *log) Skipped(j Job, why string) error {
	l.lines = append(l.lines, "skipped "+j.Input+": "+why)
	return nil
}

func (l *log) Failed(f Failure) error {
	l.lines, l.errors = append(l.lines, "failed "+f.Input), append(l.errors, f.Err)
	return nil
}

// png writes a picture as a file.
func png(t *testing.T, path string, p *picture.Picture) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := imageio.Encode(&b, p, imageio.PNG, imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with gives a Pipeline of a model.
func with(t *testing.T, m *classsr.Model, o classsr.Options) *Pipeline {
	t.Helper()
	up, err := m.Upscaler(o)
	if err != nil {
		t.Fatal(err)
	}
	return &Pipeline{Upscaler: up}
}

func open(t *testing.T, name string) *classsr.Model {
	t.Helper()
	m, err := classsr.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A picture that fails leaves nothing behind, and the others are done.
func TestRunGoesOnAfterAFailure(t *testing.T) {
	inFolder(t, "broken.png", "there_x2.png")
	data := png(t, "good.png", branchtest.Patchwork(20, 12, 3, false, 8))
	png(t, "there.png", branchtest.Patchwork(5, 5, 1, false, 8))
	if err := os.WriteFile("short.png", data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	request := Request{Args: []string{"broken.png", "missing.png", "short.png", "there.png", "good.png"}, Naming: Enlarged("x2", "")}
	work, err := request.Find(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before := names(t)
	var l log
	sum, err := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2}).Run(context.Background(), work, &l)
	if err != nil || sum.Failed != 4 || sum.Done != 1 || sum.Megapixels != 40*24/1e6 || sum.Seconds <= 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	want := []string{
		"started broken.png 1 of 5", "failed broken.png", "failed missing.png", "started short.png 3 of 5",
		"failed short.png", "failed there.png", "started good.png 5 of 5", "finished good_x2.png",
	}
	if !slices.Equal(l.lines, want) {
		t.Errorf("told %q, want %q", l.lines, want)
	}
	for i, part := range []string{"broken.png", "cannot read missing.png", "short.png", "there_x2.png exists already"} {
		if i >= len(l.errors) || !strings.Contains(l.errors[i].Error(), part) {
			t.Errorf("errors %v, want %s at %d", l.errors, part, i)
		}
	}
	if kind := fault.KindOf(l.errors[3]); kind != fault.Conflict {
		t.Errorf("an output that exists is of kind %s", kind)
	}
	if got, want := names(t), slices.Sorted(slices.Values(append(before, "good_x2.png"))); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if r := l.results[0]; r.Width != 20 || r.OutWidth != 40 || r.OutHeight != 24 || r.Seconds.Total <= 0 || r.Input != "good.png" {
		t.Errorf("result %+v", r)
	}
}

// names lists the files in the working folder.
func names(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestExistingOutputs(t *testing.T) {
	inFolder(t, "a_x2.png")
	png(t, "a.png", branchtest.Patchwork(9, 7, 3, false, 8))
	jobs := NewWork(Job{Input: "a.png", Output: "a_x2.png"})
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	p.SkipExisting = true
	var l log
	if n, err := p.Run(context.Background(), jobs, &l); n.Failed != 0 || err != nil || !slices.Equal(l.lines, []string{"skipped a.png: a_x2.png exists"}) {
		t.Errorf("%+v, %v, told %q", n, err, l.lines)
	}
	p.SkipExisting, p.Overwrite = false, true
	if n, err := p.Run(context.Background(), jobs, &log{}); n.Failed != 0 || err != nil {
		t.Errorf("%+v, %v", n, err)
	}
	if d, err := imageio.DecodeFile("a_x2.png", imageio.Limits{}); err != nil || d.Width != 18 {
		t.Errorf("it was not replaced: %v", err)
	}
}

func TestStreams(t *testing.T) {
	inFolder(t)
	in := png(t, "a.png", branchtest.Patchwork(9, 7, 3, false, 8))
	var out bytes.Buffer
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 3})
	p.In, p.Out = bytes.NewReader(in), &out
	if n, err := p.Run(context.Background(), NewWork(Job{Input: Std, Output: Std}), &log{}); n.Failed != 0 || err != nil {
		t.Fatalf("%+v, %v", n, err)
	}
	if d, err := imageio.Decode(out.Bytes(), imageio.Limits{}); err != nil || d.Width != 27 || d.Height != 21 {
		t.Errorf("what was written: %v", err)
	}
	p.In = strings.NewReader("no picture")
	var l log
	if n, err := p.Run(context.Background(), NewWork(Job{Input: Std, Output: Std}), &l); n.Failed != 1 || err != nil || !strings.Contains(l.errors[0].Error(), "standard input") {
		t.Errorf("%+v, %v: %v", n, err, l.errors)
	}
}

func TestRunEndsWithItsContextAndWatcher(t *testing.T) {
	inFolder(t)
	png(t, "a.png", branchtest.Patchwork(9, 7, 3, false, 8))
	jobs := NewWork(Job{Input: "a.png", Output: "1.png"}, Job{Input: "a.png", Output: "2.png"})
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 2})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Run(ctx, jobs, &log{}); !errors.Is(err, context.Canceled) || Exists("1.png") {
		t.Errorf("a cancelled run gives %v", err)
	}
	broken := errors.New("nobody listens")
	if _, err := p.Run(context.Background(), jobs, &log{broken: broken}); !errors.Is(err, broken) || Exists("2.png") {
		t.Errorf("error %v", err)
	}
}

// What an output cannot hold is refused before anything is computed, and before pixels are decoded.
func TestOutputsThatCannotBe(t *testing.T) {
	inFolder(t)
	png(t, "wide.png", picture.New(20000, 2, 3, false, 8))
	computed := false
	p := with(t, open(t, classsr.Bicubic), classsr.Options{Scale: 4, Progress: func(int, int) { computed = true }})
	for output, want := range map[string]string{
		"wide.jpg": "JPEG cannot store 80000x8", "wide.gif": ".gif files cannot be written", "wide": "no ending", "wide.png/wide.png": "cannot make the output folder",
	} {
		var l log
		if n, err := p.Run(context.Background(), NewWork(Job{Input: "wide.png", Output: output}), &l); n.Failed != 1 || err != nil || !strings.Contains(l.errors[0].Error(), want) {
			t.Errorf("%s: %+v, %v: %v, want %q", output, n, err, l.errors, want)
		}
	}
	if computed {
		t.Error("pixels were computed")
	}
}

func TestMapsOfClassesThatCannotBe(t *testing.T) {
	inFolder(t, "in.png", "there.png")
	classes := open(t, classsr.FastModel)
	for _, c := range []struct {
		model     *classsr.Model
		mode      infer.Mode
		file      string
		overwrite bool
		kind      fault.Kind // "" if it can be
	}{
		{classes, classsr.ModeRouted, "map.png", false, ""},
		{classes, classsr.ModePaper, "map.JSON", false, ""},
		{classes, classsr.ModeRouted, "map.jpg", false, fault.Usage},
		{classes, classsr.ModeRouted, "map", false, fault.Usage},
		{classes, classsr.ModeFull, "map.png", false, fault.Usage},
		{open(t, classsr.Bicubic), "", "map.png", false, fault.Usage},
		{classes, classsr.ModeRouted, "in.png", true, fault.Usage},
		{classes, classsr.ModeRouted, "./out.png", true, fault.Usage},
		{classes, classsr.ModeRouted, "there.png", false, fault.Conflict},
		{classes, classsr.ModeRouted, "there.png", true, ""},
	} {
		p := &Pipeline{Models: modelsOf(t, c.model, classsr.Options{Mode: c.mode}), RouteMap: c.file, Overwrite: c.overwrite}
		err := p.CheckRouteMap(Job{Input: "in.png", Output: "out.png"})
		if c.kind == "" && err != nil || c.kind != "" && (err == nil || fault.KindOf(err) != c.kind) {
			t.Errorf("%s, mode %s: error %v, want kind %q", c.file, c.mode, err, c.kind)
		}
	}
}

func TestMapsOfClasses(t *testing.T) {
	inFolder(t)
	png(t, "a.png", branchtest.Patchwork(90, 70, 3, false, 8))
	for _, file := range []string{"map.json", "map.png"} {
		p := with(t, open(t, classsr.FastModel), classsr.Options{Mode: classsr.ModeRouted})
		p.RouteMap, p.Overwrite = file, true
		if n, err := p.Run(context.Background(), NewWork(Job{Input: "a.png", Output: "b.png"}), &log{}); n.Failed != 0 || err != nil {
			t.Fatalf("%+v, %v", n, err)
		}
	}
	text, err := os.ReadFile("map.json")
	var m struct{ Width, Height int }
	if err != nil || json.Unmarshal(text, &m) != nil || m.Width != 90 || m.Height != 70 {
		t.Errorf("%s (%v)", text, err)
	}
	if d, err := imageio.DecodeFile("map.png", imageio.Limits{}); err != nil || d.Width < 90 || d.Height <= 70 { // a legend is below
		t.Errorf("the painted map: %v", err)
	}
}
