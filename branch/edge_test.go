package branch

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"image"
	"math"
	"testing"

	"classsr/branch/branchtest"
	"classsr/picture"
)

// directLaplacian is the mean absolute Laplacian of luma in a core, in steps of 1/255, of the pixels that have all neighbours.
func directLaplacian(in *picture.Picture, core image.Rectangle) float64 {
	planes := [3][]float32{}
	for c := range planes {
		planes[c] = make([]float32, in.Width*in.Height)
		in.ReadPlane(planes[c], min(c, in.Colors-1), in.Bounds())
	}
	luma := func(x, y int) float64 {
		i := y*in.Width + x
		return 255 * (0.299*float64(planes[0][i]) + 0.587*float64(planes[1][i]) + 0.114*float64(planes[2][i]))
	}
	sum, n := 0.0, 0
	for y := max(core.Min.Y, 1); y < min(core.Max.Y, in.Height-1); y++ {
		for x := max(core.Min.X, 1); x < min(core.Max.X, in.Width-1); x++ {
			sum += math.Abs(4*luma(x, y) - luma(x-1, y) - luma(x+1, y) - luma(x, y-1) - luma(x, y+1))
			n++
		}
	}
	return sum / float64(n)
}

func TestEdgeDifficulty(t *testing.T) {
	for kind := range 8 {
		in := branchtest.Patchwork(70, 50, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
		cores := branchtest.Grid(image.Pt(70, 50), 32).Cores()
		got, err := EdgeDifficulty(context.Background(), in, cores, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i, core := range cores {
			if want := math.Log2(max(directLaplacian(in, core), 1./1024)); math.Abs(got[i]-want) > 0.02 {
				t.Errorf("kind %d: core %v has difficulty %g, want %g", kind, core, got[i], want)
			}
		}
	}
}

func TestFlatAndTinyCoresAreEasiest(t *testing.T) {
	flat := picture.New(64, 32, 3, false, 8)
	got, err := EdgeDifficulty(context.Background(), flat, []image.Rectangle{image.Rect(0, 0, 32, 32)}, 1)
	if err != nil || got[0] != -10 {
		t.Errorf("flat: %v, %v", got, err)
	}
	one := branchtest.Patchwork(1, 2, 3, false, 8)
	got, err = EdgeDifficulty(context.Background(), one, []image.Rectangle{image.Rect(0, 0, 1, 2)}, 1)
	if err != nil || got[0] != -10 {
		t.Errorf("one pixel wide: %v, %v", got, err)
	}
}

// Difficulties have the same bits on every machine: run it with GOARCH=arm64 too (make arm64).
func TestEdgeDifficultiesAreTheSameOnEveryMachine(t *testing.T) {
	sum := fnv.New64a()
	for _, colors := range []int{1, 3} {
		for _, depth := range []int{8, 16} {
			in := branchtest.Fixed(150, 101, colors, depth)
			got, err := EdgeDifficulty(context.Background(), in, branchtest.Grid(image.Pt(150, 101), 32).Cores(), 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range got {
				sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
			}
		}
	}
	if got, want := sum.Sum64(), uint64(0x6e960927ab115026); got != want {
		t.Errorf("the difficulties have the sum %#x, want %#x", got, want)
	}
}
