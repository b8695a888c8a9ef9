package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// guardByte surrounds bytes as guard does numbers.
const guardByte = 0xa5

// guardedBytes makes n bytes with guards around them.
func guardedBytes(n int) (s []byte, check func() bool) {
	const gap = 40
	memory := make([]byte, n+2*gap)
	for i := range memory {
		memory[i] = guardByte
	}
	return memory[gap:][:n:n], func() bool {
		for i, v := range memory {
			if (i < gap || i >= gap+n) && v != guardByte {
				return false
			}
		}
		return true
	}
}

// guardedRow makes n numbers with guards around them.
func guardedRow(r *rand.Rand, n int) (s []float32, check func() bool) {
	b, check := guarded(r, 1, 1, n)
	return b.Data[:n:n], check
}

func TestFloatsFromBytesIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		step, n := rapid.IntRange(1, 6).Draw(t, "step"), rapid.IntRange(1, 90).Draw(t, "n")
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			n += 2 * maxPixels
		}
		src := make([]byte, (n-1)*step+1)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		dst, dstSafe := guardedRow(r, n)
		set := anySet(t)
		floatsFromBytes(set, dst, src, step)
		for i, got := range dst {
			if want := float32(src[i*step]) / 255; math.Float32bits(got) != math.Float32bits(want) {
				t.Fatalf("%s: number %d is %v, want %v", set.name, i, got, want)
			}
		}
		if !dstSafe() {
			t.Fatal("memory around the result was written")
		}
	})
}

func TestBytesFromFloatsIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		step, n := rapid.IntRange(1, 6).Draw(t, "step"), rapid.IntRange(1, 90).Draw(t, "n")
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			n += 2 * maxPixels
		}
		channels := step
		if rapid.Bool().Draw(t, "some channels only") {
			channels = rapid.IntRange(1, step).Draw(t, "channels")
		}
		dst, dstSafe := guardedBytes((n-1)*step + channels)
		src := make([][]float32, channels)
		for c := range src {
			src[c], _ = guardedRow(r, n)
			for i := range src[c] {
				src[c][i] = r.Float32()*1.5 - 0.25
			}
		}
		set := anySet(t)
		bytesFromFloats(set, dst, step, src)
		for i, got := range dst {
			want := byte(guardByte) // what lies between is not touched
			if c := i % step; c < channels {
				want = byte(math.Floor(min(max(float64(src[c][i/step]), 0), 1)*255 + 0.5))
			}
			if got != want {
				t.Fatalf("%s: sample %d of pixel %d is %d, want %d", set.name, i%step, i/step, got, want)
			}
		}
		if !dstSafe() {
			t.Fatal("memory around the result was written")
		}
	})
}

// TestEverySample reads all samples at every step, and writes them back.
func TestEverySample(t *testing.T) {
	for _, set := range available {
		for step := 1; step <= maxChannels; step++ {
			src := make([]byte, 256*step)
			for i := range 256 {
				src[i*step] = byte(i)
			}
			planes := make([][]float32, step)
			for c := range planes {
				planes[c] = make([]float32, 256)
				floatsFromBytes(set, planes[c], src, step)
				for i, got := range planes[c] {
					if want := float32(i) / 255; got != want {
						t.Fatalf("%s, step %d: %d is read as %v, want %v", set.name, step, i, got, want)
					}
				}
			}
			dst := make([]byte, 256*step)
			bytesFromFloats(set, dst, step, planes)
			for i, got := range dst {
				if int(got) != i/step {
					t.Fatalf("%s, step %d: %d is written as %d", set.name, step, i/step, got)
				}
			}
		}
	}
}

// TestRoundingOfSamples writes the numbers around every point where one byte gives way to the next. All steps of the
// computation are monotone, so that what is right on both sides of these points is right for every number.
func TestRoundingOfSamples(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	numbers := []float32{
		nan, -nan, math.Float32frombits(0x7f800001), math.Float32frombits(0xffc12345), inf, -inf, 0, float32(math.Copysign(0, -1)),
		math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.MaxFloat32, -math.MaxFloat32, -1, -0.1, 256, 1e9,
		1, math.Nextafter32(1, 0), math.Nextafter32(1, 2), 1.5, 255.5 / 255,
	}
	for k := range 255 {
		v := float32((float64(k) + 0.5) / 255)
		below, above := math.Nextafter32(v, 0), math.Nextafter32(v, 1)
		numbers = append(numbers, math.Nextafter32(below, 0), below, v, above, math.Nextafter32(above, 1))
	}
	for len(numbers)%8 != 0 {
		numbers = append(numbers, nan)
	}
	for _, set := range available {
		for step := 1; step <= maxChannels; step++ {
			planes := make([][]float32, step)
			for c := range planes {
				planes[c] = append(numbers[c:len(numbers):len(numbers)], numbers[:c]...) // other numbers in each
			}
			got, want := make([]byte, step*len(numbers)), make([]byte, step*len(numbers))
			bytesFromFloats(set, got, step, planes)
			bytesFromFloatsGeneric(want, step, planes, 0)
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s, step %d: %v is written as %d, want %d", set.name, step, planes[i%step][i/step], got[i], want[i])
				}
			}
		}
	}
}

// A program that only reads and writes pictures calls no Select, and so does not learn of a name that is no set's.
func TestSamplesOfUnknownSet(t *testing.T) {
	t.Setenv(Environment, "sse9")
	if got := setForSamples(); got != generic {
		t.Errorf("got %s, want the pure Go kernels", got.name)
	}
}

func BenchmarkSamples(b *testing.B) {
	const width = 2040
	r := rand.New(rand.NewPCG(1, 1))
	for step := 1; step <= maxChannels; step++ {
		pixels := make([]byte, width*step)
		planes := make([][]float32, step)
		for c := range planes {
			planes[c] = make([]float32, width)
			for i := range planes[c] {
				planes[c][i] = r.Float32()
			}
		}
		for _, set := range available {
			b.Run(fmt.Sprintf("write%d/%s", step, set.name), func(b *testing.B) {
				for b.Loop() {
					bytesFromFloats(set, pixels, step, planes)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*width*step), "ns/sample")
			})
			b.Run(fmt.Sprintf("read%d/%s", step, set.name), func(b *testing.B) {
				for b.Loop() {
					for c := range planes {
						floatsFromBytes(set, planes[c], pixels[c:], step)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*width*step), "ns/sample")
			})
		}
	}
}
