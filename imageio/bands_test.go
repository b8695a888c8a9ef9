package imageio

import (
	"bytes"
	"testing"

	"classsr/picture"
)

// repeating is a picture that only matches make small.
func repeating(width, height, colors int, alpha bool, depth int) *picture.Picture {
	p := patterned(width, height, colors, alpha, depth)
	for i := range p.Pix8 {
		p.Pix8[i] = p.Pix8[i%97] / 3
	}
	for i := range p.Pix16 {
		p.Pix16[i] = p.Pix16[i%301]
	}
	return p
}

// TestBandsOfAnyHeight hands pictures of several strips over in bands, with several numbers of threads.
func TestBandsOfAnyHeight(t *testing.T) {
	for _, p := range []*picture.Picture{
		patterned(1000, 270, 3, true, 8), repeating(1100, 260, 3, false, 16), patterned(60001, 18, 1, false, 8), patterned(530000, 2, 1, false, 8),
	} {
		for format, o := range outputs {
			if p.Width > o.maxSide {
				continue
			}
			want := encoded(t, p, format)
			strip := o.layout(p.Config(), EncodeOptions{}).Rows
			if strip >= p.Height {
				t.Errorf("%dx%d is a single strip as %s", p.Width, p.Height, format)
			}
			for i, heights := range [][]int{{1}, {2, 3}, {strip}, {strip + 1}, {max(1, strip-1)}, {1, 2*strip + 1, 5}, {p.Height}} {
				threads := []int{1, 2, 5, 1000}[(i+p.Height)%4]
				if got := inBands(t, p, format, heights, threads); !bytes.Equal(got, want) {
					t.Errorf("%dx%d as %s in bands of %v rows with %d threads: other bytes", p.Width, p.Height, format, heights, threads)
				}
			}
		}
	}
}

// inBands encodes a picture in bands of these heights, over and over.
func inBands(t testing.TB, p *picture.Picture, format string, heights []int, threads int) []byte {
	t.Helper()
	var b memoryFile
	e, err := NewEncoder(&b, p.Config(), format, EncodeOptions{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	reused := picture.Picture{} // what a band was may be anything once WriteRows has returned
	for y, i := 0, 0; y < p.Height; i++ {
		band := p.Band(y, min(y+heights[i%len(heights)], p.Height))
		y += band.Height
		reused.Pix8, reused.Pix16 = append(reused.Pix8[:0], band.Pix8...), append(reused.Pix16[:0], band.Pix16...)
		band.Pix8, band.Pix16 = reused.Pix8, reused.Pix16
		if err := e.WriteRows(band); err != nil {
			t.Fatal(err)
		}
		clear(reused.Pix8)
		clear(reused.Pix16)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
