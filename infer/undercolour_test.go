package infer

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"classsr/picture"
)

// disc is a red disc with a soft rim over a colour that its transparent pixels hide; hidden gives that of each pixel.
func disc(side int, hidden func() [3]uint8) *picture.Picture {
	p := picture.New(side, side, 3, true, 8)
	middle, radius := float64(side)/2, float64(side)*0.35
	for i := range side * side {
		x, y := float64(i%side)+0.5-middle, float64(i/side)+0.5-middle
		alpha := min(max(radius-math.Hypot(x, y)+0.5, 0), 1)
		colour := [3]uint8{255, 48, 48}
		if alpha == 0 {
			colour = hidden()
		}
		copy(p.Pix8[4*i:], colour[:])
		p.Pix8[4*i+3] = uint8(255*alpha + 0.5)
	}
	return p
}

// over is sample c of pixel i of a picture over a gray background.
func over(p *picture.Picture, i, c int, background float64) float64 {
	alpha := float64(p.Pix8[4*i+3]) / 255
	return float64(p.Pix8[4*i+c])*alpha + background*(1-alpha)
}

// What transparent pixels hide never shows: a disc over hidden black, white or noise looks like one whose hidden pixels have its own colour.
func TestHiddenColoursDoNotShow(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	for name, hidden := range map[string]func() [3]uint8{
		"black": func() [3]uint8 { return [3]uint8{} },
		"white": func() [3]uint8 { return [3]uint8{255, 255, 255} },
		"noise": func() [3]uint8 { return [3]uint8{uint8(noise.Uint32()), uint8(noise.Uint32()), uint8(noise.Uint32())} },
	} {
		for _, side := range []int{24, 70} {
			for _, mode := range []Mode{ModeFull, ModeRouted} {
				checkDisc(t, name, mode, disc(side, hidden), disc(side, func() [3]uint8 { return [3]uint8{255, 48, 48} }))
			}
		}
	}
}

// checkDisc enlarges two pictures and compares them over white and black.
func checkDisc(t *testing.T, name string, mode Mode, in, reference *picture.Picture) {
	t.Helper()
	up := newUpscaler(t, builtIn(t, fastModel), Options{Mode: mode})
	got, _, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := up.Upscale(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for i := range got.Width * got.Height {
		for c := range 3 {
			for _, background := range []float64{0, 255} {
				most = max(most, math.Abs(over(got, i, c, background)-over(want, i, c, background)))
			}
		}
	}
	if most > 1 {
		t.Errorf("mode %s: over hidden %s, a disc of %d pixels is off by %.1f levels", mode, name, in.Width, most)
	}
}

// Pictures in floating point hide colours, too.
func TestHiddenColoursInFloatingPoint(t *testing.T) {
	p := picture.New(40, 30, 3, true, 32)
	for i := range p.Pix32 {
		p.Pix32[i] = 1e6
		if seen := i/4%40 < 20; i%4 == 3 {
			p.Pix32[i] = 0
			if seen {
				p.Pix32[i] = 1
			}
		} else if seen {
			p.Pix32[i] = 1.5
		}
	}
	u, err := newUndercolour(context.Background(), p, 2)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 40*30)
	u.ReadPlane(row, 1, p.Bounds())
	for i, v := range row {
		if math.Abs(float64(v)-1.5) > 1e-5 {
			t.Fatalf("pixel %d is seen as %g", i, v)
		}
	}
}

// A picture whose pixels are all seen is seen as it is, and one that is all transparent is enlarged, too.
func TestWhatIsSeen(t *testing.T) {
	p := picture.New(30, 20, 1, true, 16)
	u, err := newUndercolour(context.Background(), p, 2)
	if err != nil || u == nil {
		t.Fatalf("a transparent picture: %v, %v", u, err)
	}
	row := make([]float32, 30*20)
	u.ReadPlane(row, 0, p.Bounds())
	for i := range 30 * 20 {
		p.Pix16[2*i+1] = 65535
	}
	if u, err = newUndercolour(context.Background(), p, 2); err != nil || u != nil {
		t.Errorf("an opaque picture: %v, %v", u, err)
	}
}
