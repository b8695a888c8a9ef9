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

// directLaplacian is the largest mean absolute Laplacian of luma in the parts of a core, in steps of 1/255, of the pixels that have all
// neighbours; block 0 takes the core as one part, else parts lie in the core and two pixels around it.
func directLaplacian(in *picture.Picture, core image.Rectangle, block int) float64 {
	planes := [3][]float32{}
	for c := range planes {
		planes[c] = make([]float32, in.Width*in.Height)
		in.ReadPlane(planes[c], min(c, in.Colors-1), in.Bounds())
	}
	luma := func(x, y int) float64 {
		i := y*in.Width + x
		return 255 * (0.299*float64(planes[0][i]) + 0.587*float64(planes[1][i]) + 0.114*float64(planes[2][i]))
	}
	mean := func(r image.Rectangle) float64 {
		sum := 0.0
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				sum += math.Abs(4*luma(x, y) - luma(x-1, y) - luma(x+1, y) - luma(x, y-1) - luma(x, y+1))
			}
		}
		return sum / float64(r.Dx()*r.Dy())
	}
	inner := in.Bounds().Inset(1)
	if block == 0 {
		return mean(core.Intersect(inner))
	}
	area, most := core.Inset(-2).Intersect(inner), 0.0
	for y := area.Min.Y; y < area.Max.Y; y += block {
		for x := area.Min.X; x < area.Max.X; x += block {
			corner := image.Pt(min(x, area.Max.X-block), min(y, area.Max.Y-block))
			most = max(most, mean(image.Rectangle{Min: corner, Max: corner.Add(image.Pt(block, block))}))
		}
	}
	return most
}

func TestEdgeDifficulty(t *testing.T) {
	for kind := range 16 {
		in := branchtest.Patchwork(70, 50, 1+kind&1*2, kind&2 != 0, 8+kind&4*2)
		cores, block := branchtest.Grid(image.Pt(70, 50), 32).Cores(), kind&8
		got, err := Edges(context.Background(), in, cores, block, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i, core := range cores {
			if want := math.Log2(max(directLaplacian(in, core, block), 1./1024)); math.Abs(got[i].Difficulty-want) > 0.02 {
				t.Errorf("kind %d: core %v has difficulty %g, want %g", kind, core, got[i].Difficulty, want)
			}
		}
	}
}

// A sliver of ink at the edge of a core, or just beyond it, makes the core as difficult as if it were full of ink, and stands alone.
func TestASliverOfInkIsAnEdge(t *testing.T) {
	for _, at := range []int{0, 15, 31, 32, 33} {
		in := picture.New(96, 96, 1, false, 8)
		for i := range in.Pix8 {
			in.Pix8[i] = 255
		}
		for y := 40; y < 50; y++ {
			in.Pix8[y*96+32+at] = 0
		}
		got, err := Edges(context.Background(), in, []image.Rectangle{image.Rect(32, 32, 64, 64)}, EdgeBlock, 1)
		if err != nil || got[0].Difficulty < 5 || !got[0].Lone {
			t.Errorf("ink in column %d: %+v, %v", at, got, err)
		}
	}
	got, err := Edges(context.Background(), branchtest.Fixed(96, 96, 3, 8), []image.Rectangle{image.Rect(32, 32, 64, 64)}, EdgeBlock, 1)
	if err != nil || got[0].Lone {
		t.Errorf("noise: %+v, %v", got, err)
	}
}

func TestFlatAndTinyCoresAreEasiest(t *testing.T) {
	flat := picture.New(64, 32, 3, false, 8)
	got, err := Edges(context.Background(), flat, []image.Rectangle{image.Rect(0, 0, 32, 32)}, EdgeBlock, 1)
	if err != nil || got[0].Difficulty != -10 {
		t.Errorf("flat: %v, %v", got, err)
	}
	one := branchtest.Patchwork(1, 2, 3, false, 8)
	got, err = Edges(context.Background(), one, []image.Rectangle{image.Rect(0, 0, 1, 2)}, EdgeBlock, 1)
	if err != nil || got[0].Difficulty != -10 {
		t.Errorf("one pixel wide: %v, %v", got, err)
	}
}

// Difficulties have the same bits on every machine: run it with GOARCH=arm64 too (make arm64).
func TestEdgeDifficultiesAreTheSameOnEveryMachine(t *testing.T) {
	for block, want := range map[int]uint64{0: 0x6e960927ab115026, EdgeBlock: 0x9f8c2076f7eb96fb} {
		sum := fnv.New64a()
		for _, colors := range []int{1, 3} {
			for _, depth := range []int{8, 16} {
				in := branchtest.Fixed(150, 101, colors, depth)
				got, err := Edges(context.Background(), in, branchtest.Grid(image.Pt(150, 101), 32).Cores(), block, 2)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range got {
					sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(e.Difficulty)))
				}
			}
		}
		if got := sum.Sum64(); got != want {
			t.Errorf("parts of %d pixels: the difficulties have the sum %#x, want %#x", block, got, want)
		}
	}
}

// Pictures of any size have edges, or none.
func TestEdgesOfSmallPictures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 40}, {41, 1}, {2, 2}, {3, 3}, {2, 60}, {3, 50}, {5, 4}} {
		in := branchtest.Patchwork(size.X, size.Y, 3, false, 8)
		for _, block := range []int{0, EdgeBlock} {
			if _, err := Edges(context.Background(), in, branchtest.Grid(size, 32).Cores(), block, 2); err != nil {
				t.Errorf("%v: %v", size, err)
			}
		}
	}
}
