package codec

// LookUp makes samples of stored ones of at most 8 bits by a table of what each value stands for.
func LookUp(table [][]uint8, bits int) func(dst []uint8, row []byte) {
	channels, mask := len(table[0]), byte(1<<bits-1)
	return func(dst []uint8, row []byte) {
		for i := 0; len(dst) >= channels; i++ {
			at := i * bits
			copy(dst, table[row[at/8]>>(8-bits-at%8)&mask])
			dst = dst[channels:]
		}
	}
}

// GrayPalette reports whether every entry (red, green, blue) of a palette is a gray.
func GrayPalette(palette []byte) bool {
	for ; len(palette) >= 3; palette = palette[3:] {
		if palette[0] != palette[1] || palette[1] != palette[2] {
			return false
		}
	}
	return true
}
