package route

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func randomBlend(t *rapid.T) *Blend {
	b := &Blend{Scale: rapid.IntRange(1, 4).Draw(t, "scale"), Width: 2 * rapid.IntRange(0, 2).Draw(t, "half the width")}
	side := func(name string) []int {
		edges := []int{0}
		for range rapid.IntRange(1, 5).Draw(t, name) {
			edges = append(edges, edges[len(edges)-1]+2*rapid.IntRange(4, 9).Draw(t, "half a core"))
		}
		edges[len(edges)-1] += rapid.IntRange(0, 1).Draw(t, "odd")
		return edges
	}
	b.Xs, b.Ys = side("columns"), side("rows")
	for range b.Columns() * b.Rows() {
		b.Classes = append(b.Classes, rapid.IntRange(0, 2).Draw(t, "class"))
	}
	return b
}

// The weights are the shares of the classes in a square, which a plain count gives.
func TestBlendWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := randomBlend(t)
		size := b.Size().Mul(b.Scale)
		left := rapid.IntRange(0, size.X-1).Draw(t, "left")
		right := rapid.IntRange(left+1, size.X).Draw(t, "right")
		y := rapid.IntRange(0, size.Y-1).Draw(t, "row")
		sum := make([]float64, size.X)
		whole := make([]bool, size.X)
		for class := range 3 {
			for _, s := range b.Segments(nil, b.RowAt(y), class, left, right) {
				if s.Left < left || s.Right > right || s.Left >= s.Right {
					t.Fatalf("segment %v of columns %d to %d", s, left, right)
				}
				for x := s.Left; x < s.Right; x++ {
					got := float64(s.At) + float64(s.Step)*float64(x-s.Left)
					if want := countedWeight(b, y, x, class); math.Abs(got-want) > 1e-5 {
						t.Fatalf("class %d has weight %g at column %d of row %d, want %g", class, got, x, y, want)
					}
					sum[x] += got
					whole[x] = whole[x] || s.At == 1 && s.Step == 0
				}
			}
		}
		for _, s := range b.Mixed(nil, b.RowAt(y), left, right) {
			for x := s.Left; x < s.Right; x++ {
				if whole[x] {
					t.Fatalf("column %d is mixed and whole", x)
				}
				whole[x] = true
			}
		}
		for x := left; x < right; x++ {
			if math.Abs(sum[x]-1) > 1e-5 || !whole[x] {
				t.Fatalf("the weights at column %d add up to %g; mixed or whole: %t", x, sum[x], whole[x])
			}
		}
	})
}

// countedWeight is the share of a class in a square around a pixel. Beyond the picture lies what lies at its border.
func countedWeight(b *Blend, y, x, class int) float64 {
	reach := float64(b.Width * b.Scale)
	weight := func(edges []int, i, core int) float64 {
		left, right := float64(edges[core]*b.Scale), float64(edges[core+1]*b.Scale)
		if core == 0 {
			left = math.Inf(-1)
		}
		if core == len(edges)-2 {
			right = math.Inf(1)
		}
		middle := float64(i) + 0.5
		if reach == 0 {
			if middle > left && middle < right {
				return 1
			}
			return 0
		}
		return max(min(middle+reach, right)-max(middle-reach, left), 0) / (2 * reach)
	}
	sum := 0.0
	for i, c := range b.Classes {
		if c == class {
			sum += weight(b.Xs, x, i%b.Columns()) * weight(b.Ys, y, i/b.Columns())
		}
	}
	return sum
}

// A class is computed wherever it has weight.
func TestPartsHoldAllWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := randomBlend(t)
		size := b.Size().Mul(b.Scale)
		for class := range 3 {
			has := map[[2]int]bool{}
			bottom := 0
			for _, band := range b.Parts(class) {
				if band.Top != bottom {
					t.Fatalf("a band begins at %d after one that ends at %d", band.Top, bottom)
				}
				bottom = band.Bottom
				for _, s := range band.Spans {
					for y := band.Top; y < band.Bottom; y++ {
						for x := s.Left; x < s.Right; x++ {
							has[[2]int{x, y}] = true
						}
					}
				}
			}
			for y := range size.Y {
				for _, s := range b.Segments(nil, b.RowAt(y), class, 0, size.X) {
					for x := s.Left; x < s.Right; x++ {
						if !has[[2]int{x / b.Scale, y / b.Scale}] {
							t.Fatalf("class %d has weight at %d,%d, outside its parts", class, x, y)
						}
					}
				}
			}
		}
	})
}
