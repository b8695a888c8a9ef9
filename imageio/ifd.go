package imageio

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// directory is one image file directory of a TIFF file or an EXIF block: a list of tagged fields. It keeps the file's bytes
// and reads field values when they are asked for, so that its size is that of the list.
type directory struct {
	data   []byte
	order  binary.ByteOrder
	fields map[uint16][]byte // by tag: the 12 bytes of the entry
	length int64             // bytes of the list in the file
	next   int64             // offset of the next directory, 0 if none
}

const ifdEntryLen = 12

// firstDirectory reads the header of a TIFF file or EXIF block and its first directory.
func firstDirectory(data []byte) (*directory, error) {
	if len(data) < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	var order binary.ByteOrder
	switch string(data[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errors.New("its header is wrong")
	}
	return readDirectory(data, order, int64(order.Uint32(data[4:])))
}

// readDirectory reads the directory at offset.
func readDirectory(data []byte, order binary.ByteOrder, offset int64) (*directory, error) {
	if offset < 8 || offset+2 > int64(len(data)) {
		return nil, io.ErrUnexpectedEOF
	}
	count := int64(order.Uint16(data[offset:]))
	end := offset + 2 + count*ifdEntryLen
	if end > int64(len(data)) {
		return nil, io.ErrUnexpectedEOF
	}
	d := &directory{data: data, order: order, length: end - offset, fields: make(map[uint16][]byte, count)}
	for at := offset + 2; at < end; at += ifdEntryLen {
		d.fields[order.Uint16(data[at:])] = data[at : at+ifdEntryLen]
	}
	// Files without the closing offset exist; nothing follows then.
	if end+4 <= int64(len(data)) {
		d.next = int64(order.Uint32(data[end:]))
	}
	return d, nil
}

func (d *directory) has(tag uint16) bool { return d.fields[tag] != nil }

// fieldSizes is the size in bytes of a value by its type: byte, text, short, long, rational and so on.
var fieldSizes = [...]int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8}

// bytes gives the raw values of a field and their type, or nil where it is absent or lies outside the file.
func (d *directory) bytes(tag uint16) (raw []byte, kind uint16) {
	entry := d.fields[tag]
	if entry == nil {
		return nil, 0
	}
	kind = d.order.Uint16(entry[2:])
	if int(kind) >= len(fieldSizes) {
		return nil, 0
	}
	size := fieldSizes[kind] * int64(d.order.Uint32(entry[4:]))
	if size <= 4 {
		return entry[8 : 8+size], kind
	}
	offset := int64(d.order.Uint32(entry[8:]))
	if offset+size > int64(len(d.data)) {
		return nil, 0
	}
	return d.data[offset : offset+size], kind
}

// uints gives at most limit values of a field of unsigned integers.
func (d *directory) uints(tag uint16, limit int) []uint32 {
	raw, kind := d.bytes(tag)
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
	raw, kind := d.bytes(tag)
	if kind != 5 || len(raw) < 8 {
		return math.NaN()
	}
	return float64(d.order.Uint32(raw)) / float64(d.order.Uint32(raw[4:]))
}
