package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestWeightSumIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		perIn, perOut := rapid.IntRange(1, 20).Draw(t, "in"), rapid.IntRange(1, 15).Draw(t, "out")
		pad := rapid.IntRange(0, 2).Draw(t, "pad")
		shape := Shape{In: perIn * groups, Out: perOut * groups, Size: 2*pad + 1, Stride: 1, Pad: pad, Groups: groups}
		h, w, border := rapid.IntRange(1, 19).Draw(t, "h"), rapid.IntRange(1, 40).Draw(t, "w"), max(pad, 1)+rapid.IntRange(0, 1).Draw(t, "border")
		split := rapid.IntRange(0, shape.In-1).Draw(t, "planes of the first padded")
		pictures := rapid.IntRange(1, 6).Draw(t, "pictures")
		var wholes, dys []Padded
		var safe []func() bool
		for range pictures {
			whole, xSafe := randomPadded(r, shape.In, h, w, border)
			dy, dySafe := randomPadded(r, shape.Out, h, w, border)
			wholes, dys, safe = append(wholes, whole), append(dys, dy), append(safe, xSafe, dySafe)
		}
		set := anySet(t)
		sum := newWeightSum(set, shape, h, w, pictures)
		if sum == nil {
			t.Skip("the set has no such kernels")
		}
		sums := AlignedSlice(sum.Len())
		fill(sums, guard)
		scratch := &Scratch{}
		for piece := range sum.Pieces() {
			sum.Add(sums, piece, func(picture int) (Padded, []Padded) {
				x := wholes[picture]
				return dys[picture], []Padded{x.Planes(0, split), x.Planes(split, shape.In-split)}
			}, scratch)
		}
		const before = 3 // gradients are added to what is there
		gradient := make([]float32, weights(shape))
		fill(gradient, before)
		bias := make([]float32, shape.Out)
		fill(bias, before)
		sum.Gather(gradient, bias, sums, 0, shape.Out, scratch)
		for o, got := range bias {
			want := float64(before)
			for picture := range pictures {
				for y := range h {
					for column := range w {
						want += dys[picture].number(o, y, column)
					}
				}
			}
			if !near(got, want) {
				t.Fatalf("%s, tiled %v: bias %d: %g, want %g", set.name, sum.tiled, o, got, want)
			}
		}
		for i, got := range gradient {
			o, in, ky, kx := i/(perIn*shape.Size*shape.Size), i/(shape.Size*shape.Size)%perIn, i/shape.Size%shape.Size, i%shape.Size
			want := float64(before)
			for picture := range pictures {
				for y := range h {
					for column := range w {
						want += dys[picture].number(o, y, column) * wholes[picture].number(o/perOut*perIn+in, y+ky-pad, column+kx-pad)
					}
				}
			}
			// Products of tiles round at the size of all pixels.
			if limit := 2e-6 * float64(pictures*h*w+50); math.Abs(float64(got)-want) > limit {
				t.Fatalf("%s, tiled %v: weight %d: %g, want %g", set.name, sum.tiled, i, got, want)
			}
		}
		for _, s := range safe {
			if !s() {
				t.Fatal("memory around the padded was written")
			}
		}
	})
}

func BenchmarkWeightSum(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name                        string
		in, out, size, groups, h, w int
	}{
		{"64to64", 64, 64, 3, 1, 32, 32}, {"64to64groups4", 64, 64, 3, 4, 32, 32}, {"64to256groups4", 64, 256, 3, 4, 64, 64}, {"56to48", 56, 48, 3, 1, 32, 32},
		{"12to12", 12, 12, 3, 1, 32, 32}, {"3to56by5", 3, 56, 5, 1, 32, 32}, {"256to64by1", 256, 64, 1, 1, 32, 32}, {"56to12by1", 56, 12, 1, 1, 32, 32},
		{"64to3", 64, 3, 3, 1, 128, 128}, {"3to64", 3, 64, 3, 1, 32, 32}, {"48depthwise", 48, 48, 3, 48, 32, 32},
	} {
		const pictures = 16
		shape := Shape{In: c.in, Out: c.out, Size: c.size, Stride: 1, Pad: c.size / 2, Groups: c.groups}
		var x, dy []Padded
		for range pictures {
			p, _ := randomPadded(r, c.in, c.h, c.w, 2)
			q, _ := randomPadded(r, c.out, c.h, c.w, 2)
			x, dy = append(x, p), append(dy, q)
		}
		gradient := make([]float32, weights(shape))
		var scratch Scratch
		report := func(b *testing.B) {
			b.ReportMetric(float64(len(gradient)*c.h*c.w*pictures)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		}
		for _, set := range available {
			if set == generic {
				continue
			}
			b.Run(c.name+"/"+set.name+"/sum", func(b *testing.B) {
				sum := newWeightSum(set, shape, c.h, c.w, pictures)
				sums := AlignedSlice(sum.Len())
				for b.Loop() {
					for piece := range sum.Pieces() {
						sum.Add(sums, piece, func(i int) (Padded, []Padded) { return dy[i], x[i : i+1] }, &scratch)
					}
					sum.Gather(gradient, nil, sums, 0, shape.Out, &scratch)
				}
				report(b)
			})
			b.Run(c.name+"/"+set.name+"/dots", func(b *testing.B) {
				for b.Loop() {
					for i := range pictures {
						for _, part := range WeightParts(shape) {
							weightGradient(set, gradient, shape, part, dy[i], x[i:i+1], &scratch)
						}
					}
				}
				report(b)
			})
		}
	}
}
