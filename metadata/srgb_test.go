package metadata

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// adobe is an EXIF block of a picture in Adobe RGB.
func adobe(order binary.AppendByteOrder) []byte {
	head := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		head = "MM\x00*"
	}
	exif := make([]byte, 200)
	copy(exif, order.AppendUint32([]byte(head), 8))
	copy(exif[8:], directory(order, 0, field{tagPrimaries, typeRational, 6, 120}, field{tagEXIF, typeLong, 1, 50}))
	copy(exif[50:], directory(order, 0, field{tagColorSpace, typeShort, 1, 0xffff}, field{tagInterop, typeLong, 1, 90}))
	index := directory(order, 0, field{tagInteropIndex, 2, 4, 0})
	copy(index[2+8:], indexAdobe)
	copy(exif[90:], index)
	return exif
}

// What says that colours are others than those of sRGB says so no more, and the block that was read stays as it is.
func TestSRGB(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		exif := adobe(order)
		d := &Data{
			Color: Color{ICC: []byte("profile")}, EXIF: exif,
			XMP: []byte(`<a exif:ColorSpace="65535" photoshop:ICCProfile="Adobe RGB (1998)"/><exif:ColorSpace>2</exif:ColorSpace>`),
		}
		if !AdobeRGB(exif) {
			t.Error("Adobe RGB is not found")
		}
		got := d.SRGB()
		if !bytes.Equal(d.EXIF, adobe(order)) || d.Color.ICC == nil {
			t.Error("what was read is changed")
		}
		if AdobeRGB(got.EXIF) || got.Color.ICC != nil {
			t.Errorf("got % x", got.EXIF)
		}
		b := newEXIFBlock(got.EXIF)
		b.colours(func(tag uint16, field []byte) {
			if v, _ := b.number(field); tag == tagColorSpace && v != 1 || tag == tagInteropIndex && string(field[8:]) != indexSRGB {
				t.Errorf("field %#x is % x", tag, field)
			}
		})
		if b.order.Uint32(b.data[120:]) != 6400 || b.order.Uint32(b.data[124:]) != 10000 {
			t.Errorf("the primaries are % x", b.data[120:168])
		}
		if want := `<a exif:ColorSpace="1" photoshop:ICCProfile="sRGB IEC61966-2.1"/><exif:ColorSpace>1</exif:ColorSpace>`; string(got.XMP) != want {
			t.Errorf("XMP %s", got.XMP)
		}
	}
	// Where there is nothing, or something that makes no sense, nothing comes.
	for _, exif := range [][]byte{nil, []byte("II*\x00\xff\xff\xff\xff"), []byte("short")} {
		if got := (&Data{EXIF: exif}).SRGB(); !bytes.Equal(got.EXIF, exif) || got.XMP != nil || AdobeRGB(exif) {
			t.Errorf("%q became %q", exif, got.EXIF)
		}
	}
}
