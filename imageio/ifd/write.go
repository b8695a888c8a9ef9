package ifd

import (
	"encoding/binary"
	"math"
	"slices"
)

// Field is a field apart from its file: its values are in little-endian order.
type Field struct {
	Tag, Kind uint16
	Values    []byte
}

// Fields gives the fields of a directory that are wanted, each of at most so many bytes and together of four times as many: fields may share
// their bytes, so that a small file could have gigabytes of them. Longer ones and those that cannot be read are left out. Offsets of other
// directories in them mean nothing elsewhere.
func (d *Directory) Fields(wanted func(tag uint16) bool, most int) []Field {
	var fields []Field
	left := 4 * int64(most)
	last := map[uint16][]byte{}
	for entry := range slices.Chunk(d.entries, d.form().entry) {
		last[d.Order.Uint16(entry)] = entry
	}
	for entry := range slices.Chunk(d.entries, d.form().entry) {
		tag := d.Order.Uint16(entry)
		if entry = last[tag]; entry == nil || !wanted(tag) {
			continue
		}
		delete(last, tag)
		at, length, raw, kind := d.values(entry)
		if length == 0 || length > min(int64(most), left) {
			continue
		}
		if raw == nil {
			var err error
			if raw, err = d.src.Bytes(at, int(length)); err != nil {
				continue
			}
		}
		left -= length
		values := slices.Clone(raw)
		if d.Order.Uint16([]byte{0, 1}) == 1 {
			swap(values, unitSizes[kind])
		}
		fields = append(fields, Field{tag, kind, values})
	}
	return fields
}

// unitSizes is how many bytes of a value belong together in the order of bytes: half of a fraction.
var unitSizes = [...]int{0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4, 0, 0, 8, 8, 8}

// swap turns the order of bytes around.
func swap(values []byte, unit int) {
	for ; unit > 1 && len(values) >= unit; values = values[unit:] {
		slices.Reverse(values[:unit])
	}
}

// Shorts makes a field of numbers of 16 bits.
func Shorts(tag uint16, values ...uint16) Field {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return Field{tag, kindShort, b}
}

// Longs makes a field of numbers of 32 bits.
func Longs(tag uint16, values ...uint32) Field {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return Field{tag, kindLong, b}
}

// Offsets makes a field of offsets or lengths: of 64 bits in a BigTIFF, else of 32.
func Offsets(tag uint16, big bool, values ...int64) Field {
	f := Field{Tag: tag, Kind: kindLong}
	if big {
		f.Kind = kindLong8
	}
	f.Values = make([]byte, 0, len(values)*int(fieldSizes[f.Kind]))
	for _, v := range values {
		if big {
			f.Values = binary.LittleEndian.AppendUint64(f.Values, uint64(v))
		} else {
			f.Values = binary.LittleEndian.AppendUint32(f.Values, uint32(v))
		}
	}
	return f
}

// Doubles makes a field of floating point numbers.
func Doubles(tag uint16, values ...float64) Field {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return Field{tag, kindDouble, b}
}

// Fraction makes a field of one fraction that is near to v, which must be positive.
func Fraction(tag uint16, v float64) Field {
	denominator := 1.0
	for denominator < 1e6 && v*denominator != math.Trunc(v*denominator) && v*denominator*10 < math.MaxUint32 {
		denominator *= 10
	}
	f := Longs(tag, uint32(min(math.Round(v*denominator), math.MaxUint32)), uint32(denominator))
	f.Kind = kindRational
	return f
}

// Text makes a field of text.
func Text(tag uint16, text string) Field { return Field{tag, 2, append([]byte(text), 0)} }

// Raw makes a field of bytes without a meaning.
func Raw(tag uint16, values []byte) Field { return Field{tag, 7, values} }

// Append appends a directory of these fields in the order of their tags, and values that are too long for it, to out, which begins at offset
// base of a little-endian file. It returns where the directory begins. No other one follows it.
func Append(out []byte, base int64, big bool, fields []Field) (extended []byte, at int64) {
	form := classic
	if big {
		form = bigTIFF
	}
	number := func(b []byte, v int64) []byte {
		if big {
			return binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(a, b Field) int { return int(a.Tag) - int(b.Tag) })
	var list []byte
	if big {
		list = binary.LittleEndian.AppendUint64(list, uint64(len(fields)))
	} else {
		list = binary.LittleEndian.AppendUint16(list, uint16(len(fields)))
	}
	even := func() { // directories and values begin at multiples of 8
		for (base+int64(len(out)))%8 != 0 {
			out = append(out, 0)
		}
	}
	for _, f := range fields {
		list = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(list, f.Tag), f.Kind)
		list = number(list, int64(len(f.Values))/fieldSizes[f.Kind])
		if len(f.Values) <= form.number {
			list = append(list, append(slices.Clone(f.Values), make([]byte, form.number)...)[:form.number]...)
			continue
		}
		even()
		list = number(list, base+int64(len(out)))
		out = append(out, f.Values...)
	}
	even()
	at = base + int64(len(out))
	return append(out, number(list, 0)...), at
}
