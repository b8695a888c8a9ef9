package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"slices"
	"testing"
)

// field is an entry of a directory; long values lie at an offset.
type field struct {
	tag, kind uint16
	count     uint32
	value     uint32
}

// directory is a list of fields and the offset of the next one.
func directory(order binary.AppendByteOrder, next uint32, fields ...field) []byte {
	out := order.AppendUint16(nil, uint16(len(fields)))
	for _, f := range fields {
		out = order.AppendUint16(order.AppendUint16(out, f.tag), f.kind)
		out = order.AppendUint32(out, f.count)
		if f.kind == typeShort && f.count == 1 {
			out = order.AppendUint16(order.AppendUint16(out, uint16(f.value)), 0)
		} else {
			out = order.AppendUint32(out, f.value)
		}
	}
	return order.AppendUint32(out, next)
}

// block is an EXIF block of a camera: a picture of 4000x3000 that lies on its side, 300 dots an inch, a maker's note, and a preview.
func block(order binary.AppendByteOrder) (exif []byte, note string, previewAt int) {
	head := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		head = "MM\x00*"
	}
	const first, details, note0, preview = 8, 100, 160, 200
	put := func(at int, b []byte) {
		exif = append(exif, make([]byte, max(0, at+len(b)-len(exif)))...)
		copy(exif[at:], b)
	}
	put(0, order.AppendUint32([]byte(head), first))
	put(first, directory(order, preview, field{tagWidth, typeShort, 1, 4000}, field{tagOrientation, typeShort, 1, 6}, field{tagXResolution, typeRational, 1, 84},
		field{tagYResolution, typeRational, 1, 92}, field{tagEXIF, typeLong, 1, details}))
	put(84, order.AppendUint32(order.AppendUint32(nil, 300), 1))
	put(92, order.AppendUint32(order.AppendUint32(nil, 3000), 10))
	note = "a note of the maker"
	put(details, directory(order, 0, field{tagPixelX, typeShort, 1, 4000}, field{tagPixelY, typeLong, 1, 3000}, field{0x927c, 7, uint32(len(note)), note0}))
	put(note0, []byte(note))
	put(preview, directory(order, 0, field{0x201, typeLong, 1, 240}, field{0x202, typeLong, 1, 30}))
	put(240, bytes.Repeat([]byte{0xaa}, 30))
	return exif, note, preview
}

func TestResizedEXIF(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		exif, note, _ := block(order)
		if Orientation(exif) != 6 || DensityOf(exif) != (Density{300, 300, Inch}) {
			t.Fatalf("orientation %d, density %v", Orientation(exif), DensityOf(exif))
		}
		before := bytes.Clone(exif)
		got := (&Data{EXIF: exif}).Of(image.Pt(3000, 4000), image.Pt(12000, 100000)).EXIF
		if !bytes.Equal(exif, before) {
			t.Error("the block itself is changed")
		}
		if Orientation(got) != 1 || DensityOf(got) != (Density{1200, 7500, Inch}) {
			t.Errorf("orientation %d, density %v", Orientation(got), DensityOf(got))
		}
		if i := bytes.Index(got, []byte(note)); i != bytes.Index(exif, []byte(note)) {
			t.Errorf("the note of the maker lies at %d", i)
		}
		if bytes.Contains(got, []byte{0xaa, 0xaa}) || len(got) > 200 {
			t.Errorf("the preview is kept: %d bytes", len(got))
		}
		sizes := map[uint16]uint32{}
		b := newEXIFBlock(got)
		note0 := func(tag uint16, field []byte) { sizes[tag], _ = b.number(field) }
		b.walk(8, note0)
		b.walk(100, note0)
		for tag, want := range map[uint16]uint32{tagWidth: 12000, tagPixelX: 12000, tagPixelY: 100000} {
			if sizes[tag] != want {
				t.Errorf("field %#x is %d, want %d", tag, sizes[tag], want)
			}
		}
	}
}

// TestPreviewAmongOthers has a preview that lies before what must be kept.
func TestPreviewAmongOthers(t *testing.T) {
	order := binary.LittleEndian
	exif := order.AppendUint32([]byte("II*\x00"), 80)
	exif = append(exif, directory(order, 0, field{0x201, typeLong, 1, 40}, field{0x202, typeLong, 1, 20})...)
	exif = append(exif, make([]byte, 80-len(exif))...)
	copy(exif[40:], bytes.Repeat([]byte{0xaa}, 20))
	exif = append(exif, directory(order, 8, field{tagOrientation, typeShort, 1, 3})...)
	got := resizedEXIF(exif, image.Pt(1, 1), 1, 1)
	if Orientation(got) != 1 || bytes.Contains(got, []byte{0xaa}) {
		t.Errorf("got % x", got)
	}
}

// FuzzEXIF changes blocks that may be anything.
func FuzzEXIF(f *testing.F) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		exif, _, _ := block(order)
		f.Add(exif)
		r := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			broken := slices.Clone(exif)
			broken[r.IntN(len(broken))] ^= 1 << r.IntN(8)
			f.Add(broken[:1+r.IntN(len(broken))])
		}
	}
	f.Fuzz(func(t *testing.T, exif []byte) {
		got := resizedEXIF(exif, image.Pt(70000, 3), 4, 4)
		if o := Orientation(got); o > 1 && Orientation(exif) == o {
			t.Errorf("orientation %d stays", o)
		}
		if len(got) > len(exif) {
			t.Errorf("%d bytes become %d", len(exif), len(got))
		}
		DensityOf(exif)
		if d := (&Data{EXIF: exif}).SRGB(); len(d.EXIF) != len(exif) || AdobeRGB(d.EXIF) && AdobeRGB(d.SRGB().EXIF) {
			t.Errorf("% x is not sRGB", d.EXIF)
		}
	})
}

// TestWithDensity adds a density to blocks that have none, and moves nothing.
func TestWithDensity(t *testing.T) {
	d := Density{X: 300, Y: 118.11, Unit: Centimetre}
	with := WithDensity(nil, d)
	if got := DensityOf(with); got != d {
		t.Errorf("a new block tells %v", got)
	}
	if again := WithDensity(with, Density{X: 1, Y: 2, Unit: Inch}); !bytes.Equal(again, with) {
		t.Error("a density is replaced")
	}
	for _, order := range []string{"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00x", "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"} {
		with := WithDensity([]byte(order), d)
		if got := DensityOf(with); got != d || Orientation(with) != 6 || string(with[8:len(order)]) != order[8:] {
			t.Errorf("%q: density %v, orientation %d", order[:2], got, Orientation(with))
		}
	}
	for _, block := range []string{"nothing", "II*\x00\xff\xff\x00\x00\x00\x00", "II*\x00\x08\x00\x00\x00\x00\x00"} {
		if got := WithDensity([]byte(block), d); string(got) != block {
			t.Errorf("%q becomes %q", block, got)
		}
	}
	if got := WithDensity(nil, Density{X: 2, Y: 1}); got != nil {
		t.Errorf("without a unit: %q", got)
	}
}
