package kernel

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// randomPadded makes padded planes of random numbers with guards before and behind what it may be read from.
func randomPadded(r *rand.Rand, c, h, w, border int) (s Padded, check func() bool) {
	n := PaddedLen(c, h, w, border)
	memory := make([]float32, n+2*Line)
	fill(memory, guard)
	s = Padded{Data: memory[Line : Line+n], C: c, H: h, W: w, Border: border}
	clear(s.Data)
	for plane := range c {
		for y := range h {
			copy(s.Row(plane, y), random(r, w))
		}
	}
	return s, func() bool {
		for i, v := range memory {
			if (i < Line || i >= Line+n) && v != guard {
				return false
			}
		}
		return true
	}
}

// number is a pixel of padded planes, 0 outside.
func (s Padded) number(c, y, x int) float64 {
	if y < 0 || y >= s.H || x < 0 || x >= s.W {
		return 0
	}
	return float64(s.Row(c, y)[x])
}

func TestWeightGradientIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		perIn, perOut := rapid.IntRange(1, 7).Draw(t, "in"), rapid.IntRange(1, 6).Draw(t, "out")
		pad := rapid.IntRange(0, 2).Draw(t, "pad")
		shape := Shape{In: perIn * groups, Out: perOut * groups, Size: 2*pad + 1, Stride: 1, Pad: pad, Groups: groups}
		h, w, border := rapid.IntRange(1, 7).Draw(t, "h"), rapid.IntRange(1, 40).Draw(t, "w"), pad+rapid.IntRange(0, 1).Draw(t, "border")
		split := rapid.IntRange(0, shape.In-1).Draw(t, "planes of the first padded")
		whole, xSafe := randomPadded(r, shape.In, h, w, border)
		x := []Padded{whole.Planes(0, split), whole.Planes(split, shape.In-split)}
		dy, dySafe := randomPadded(r, shape.Out, h, w, border)
		part := WeightPart{FirstOut: rapid.IntRange(0, shape.Out-1).Draw(t, "first"), FirstIn: rapid.IntRange(0, perIn-1).Draw(t, "first in")}
		part.EndOut = rapid.IntRange(part.FirstOut+1, shape.Out).Draw(t, "end")
		part.EndIn = rapid.IntRange(part.FirstIn+1, perIn).Draw(t, "end in")
		set := anySet(t)
		const before = 3 // gradients are added to what is there
		gradient := make([]float32, shape.Out*perIn*shape.Size*shape.Size)
		fill(gradient, before)
		weightGradient(set, gradient, shape, part, dy, x, &Scratch{})
		for i, got := range gradient {
			o, in, ky, kx := i/(perIn*shape.Size*shape.Size), i/(shape.Size*shape.Size)%perIn, i/shape.Size%shape.Size, i%shape.Size
			want := float64(before)
			if o >= part.FirstOut && o < part.EndOut && in >= part.FirstIn && in < part.EndIn {
				for y := range h {
					for column := range w {
						want += dy.number(o, y, column) * whole.number(o/perOut*perIn+in, y+ky-pad, column+kx-pad)
					}
				}
			}
			if !near(got, want) {
				t.Fatalf("%s: weight %d: %g, want %g", set.name, i, got, want)
			}
		}
		if !xSafe() || !dySafe() {
			t.Fatal("memory around the padded was written")
		}
	})
}

// Convolutions of padded planes are the same as those of blocks, and leave the borders zero.
func TestConvOfPaddedPlanesIsThatOfBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		groups, pad := rapid.IntRange(1, 2).Draw(t, "groups"), rapid.IntRange(0, 2).Draw(t, "pad")
		in, out := groups*rapid.OneOf(rapid.IntRange(1, 10), rapid.IntRange(minForPanels, minForPanels+3)).Draw(t, "in"), groups*rapid.IntRange(1, 10).Draw(t, "out")
		shape := Shape{In: in, Out: out, Size: 2*pad + 1, Stride: 1, Pad: pad, Groups: groups}
		h, w, border := rapid.IntRange(1, 40).Draw(t, "h"), rapid.IntRange(1, 40).Draw(t, "w"), max(pad, 1)+rapid.IntRange(0, 1).Draw(t, "border")
		split := rapid.IntRange(0, in-1).Draw(t, "planes of the first padded")
		whole, _ := randomPadded(r, in, h, w, border)
		src := []Padded{whole.Planes(0, split), whole.Planes(split, in-split)}
		conv := newConv(anySet(t), shape, random(r, weights(shape)), random(r, out), []float32{0.3})
		got, safe := randomPadded(r, out, h, w, border)
		want, _ := randomPadded(r, out, h, w, border)
		var add *Padded
		var addBlock *Block
		zeros := make([]float32, w+2*border+8)
		if rapid.Bool().Draw(t, "add") {
			a, _ := randomPadded(r, out, h, w, border)
			b := a.Block(0, zeros)
			add, addBlock = &a, &b
		}
		conv.RunPadded(got, src, add, zeros, &Scratch{})
		conv.Run(want.Block(0, zeros), image.Rect(0, 0, w, h), Grid{}, []Block{whole.Block(-pad, zeros)}, After{Add: addBlock}, &Scratch{})
		for i, v := range want.Data {
			if !near(got.Data[i], float64(v)) {
				t.Fatalf("number %d is %g, want %g", i, got.Data[i], v)
			}
		}
		if !safe() {
			t.Fatal("memory around the result was written")
		}
	})
}

// weights is how many weights a convolution has.
func weights(s Shape) int { return s.Out * s.In / s.Groups * s.Size * s.Size }

func TestElementwiseIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n := rapid.IntRange(1, 70).Draw(t, "n")
		set := anySet(t)
		rows := func() (row []float32, check func() bool) {
			s, check := randomPadded(r, 1, 1, n, 0)
			return s.Row(0, 0), check
		}
		a, _ := rows()
		b, _ := rows()
		d, safe := rows()
		a[r.IntN(n)] = 0
		fa, fb, c := float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())
		combine(set, d, a, b, fa, fb, c)
		for i := range d {
			if want := float64(fa)*float64(a[i]) + float64(fb)*float64(b[i]) + float64(c); !near(d[i], want) {
				t.Fatalf("%s: combined number %d is %g, want %g", set.name, i, d[i], want)
			}
		}
		before := slices.Clone(d)
		multiplyAdd(set, d, a, b)
		for i := range d {
			if want := float64(before[i]) + float64(a[i])*float64(b[i]); !near(d[i], want) {
				t.Fatalf("%s: number %d with a product added is %g, want %g", set.name, i, d[i], want)
			}
		}
		copy(d, before)
		addRamp(set, d, a, fa, fb)
		for i := range d {
			if want := before[i] + float32(a[i]*(fa+float32(fb*float32(i)))); d[i] != want {
				t.Fatalf("%s: number %d with a ramp's share added is %g, want exactly %g", set.name, i, d[i], want)
			}
		}
		copy(d, before)
		gateRow(set, d, a, b)
		for i := range d {
			if want := float64(before[i]) * (float64(a[i]) + float64(b[i])); !near(d[i], want) {
				t.Fatalf("%s: gated number %d is %g, want %g", set.name, i, d[i], want)
			}
		}
		leakRow(set, d, a, fa)
		for i := range d {
			if want := max(a[i], 0) + fa*min(a[i], 0); d[i] != want {
				t.Fatalf("%s: activated number %d is %g, want %g", set.name, i, d[i], want)
			}
		}
		copy(d, b)
		got, want := leakBack(set, d, a, fa), 0.0
		for i := range d {
			dx := b[i]
			if a[i] <= 0 {
				want += float64(b[i]) * float64(a[i])
				dx = b[i] * fa
			}
			if d[i] != dx {
				t.Fatalf("%s: gradient %d is %g, want %g", set.name, i, d[i], dx)
			}
		}
		if !near(got, want) || !safe() {
			t.Fatalf("%s: the slope's gradient is %g, want %g; memory around untouched: %v", set.name, got, want, safe())
		}
		want = 0
		for i := range a {
			want += float64(a[i]) * float64(b[i])
		}
		if got := dotRows(set, a, b, &Scratch{}); math.Abs(float64(got)-want) > 1e-4*(1+math.Abs(want)) {
			t.Fatalf("%s: inner product %g, want %g", set.name, got, want)
		}
	})
}

func TestSeparatedRowsAreMergedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		set := anySet(t)
		count, n := rapid.IntRange(1, 5).Draw(t, "count"), rapid.IntRange(1, 40).Draw(t, "n")
		src := random(r, count*n)
		distance := n + rapid.IntRange(0, 3).Draw(t, "between")
		rows := make([]float32, count*distance+Line)
		fill(rows, guard)
		separate(set, rows[:(count-1)*distance+n], src, distance, count)
		for i, v := range rows {
			want := float32(guard)
			if row, x := i/distance, i%distance; row < count && x < n {
				want = src[x*count+row]
			}
			if v != want {
				t.Fatalf("%s: number %d is %g, want %g", set.name, i, v, want)
			}
		}
	})
}

func BenchmarkWeightGradient(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name                           string
		in, out, size, groups, h, w, n int
	}{
		{"64to64", 64, 64, 3, 1, 32, 32, 1}, {"64to64groups4", 64, 64, 3, 4, 32, 32, 1}, {"56to48", 56, 48, 3, 1, 32, 32, 1},
		{"12to12", 12, 12, 3, 1, 32, 32, 1}, {"3to56by5", 3, 56, 5, 1, 32, 32, 1}, {"256to64by1", 256, 64, 1, 1, 32, 32, 1},
		{"64to64HR", 64, 64, 3, 1, 128, 128, 1},
	} {
		for _, set := range available {
			b.Run(c.name+"/"+set.name, func(b *testing.B) {
				x, _ := randomPadded(r, c.in, c.h, c.w, 2)
				dy, _ := randomPadded(r, c.out, c.h, c.w, 2)
				gradient := make([]float32, c.in*c.out/c.groups*c.size*c.size)
				shape := Shape{In: c.in, Out: c.out, Size: c.size, Stride: 1, Pad: c.size / 2, Groups: c.groups}
				var scratch Scratch
				for b.Loop() {
					for _, part := range WeightParts(shape) {
						weightGradient(set, gradient, shape, part, dy, []Padded{x}, &scratch)
					}
				}
				b.ReportMetric(float64(len(gradient)*c.h*c.w)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}
