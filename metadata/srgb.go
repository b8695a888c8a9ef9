package metadata

import (
	"regexp"
)

// Tags of EXIF that tell what colours mean. The index of interoperability is R98 for sRGB and R03 for Adobe RGB.
const (
	tagWhitePoint   = 0x13e
	tagPrimaries    = 0x13f
	tagColorSpace   = 0xa001
	tagInteropIndex = 1
)

const (
	indexSRGB  = "R98\x00"
	indexAdobe = "R03\x00"
)

// SRGB gives what d says of the picture with colours of sRGB: no profile, and EXIF and XMP say sRGB wherever they speak of colours.
func (d *Data) SRGB() *Data {
	out := *d
	out.Color = Color{}
	if b := newEXIFBlock(d.EXIF); b != nil {
		b.colours(func(tag uint16, field []byte) {
			switch tag {
			case tagColorSpace:
				b.setNumber(field, 1)
			case tagInteropIndex:
				copy(field[8:], indexSRGB)
			case tagWhitePoint:
				b.setFractions(field, 3127, 3290)
			case tagPrimaries:
				b.setFractions(field, 6400, 3300, 3000, 6000, 1500, 600)
			}
		})
		out.EXIF = b.data
	}
	out.XMP = colorSpace.ReplaceAll(d.XMP, []byte("${1}1"))
	out.XMP = profileName.ReplaceAll(out.XMP, []byte("${1}sRGB IEC61966-2.1"))
	return &out
}

// Where XMP names a colour space by EXIF's number, and a profile.
var (
	colorSpace  = regexp.MustCompile(`(exif:ColorSpace(?:\s*=\s*["']|\s*>))[0-9]+`)
	profileName = regexp.MustCompile(`(photoshop:ICCProfile(?:\s*=\s*["']|\s*>))[^"'<]*`)
)

// AdobeRGB reports whether an EXIF block says that the colours are those of Adobe RGB, as cameras do that write no profile.
func AdobeRGB(exif []byte) bool {
	found := false
	if b := newEXIFBlock(exif); b != nil {
		b.colours(func(tag uint16, field []byte) {
			v, ok := b.number(field)
			found = found || tag == tagInteropIndex && string(field[8:]) == indexAdobe || tag == tagColorSpace && ok && v == 2
		})
	}
	return found
}

// colours visits the fields that tell what colours mean.
func (b *exifBlock) colours(visit func(tag uint16, field []byte)) {
	var details, interop uint32
	b.walk(b.order.Uint32(b.data[4:]), func(tag uint16, field []byte) {
		switch tag {
		case tagEXIF:
			details, _ = b.number(field)
		case tagWhitePoint, tagPrimaries:
			visit(tag, field)
		}
	})
	b.walk(details, func(tag uint16, field []byte) {
		switch tag {
		case tagInterop:
			interop, _ = b.number(field)
		case tagColorSpace:
			visit(tag, field)
		}
	})
	b.walk(interop, func(tag uint16, field []byte) {
		const text = 2
		if tag == tagInteropIndex && b.order.Uint16(field[2:]) == text && b.order.Uint32(field[4:]) == uint32(len(indexSRGB)) {
			visit(tag, field)
		}
	})
}

// setFractions changes a field of as many fractions to ten thousandths.
func (b *exifBlock) setFractions(field []byte, values ...uint32) {
	at := int64(b.order.Uint32(field[8:]))
	if b.order.Uint16(field[2:]) != typeRational || int(b.order.Uint32(field[4:])) != len(values) || at < 8 || at+8*int64(len(values)) > int64(len(b.data)) {
		return
	}
	for i, v := range values {
		b.order.PutUint32(b.data[at+8*int64(i):], v)
		b.order.PutUint32(b.data[at+8*int64(i)+4:], 10000)
	}
}
