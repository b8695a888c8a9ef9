package imageio

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// directory is one image file directory of a TIFF file or an EXIF block: a list of tagged fields. It reads the values of fields when they are
// asked for, so that its size is that of the list.
type directory struct {
	src     *source
	order   binary.ByteOrder
	entries []byte // twelve bytes each
	end     int64  // of the list in the file
	next    int64  // offset of the next directory, 0 if none
	// err is why the values of a field that is there could not be read; io.ErrUnexpectedEOF if they lie outside the file.
	err error
}

const ifdEntryLen = 12

// firstDirectory reads the header of a TIFF file or EXIF block and its first directory.
func firstDirectory(s *source) (*directory, error) {
	header, err := s.bytes(0, 8)
	if err != nil {
		return nil, err
	}
	var order binary.ByteOrder
	switch string(header[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errors.New("its header is wrong")
	}
	return readDirectory(s, order, int64(order.Uint32(header[4:])))
}

// readDirectory reads the directory at offset.
func readDirectory(s *source, order binary.ByteOrder, offset int64) (*directory, error) {
	if offset < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	head, err := s.bytes(offset, 2)
	if err != nil {
		return nil, err
	}
	length := int(order.Uint16(head)) * ifdEntryLen
	entries, err := s.bytes(offset+2, length)
	if err != nil {
		return nil, err
	}
	d := &directory{src: s, order: order, entries: slices.Clone(entries), end: offset + 2 + int64(length)}
	// Files without the closing offset exist; nothing follows then.
	next, err := s.bytes(d.end, 4)
	switch {
	case err == nil:
		d.next = int64(order.Uint32(next))
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	}
	return d, nil
}

// entry is the last entry with a tag, nil if there is none.
func (d *directory) entry(tag uint16) []byte {
	var found []byte
	for entry := range slices.Chunk(d.entries, ifdEntryLen) {
		if d.order.Uint16(entry) == tag {
			found = entry
		}
	}
	return found
}

func (d *directory) has(tag uint16) bool { return d.entry(tag) != nil }

// fieldSizes is the size in bytes of a value by its type: byte, text, short, long, rational and so on.
var fieldSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

// field says where the values of a field lie, and of which type they are. Those of at most four bytes are in the entry itself; they are
// given at once. There is none where the field is absent or of an unknown type.
func (d *directory) field(tag uint16) (at, length int64, inline []byte, kind uint16) {
	entry := d.entry(tag)
	if entry == nil {
		return 0, 0, nil, 0
	}
	kind = d.order.Uint16(entry[2:])
	if int(kind) >= len(fieldSizes) {
		return 0, 0, nil, 0
	}
	if length = fieldSizes[kind] * int64(d.order.Uint32(entry[4:])); length <= 4 {
		return 0, length, entry[8 : 8+length], kind
	}
	return int64(d.order.Uint32(entry[8:])), length, nil, kind
}

// bytes gives the raw values of a field, at most so many bytes, and their type; nil where it is absent or cannot be read. They are
// valid until the next call.
func (d *directory) bytes(tag uint16, most int) (raw []byte, kind uint16) {
	at, length, inline, kind := d.field(tag)
	if inline != nil || length == 0 {
		return inline, kind
	}
	var err error
	if raw, err = d.src.bytes(at, int(min(length, int64(most)))); err != nil {
		d.err = err
		return nil, 0
	}
	return raw, kind
}

// uints gives at most limit values of a field of unsigned integers.
func (d *directory) uints(tag uint16, limit int) []uint32 {
	raw, kind := d.bytes(tag, 4*limit)
	if kind != 1 && kind != 3 && kind != 4 {
		return nil
	}
	size := int(fieldSizes[kind])
	values := make([]uint32, min(len(raw)/size, limit))
	for i := range values {
		switch b := raw[i*size:]; kind {
		case 1:
			values[i] = uint32(b[0])
		case 3:
			values[i] = uint32(d.order.Uint16(b))
		case 4:
			values[i] = d.order.Uint32(b)
		}
	}
	return values
}

// uint gives the first value of a field of unsigned integers, or other where it is absent.
func (d *directory) uint(tag uint16, other uint32) uint32 {
	if v := d.uints(tag, 1); len(v) > 0 {
		return v[0]
	}
	return other
}

// rational gives the first value of a field of fractions, or NaN.
func (d *directory) rational(tag uint16) float64 {
	raw, kind := d.bytes(tag, 8)
	if kind != 5 || len(raw) < 8 {
		return math.NaN()
	}
	return float64(d.order.Uint32(raw)) / float64(d.order.Uint32(raw[4:]))
}

// list is a field of many unsigned integers, read one at a time.
type list struct {
	d     *directory
	at    int64  // of the first
	entry []byte // holds them if they are so few
	size  int64  // bytes each
	n     int64
}

// list gives the values of a field of shorts or longs; none where it is absent or of another type.
func (d *directory) list(tag uint16) list {
	at, length, inline, kind := d.field(tag)
	if kind != 3 && kind != 4 {
		return list{}
	}
	l := list{d: d, at: at, entry: inline, size: fieldSizes[kind]}
	l.n = length / l.size
	return l
}

// value gives value i, which must be there.
func (l *list) value(i int64) (int64, error) {
	raw := l.entry
	if raw != nil {
		raw = raw[i*l.size:]
	} else {
		var err error
		if raw, err = l.d.src.bytes(l.at+i*l.size, int(l.size)); err != nil {
			return 0, err
		}
	}
	if l.size == 2 {
		return int64(l.d.order.Uint16(raw)), nil
	}
	return int64(l.d.order.Uint32(raw)), nil
}
