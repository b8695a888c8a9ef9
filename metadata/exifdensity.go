package metadata

import (
	"bytes"
	"cmp"
	"slices"
)

// WithDensity is an EXIF block that tells a density, for formats that hold it in no other way: exif, which may be nil, and behind it a first
// directory with the fields that it lacks, so that nothing else moves. exif is given back as it is where it tells a density, where d has no
// unit, and where it makes no sense.
func WithDensity(exif []byte, d Density) []byte {
	if !d.Says() || d.Unit == Unknown || DensityOf(exif).Says() {
		return exif
	}
	if exif == nil {
		exif = []byte("II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	}
	b := newEXIFBlock(exif)
	if b == nil {
		return exif
	}
	old, next := b.entries(b.order.Uint32(b.data[4:]))
	if next == 0 || next+4 > len(b.data) {
		return exif
	}
	further := bytes.Clone(b.data[next : next+4])
	const tagUnit, perInch, perCentimetre = 0x128, 2, 3
	fields := slices.DeleteFunc(slices.Collect(slices.Chunk(bytes.Clone(old), 12)), func(field []byte) bool {
		tag := b.order.Uint16(field)
		return tag == tagXResolution || tag == tagYResolution || tag == tagUnit
	})
	b.data = append(b.data, make([]byte, len(b.data)%2)...)
	fractions := len(b.data)
	for _, v := range []float64{d.X, d.Y} {
		b.data = append(b.data, 0, 0, 0, 0, 0, 0, 0, 1)
		b.setRational(len(b.data)-8, v)
	}
	unit := uint16(perInch)
	if d.Unit == Centimetre {
		unit = perCentimetre
	}
	fields = append(fields, b.field(tagXResolution, typeRational, uint32(fractions)), b.field(tagYResolution, typeRational, uint32(fractions+8)),
		b.field(tagUnit, typeShort, uint32(unit)))
	slices.SortStableFunc(fields, func(f, g []byte) int { return cmp.Compare(b.order.Uint16(f), b.order.Uint16(g)) })
	b.order.PutUint32(b.data[4:], uint32(len(b.data)))
	count := make([]byte, 2)
	b.order.PutUint16(count, uint16(len(fields)))
	return append(append(append(b.data, count...), bytes.Join(fields, nil)...), further...)
}

// field makes a field of one value, or of a value that lies at an offset.
func (b *exifBlock) field(tag, kind uint16, v uint32) []byte {
	f := make([]byte, 12)
	b.order.PutUint16(f, tag)
	b.order.PutUint16(f[2:], kind)
	b.order.PutUint32(f[4:], 1)
	if kind == typeShort {
		b.order.PutUint16(f[8:], uint16(v))
	} else {
		b.order.PutUint32(f[8:], v)
	}
	return f
}
