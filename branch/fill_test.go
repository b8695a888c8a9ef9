package branch

import (
	"image"
	"slices"
	"testing"

	"classsr/branch/branchtest"
)

// Rows beyond the borders of a picture are mirrored, however small it is.
func TestPicturesAreMirroredBeyondTheirBorders(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 3}, {3, 1}, {20, 9}} {
		in := branchtest.Patchwork(size.X, size.Y, 3, false, 8)
		whole := make([]float32, size.X*size.Y)
		in.ReadPlane(whole, 1, in.Bounds())
		place := func(i, n int) int { // by going to and fro
			for i < 0 || i >= n {
				if i < 0 {
					i = -1 - i
				} else {
					i = 2*n - 1 - i
				}
			}
			return i
		}
		for y := -5; y < size.Y+5; y++ {
			for _, r := range []image.Rectangle{image.Rect(-4, y, size.X+6, y+1), image.Rect(0, y, 1, y+1), image.Rect(size.X-1, y, size.X+4, y+1)} {
				row, want := make([]float32, r.Dx()), make([]float32, r.Dx())
				readMirrored(row, in, in.Config(), 1, r)
				for i := range want {
					want[i] = whole[place(y, size.Y)*size.X+place(r.Min.X+i, size.X)]
				}
				if !slices.Equal(row, want) {
					t.Fatalf("%v of a picture of %v: %v, want %v", r, size, row, want)
				}
			}
		}
	}
}
