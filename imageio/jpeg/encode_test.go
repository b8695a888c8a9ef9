package jpeg

import (
	"bytes"
	"io"
	"testing"

	"classsr/fault"
	"classsr/imageio/jpeg/baseline"
	"classsr/imageio/strips"
	"classsr/metadata"
	"classsr/picture"
)

var subsamplings = []baseline.Subsampling{baseline.Subsampling420, baseline.Subsampling422, baseline.Subsampling444}

// TestStripsFitAnInterval goes through all widths: what a strip holds must be a number that a file can tell.
func TestStripsFitAnInterval(t *testing.T) {
	for width := 1; width <= 65535; width++ {
		for _, colors := range []int{1, 3} {
			for _, s := range subsamplings {
				b := config(picture.Config{Width: width, Height: 65535, Colors: colors, Depth: 8}, s)
				if b.StripRows%b.UnitRows() != 0 || b.StripRows < 1 {
					t.Fatalf("%d pixels wide, %d colours, %v: %d rows", width, colors, s, b.StripRows)
				}
				b.Tables = baseline.QualityTables(90)
				if width%97 > 1 { // making an encoder takes a while
					continue
				}
				if _, err := baseline.New(b); err != nil {
					t.Fatalf("%d pixels wide, %d colours, %v: %v", width, colors, s, err)
				}
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
	opaque8(reduced, p)
	for v, got := range reduced {
		if want := (v*255*2 + 65535) / (2 * 65535); int(got) != want {
			t.Fatalf("%d becomes %d, want %d", v, got, want)
		}
	}
}

// TestTablesAndMetadata writes given ones.
func TestTablesAndMetadata(t *testing.T) {
	p := picture.New(40, 30, 3, false, 8)
	tables := baseline.QualityTables(33)
	tables[0][7], tables[1][9] = 200, 201
	m := &metadata.Data{XMP: []byte("<x/>")}
	for _, s := range subsamplings {
		var b bytes.Buffer
		e, err := NewEncoder(&b, p.Config(), EncodeOptions{Tables: &tables, Subsampling: s, Metadata: m}, strips.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := picture.Copy(e, p.Rows(30)); err != nil {
			t.Fatal(err)
		}
		if first := append(baseline.JFIF(0, 1, 1), "\xff\xe1\x00\x23http://ns.adobe.com/xap/1.0/\x00<x/>"...); !bytes.HasPrefix(b.Bytes()[2:], first) {
			t.Errorf("%v: metadata does not come first", s)
		}
		for i := range tables {
			if !bytes.Contains(b.Bytes(), append([]byte{0xff, 0xdb, 0, 67, byte(i)}, tables[i][:]...)) {
				t.Errorf("%v: the table is not there", s)
			}
		}
	}
}

func TestQualityOutOfRange(t *testing.T) {
	for _, quality := range []int{-1, 0, 101} {
		_, err := NewEncoder(io.Discard, picture.Config{Width: 5, Height: 5, Colors: 3, Depth: 8}, EncodeOptions{Quality: quality}, strips.Options{})
		if fault.KindOf(err) != fault.Usage {
			t.Errorf("quality %d: %v", quality, err)
		}
	}
}
