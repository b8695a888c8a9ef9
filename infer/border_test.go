package infer

import (
	"context"
	"image"
	"slices"
	"testing"

	"classsr/branch"
	"classsr/branch/branchtest"
	"classsr/fault"
	"classsr/internal/testref"
	"classsr/picture"
)

// mirrored gives a picture, mirrored at its borders so many pixels wide.
func mirrored(p *picture.Picture, around int) *picture.Picture {
	out := picture.New(p.Width+2*around, p.Height+2*around, p.Colors, p.Alpha, p.Depth)
	place := func(i, n int) int {
		i -= around
		if i < 0 {
			i = -1 - i
		}
		return min(i, 2*n-1-i)
	}
	n := p.Channels()
	for y := range out.Height {
		for x := range out.Width {
			copy(out.Pix8[(y*out.Width+x)*n:][:n], p.Pix8[(place(y, p.Height)*p.Width+place(x, p.Width))*n:])
		}
	}
	return out
}

// A picture is enlarged as the middle of a larger one that is mirrored at its borders, to the bit, with any number of threads.
func TestPicturesGoOnBeyondTheirBorders(t *testing.T) {
	for _, net := range testref.Few(1, "fsrcnn", "carn") {
		m := branchtest.ClassSR(t, net, 4, 2)
		for _, size := range []image.Point{{130, 57}, {43, 70}} {
			in := branchtest.Fixed(size.X, size.Y, 3, 8)
			const around = branch.MirroredBorder
			whole, _, err := newUpscaler(t, m, Options{Mode: ModeFull, Border: BorderZero}).Upscale(context.Background(), mirrored(in, around))
			if err != nil {
				t.Fatal(err)
			}
			want := whole.Crop(image.Rect(4*around, 4*around, 4*(around+size.X), 4*(around+size.Y)))
			for threads := 1; threads < 4; threads++ {
				got, _, err := newUpscaler(t, m, Options{Mode: ModeFull, Threads: threads}).Upscale(context.Background(), in)
				if err != nil || !slices.Equal(got.Pix8, want.Pix8) {
					t.Errorf("%s, %v, %d threads: other samples (%v)", net, size, threads, err)
				}
			}
		}
	}
}

// Mode paper has no borders but the network's own, and asking for others is a mistake.
func TestBordersThatAreRefused(t *testing.T) {
	m := branchtest.ClassSR(t, "fsrcnn", 4, 2)
	for _, o := range []Options{{Border: "wrap"}, {Mode: ModePaper, Border: BorderReflect}} {
		o.Scale = 4
		if _, err := New(m, "model", o); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
