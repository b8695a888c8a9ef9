package degrade

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"classsr/picture"
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
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), out.Pix8)
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
		d := degraded()
		change(d)
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
