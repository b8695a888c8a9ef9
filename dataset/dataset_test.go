package dataset

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr"
	"classsr/imageio"
	"classsr/metric"
	"classsr/picture"
	"classsr/resample"
	"classsr/tensor"
)

// writePicture writes a picture of waves, fine ones to the right, and gives it.
func writePicture(t testing.TB, path string, width, height int, seed uint64) *picture.Picture {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	p := picture.New(width, height, 3, false, 8)
	plane := make([]float32, width*height)
	for c := range 3 {
		for i := range plane {
			x, y := float64(i%width), float64(i/width)
			plane[i] = float32(0.5 + 0.3*math.Sin(x*x/2000+float64(seed))*math.Cos(y/9+float64(c)) + 0.05*random.Float64()*x/float64(width))
		}
		p.WritePlane(plane, c, p.Bounds())
	}
	var b bytes.Buffer
	if err := imageio.Encode(&b, p, "png", imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// settings are small ones with bicubic interpolation as the judge.
func settings(t testing.TB) PrepareOptions {
	t.Helper()
	model, err := classsr.Open(classsr.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	o := PrepareOptions{Settings: PaperSettings(4), Model: model, Threads: 2}
	o.Factors, o.Judge = []float64{1, 0.7}, model.Name()
	return o
}

func TestPatchesAreThoseOfThePictures(t *testing.T) {
	folder := t.TempDir()
	hr := writePicture(t, filepath.Join(folder, "in", "a.png"), 301, 263, 1)
	writePicture(t, filepath.Join(folder, "in", "deeper", "small.png"), 120, 300, 2)
	path := filepath.Join(folder, "data.sr")
	o := settings(t)
	summary, err := Prepare(context.Background(), []string{filepath.Join(folder, "in")}, path, o)
	if err != nil {
		t.Fatal(err)
	}
	// 75x65 LR pixels: 0, 16, 32 and the edges 43 and 33; at 0.7 52x46: 0, 16, 20 and 0, 14.
	if want := 4*4 + 3*2; summary.Patches != want || summary.Pictures != 1 || len(summary.Skipped) != 1 {
		t.Fatalf("%+v, want %d patches", summary, want)
	}
	store, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if hr, err = hr.CropToMultiple(4); err != nil {
		t.Fatal(err)
	}
	lr, err := resample.Reduce(hr, 4, resample.Published)
	if err != nil {
		t.Fatal(err)
	}
	up, err := o.Model.Upscaler(classsr.Options{Scale: 4})
	if err != nil {
		t.Fatal(err)
	}
	judged, _, err := up.Upscale(context.Background(), lr)
	if err != nil {
		t.Fatal(err)
	}
	batch := store.Sampler(nil, 1, 0).NewBatch()
	for i, at := range []image.Point{{0, 0}, {16, 0}, {32, 0}, {43, 0}, {0, 16}} {
		if err := store.Load(batch.LR, batch.HR, 0, i); err != nil {
			t.Fatal(err)
		}
		comparePatch(t, batch.LR, lr, at, 32)
		comparePatch(t, batch.HR, hr, at.Mul(4), 128)
		want, err := metric.PSNR(cutOut(hr, at.Mul(4), 128), cutOut(judged, at.Mul(4), 128), 0)
		if got := float64(store.patches[i].psnr); err != nil || math.Abs(got-want) > 1e-4 {
			t.Errorf("patch %d has %v dB, want %v (%v)", i, got, want, err)
		}
	}
	classes, between := store.Split(3)
	for class, patches := range classes {
		if n := len(patches); n < store.Len()/3-1 || n > store.Len()/3+1 {
			t.Errorf("class %d has %d of %d patches", class, n, store.Len())
		}
	}
	// High PSNR is easy.
	if !(between[0] > between[1]) || store.patches[classes[0][0]].psnr < store.patches[classes[2][0]].psnr {
		t.Errorf("thresholds %v", between)
	}
}

func comparePatch(t *testing.T, got *tensor.Tensor, p *picture.Picture, at image.Point, side int) {
	t.Helper()
	plane := make([]float32, side*side)
	for c := range 3 {
		p.ReadPlane(plane, c, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))})
		if !slices.Equal(plane, got.Plane(0, c)) {
			t.Errorf("the patch at %v differs from the picture", at)
		}
	}
}

func cutOut(p *picture.Picture, at image.Point, side int) metric.Image {
	var pix []byte
	for y := at.Y; y < at.Y+side; y++ {
		pix = append(pix, p.Pix8[(y*p.Width+at.X)*3:][:3*side]...)
	}
	return metric.Bytes(side, side, 3, pix)
}

// However often a run is broken off, and with however many threads, the file has the same bytes.
func TestPrepareIsResumed(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	for i, name := range []string{"a.png", "b.png", "c.png"} {
		writePicture(t, filepath.Join(in, name), 200+10*i, 180, uint64(i))
	}
	if err := os.WriteFile(filepath.Join(in, "broken.png"), []byte("\x89PNG\r\n\x1a\nno"), 0o600); err != nil {
		t.Fatal(err)
	}
	writePicture(t, filepath.Join(in, "d.png"), 200, 180, 0) // a.png again
	o := settings(t)
	want := filepath.Join(folder, "want.sr")
	o.Threads = 1
	summary, err := Prepare(context.Background(), []string{in}, want, o)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Pictures != 3 || len(summary.Skipped) != 2 || !strings.Contains(summary.Skipped[1].Error, "the same file as in/a.png") {
		t.Errorf("%+v", summary)
	}
	got := filepath.Join(folder, "got.sr")
	o.Threads = 3
	resumed := 0
	o.Note = func(text string) {
		if strings.Contains(text, "continuing") {
			resumed++
		}
	}
	for stopAt := 2; ; stopAt += 3 {
		ctx, cancel := context.WithCancel(context.Background())
		o.Progress = func(done, _, _ int) {
			if done == stopAt {
				cancel()
			}
		}
		_, err := Prepare(ctx, []string{in}, got, o)
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		// A kill may leave half a record.
		f, err := os.OpenFile(got+".partial", os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString("dced of a record")
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if resumed < 2 {
		t.Errorf("resumed %d times", resumed)
	}
	a, errA := os.ReadFile(want)
	b, errB := os.ReadFile(got)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("the files differ (%v, %v)", errA, errB)
	}
	// Other settings begin anew.
	if err := os.Rename(got, got+".partial"); err != nil {
		t.Fatal(err)
	}
	o.Progress, o.Factors, resumed = nil, []float64{1}, 0
	if _, err := Prepare(context.Background(), []string{in}, got, o); err != nil || resumed != 0 {
		t.Errorf("resumed with other settings (%v)", err)
	}
}

func TestFlatPatchesAreThinned(t *testing.T) {
	folder := t.TempDir()
	p := picture.New(512, 512, 3, false, 8)
	var b bytes.Buffer
	if err := imageio.Encode(&b, p, "png", imageio.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "flat.png"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	o := settings(t)
	o.Factors, o.Thin = []float64{1}, 10
	summary, err := Prepare(context.Background(), []string{folder}, filepath.Join(folder, "data.sr"), o)
	if err != nil || summary.Patches != 5 || summary.Thinned != 44 {
		t.Errorf("%+v, %v", summary, err)
	}
	if summary.Thresholds[0] != maxPSNR {
		t.Errorf("equal patches have %v dB", summary.Thresholds[0])
	}
}

func TestSamplerDrawsEveryPatchOnce(t *testing.T) {
	folder := t.TempDir()
	writePicture(t, filepath.Join(folder, "a.png"), 301, 263, 1)
	path := filepath.Join(folder, "data.sr")
	if _, err := Prepare(context.Background(), []string{folder}, path, settings(t)); err != nil {
		t.Fatal(err)
	}
	store, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	s := store.Sampler(nil, 2, 7)
	seen := map[int32]int{}
	for i := range 3 * store.Len() {
		seen[s.patch(i)]++
	}
	for i := range store.Len() {
		if seen[int32(i)] != 3 {
			t.Errorf("patch %d was drawn %d times in three rounds", i, seen[int32(i)])
		}
	}
	// Any batch can be had at any time.
	a, b := s.NewBatch(), s.NewBatch()
	fresh := store.Sampler(nil, 2, 7)
	for n := range 20 {
		if err := errors.Join(s.Load(context.Background(), a, n), fresh.Load(context.Background(), b, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Load(context.Background(), a, 3), store.Sampler(nil, 2, 7).Load(context.Background(), b, 3)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.HR.Data, b.HR.Data) || !slices.Equal(a.LR.Data, b.LR.Data) {
		t.Error("a batch depends on what was drawn before")
	}
}

func TestTurnsAreTheEightOfASquare(t *testing.T) {
	seen := map[string]bool{}
	for how := range 8 {
		x := tensor.New(tensor.Shape{N: 1, C: 1, H: 20, W: 20})
		for i := range x.Data {
			x.Data[i] = float32(i)
		}
		turn(x, 0, how)
		corners := [4]float32{x.Data[0], x.Data[19], x.Data[380], x.Data[399]}
		seen[tensor.FormatDims([]int{int(corners[0]), int(corners[1]), int(corners[2]), int(corners[3])})] = true
		slices.Sort(x.Data)
		for i, v := range x.Data {
			if v != float32(i) {
				t.Fatalf("turn %d lost sample %d", how, i)
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d different turns", len(seen))
	}
}

func TestDamagedDataIsAnError(t *testing.T) {
	folder := t.TempDir()
	writePicture(t, filepath.Join(folder, "a.png"), 301, 263, 1)
	path := filepath.Join(folder, "data.sr")
	if _, err := Prepare(context.Background(), []string{folder}, path, settings(t)); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bad := slices.Clone(good)
		at := len(bad) - 1 - random.IntN(700) // in the table or behind it
		if random.IntN(2) == 0 {
			bad = bad[:at]
		} else {
			bad[at] ^= byte(1 + random.IntN(255))
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(path); err == nil {
			_ = s.Close()
			t.Fatalf("damage at %d of %d was not seen", at, len(good))
		} else if !strings.Contains(err.Error(), path) {
			t.Fatalf("%v does not name the file", err)
		}
	}
	for _, text := range []string{"", "x", strings.Repeat("x", 1000), fileMagic, fileMagic + strings.Repeat("\xff", trailerSize)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%q was taken for data", text)
		}
	}
}
