package heif

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"classsr/imageio/codec"
)

// TestItemsAbout takes the metadata of the picture, not those of its map of depths, whatever their order.
func TestItemsAbout(t *testing.T) {
	exif := func(i *item) bool { return i.kind == "Exif" }
	about := func(ids ...uint32) *item {
		i := &item{kind: "Exif", refers: map[string][]uint32{}}
		if ids != nil {
			i.refers["cdsc"] = ids
		}
		return i
	}
	own, other, nothing := about(7, 1), about(7), about()
	for name, test := range map[string]struct {
		all  map[uint32]*item
		want *item
	}{
		"none":        {map[uint32]*item{1: {kind: "av01"}}, nil},
		"of another":  {map[uint32]*item{2: other}, nil},
		"of both":     {map[uint32]*item{2: other, 3: nothing, 4: own}, own},
		"of no one":   {map[uint32]*item{2: other, 3: nothing, 5: about()}, nothing},
		"first of it": {map[uint32]*item{2: own, 9: about(1)}, own},
	} {
		f := &scanner{items: &items{primary: 1, all: test.all}}
		for range 20 { // maps have no order
			if got := f.about(exif); got != test.want {
				t.Fatalf("%s: %v", name, got)
			}
		}
	}
}

// TestExtentsBeyondAll reads metadata that claim to lie where no file reaches.
func TestExtentsBeyondAll(t *testing.T) {
	s := codec.MemorySource([]byte("a file"))
	for _, e := range []extent{{math.MaxInt64 - 3, 10}, {math.MaxInt64, 0}, {5, math.MaxInt64}, {-1, 2}, {2, -1}, {3, 9}, {1 << 40, 4}} {
		if got := (&items{}).read(s, &item{extents: []extent{e}}, codec.LongestEXIF); len(got) > 0 {
			t.Errorf("%v: %q", e, got)
		}
	}
	if got := (&items{}).read(s, &item{extents: []extent{{2, 4}, {0, 1}}}, codec.LongestEXIF); string(got) != "filea" {
		t.Errorf("got %q", got)
	}
}

// TestMetadataOfBoxes reads what heif-enc and avifenc stored of a JPEG with a profile, EXIF that says it lies on its side, and XMP.
func TestMetadataOfBoxes(t *testing.T) {
	profile, err := os.ReadFile("../../icc/testdata/compatibleWithAdobeRGB1998.icc")
	if err != nil {
		t.Fatal(err)
	}
	for name, format := range map[string]*codec.Format{"described.heic": &HEIC, "described.avif": &AVIF} {
		file, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := codec.Open(codec.MemorySource(file), format, codec.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Structure(); err != nil {
			t.Fatal(err)
		}
		m := &f.Metadata
		if !bytes.Equal(m.Color.ICC, profile) || m.Color.CICP != nil {
			t.Errorf("%s: a profile of %d bytes", name, len(m.Color.ICC))
		}
		if !bytes.Contains(m.EXIF, []byte("Box\x00")) || !strings.Contains(string(m.XMP), ">Title<") || m.Density.X != 300 {
			t.Errorf("%s: EXIF of %d bytes, XMP of %d, density %v", name, len(m.EXIF), len(m.XMP), m.Density)
		}
		// avifenc turns the box as EXIF says, this heif-enc does not.
		if want := map[string]int{"described.heic": 1, "described.avif": 6}[name]; max(f.Orientation, 1) != want {
			t.Errorf("%s: orientation %d", name, f.Orientation)
		}
	}
}
