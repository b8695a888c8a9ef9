package tile

import (
	"image"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCoverReachesEveryPixelOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := image.Pt(rapid.IntRange(1, 90).Draw(t, "width"), rapid.IntRange(1, 90).Draw(t, "height"))
		core := image.Pt(2*rapid.IntRange(1, 20).Draw(t, "half the core's width"), 2*rapid.IntRange(1, 20).Draw(t, "half its height"))
		context := 2 * rapid.IntRange(0, 15).Draw(t, "half the context")
		seen := make([]int, size.X*size.Y)
		smallest, largest := core, image.Point{}
		for _, p := range Cover(size, core, context) {
			smallest = image.Pt(min(smallest.X, p.Core.Dx()), min(smallest.Y, p.Core.Dy()))
			largest = image.Pt(max(largest.X, p.Core.Dx()), max(largest.Y, p.Core.Dy()))
			for y := p.Core.Min.Y; y < p.Core.Max.Y; y++ {
				for x := p.Core.Min.X; x < p.Core.Max.X; x++ {
					seen[y*size.X+x]++
				}
			}
			want := image.Rect(max(p.Core.Min.X-context, 0), max(p.Core.Min.Y-context, 0),
				min(p.Core.Max.X+context, size.X), min(p.Core.Max.Y+context, size.Y))
			if p.Core.Min.X%2 != 0 || p.Core.Min.Y%2 != 0 {
				t.Fatalf("core %v does not begin at even pixels", p.Core)
			}
			if p.Window != want {
				t.Fatalf("core %v has window %v, want %v", p.Core, p.Window, want)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("pixel %d,%d is covered %d times", i%size.X, i/size.X, n)
			}
		}
		if largest.X > core.X || largest.Y > core.Y || largest.X-smallest.X > 3 || largest.Y-smallest.Y > 3 {
			t.Fatalf("cores are from %v to %v, at most %v allowed", smallest, largest, core)
		}
	})
}

func TestSubImages(t *testing.T) {
	got := SubImages(image.Pt(70, 60), 32, 28)
	want := []image.Rectangle{
		image.Rect(0, 0, 32, 32), image.Rect(28, 0, 60, 32), image.Rect(0, 28, 32, 60), image.Rect(28, 28, 60, 60),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := SubImages(image.Pt(31, 100), 32, 28); len(got) != 0 {
		t.Errorf("a picture that is too narrow has %v", got)
	}
}

func TestEmptyPicturesHaveNoPieces(t *testing.T) {
	if got := Cover(image.Pt(0, 7), image.Pt(4, 4), 2); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
