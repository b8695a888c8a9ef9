package tiff

import (
	"slices"
	"testing"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/picture"
)

// Bands that are written one after the other are read one by one, and the first three as colours.
func TestPlanes(t *testing.T) {
	for _, c := range []picture.Config{
		{Width: 37, Height: 29, Colors: 1, Depth: 8}, {Width: 600, Height: 700, Colors: 1, Depth: 16}, {Width: 5, Height: 3, Colors: 1, Depth: 32},
	} {
		for _, big := range []bool{false, true} {
			var f file
			var bands []*picture.Picture
			planes := &Planes{Count: 4}
			for k := range planes.Count {
				band := patterned(c)
				for i := range band.Pix8 {
					band.Pix8[i] ^= uint8(k)
				}
				for i := range band.Pix16 {
					band.Pix16[i] ^= uint16(k)
				}
				for i := range band.Pix32 {
					band.Pix32[i] += float32(k)
				}
				bands = append(bands, band)
				sink, err := NewEncoder(&f, c, Options{Planes: planes, Big: big})
				if err != nil {
					t.Fatal(err)
				}
				if err := picture.Copy(sink, band.Rows(10)); err != nil {
					t.Fatal(err)
				}
			}
			o := codec.Options{Range: &codec.Range{Low: 0, High: 1}}
			for k, want := range bands {
				o.Band = k + 1
				if got, found, err := decoded(f.Bytes(), o); err != nil || !same(got, want) || found.Bands != 4 || len(found.Notes) > 0 {
					t.Errorf("%+v: band %d: %+v, %v", c, k+1, found, err)
				}
			}
			o.Band = 5
			if _, _, err := decoded(f.Bytes(), o); fault.KindOf(err) != fault.Usage {
				t.Errorf("a band that is not there: %v", err)
			}
			o.Band = 0
			if got, _, err := decoded(f.Bytes(), o); err != nil || got.Colors != 3 || got.Alpha {
				t.Errorf("%+v: %+v, %v", c, got, err)
			}
		}
	}
	if _, err := NewEncoder(&file{}, picture.Config{Width: 1, Height: 1, Colors: 3, Depth: 8}, Options{Planes: &Planes{Count: 2}}); err == nil {
		t.Error("a band of three colours is taken")
	}
}

// Alpha is a band like others where all are read one after the other; colours of a palette are none.
func TestEachBand(t *testing.T) {
	alpha := build(2, 1, []byte{10, 20, 30, 40}, []entry{
		{tagSamples, []uint16{2}}, {tagBitsPerSample, []uint16{8, 8}}, {tagExtraSamples, []uint16{1}},
	})
	for band, want := range [][]uint8{{10, 30}, {20, 40}} {
		p, f, err := decoded(alpha, codec.Options{Band: band + 1})
		if err != nil || f.Bands != 2 || p.Alpha || !slices.Equal(p.Pix8, want) {
			t.Errorf("band %d: %v, %v", band+1, p, err)
		}
	}
	palette := make([]uint16, 3*256)
	palette[1] = 0xffff
	p, f, err := decoded(build(2, 1, []byte{1, 0}, []entry{{tagPhotometric, []uint16{3}}, {tagColorMap, palette}}), codec.Options{Band: 1})
	if err != nil || f.Bands != 0 || p.Colors != 3 || !slices.Equal(p.Pix8, []uint8{255, 0, 0, 0, 0, 0}) {
		t.Errorf("of a palette: %v, %v", p, err)
	}
}
