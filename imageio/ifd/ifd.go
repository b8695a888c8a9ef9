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

// Directory is one image file directory of a TIFF file, a BigTIFF file or an EXIF block: a list of tagged fields. It reads the values of
// fields when they are asked for, so that its size is that of the list.
type Directory struct {
	Order binary.ByteOrder
	Big   bool  // it is one of a BigTIFF, whose offsets have 64 bits
	End   int64 // of the list in the file
	Next  int64 // offset of the next directory, 0 if none
	// Err is why the values of a field that is there could not be read; io.ErrUnexpectedEOF if they lie outside the file.
	Err error

	src     Source
	entries []byte // form.entry bytes each
}

// form is how long the parts of a directory are, in bytes.
type form struct {
	count  int // how many entries there are
	entry  int // tag and type of two bytes each, a number of values, and these or where they are
	number int // of values; as long as an offset
}

var (
	classic = form{count: 2, entry: 12, number: 4}
	bigTIFF = form{count: 8, entry: 20, number: 8}
)

func (d *Directory) form() form {
	if d.Big {
		return bigTIFF
	}
	return classic
}

// number reads a count or an offset. One that lies beyond every file stays so, and can be reckoned with.
func (d *Directory) number(b []byte) int64 {
	const beyond = 1 << 60
	if d.Big {
		return int64(min(d.Order.Uint64(b), beyond))
	}
	return int64(d.Order.Uint32(b))
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

// First reads the header of a TIFF file, a BigTIFF file or an EXIF block and its first directory.
func First(s Source) (*Directory, error) {
	header, err := s.Bytes(0, 8)
	if err != nil {
		return nil, err
	}
	d := &Directory{src: s}
	switch string(header[:4]) {
	case "II*\x00":
		d.Order = binary.LittleEndian
	case "MM\x00*":
		d.Order = binary.BigEndian
	case "II+\x00":
		d.Order, d.Big = binary.LittleEndian, true
	case "MM\x00+":
		d.Order, d.Big = binary.BigEndian, true
	default:
		return nil, errors.New("its header is wrong")
	}
	if !d.Big {
		return d.At(int64(d.Order.Uint32(header[4:])))
	}
	if d.Order.Uint16(header[4:]) != 8 || d.Order.Uint16(header[6:]) != 0 {
		return nil, errors.New("its header is wrong")
	}
	if header, err = s.Bytes(8, 8); err != nil {
		return nil, err
	}
	return d.At(d.number(header))
}

// At reads another directory of the same file, at an offset.
func (d *Directory) At(offset int64) (*Directory, error) {
	const most = 1 << 16 // fields, of which each tag needs one
	f := d.form()
	if offset < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	head, err := d.src.Bytes(offset, f.count)
	if err != nil {
		return nil, err
	}
	n := int64(d.Order.Uint16(head))
	if d.Big {
		if n = d.number(head); n > most {
			return nil, errors.New("its list of fields is impossibly long")
		}
	}
	length := int(n) * f.entry
	start := offset + int64(f.count)
	entries, err := d.src.Bytes(start, length)
	if err != nil {
		return nil, err
	}
	out := &Directory{src: d.src, Order: d.Order, Big: d.Big, entries: slices.Clone(entries), End: start + int64(length)}
	// Files without the closing offset exist; nothing follows then.
	next, err := d.src.Bytes(out.End, f.number)
	switch {
	case err == nil:
		out.Next = d.number(next)
	case !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	}
	return out, nil
}

// Len is the length of the list in bytes.
func (d *Directory) Len() int64 { return int64(len(d.entries) + d.form().count) }

// entry is the last entry with a tag, nil if there is none.
func (d *Directory) entry(tag uint16) []byte {
	var found []byte
	for entry := range slices.Chunk(d.entries, d.form().entry) {
		if d.Order.Uint16(entry) == tag {
			found = entry
		}
	}
	return found
}

// Has reports whether there is a field.
func (d *Directory) Has(tag uint16) bool { return d.entry(tag) != nil }

// Types of values that are not read as bytes.
const (
	kindByte     = 1
	kindShort    = 3
	kindLong     = 4
	kindRational = 5
	kindFloat    = 11
	kindDouble   = 12
	kindIFD      = 13
	kindLong8    = 16
	kindIFD8     = 18
)

// fieldSizes is the size in bytes of a value by its type: byte, text, short, long, rational and so on.
var fieldSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8}

// field says where the values of a field lie, and of which type they are. Those of at most four bytes (eight in a BigTIFF) are in the entry
// itself; they are given at once. There is none where the field is absent or of an unknown type.
func (d *Directory) field(tag uint16) (at, length int64, inline []byte, kind uint16) {
	if entry := d.entry(tag); entry != nil {
		return d.values(entry)
	}
	return 0, 0, nil, 0
}

// values does so for an entry.
func (d *Directory) values(entry []byte) (at, length int64, inline []byte, kind uint16) {
	kind = d.Order.Uint16(entry[2:])
	if int(kind) >= len(fieldSizes) || fieldSizes[kind] == 0 {
		return 0, 0, nil, 0
	}
	const most = 1 << 40 // values; no file holds more
	width := d.form().number
	values := entry[4+width:]
	if length = fieldSizes[kind] * min(d.number(entry[4:]), most); length <= int64(width) {
		return 0, length, values[:length], kind
	}
	return d.number(values), length, nil, kind
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

// Uints gives at most limit values of a field of unsigned integers. Those above the largest of 32 bits become that.
func (d *Directory) Uints(tag uint16, limit int) []uint32 {
	l := d.list(tag)
	raw, kind := d.Bytes(tag, int(l.size)*limit)
	if kind == 0 || l.size == 0 {
		return nil
	}
	values := make([]uint32, min(len(raw)/int(l.size), limit))
	for i := range values {
		values[i] = uint32(min(l.value(raw[i*int(l.size):]), math.MaxUint32))
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
	if kind != kindRational || len(raw) < 8 {
		return math.NaN()
	}
	return float64(d.Order.Uint32(raw)) / float64(d.Order.Uint32(raw[4:]))
}

// Floats gives at most limit values of a field of floating point numbers.
func (d *Directory) Floats(tag uint16, limit int) []float64 {
	raw, kind := d.Bytes(tag, 8*limit)
	if kind != kindFloat && kind != kindDouble {
		return nil
	}
	size := int(fieldSizes[kind])
	values := make([]float64, min(len(raw)/size, limit))
	for i := range values {
		if b := raw[i*size:]; kind == kindFloat {
			values[i] = float64(math.Float32frombits(d.Order.Uint32(b)))
		} else {
			values[i] = math.Float64frombits(d.Order.Uint64(b))
		}
	}
	return values
}

// List is a field of many unsigned integers, read one at a time.
type List struct {
	d     *Directory
	at    int64  // of the first
	entry []byte // holds them if they are so few
	size  int64  // bytes each
	N     int64  // of values
}

// List gives the values of a field of unsigned integers; none where it is absent or of another type.
func (d *Directory) List(tag uint16) List { return d.list(tag) }

func (d *Directory) list(tag uint16) List {
	at, length, inline, kind := d.field(tag)
	switch kind {
	case kindByte, kindShort, kindLong, kindIFD, kindLong8, kindIFD8:
	default:
		return List{}
	}
	l := List{d: d, at: at, entry: inline, size: fieldSizes[kind]}
	l.N = length / l.size
	return l
}

// value reads one value. One that lies beyond every file stays so, and can be reckoned with.
func (l *List) value(raw []byte) int64 {
	switch l.size {
	case 1:
		return int64(raw[0])
	case 2:
		return int64(l.d.Order.Uint16(raw))
	case 4:
		return int64(l.d.Order.Uint32(raw))
	}
	const beyond = 1 << 60
	return int64(min(l.d.Order.Uint64(raw), beyond))
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
	return l.value(raw), nil
}
