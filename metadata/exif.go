package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
)

// Tags of EXIF that tell how a picture lies or how large it is.
const (
	tagWidth       = 0x100
	tagHeight      = 0x101
	tagOrientation = 0x112
	tagXResolution = 0x11a
	tagYResolution = 0x11b
	tagEXIF        = 0x8769
	tagGPS         = 0x8825
	tagPixelX      = 0xa002
	tagPixelY      = 0xa003
	tagInterop     = 0xa005
)

// Types of fields, and their sizes in bytes.
const (
	typeShort    = 3
	typeLong     = 4
	typeRational = 5
)

var typeSizes = [...]int{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

// exifBlock is an EXIF block whose fields are changed where they lie: moving others would break what makers of cameras keep in formats of
// their own (MakerNote), which count from the beginning of the block.
type exifBlock struct {
	data  []byte
	order binary.ByteOrder
	end   int // behind all that the directories seen so far refer to
}

// newEXIFBlock copies a block; nil if it is none.
func newEXIFBlock(data []byte) *exifBlock {
	if len(data) < 8 {
		return nil
	}
	b := &exifBlock{data: bytes.Clone(data), end: 8}
	switch string(data[:4]) {
	case "II*\x00":
		b.order = binary.LittleEndian
	case "MM\x00*":
		b.order = binary.BigEndian
	default:
		return nil
	}
	return b
}

// entries gives the fields of the directory at an offset, twelve bytes each, and where the offset of the next directory lies; nil if
// there is none.
func (b *exifBlock) entries(at uint32) (fields []byte, next int) {
	if int64(at)+2 > int64(len(b.data)) || at < 8 {
		return nil, 0
	}
	n := int(b.order.Uint16(b.data[at:]))
	start := int(at) + 2
	if start+12*n > len(b.data) {
		return nil, 0
	}
	return b.data[start : start+12*n], start + 12*n
}

// walk calls visit for each field of a directory and notes how far what they refer to reaches.
func (b *exifBlock) walk(at uint32, visit func(tag uint16, field []byte)) (next int) {
	fields, next := b.entries(at)
	b.end = max(b.end, next+4)
	for ; len(fields) >= 12; fields = fields[12:] {
		kind := int(b.order.Uint16(fields[2:]))
		if kind < len(typeSizes) {
			if size := int64(typeSizes[kind]) * int64(b.order.Uint32(fields[4:])); size > 4 {
				if end := int64(b.order.Uint32(fields[8:])) + size; end <= int64(len(b.data)) {
					b.end = max(b.end, int(end))
				}
			}
		}
		visit(b.order.Uint16(fields), fields[:12])
	}
	return next
}

// number gives the value of a field of one whole number.
func (b *exifBlock) number(field []byte) (uint32, bool) {
	if b.order.Uint32(field[4:]) != 1 {
		return 0, false
	}
	switch b.order.Uint16(field[2:]) {
	case typeShort:
		return uint32(b.order.Uint16(field[8:])), true
	case typeLong:
		return b.order.Uint32(field[8:]), true
	}
	return 0, false
}

// setNumber changes such a field.
func (b *exifBlock) setNumber(field []byte, v uint32) {
	if _, ok := b.number(field); !ok {
		return
	}
	if b.order.Uint16(field[2:]) == typeShort && v <= math.MaxUint16 {
		b.order.PutUint32(field[8:], 0)
		b.order.PutUint16(field[8:], uint16(v))
		return
	}
	b.order.PutUint16(field[2:], typeLong)
	b.order.PutUint32(field[8:], v)
}

// rational gives the value of a field of one fraction, and where it lies.
func (b *exifBlock) rational(field []byte) (v float64, at int) {
	at = int(b.order.Uint32(field[8:]))
	if b.order.Uint16(field[2:]) != typeRational || b.order.Uint32(field[4:]) != 1 || at+8 > len(b.data) {
		return math.NaN(), 0
	}
	return float64(b.order.Uint32(b.data[at:])) / float64(b.order.Uint32(b.data[at+4:])), at
}

// setRational changes such a field, if it can hold the value.
func (b *exifBlock) setRational(at int, v float64) {
	for _, under := range []float64{1, 10, 100, 1000, 10000} {
		if over := math.Round(v * under); over < math.MaxUint32 && (math.Abs(over/under-v) < 1e-9*v || under == 10000) {
			b.order.PutUint32(b.data[at:], uint32(over))
			b.order.PutUint32(b.data[at+4:], uint32(under))
			return
		}
	}
}

// resizedEXIF is a block for an upright picture of the size to, which has x times the pixels along a row and y times those along a column. A
// block that makes no sense is dropped.
func resizedEXIF(data []byte, to image.Point, x, y float64) []byte {
	b := newEXIFBlock(data)
	if b == nil {
		return nil
	}
	var details, places, interop uint32
	first := b.order.Uint32(b.data[4:])
	next := b.walk(first, func(tag uint16, field []byte) {
		switch tag {
		case tagOrientation:
			b.setNumber(field, 1)
		case tagWidth:
			b.setNumber(field, uint32(to.X))
		case tagHeight:
			b.setNumber(field, uint32(to.Y))
		case tagXResolution:
			b.times(field, x)
		case tagYResolution:
			b.times(field, y)
		case tagEXIF:
			details, _ = b.number(field)
		case tagGPS:
			places, _ = b.number(field)
		}
	})
	if next == 0 {
		return nil
	}
	b.walk(details, func(tag uint16, field []byte) {
		switch tag {
		case tagPixelX:
			b.setNumber(field, uint32(to.X))
		case tagPixelY:
			b.setNumber(field, uint32(to.Y))
		case tagInterop:
			interop, _ = b.number(field)
		}
	})
	b.walk(places, func(uint16, []byte) {})
	b.walk(interop, func(uint16, []byte) {})
	return b.withoutPreview(next)
}

// times multiplies a density.
func (b *exifBlock) times(field []byte, factor float64) {
	v, at := b.rational(field)
	if d := (Density{X: v, Y: v, Unit: Inch}); at != 0 && d.Says() {
		b.setRational(at, d.Times(factor, factor).X)
	}
}

// withoutPreview drops the directory of the preview, and the preview with it, which in practice lies behind all else. Where it does not, its
// bytes are made zeros.
func (b *exifBlock) withoutPreview(next int) []byte {
	if next+4 > len(b.data) {
		return b.data
	}
	preview := b.order.Uint32(b.data[next:])
	b.order.PutUint32(b.data[next:], 0)
	if fields, _ := b.entries(preview); fields != nil && b.end <= int(preview) {
		return b.data[:b.end]
	}
	const tagOffset, tagLength = 0x201, 0x202
	var at, length uint32
	b.walk(preview, func(tag uint16, field []byte) {
		switch tag {
		case tagOffset:
			at, _ = b.number(field)
		case tagLength:
			length, _ = b.number(field)
		}
	})
	if end := int64(at) + int64(length); end <= int64(len(b.data)) && at >= 8 {
		clear(b.data[at:end])
	}
	return b.data
}

// Orientation gives the orientation in an EXIF block, 1 to 8, or 0 where there is none.
func Orientation(exif []byte) int {
	b := newEXIFBlock(exif)
	if b == nil {
		return 0
	}
	found := uint32(0)
	b.walk(b.order.Uint32(b.data[4:]), func(tag uint16, field []byte) {
		if tag == tagOrientation {
			found, _ = b.number(field)
		}
	})
	if found > 8 {
		return 0
	}
	return int(found)
}

// DensityOf gives the density that an EXIF block tells, which may say nothing.
func DensityOf(exif []byte) Density {
	const tagUnit = 0x128
	b := newEXIFBlock(exif)
	if b == nil {
		return Density{}
	}
	d := Density{Unit: Inch}
	b.walk(b.order.Uint32(b.data[4:]), func(tag uint16, field []byte) {
		switch tag {
		case tagXResolution:
			d.X, _ = b.rational(field)
		case tagYResolution:
			d.Y, _ = b.rational(field)
		case tagUnit:
			if unit, _ := b.number(field); unit == 3 {
				d.Unit = Centimetre
			}
		}
	})
	if !d.Says() {
		return Density{}
	}
	return d
}
