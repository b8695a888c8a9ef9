package kernel

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestForcedKernelsAreNeverReplaced(t *testing.T) {
	t.Setenv(Environment, "sse9")
	if name, err := Select(); err == nil || !strings.Contains(err.Error(), "generic") {
		t.Errorf("got %q and error %v, want an error that lists what there is", name, err)
	}
	for _, name := range available {
		t.Setenv(Environment, name)
		if got, err := Select(); err != nil || got != name {
			t.Errorf("forced %q, got %q and error %v", name, got, err)
		}
	}
	t.Setenv(Environment, "")
	if got, err := Select(); err != nil || got != available[0] {
		t.Errorf("unforced, got %q and error %v; want the best, %q", got, err, available[0])
	}
}

// guard surrounds the memory of planes: a kernel that writes it, or lets it into a result, is caught.
const guard = -12345.5

// guarded makes planes of h x w random numbers with guards between and around them.
func guarded(r *rand.Rand, count, h, w int) (planes []Plane, check func() bool) {
	stride, gap := w+3, 7
	size := gap + h*stride
	memory := make([]float32, count*size+gap)
	inside := make([]bool, len(memory))
	for i := range memory {
		memory[i] = guard
	}
	for c := range count {
		first := c*size + gap
		for y := range h {
			for x := range w {
				memory[first+y*stride+x] = float32(r.NormFloat64())
				inside[first+y*stride+x] = true
			}
		}
		planes = append(planes, Plane{memory[first : first+(h-1)*stride+w], stride})
	}
	return planes, func() bool {
		for i, v := range memory {
			if !inside[i] && v != guard {
				return false
			}
		}
		return true
	}
}

func at(p Plane, y, x int) float64 { return float64(p.Data[y*p.Stride+x]) }

func near(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-4*(1+math.Abs(want))
}

func TestConvIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		perIn, perOut := rapid.IntRange(1, 6).Draw(t, "in"), rapid.IntRange(1, 5).Draw(t, "out")
		in, out := perIn*groups, perOut*groups
		size, stride := rapid.IntRange(1, 5).Draw(t, "size"), rapid.IntRange(1, 4).Draw(t, "stride")
		h, w := rapid.IntRange(1, 5).Draw(t, "h"), rapid.IntRange(1, 40).Draw(t, "w")
		slopes := rapid.SampledFrom([]int{0, 1, out}).Draw(t, "slopes")
		weight, bias, slope := random(r, out*perIn*size*size), random(r, out), random(r, slopes)
		if slopes == 0 {
			slope = nil
		}
		src, srcSafe := guarded(r, in, (h-1)*stride+size, (w-1)*stride+size)
		dst, dstSafe := guarded(r, out, h, w)
		var residual []Plane
		if rapid.Bool().Draw(t, "residual") {
			residual, _ = guarded(r, out, h, w)
		}
		NewConv(in, out, size, stride, groups, weight, bias, slope).Run(dst, h, w, src, residual, &Gather{})
		for o := range out {
			for y := range h {
				for x := range w {
					want := float64(bias[o])
					for i := range perIn {
						for k := range size * size {
							want += float64(weight[(o*perIn+i)*size*size+k]) *
								at(src[o/perOut*perIn+i], y*stride+k/size, x*stride+k%size)
						}
					}
					if residual != nil {
						want += at(residual[o], y, x)
					}
					if slope != nil && want < 0 {
						want *= float64(slope[o%slopes])
					}
					if got := dst[o].Data[y*dst[o].Stride+x]; !near(got, want) {
						t.Fatalf("plane %d at %d,%d: %g, want %g", o, y, x, got, want)
					}
				}
			}
		}
		if !srcSafe() || !dstSafe() {
			t.Fatal("memory around the planes was written")
		}
	})
}

func TestDeconvIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		in, out := rapid.IntRange(1, 5).Draw(t, "in"), rapid.IntRange(1, 4).Draw(t, "out")
		stride := rapid.IntRange(1, 4).Draw(t, "stride")
		size := rapid.IntRange(stride, 9).Draw(t, "size")
		pad := rapid.IntRange(0, size-1).Draw(t, "pad")
		h, w := rapid.IntRange(1, 9).Draw(t, "h"), rapid.IntRange(1, 30).Draw(t, "w")
		y0, x0 := rapid.IntRange(0, 20).Draw(t, "y0"), rapid.IntRange(0, 20).Draw(t, "x0")
		weight, bias := random(r, in*out*size*size), random(r, out)
		d := NewDeconv(in, out, size, stride, pad, weight, bias)
		// Source positions from farBack on, farther than anything reads.
		const farBack = -20
		src, srcSafe := guarded(r, in, 60, 80)
		dst, dstSafe := guarded(r, out, h, w)
		seen := make([]Plane, in)
		sy, sx := d.Source(y0), d.Source(x0)
		for i := 1; i < stride; i++ { // later phases may start earlier
			sy, sx = min(sy, d.Source(y0+i)), min(sx, d.Source(x0+i))
		}
		for i := range seen {
			seen[i] = src[i].From(sy-farBack, sx-farBack)
		}
		d.Run(dst, y0, x0, h, w, seen, sy, sx, &Gather{})
		for o := range out {
			for y := range h {
				for x := range w {
					want := float64(bias[o])
					for i := range in {
						for ky := range size {
							for kx := range size {
								ny, nx := y0+y+pad-ky, x0+x+pad-kx
								if mod(ny, stride) == 0 && mod(nx, stride) == 0 {
									want += float64(weight[((i*out+o)*size+ky)*size+kx]) * at(src[i], ny/stride-farBack, nx/stride-farBack)
								}
							}
						}
					}
					if got := dst[o].Data[y*dst[o].Stride+x]; !near(got, want) {
						t.Fatalf("plane %d at %d,%d: %g, want %g", o, y, x, got, want)
					}
				}
			}
		}
		if !srcSafe() || !dstSafe() {
			t.Fatal("memory around the planes was written")
		}
	})
}

func random(r *rand.Rand, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func BenchmarkConv3x3(b *testing.B) {
	const channels, size = 64, 64
	r := rand.New(rand.NewPCG(1, 1))
	for _, groups := range []int{1, 4} {
		b.Run(map[int]string{1: "dense", 4: "groups4"}[groups], func(b *testing.B) {
			src, _ := guarded(r, channels, size+2, size+2)
			dst, _ := guarded(r, channels, size, size)
			c := NewConv(channels, channels, 3, 1, groups, random(r, channels*channels/groups*9), random(r, channels), []float32{0})
			for b.Loop() {
				c.Run(dst, size, size, src, nil, &Gather{})
			}
			macs := float64(channels*channels/groups*9) * size * size
			b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}
