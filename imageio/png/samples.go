package png

import (
	"bytes"
	"encoding/binary"

	"classsr/imageio/codec"
)

// What stored samples of a PNG mean.

// samples8 makes the way from a row of stored samples to the picture's of 8 bits.
func (f *scanner) samples8() func(dst []uint8, row []byte) {
	switch {
	case f.colorType == typePalette:
		return f.colours()
	case f.bits < 8:
		return f.grays()
	case f.trns == nil:
		return func(dst []uint8, row []byte) { copy(dst, row) }
	}
	n := f.Colors
	transparent := make([]byte, n)
	for i := range transparent {
		transparent[i] = f.trns[2*i+1]
	}
	return func(dst []uint8, row []byte) {
		for ; len(row) >= n; row, dst = row[n:], dst[n+1:] {
			copy(dst, row[:n])
			dst[n] = 0xff
			if bytes.Equal(row[:n], transparent) {
				dst[n] = 0
			}
		}
	}
}

// samples16 does so for samples of 16 bits.
func (f *scanner) samples16() func(dst []uint16, row []byte) {
	if f.trns == nil {
		return func(dst []uint16, row []byte) {
			for i := range dst {
				dst[i] = binary.BigEndian.Uint16(row[2*i:])
			}
		}
	}
	n := f.Colors
	return func(dst []uint16, row []byte) {
		for ; len(row) >= 2*n; row, dst = row[2*n:], dst[n+1:] {
			for i := range n {
				dst[i] = binary.BigEndian.Uint16(row[2*i:])
			}
			dst[n] = 0xffff
			if bytes.Equal(row[:2*n], f.trns) {
				dst[n] = 0
			}
		}
	}
}

// grays spreads grays of fewer than 8 bits over the range.
func (f *scanner) grays() func(dst []uint8, row []byte) {
	most := 1<<f.bits - 1
	table := make([][]uint8, most+1)
	for v := range table {
		table[v] = []uint8{uint8(v * 0xff / most)}
		if f.trns != nil {
			table[v] = append(table[v], 0xff)
		}
	}
	if f.trns != nil && int(f.trns[1]) <= most {
		table[f.trns[1]][1] = 0
	}
	return codec.LookUp(table, f.bits)
}

// colours gives the palette's. An index beyond it is black, as in image/png.
func (f *scanner) colours() func(dst []uint8, row []byte) {
	table := make([][]uint8, 1<<f.bits)
	for v := range table {
		colour := []uint8{0, 0, 0}
		if 3*v < len(f.palette) {
			colour = f.palette[3*v : 3*v+3]
		}
		table[v] = append(table[v], colour[:f.Colors]...)
		if f.Alpha && v < len(f.trns) {
			table[v] = append(table[v], f.trns[v])
		} else if f.Alpha {
			table[v] = append(table[v], 0xff)
		}
	}
	return codec.LookUp(table, f.bits)
}
