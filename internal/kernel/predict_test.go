package kernel

import (
	"hash/adler32"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPredictors compares the differences of four bytes at a time with those of single ones, as the format defines them.
func TestPredictors(t *testing.T) {
	seed := uint32(1)
	next := func() uint32 {
		seed = seed*1664525 + 1013904223
		return seed>>16 | seed<<16
	}
	of := func(v uint32, k int) int { return int(v >> (8 * k) & 0xff) }
	for range 1000 {
		l, tt, tl, tr := next(), next(), next(), next()
		for k := range 4 {
			a, b, c, d := of(l, k), of(tt, k), of(tl, k), of(tr, k)
			half := (a + b) / 2
			for mode, want := range map[uint8]int{
				1: a, 2: b, 5: ((a+d)/2 + b) / 2, 7: half, 10: ((a+c)/2 + (b+d)/2) / 2, 12: min(max(a+b-c, 0), 255), 13: min(max(half+(half-c)/2, 0), 255),
			} {
				if got := of(predicted(mode, l, tt, tl, tr), k); got != want {
					t.Fatalf("mode %d: %d, want %d", mode, got, want)
				}
			}
			if got := of(minus(l, tt), k); got != (a-b)&0xff {
				t.Fatalf("%d-%d: %d", a, b, got)
			}
		}
	}
}

// TestSpreadIsALogarithm allows large differences what the middle of their eight takes.
func TestSpreadIsALogarithm(t *testing.T) {
	for v := range 256 {
		want, allowed := 4*math.Log2(1+2*math.Abs(float64(int8(v)))), 0.51
		if v >= 16 && v <= 256-16 {
			allowed = 1.7
		}
		if off := math.Abs(float64(spread[v]) - want); off > allowed {
			t.Errorf("%d takes %d, want %.1f", v, spread[v], want)
		}
	}
}

func TestPredictedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "pixels")
		if rapid.Bool().Draw(t, "long") {
			n += 8 * maxChunks
		}
		pixel := rapid.Uint32()
		if rapid.Bool().Draw(t, "smooth") { // so that predictions are near, and equally near
			pixel = rapid.Custom(func(t *rapid.T) uint32 { return 0xff80fe01 + rapid.Uint32().Draw(t, "change")&0x03030303 })
		}
		above := rapid.SliceOfN(pixel, n+1, n+1).Draw(t, "above")
		row := rapid.SliceOfN(pixel, n+2, n+2).Draw(t, "row")[: n : n+2]
		set := anySet(t)
		var sums, want, left [Predictors]uint32
		predictSums(set, &sums, row, above)
		predictSumsGeneric(&want, row, above)
		if sums != want {
			t.Errorf("%s: sums %v, want %v", set.name, sums, want)
		}
		for k, mode := range PredictorModes {
			got, wanted := slices.Clone(row[:n+2]), slices.Clone(row[:n+2])
			predict(set, k, got[:n], above)
			predictGeneric(mode, wanted[:n], above)
			if !slices.Equal(got, wanted) {
				t.Errorf("%s, predictor %d: got %x, want %x", set.name, mode, got, wanted)
			}
			for _, d := range wanted[1:n] {
				for ; d != 0; d >>= 8 {
					left[k] += uint32(spread[d&0xff])
				}
			}
		}
		if left != want {
			t.Errorf("sums %v, but what is left takes %v", want, left)
		}
	})
}

func TestAdler32(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := make([]byte, rapid.SampledFrom([]int{0, 1, 31, 32, 33, 5552, 1 << 14, 1<<14 + 33, 300_000}).Draw(t, "bytes"))
		step, first := rapid.Byte().Draw(t, "step"), rapid.Byte().Draw(t, "first")
		for i := range data { // all of them 255 for a step of 0 and a first of 255, which is the largest sum
			data[i] = first + byte(i>>3)*step
		}
		set := anySet(t)
		if got, want := adlerOf(set, data), adler32.Checksum(data); got != want {
			t.Errorf("%s: %x, want %x", set.name, got, want)
		}
	})
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = 0xff
	}
	for _, set := range available {
		if got, want := adlerOf(set, data), adler32.Checksum(data); got != want {
			t.Errorf("%s: %x, want %x", set.name, got, want)
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	row, above := make([]uint32, 33), make([]uint32, 34)
	for i := range row {
		row[i], above[i] = uint32(i*i*77777), uint32(i*i*7777)
	}
	for _, set := range available {
		b.Run(set.name, func(b *testing.B) {
			b.SetBytes(4 * 32)
			var sums [Predictors]uint32
			for b.Loop() {
				predictSums(set, &sums, row, above)
				predict(set, 5, row, above)
			}
		})
	}
}
