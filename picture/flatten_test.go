package picture

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestFlattenedIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		depth := rapid.SampledFrom([]int{8, 16}).Draw(t, "depth")
		p := New(rapid.IntRange(1, 9).Draw(t, "width"), rapid.IntRange(1, 9).Draw(t, "height"), rapid.SampledFrom([]int{1, 3}).Draw(t, "colours"), true, depth)
		most := 1<<depth - 1
		for i := range p.Width * p.Height * p.Channels() {
			v := rapid.OneOf(rapid.IntRange(0, most), rapid.SampledFrom([]int{0, most})).Draw(t, "sample")
			if depth == 8 {
				p.Pix8[i] = uint8(v)
			} else {
				p.Pix16[i] = uint16(v)
			}
		}
		background := [3]uint8{rapid.Byte().Draw(t, "red"), rapid.Byte().Draw(t, "green"), rapid.Byte().Draw(t, "blue")}
		behind := []float64{float64(background[0]), float64(background[1]), float64(background[2])}
		if p.Colors == 1 {
			behind = []float64{math.Floor(0.299*behind[0] + 0.587*behind[1] + 0.114*behind[2] + 0.5 + 1e-9)}
		}
		got := gathered(Flattened(p.Rows(rapid.IntRange(1, 4).Draw(t, "rows")), background))
		if got.Alpha || got.Width != p.Width || got.Height != p.Height {
			t.Fatalf("the form is %+v", got.Config())
		}
		sample := func(p *Picture, i int) float64 {
			if p.Depth == 8 {
				return float64(p.Pix8[i])
			}
			return float64(p.Pix16[i])
		}
		for i := range got.Width * got.Height {
			alpha := sample(p, i*p.Channels()+p.Colors) / float64(most)
			for c := range got.Colors {
				want := sample(p, i*p.Channels()+c)*alpha + behind[c]*float64(most/255)*(1-alpha)
				if v := sample(got, i*got.Colors+c); math.Abs(v-want) > 0.5001 {
					t.Fatalf("pixel %d: %v, want %v", i, v, want)
				}
			}
		}
	})
}

func TestOpaquePicturesStay(t *testing.T) {
	p := New(2, 2, 3, false, 8)
	if rows := p.Rows(1); Flattened(rows, [3]uint8{1, 2, 3}) != rows {
		t.Error("an opaque picture is flattened")
	}
}

// gathered pulls all rows into a picture.
func gathered(src RowSource) *Picture {
	out := &Picture{}
	for rows := 0; ; {
		band, err := src.NextRows()
		if err != nil {
			out.Height = rows
			out.Check()
			return out
		}
		out.Width, out.Colors, out.Alpha, out.Depth = band.Width, band.Colors, band.Alpha, band.Depth
		out.Pix8, out.Pix16 = append(out.Pix8, band.Pix8...), append(out.Pix16, band.Pix16...)
		rows += band.Height
	}
}
