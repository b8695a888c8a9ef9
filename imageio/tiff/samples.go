package tiff

import "classsr/imageio/codec"

// What stored samples of a TIFF mean.

// sumUp makes samples of differences.
func (f *scanner) sumUp(row []byte) {
	switch {
	case !f.predictor:
	case f.bits == 8:
		for i := f.samples; i < len(row); i++ {
			row[i] += row[i-f.samples]
		}
	default:
		order := f.d.Order
		for i := 2 * f.samples; i+2 <= len(row); i += 2 {
			order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*f.samples:]))
		}
	}
}

// samples8 makes the way from a row of stored samples to the picture's of 8 bits.
func (f *scanner) samples8() func(dst []uint8, row []byte) {
	switch {
	case f.photometric == modelPalette:
		return f.colours()
	case f.bits == 1:
		white := uint8(0xff)
		if f.photometric == whiteIsZero {
			white = 0
		}
		return func(dst []uint8, row []byte) {
			for i := range dst {
				dst[i] = ^white ^ -(row[i/8] >> (7 - i%8) & 1)
			}
		}
	}
	return func(dst []uint8, row []byte) {
		copy(dst, row)
		switch {
		case f.photometric == whiteIsZero:
			for i := range dst {
				dst[i] = ^dst[i]
			}
		case f.multiplied:
			codec.Straighten8(dst)
		}
	}
}

// samples16 does so for samples of 16 bits.
func (f *scanner) samples16() func(dst []uint16, row []byte) {
	order, flip := f.d.Order, uint16(0)
	if f.photometric == whiteIsZero {
		flip = 0xffff
	}
	return func(dst []uint16, row []byte) {
		for i := range dst {
			dst[i] = order.Uint16(row[2*i:]) ^ flip
		}
		if f.multiplied {
			codec.Straighten16(dst)
		}
	}
}

// colours gives the palette's, whose samples have 16 bits. An index beyond it is black.
func (f *scanner) colours() func(dst []uint8, row []byte) {
	n, table := len(f.palette)/3, make([][]uint8, 1<<f.bits)
	for i := range table {
		table[i] = make([]uint8, f.Colors)
		for k := range table[i] {
			if i < n {
				table[i][k] = uint8(f.palette[k*n+i] >> 8)
			}
		}
	}
	return codec.LookUp(table, f.bits)
}
