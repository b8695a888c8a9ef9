package work

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"classsr/branch/branchtest"
	"classsr/budget"
	"classsr/fault"
	"classsr/imageio"
	"classsr/picture"
	"classsr/pipeline"
	"classsr/pipeline/order"
	"classsr/server/blobs"
	"classsr/server/jobs"
	"classsr/server/library"
	"classsr/server/limits"
	"classsr/server/tokens"
	"classsr/server/view"
)

const memory = 200 << 20

// bench is what tests work with.
type bench struct {
	*Works
	t   *testing.T
	log bytes.Buffer
}

func newBench(t *testing.T, change func(*limits.Limits)) *bench {
	t.Helper()
	b := &bench{t: t}
	store, err := blobs.Open(t.TempDir(), blobs.Options{Most: 1 << 30, KeepFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	models, err := library.Open(t.TempDir(), library.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := limits.Default()
	if change != nil {
		change(&l)
	}
	b.Works, err = New(Options{
		Budget: budget.New(memory, 2), Store: store, Library: models, Limits: l, Folder: filepath.Join(t.TempDir(), "direct"), Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// file is a picture as a file of a format.
func file(t *testing.T, p *picture.Picture, format string) []byte {
	t.Helper()
	return fileWith(t, p, format, imageio.EncodeOptions{})
}

// fileWith is file with more than the picture.
func fileWith(t *testing.T, p *picture.Picture, format string, o imageio.EncodeOptions) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(imageio.Encode(f, p, format, o), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keep stores a picture.
func (b *bench) keep(data []byte) blobs.Sum {
	b.t.Helper()
	got, err := b.Store.Receive(bytes.NewReader(data), int64(len(data)), b.First)
	if err == nil {
		err = got.Keep()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	defer got.Discard()
	return got.Sum
}

// orderOf makes an order of names and values, in turn.
func orderOf(t *testing.T, set ...string) (o order.Order, fields map[string]string) {
	t.Helper()
	fields = map[string]string{}
	for i := 0; i < len(set); i += 2 {
		if err := o.Set(set[i], set[i+1]); err != nil {
			t.Fatal(err)
		}
		fields[set[i]] = set[i+1]
	}
	return o, fields
}

// job judges a stored picture and makes a job of it.
func (b *bench) job(sum blobs.Sum, set ...string) jobs.Job {
	b.t.Helper()
	o, fields := orderOf(b.t, set...)
	judged, err := b.Judge(b.Store.Picture(sum), "cat.png", o)
	if err != nil {
		b.t.Fatal(err)
	}
	return jobs.Job{ID: "01JOB" + strings.ToUpper(sum.String()[:8]), Name: "cat.png", Picture: sum, Order: fields, Ending: judged.Ending, OutWidth: judged.OutWidth, OutHeight: judged.OutHeight, Model: judged.Model,
		Format: judged.Format, Frames: judged.Frames, Bytes: judged.ResultBytes}
}

// idle fails if something of the memory is still reserved.
func (b *bench) idle() {
	b.t.Helper()
	for _, part := range []*budget.Budget{b.Budget, b.direct} {
		if reserved, _ := part.InUse(); reserved != 0 {
			b.t.Errorf("%d bytes are still reserved", reserved)
		}
	}
}

// filesOf lists the files of results.
func (b *bench) filesOf(j jobs.Job) (names []string) {
	b.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(b.Store.Result(j.ID, j.Ending)))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimPrefix(e.Name(), j.ID))
	}
	return names
}

// enlargeAlone is what the pipeline makes of a file without a server.
func enlargeAlone(t *testing.T, data []byte, o order.Order, ending string) []byte {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in"), filepath.Join(folder, "out"+ending)
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := o.Pipeline(nil, budget.New(memory, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Single(context.Background(), pipeline.Job{Input: in, Output: out}); err != nil {
		t.Fatal(err)
	}
	result, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// A job's result is the file that the command makes, and what is told of it is true.
func TestRunMakesTheSameFile(t *testing.T) {
	b := newBench(t, nil)
	for name, c := range map[string]struct {
		data []byte
		set  []string
	}{
		"routed":     {file(t, branchtest.Patchwork(220, 180, 3, false, 8), "png"), []string{"fast", "true"}},
		"two passes": {file(t, branchtest.Patchwork(60, 50, 3, false, 8), "jpeg"), []string{"fast", "true", "scale", "10"}},
		"16 bits":    {file(t, branchtest.Patchwork(64, 48, 1, false, 16), "tiff"), []string{"model", "fsrcnn-x2"}},
		"alpha":      {file(t, branchtest.Patchwork(190, 190, 3, true, 8), "png"), []string{"model", "fsrcnn-x4", "format", "webp"}},
		"no network": {file(t, branchtest.Patchwork(900, 700, 3, false, 8), "png"), []string{"model", "bicubic", "scale", "1.5"}},
	} {
		j := b.job(b.keep(c.data), c.set...)
		var shares []float64
		var bands []jobs.Band
		result, err := b.Run(context.Background(), j, jobs.Told{
			Progress: func(share float64) { shares = append(shares, share) }, Band: func(band jobs.Band) { bands = append(bands, band) },
			Watched: func() bool { return true },
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		o, _ := orderOf(t, c.set...)
		got, err := os.ReadFile(b.Store.Result(j.ID, j.Ending))
		if err != nil || !bytes.Equal(got, enlargeAlone(t, c.data, o, j.Ending)) {
			t.Errorf("%s: another file than without a server (%v)", name, err)
		}
		sum, size, err := blobs.HashFile(b.Store.Result(j.ID, j.Ending))
		if err != nil || result.Sum != sum || result.Bytes != size || size != int64(len(got)) {
			t.Errorf("%s: told %s of %d bytes, it is %s of %d (%v)", name, result.Sum, result.Bytes, sum, size, err)
		}
		if len(shares) == 0 || !slices.IsSorted(shares) || shares[len(shares)-1] < 0.999 {
			t.Errorf("%s: progress %v", name, shares)
		}
		b.checkReport(name, j, result)
		b.checkViews(name, j, result, bands)
	}
	b.idle()
}

// checkReport fails if the report is not about the result, or names files of the server.
func (b *bench) checkReport(name string, j jobs.Job, result jobs.Result) {
	b.t.Helper()
	var told struct {
		Input, Output, Model string
		OutWidth             int `json:"out_width"`
		OutHeight            int `json:"out_height"`
	}
	if err := json.Unmarshal(result.Report, &told); err != nil || told.Input != "cat.png" || told.Output != "" || told.OutWidth != j.OutWidth || told.OutHeight != j.OutHeight || told.Model != j.Model && j.Model != "" {
		b.t.Errorf("%s: the report is %s (%v), the job %+v", name, result.Report, err, j)
	}
	if strings.Contains(string(result.Report), filepath.Dir(b.Store.Picture(j.Picture))) {
		b.t.Errorf("%s: the report names a file of the server: %s", name, result.Report)
	}
}

// checkViews fails if view, bands or map are missing, or do not fit together.
func (b *bench) checkViews(name string, j jobs.Job, result jobs.Result, bands []jobs.Band) {
	b.t.Helper()
	tiff := strings.HasPrefix(j.Ending, ".tif")
	if want := tiff || j.OutWidth*j.OutHeight >= view.Pixels; result.View != want || want != (len(bands) > 0) {
		b.t.Errorf("%s: %dx%d pixels have a view: %t, and %d bands", name, j.OutWidth, j.OutHeight, result.View, len(bands))
	}
	if _, err := os.Stat(b.Store.Result(j.ID, ".map.png")); errors.Is(err, fs.ErrNotExist) == result.Map {
		b.t.Errorf("%s: a map is told of: %t, but %v", name, result.Map, err)
	}
	if result.Map {
		data, err := os.ReadFile(b.Store.Result(j.ID, ".map.png"))
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(data)); err != nil {
			b.t.Errorf("%s: the map: %v", name, err)
		}
	}
	if !result.View {
		return
	}
	data, err := os.ReadFile(b.Store.Result(j.ID, view.Ending))
	if err != nil {
		b.t.Fatal(err)
	}
	shown, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	if whole, err := imageio.DecodeFile(b.Store.Result(j.ID, j.Ending), imageio.Limits{}); err != nil || (format == "png") != (whole.Alpha || tiff) {
		b.t.Errorf("%s: the view is a %s (%v)", name, format, err)
	} else if tiff {
		sameAs(b.t, name, shown, whole.Picture)
	}
	size, top := shown.Bounds().Size(), 0
	for _, band := range bands {
		part, err := jpeg.Decode(bytes.NewReader(band.JPEG))
		if err != nil || part.Bounds().Dx() != size.X || part.Bounds().Dy() != band.Height || band.Top != top || band.Width != size.X || band.Whole != size.Y {
			b.t.Errorf("%s: band of %v at %d of a view of %v (%v)", name, part.Bounds(), band.Top, size, err)
		}
		top += band.Height
	}
	if top != size.Y || max(size.X, size.Y) > view.Side {
		b.t.Errorf("%s: bands end at %d, the view has %v", name, top, size)
	}
}

// What Judge tells of a job is what becomes of it, without any memory of the budget.
func TestJudgeTellsWhatRunMakes(t *testing.T) {
	b := newBench(t, nil)
	held, err := b.Budget.Reserve(context.Background(), b.Budget.Memory())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	gray, colour := file(t, branchtest.Patchwork(50, 40, 1, false, 8), "png"), file(t, branchtest.Patchwork(50, 40, 3, false, 8), "jpeg")
	for _, c := range []struct {
		data                  []byte
		set                   []string
		width, height         int
		model, ending, format string
	}{
		{gray, nil, 200, 160, "span-x4", ".png", "png"},
		{colour, []string{"fast", "true"}, 200, 160, "fsrcnn-x4", ".jpg", "jpeg"},
		{colour, []string{"width", "75", "format", "tif"}, 75, 60, "", ".tif", "jpeg"},
		{gray, []string{"kind", "real"}, 200, 160, "real-x4", ".png", "png"},
		{gray, []string{"scale", "0.5"}, 25, 20, "", ".png", "png"},
	} {
		o, _ := orderOf(t, c.set...)
		sum := b.keep(c.data)
		got, err := b.Judge(b.Store.Picture(sum), "", o)
		if err != nil {
			t.Errorf("%v: %v", c.set, err)
			continue
		}
		if got.Width != 50 || got.Height != 40 || got.OutWidth != c.width || got.OutHeight != c.height || got.Ending != c.ending || got.Format != c.format || c.model != "" && got.Model != c.model {
			t.Errorf("%v: %+v", c.set, got)
		}
		if got.Seconds <= 0 || got.ResultBytes < int64(c.width*c.height) {
			t.Errorf("%v: %g seconds, %d bytes", c.set, got.Seconds, got.ResultBytes)
		}
	}
}

// What cannot be done is refused by Judge with the right kind, in words that name no file of the server.
func TestJudgeRefuses(t *testing.T) {
	b := newBench(t, func(l *limits.Limits) {
		l.MaxPixels, l.MaxPixelsIn, l.MaxJobTime = 4e6, 1e6, 5*time.Second
	})
	small := file(t, branchtest.Patchwork(50, 40, 3, false, 8), "png")
	for name, c := range map[string]struct {
		data []byte
		name string
		set  []string
		kind fault.Kind
		says string
	}{
		"text":           {[]byte("hello, this is no picture"), "a.png", nil, fault.Unsupported, "PNG"},
		"empty":          {nil, "a.png", nil, fault.Damaged, "empty"},
		"cut":            {small[:30], "a.png", nil, fault.Damaged, ""},
		"raw":            {small, "a.NEF", nil, fault.Unsupported, "raw"},
		"too large":      {file(t, picture.New(1200, 1000, 1, false, 8), "png"), "a.png", nil, fault.TooLarge, "1.2 megapixels"},
		"result":         {small, "a.png", []string{"scale", "60"}, fault.TooLarge, "7.2 megapixels"},
		"too long":       {file(t, picture.New(999, 1000, 1, false, 8), "png"), "", []string{"kind", "real", "scale", "2"}, fault.TooLarge, "about"},
		"format":         {file(t, picture.New(1, 70000/8, 1, false, 8), "png"), "", []string{"scale", "8", "model", "bicubic", "format", "jpg"}, fault.Unsupported, "JPEG"},
		"no such page":   {small, "", []string{"page", "2"}, fault.Usage, ""},
		"model, classes": {small, "", []string{"model", "carn-m-x4", "budget", "50"}, fault.Usage, "carn-m-x4"},
		"paper, size":    {small, "", []string{"mode", "paper", "width", "300"}, fault.Usage, "paper"},
	} {
		path := filepath.Join(t.TempDir(), "0123abcd")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		o, _ := orderOf(t, c.set...)
		_, err := b.Judge(path, c.name, o)
		if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, of kind %s", name, err, fault.KindOf(err))
		}
		if err != nil && strings.Contains(err.Error(), "0123abcd") {
			t.Errorf("%s: it names the file: %v", name, err)
		}
	}
	if err := b.First(file(t, picture.New(1200, 1000, 1, false, 8), "png")[:100]); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("the first bytes of a picture that is too large: %v", err)
	}
	for _, first := range [][]byte{nil, small[:20], []byte("hello"), small} {
		if err := b.First(first); err != nil {
			t.Errorf("%d first bytes: %v", len(first), err)
		}
	}
}

// A job that fails says why, without the server's names, and leaves nothing: no files, no memory.
func TestRunFails(t *testing.T) {
	b := newBench(t, nil)
	whole := file(t, branchtest.Patchwork(300, 200, 3, false, 8), "png")
	damaged := slices.Clone(whole)
	for i := len(damaged) / 2; i < len(damaged)/2+40; i++ {
		damaged[i] ^= 0x55
	}
	stopped, stop := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		ctx  context.Context
		data []byte
		told jobs.Told
		kind fault.Kind
		set  []string // besides fast
	}{
		"damaged": {context.Background(), damaged, jobs.Told{}, fault.Damaged, nil},
		"mistake": {context.Background(), whole, jobs.Told{Progress: func(share float64) {
			if share > 0.3 {
				panic("a mistake")
			}
		}}, fault.Internal, nil},
		"mistake in the first of two passes": {context.Background(), whole, jobs.Told{Progress: func(float64) { panic("a mistake") }}, fault.Internal, []string{"scale", "8"}},
		"stopped":                            {stopped, whole, jobs.Told{Progress: func(float64) { stop() }}, fault.Internal, nil},
	} {
		j := b.job(b.keep(c.data), append([]string{"fast", "true"}, c.set...)...)
		_, err := b.Run(c.ctx, j, c.told)
		if fault.KindOf(err) != c.kind || name == "stopped" && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, of kind %s", name, err, fault.KindOf(err))
		}
		if err != nil && strings.Contains(err.Error(), j.Picture.String()) {
			t.Errorf("%s: it names a file of the server: %v", name, err)
		}
		if files := b.filesOf(j); len(files) > 0 {
			t.Errorf("%s: it leaves %v", name, files)
		}
		b.idle()
	}
	if !strings.Contains(b.log.String(), "a mistake") || !strings.Contains(b.log.String(), "work_test.go") {
		t.Errorf("the log does not tell of the mistake: %s", &b.log)
	}
}

// Small pictures are done at once, while a job has all the memory, and leave nothing when they are released.
func TestDirect(t *testing.T) {
	b := newBench(t, nil)
	held, err := b.Budget.Reserve(context.Background(), b.Budget.Memory())
	if err != nil {
		t.Fatal(err)
	}
	data := file(t, branchtest.Patchwork(120, 90, 3, false, 8), "png")
	o, _ := orderOf(t, "fast", "true")
	path := b.Store.Picture(b.keep(data))
	done, err := b.Direct(context.Background(), tokens.Local(), path, "cat.png", o)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(done.Path)
	if err != nil || !bytes.Equal(got, enlargeAlone(t, data, o, ".png")) {
		t.Errorf("another file than without a server (%v)", err)
	}
	if done.OutWidth != 480 || done.OutHeight != 360 || done.Ending != ".png" || done.Report.Input != "cat.png" || done.Report.Output != "" || done.Report.Model != "fsrcnn-x4" {
		t.Errorf("%+v, report %+v", done, done.Report)
	}
	done.Release()
	held.Release()
	large := b.Store.Picture(b.keep(file(t, picture.New(1200, 1000, 3, false, 8), "png")))
	if _, err := b.Direct(context.Background(), tokens.Local(), large, "", o); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "/v1/jobs") {
		t.Errorf("a large picture: %v", err)
	}
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, err := b.Direct(gone, tokens.Local(), path, "", o); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody who is gone: %v", err)
	}
	if left, err := os.ReadDir(b.Folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	b.idle()
}

// Each model of the program is listed, with what the command tells of it.
func TestModels(t *testing.T) {
	all := newBench(t, nil).Models()
	defaults := 0
	for _, m := range all {
		if m.Default {
			defaults++
		}
		if m.Name != "bicubic" && (m.Kind == "" || m.Licence == "") || len(m.Scales) == 0 {
			t.Errorf("%+v", m)
		}
		if m.Name == "span-x4" && (len(m.Classes) < 2 || !m.Default) {
			t.Errorf("%+v", m)
		}
	}
	if defaults != 1 || len(all) < 5 {
		t.Errorf("%d of %d models are the default", defaults, len(all))
	}
}
