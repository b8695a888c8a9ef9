// Package ifd reads directories of tagged fields, as TIFF files and EXIF blocks consist of.
//
//	d, err := ifd.First(ifd.Block(exif))
//	orientation := d.Uint(274, 1)
//
// It knows types of fields and none of their meanings.
package ifd

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
)

// Directory is one image file directory of a TIFF file or an EXIF block: a list of tagged fields. It reads the values of fields when they are
// asked for, so that its size is that of the list.
type Directory struct {
	Order binary.ByteOrder
	End   int64 // of the list in the file
	Next  int64 // offset of the next directory, 0 if none
	// Err is why the values of a field that is there could not be read; io.ErrUnexpectedEOF if they lie outside the file.
	Err error

	src     Source
	entries []byte // twelve bytes each
}

// Source is what directories lie in.
type Source interface {
	// Bytes gives n bytes at an offset, which are valid until the next call. If there are fewer, the error is io.ErrUnexpectedEOF.
	Bytes(offset int64, n int) ([]byte, error)
}

// Block is a Source in memory.
type Block []byte

// Bytes implements Source.
func (b Block) Bytes(offset int64, n int) ([]byte, error) {
	if offset < 0 || offset > int64(len(b)) || int64(n) > int64(len(b))-offset {
		return nil, io.ErrUnexpectedEOF
	}
	return b[offset:][:n], nil
}

const entryLen = 12

// First reads the header of a TIFF file or EXIF block and its first directory.
func First(s Source) (*Directory, error) {
	header, err := s.Bytes(0, 8)
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
	return Read(s, order, int64(order.Uint32(header[4:])))
}

// Read reads the directory at offset.
func Read(s Source, order binary.ByteOrder, offset int64) (*Directory, error) {
	if offset < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	head, err := s.Bytes(offset, 2)
	if err != nil {
		return nil, err
	}
	length := int(order.Uint16(head)) * entryLen
	entries, err := s.Bytes(offset+2, length)
	if err != nil {
		return nil, err
	}
	d := &Directory{src: s, Order: order, entries: slices.Clone(entries), End: offset + 2 + int64(length)}
	// Files without the closing offset exist; nothing follows then.
	next, err := s.Bytes(d.End, 4)
	switch {
	case err == nil:
		d.Next = int64(order.Uint32(next))
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	}
	return d, nil
}

// Len is the length of the list in bytes.
func (d *Directory) Len() int64 { return int64(len(d.entries)) + 2 }

// entry is the last entry with a tag, nil if there is none.
func (d *Directory) entry(tag uint16) []byte {
	var found []byte
	for entry := range slices.Chunk(d.entries, entryLen) {
		if d.Order.Uint16(entry) == tag {
			found = entry
		}
	}
	return found
}

// Has reports whether there is a field.
func (d *Directory) Has(tag uint16) bool { return d.entry(tag) != nil }

// fieldSizes is the size in bytes of a value by its type: byte, text, short, long, rational and so on.
var fieldSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

// field says where the values of a field lie, and of which type they are. Those of at most four bytes are in the entry itself; they are
// given at once. There is none where the field is absent or of an unknown type.
func (d *Directory) field(tag uint16) (at, length int64, inline []byte, kind uint16) {
	entry := d.entry(tag)
	if entry == nil {
		return 0, 0, nil, 0
	}
	kind = d.Order.Uint16(entry[2:])
	if int(kind) >= len(fieldSizes) {
		return 0, 0, nil, 0
	}
	if length = fieldSizes[kind] * int64(d.Order.Uint32(entry[4:])); length <= 4 {
		return 0, length, entry[8 : 8+length], kind
	}
	return int64(d.Order.Uint32(entry[8:])), length, nil, kind
}

// Bytes gives the raw values of a field, at most so many bytes, and their type; nil where it is absent or cannot be read. They are
// valid until the next call.
func (d *Directory) Bytes(tag uint16, most int) (raw []byte, kind uint16) {
	at, length, inline, kind := d.field(tag)
	if inline != nil || length == 0 {
		return inline, kind
	}
	var err error
	if raw, err = d.src.Bytes(at, int(min(length, int64(most)))); err != nil {
		d.Err = err
		return nil, 0
	}
	return raw, kind
}

// Uints gives at most limit values of a field of unsigned integers.
func (d *Directory) Uints(tag uint16, limit int) []uint32 {
	raw, kind := d.Bytes(tag, 4*limit)
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
			values[i] = uint32(d.Order.Uint16(b))
		case 4:
			values[i] = d.Order.Uint32(b)
		}
	}
	return values
}

// Uint gives the first value of a field of unsigned integers, or other where it is absent.
func (d *Directory) Uint(tag uint16, other uint32) uint32 {
	if v := d.Uints(tag, 1); len(v) > 0 {
		return v[0]
	}
	return other
}

// Rational gives the first value of a field of fractions, or NaN.
func (d *Directory) Rational(tag uint16) float64 {
	raw, kind := d.Bytes(tag, 8)
	if kind != 5 || len(raw) < 8 {
		return math.NaN()
	}
	return float64(d.Order.Uint32(raw)) / float64(d.Order.Uint32(raw[4:]))
}

// List is a field of many unsigned integers, read one at a time.
type List struct {
	d     *Directory
	at    int64  // of the first
	entry []byte // holds them if they are so few
	size  int64  // bytes each
	N     int64  // of values
}

// List gives the values of a field of shorts or longs; none where it is absent or of another type.
func (d *Directory) List(tag uint16) List {
	at, length, inline, kind := d.field(tag)
	if kind != 3 && kind != 4 {
		return List{}
	}
	l := List{d: d, at: at, entry: inline, size: fieldSizes[kind]}
	l.N = length / l.size
	return l
}

// Value gives value i, which must be there.
func (l *List) Value(i int64) (int64, error) {
	raw := l.entry
	if raw != nil {
		raw = raw[i*l.size:]
	} else {
		var err error
		if raw, err = l.d.src.Bytes(l.at+i*l.size, int(l.size)); err != nil {
			return 0, err
		}
	}
	if l.size == 2 {
		return int64(l.d.Order.Uint16(raw)), nil
	}
	return int64(l.d.Order.Uint32(raw)), nil
}
