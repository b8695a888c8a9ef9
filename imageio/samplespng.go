package imageio

import (
	"bytes"
	"encoding/binary"
)

// What stored samples of a PNG mean.

// samples8 makes the way from a row of stored samples to the picture's of 8 bits.
func (f *pngScan) samples8() func(dst []uint8, row []byte) {
	switch {
	case f.colorType == pngPalette:
		return f.colours()
	case f.bits < 8:
		return f.grays()
	case f.trns == nil:
		return func(dst []uint8, row []byte) { copy(dst, row) }
	}
	n := f.colors
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
func (f *pngScan) samples16() func(dst []uint16, row []byte) {
	if f.trns == nil {
		return func(dst []uint16, row []byte) {
			for i := range dst {
				dst[i] = binary.BigEndian.Uint16(row[2*i:])
			}
		}
	}
	n := f.colors
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
func (f *pngScan) grays() func(dst []uint8, row []byte) {
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
	return lookUp(table, f.bits)
}

// colours gives the palette's. An index beyond it is black, as in image/png.
func (f *pngScan) colours() func(dst []uint8, row []byte) {
	table := make([][]uint8, 1<<f.bits)
	for v := range table {
		colour := []uint8{0, 0, 0}
		if 3*v < len(f.palette) {
			colour = f.palette[3*v : 3*v+3]
		}
		table[v] = append(table[v], colour[:f.colors]...)
		if f.alpha && v < len(f.trns) {
			table[v] = append(table[v], f.trns[v])
		} else if f.alpha {
			table[v] = append(table[v], 0xff)
		}
	}
	return lookUp(table, f.bits)
}

// lookUp makes samples of stored ones of at most 8 bits by a table of what each value stands for.
func lookUp(table [][]uint8, bits int) func(dst []uint8, row []byte) {
	channels, mask := len(table[0]), byte(1<<bits-1)
	return func(dst []uint8, row []byte) {
		for i := 0; len(dst) >= channels; i++ {
			at := i * bits
			copy(dst, table[row[at/8]>>(8-bits-at%8)&mask])
			dst = dst[channels:]
		}
	}
}
