package classsr_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"classsr"
	"classsr/internal/testref"
	"classsr/picture"
)

// Flat pictures come out flat: at most a level off, with every built-in model, also the smallest.
func TestFlatPicturesStayFlat(t *testing.T) {
	colours := [][3]int{{0, 255, 255}, {255, 255, 255}, {255, 0, 0}, {0, 0, 0}, {0, 0, 255}, {201, 17, 130}}
	for _, name := range classsr.Names() {
		if !testref.IsSlow() && (strings.HasPrefix(name, "srresnet") || strings.HasPrefix(name, "carn-m")) {
			continue // most of the time, and networks of which others are tested
		}
		model, err := classsr.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		modes := []classsr.Options{{Mode: classsr.ModeFull}}
		if model.HasClasses() {
			modes = append(modes, classsr.Options{Mode: classsr.ModeRouted})
		}
		for _, o := range modes {
			up, err := model.Upscaler(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, depth := range []int{8, 16, 32} {
				for i, size := range [][2]int{{1, 1}, {1, 7}, {23, 30}, {44, 52}, {41, 1}} {
					colour := colours[(i+depth)%len(colours)]
					for _, channels := range []int{1, 3} {
						checkFlat(t, fmt.Sprint(name, o.Mode), up, picture.New(size[0], size[1], channels, false, depth), colour)
					}
				}
				for _, colour := range colours {
					checkFlat(t, fmt.Sprint(name, o.Mode), up, picture.New(12, 17, 3, false, depth), colour)
				}
			}
		}
	}
}

// checkFlat enlarges a picture of one colour.
func checkFlat(t *testing.T, name string, up *classsr.Upscaler, in *picture.Picture, colour [3]int) {
	t.Helper()
	factor := float32(1) // what a level of 255 is in the picture's own
	if in.Depth == 16 {
		factor = 257
	}
	sample := func(p *picture.Picture, i int) float32 {
		switch p.Depth {
		case 8:
			return float32(p.Pix8[i])
		case 16:
			return float32(p.Pix16[i])
		}
		return p.Pix32[i] * 255
	}
	for i := range in.Width * in.Height * in.Colors {
		v := float32(colour[i%in.Colors])
		switch in.Depth {
		case 8:
			in.Pix8[i] = uint8(v)
		case 16:
			in.Pix16[i] = uint16(v * factor)
		default:
			in.Pix32[i] = v / 255
		}
	}
	out, _, err := up.Upscale(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range out.Width * out.Height * out.Colors {
		if d := sample(out, i) - float32(colour[i%in.Colors])*factor; d < -1 || d > 1 {
			t.Errorf("%s: a flat picture of %dx%d, depth %d, colour %v: sample %d is off by %g", name, in.Width, in.Height, in.Depth, colour, i, d)
			return
		}
	}
}
