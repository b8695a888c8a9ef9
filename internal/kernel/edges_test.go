package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// guardedInts makes n integers with guards around them.
func guardedInts(n int) (s []int32, check func() bool) {
	const gap, guard = 16, -77
	memory := slices.Repeat([]int32{guard}, n+2*gap)
	return memory[gap:][:n:n], func() bool {
		around := append(slices.Clone(memory[:gap]), memory[gap+n:]...)
		return !slices.ContainsFunc(around, func(v int32) bool { return v != guard })
	}
}

func TestEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "pixels")
		flat := rapid.Bool().Draw(t, "flat")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		set := anySet(t)
		var rows [3][]int32
		for i := range rows {
			rgb := make([]byte, 3*(n+2))
			for k := range rgb {
				rgb[k] = byte(r.Uint32())
				if flat {
					rgb[k] = 200 + byte(r.Uint32()%20/19)
				}
			}
			var safe func() bool
			rows[i], safe = guardedInts(n + 2)
			luma(set, rows[i], rgb)
			for k, got := range rows[i] {
				if want := 77*int32(rgb[3*k]) + 150*int32(rgb[3*k+1]) + 29*int32(rgb[3*k+2]); got != want {
					t.Fatalf("%s: pixel %d of %d has luma %d, want %d", set.name, k, n, got, want)
				}
			}
			if !safe() {
				t.Fatalf("%s: luma of %d pixels writes beyond them", set.name, n+2)
			}
		}
		limit := int32(r.IntN(2000))
		dst, safe := guardedInts(n)
		zero, small := laplacian(set, dst, rows[0], rows[1], rows[2], limit)
		wantZero, wantSmall := 0, 0
		for i, got := range dst {
			want := 4*rows[1][i+1] - rows[1][i] - rows[1][i+2] - rows[0][i+1] - rows[2][i+1]
			want = max(want, -want)
			if got != want {
				t.Fatalf("%s: result %d of %d is %d, want %d", set.name, i, n, got, want)
			}
			if want == 0 {
				wantZero++
			}
			if want <= limit {
				wantSmall++
			}
		}
		if zero != wantZero || small != wantSmall || !safe() {
			t.Errorf("%s: %d zeros and %d small ones of %d, want %d and %d", set.name, zero, small, n, wantZero, wantSmall)
		}
	})
}

func BenchmarkEdges(b *testing.B) {
	const n = 36
	rgb, rows, dst := make([]byte, 3*(n+2)), make([]int32, 3*(n+2)), make([]int32, n)
	for _, set := range available {
		b.Run(set.name, func(b *testing.B) {
			b.SetBytes(n)
			for b.Loop() {
				luma(set, rows[:n+2], rgb)
				laplacian(set, dst, rows[:n+2], rows[n+2:2*n+4], rows[2*n+4:], 512)
			}
		})
	}
}
