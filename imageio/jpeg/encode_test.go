package jpeg

import (
	"testing"

	"classsr/picture"
)

// TestStripsFitAnInterval goes through all widths: what a strip holds must be a number that a file can tell.
func TestStripsFitAnInterval(t *testing.T) {
	for width := 1; width <= 65535; width++ {
		for _, colors := range []int{1, 3} {
			c := picture.Config{Width: width, Height: 65535, Colors: colors, Depth: 8}
			l := Layout(c)
			side, _ := unit(c)
			if n := units(c, l.Rows); n > 65535 || l.Rows%side != 0 || l.Rows < 1 {
				t.Fatalf("%d pixels wide, %d colours: %d units in %d rows", width, colors, n, l.Rows)
			}
		}
	}
}

func TestDepthReduction(t *testing.T) {
	p := picture.New(65536, 1, 1, false, 16)
	for i := range p.Pix16 {
		p.Pix16[i] = uint16(i)
	}
	reduced := make([]uint8, 65536)
	spread8(reduced, p, 1)
	for v, got := range reduced {
		if want := (v*255*2 + 65535) / (2 * 65535); int(got) != want {
			t.Fatalf("%d becomes %d, want %d", v, got, want)
		}
	}
}
