package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// directDense is the loop of denseArgs' comment.
func directDense(in, out int, weight, bias []float32, slope float32, src []float32) []float32 {
	dst := make([]float32, out)
	for o := range dst {
		sum := bias[o]
		for k := range in {
			sum += float32(src[k] * weight[o*in+k])
		}
		if sum < 0 {
			sum *= slope
		}
		dst[o] = sum
	}
	return dst
}

// Not near, but the same bits.
func TestDenseHasTheBitsOfItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		in, out := rapid.IntRange(1, 150).Draw(t, "in"), rapid.IntRange(1, 200).Draw(t, "out")
		positions, apart := rapid.IntRange(1, 30).Draw(t, "positions"), in+rapid.IntRange(0, 20).Draw(t, "apart")
		slope := rapid.SampledFrom([]float32{1, 0.1, 0, -0.3}).Draw(t, "slope")
		weight, bias, src := random(r, in*out), random(r, out), random(r, positions*apart)
		for range rapid.IntRange(0, 5).Draw(t, "specials") {
			src[r.IntN(len(src))] = []float32{0, float32(math.Copysign(0, -1)), 1e-44, -1e-39, 1e30, -3e19}[r.IntN(6)]
			weight[r.IntN(len(weight))] = []float32{0, 1e-44, 1e7}[r.IntN(3)]
		}
		for _, set := range available {
			layer := newDense(set, in, out, weight, bias, slope)
			dst, safe := guardedRow(r, positions*layer.Width())
			layer.Run(dst, src, apart, positions, &Scratch{})
			for p := range positions {
				for o, want := range directDense(in, out, weight, bias, slope, src[p*apart:]) {
					if got := dst[p*layer.Width()+o]; math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("%s: result %d at position %d is %v, want %v", set.name, o, p, got, want)
					}
				}
			}
			if !safe() {
				t.Fatalf("%s: memory around the results was written", set.name)
			}
		}
	})
}

func BenchmarkDense(b *testing.B) {
	const positions = 64
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name    string
		in, out int
	}{{"48to128", 48, 128}, {"128to128", 128, 128}, {"128to32", 128, 32}} {
		for _, set := range available {
			b.Run(c.name+"/"+set.name, func(b *testing.B) {
				layer := newDense(set, c.in, c.out, random(r, c.in*c.out), random(r, c.out), 0.1)
				src, dst := random(r, positions*c.in), AlignedSlice(positions*layer.Width())
				var scratch Scratch
				for b.Loop() {
					layer.Run(dst, src, c.in, positions, &scratch)
				}
				b.ReportMetric(float64(c.in*c.out*positions)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
