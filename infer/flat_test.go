package infer

import (
	"context"
	"image"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"classsr/branch/branchtest"
	"classsr/picture"
)

// Of rows of a picture, with those around them that are looked at and no others, the same cells are flat as of the whole, as far as results depend on them.
func TestFlatCellsOfParts(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		in := branchtest.Patchwork(40, rapid.IntRange(1, 150).Draw(t, "height"), 3, false, 8)
		stripe := rapid.IntRange(9, 60).Draw(t, "stripe")
		for y := range in.Height { // every other one is flat
			if y/stripe%2 == 0 {
				for i := range in.Width * 3 {
					in.Pix8[y*in.Width*3+i] = 9
				}
			}
		}
		from := rapid.IntRange(0, in.Height-1).Draw(t, "from")
		until := rapid.IntRange(from+1, in.Height).Draw(t, "until")
		top, end := cellsLookedAt(in.Height, from, until)
		top, end = top*flatCell, min(end*flatCell+1, in.Height)
		if from-top > flatAround || end-until > flatAround {
			t.Fatalf("rows %d to %d are looked at for %d to %d", top, end, from, until)
		}
		whole, err := newFlatCells(ctx, in, 2, 0, in.Height)
		if err != nil {
			t.Fatal(err)
		}
		part, err := newFlatCells(ctx, &slab{whole: in.Config(), rows: in.Band(top, end), top: top, filled: rapid.Bool().Draw(t, "filled")}, 1, from, until)
		if err != nil {
			t.Fatal(err)
		}
		noise := branchtest.Patchwork(40, 1, 3, false, 8)
		for y := from; y < until; y++ {
			if got, want := flattened(part, in, noise, y), flattened(whole, in, noise, y); !slices.Equal(got, want) {
				t.Fatalf("row %d: %v, of the whole %v", y, got, want)
			}
		}
	})
}

// flattened is what becomes of a row of a result of the picture's size where it is flat.
func flattened(f *flatCells, in, result *picture.Picture, y int) []float32 {
	planes := make([][]float32, 3)
	for c := range planes {
		planes[c] = make([]float32, result.Width)
		result.ReadPlane(planes[c], c, image.Rect(0, 0, result.Width, 1))
	}
	f.flatten(planes, in, 1, 0, y)
	return slices.Concat(planes...)
}
