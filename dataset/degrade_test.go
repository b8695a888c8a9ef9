package dataset

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"classsr/fault"
	"classsr/picture"
	"classsr/tensor"
)

// degraded is a degradation of all kinds.
func degraded() *Degradation {
	d := &Degradation{
		JPEG:  &JPEG{Quality: [2]int{30, 95}, Share: 0.8, Subsampling: [3]float64{0.5, 0.3, 0.2}},
		Noise: &Noise{Sigma: [2]float64{1, 8}, Share: 0.5},
		Blur:  &Blur{Sigma: [2]float64{0.3, 1.2}, Share: 0.5},
		Seed:  7, Variants: 2,
	}
	d.SetDefaults()
	return d
}

// Degraded data is the same with other threads and after a stop; HR is that of clean data, and each variant is degraded otherwise.
func TestDegradedDataIsReproduced(t *testing.T) {
	folder := t.TempDir()
	in := filepath.Join(folder, "in")
	for _, name := range []string{"a.png", "b.png"} {
		writePicture(t, filepath.Join(in, name), 203, 181, uint64(name[0]))
	}
	prepare := func(name string, change func(*PrepareOptions)) *Store {
		t.Helper()
		o := settings(t)
		o.Degradation = degraded()
		change(&o)
		path := filepath.Join(folder, name)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if name == "stopped" {
			o.Progress = func(done, _, _ int) {
				if done == 3 {
					cancel()
				}
			}
			if _, err := Prepare(ctx, []string{in}, path, o); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			o.Progress = nil
		}
		if _, err := Prepare(context.Background(), []string{in}, path, o); err != nil {
			t.Fatal(err)
		}
		store, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	store := prepare("one", func(o *PrepareOptions) { o.Threads = 1 })
	prepare("stopped", func(o *PrepareOptions) { o.Threads = 3 })
	other := prepare("other", func(o *PrepareOptions) { o.Degradation.Seed = 8 })
	clean := prepare("clean", func(o *PrepareOptions) { o.Degradation = nil })
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read("one"), read("stopped")) {
		t.Error("threads or a stop change the data")
	}
	if !store.Degradation().Same(other.Degradation()) || store.Degradation().Same(clean.Degradation()) || clean.Degradation() != nil {
		t.Error("the data does not tell how it is degraded")
	}
	if store.Len() != 2*clean.Len() || len(store.meta.Entries) != 2*len(clean.meta.Entries) {
		t.Fatalf("%d patches in %d entries, of clean ones %d", store.Len(), len(store.meta.Entries), clean.Len())
	}
	side := store.Patch()
	lr := tensor.New(tensor.Shape{N: 4, C: 3, H: side, W: side})
	hr := tensor.New(tensor.Shape{N: 4, C: 3, H: 4 * side, W: 4 * side})
	n := clean.meta.Entries[0].Patches // of the first picture at its full size; then come those of its second variant
	for k, from := range []struct {
		store *Store
		patch int
	}{{clean, 0}, {store, 0}, {store, n}, {other, 0}} {
		if err := from.store.Load(lr, hr, k, from.patch); err != nil {
			t.Fatal(err)
		}
	}
	of := func(b *tensor.Tensor, k int) []float32 { return b.Data[k*len(b.Data)/4 : (k+1)*len(b.Data)/4] }
	for k := range 4 {
		if !slices.Equal(of(hr, k), of(hr, 0)) {
			t.Errorf("HR %d is degraded", k)
		}
		for i := range k {
			if slices.Equal(of(lr, k), of(lr, i)) {
				t.Errorf("LR %d and %d are the same", i, k)
			}
		}
	}
	if got := store.meta.Entries[1]; got.Variant != 1 || got.Factor != 1 {
		t.Errorf("%+v", got)
	}
	if !slices.ContainsFunc(store.meta.Entries, func(e entry) bool { return len(e.Degraded) > 0 }) {
		t.Error("no entry tells what was done to it")
	}
}

// Shares, ranges and orders are as asked for.
func TestDrawsOfDegradations(t *testing.T) {
	d := degraded()
	const n = 4000
	counts, firsts := map[string]int{}, map[string]int{}
	for i := range n {
		steps := d.draw(d.draws(strings.Repeat("x", i%7), 1, i))
		for k, s := range steps {
			name, _, _ := strings.Cut(s.String(), " ")
			counts[name]++
			if k == 0 && len(steps) == 3 {
				firsts[name]++
			}
			switch s := s.(type) {
			case jpegStep:
				counts[s.subsampling.String()]++
				if s.quality < 30 || s.quality > 95 {
					t.Fatalf("%v", s)
				}
			case noiseStep:
				if s.sigma < 1 || s.sigma > 8 {
					t.Fatalf("%v", s)
				}
			case blurStep:
				if s.sigma < 0.3 || s.sigma > 1.2 {
					t.Fatalf("%v", s)
				}
			}
		}
	}
	for name, share := range map[string]float64{"JPEG": 0.8, "noise": 0.5, "blur": 0.5, "4:2:0": 0.4, "4:2:2": 0.24, "4:4:4": 0.16} {
		if got := float64(counts[name]) / n; math.Abs(got-share) > 0.03 {
			t.Errorf("%s: a share of %v, want %v", name, got, share)
		}
	}
	for _, name := range []string{"JPEG", "noise", "blur"} {
		if all := 0.2 * n; math.Abs(float64(firsts[name])/all-1.0/3) > 0.06 {
			t.Errorf("%s comes first %d times of %v", name, firsts[name], all)
		}
	}
}

// gray makes a picture of one colour with a bright dot.
func gray(width, height int) *picture.Picture {
	p := picture.New(width, height, 3, false, 8)
	for i := range p.Pix8 {
		p.Pix8[i] = 100
	}
	return p
}

// Noise has its deviation and no mean; blur spreads a dot as a Gaussian does, by the rounding of two passes.
func TestNoiseAndBlur(t *testing.T) {
	p := gray(200, 100)
	noisy, err := noiseStep{5, 1}.apply(p)
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for i, v := range noisy.Pix8 {
		d := float64(v) - float64(p.Pix8[i])
		sum, squares = sum+d, squares+d*d
	}
	n := float64(len(p.Pix8))
	if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.1 || math.Abs(deviation-5) > 0.1 {
		t.Errorf("noise of mean %v and deviation %v", mean, deviation)
	}
	dot := picture.New(31, 21, 3, false, 8)
	dot.Pix8[(10*31+15)*3] = 255
	blurred, err := blurStep{1}.apply(dot)
	if err != nil {
		t.Fatal(err)
	}
	for y := range 21 {
		for x := range 31 {
			dx, dy := float64(x-15), float64(y-10)
			want := 255 / (2 * math.Pi) * math.Exp(-(dx*dx+dy*dy)/2)
			if got := float64(blurred.Pix8[(y*31+x)*3]); math.Abs(got-want) > 1 {
				t.Errorf("(%d, %d): %v, want %.2f", x, y, got, want)
			}
		}
	}
	even, err := blurStep{9}.apply(gray(5, 3)) // which reaches far beyond it
	if err != nil || slices.Max(even.Pix8) != 100 || slices.Min(even.Pix8) != 100 {
		t.Errorf("an even picture becomes %v (%v)", even.Pix8, err)
	}
}

// The bits are the same on every machine. The sum is of our own making: it shows changes.
func TestBitsOfDegradations(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	p := picture.New(67, 45, 3, false, 8)
	for i := range p.Pix8 {
		p.Pix8[i] = byte(i/50) + byte(random.IntN(20))
	}
	sum := uint32(0)
	for variant := range 20 {
		out, done, err := degraded().Degrade(p, "a", 0.7, variant)
		if err != nil || out.Width != p.Width || out.Height != p.Height {
			t.Fatalf("%v (%v)", done, err)
		}
		sum = crc32.Update(sum, castagnoli, out.Pix8)
	}
	const want = 0x743da4f9
	if sum != want {
		t.Errorf("%#x, want %#x", sum, want)
	}
}

func TestBadDegradations(t *testing.T) {
	for want, change := range map[string]func(*Degradation){
		"at least one":              func(d *Degradation) { *d = Degradation{Variants: 1} },
		"variants":                  func(d *Degradation) { d.Variants = 33 },
		"a quality from 0":          func(d *Degradation) { d.JPEG.Quality[0] = 0 },
		"a quality from 96":         func(d *Degradation) { d.JPEG.Quality[0] = 96 },
		"must add up to 1":          func(d *Degradation) { d.JPEG.Subsampling[0] = math.NaN() },
		"jpeg: a share":             func(d *Degradation) { d.JPEG.Share = 1.5 },
		"noise: a sigma":            func(d *Degradation) { d.Noise.Sigma[1] = math.Inf(1) },
		"noise: a share":            func(d *Degradation) { d.Noise.Share = math.NaN() },
		"blur: a sigma from 2 to 1": func(d *Degradation) { d.Blur.Sigma = [2]float64{2, 1} },
	} {
		s := PaperSettings(4)
		s.Degradation = degraded()
		change(s.Degradation)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Usage {
			t.Errorf("%s: %v", want, err)
		}
	}
}
