package tiff

import "classsr/imageio/codec"

// What stored samples of a TIFF mean.

// unpack writes the samples that are read of len(dst)/len(f.used) pixels, as they are stored.
func (f *scanner) unpack(dst []uint16, row stored) {
	channels := len(f.used)
	for k, sample := range f.used {
		from, step := row[0], f.samples
		if f.blocks.planes > 1 {
			from, sample, step = row[k], 0, 1
		}
		switch f.bits {
		case 8:
			for i, at := k, sample; i < len(dst); i, at = i+channels, at+step {
				dst[i] = uint16(from[at])
			}
		case 16:
			order := f.d.Order
			for i, at := k, 2*sample; i < len(dst); i, at = i+channels, at+2*step {
				dst[i] = order.Uint16(from[at:])
			}
		default:
			for i, at := k, f.bits*sample; i < len(dst); i, at = i+channels, at+f.bits*step {
				dst[i] = bitsAt(from, at, f.bits)
			}
		}
	}
}

// bitsAt gives n bits, at most 16, from bit number at on.
func bitsAt(row []byte, at, n int) uint16 {
	v := uint32(row[at/8]) << 16
	if at%8+n > 8 {
		v |= uint32(row[at/8+1]) << 8
	}
	if at%8+n > 16 {
		v |= uint32(row[at/8+2])
	}
	return uint16(v >> (24 - at%8 - n) & (1<<n - 1))
}

// samples8 makes the way from a row of stored samples to the picture's of 8 bits.
func (f *scanner) samples8() func(dst []uint8, row stored) {
	if f.asStored() {
		return func(dst []uint8, row stored) {
			copy(dst, row[0])
			if f.multiplied {
				codec.Straighten(dst, len(f.used))
			}
		}
	}
	codes := make([]uint16, f.blocks.width*len(f.used))
	convert := f.convert8()
	return func(dst []uint8, row stored) {
		channels := f.channels()
		codes := codes[:len(dst)/channels*len(f.used)]
		f.unpack(codes, row)
		divided := f.multiplied && f.divide(codes)
		convert(dst, codes)
		if f.multiplied && !divided {
			codec.Straighten(dst, channels)
		}
		if f.noData != nil {
			hide(dst, codes, channels, len(f.used), f.transparent, *f.noData)
		}
	}
}

// divide takes alpha out of colours that it multiplies where these are no amounts of light, as inks, and reports whether they are none.
func (f *scanner) divide(codes []uint16) bool {
	switch f.photometric {
	case blackIsZero, modelRGB, modelPalette:
		return false
	}
	most := uint32(1)<<f.bits - 1
	for ; len(codes) > 0; codes = codes[len(f.used):] {
		last := len(f.used) - 1
		if a := uint32(codes[last]); a != 0 && a != most {
			for k, c := range codes[:last] {
				codes[k] = uint16(min(most, (uint32(c)*most+a/2)/a))
			}
		}
	}
	return true
}

// asStored reports whether a row of stored samples is one of the picture.
func (f *scanner) asStored() bool {
	if f.bits != 8 || f.samples != len(f.used) || f.blocks.planes > 1 || f.photometric != blackIsZero && f.photometric != modelRGB || f.noData != nil {
		return false
	}
	for i, u := range f.used {
		if u != i {
			return false
		}
	}
	return true
}

// channels is how many the picture has.
func (f *scanner) channels() int {
	if f.Alpha {
		return f.Colors + 1
	}
	return f.Colors
}

// convert8 makes the way from codes to samples of 8 bits, without alpha that the file has not.
func (f *scanner) convert8() func(dst []uint8, codes []uint16) {
	scaled, channels := f.scale8(false), f.channels()
	switch f.photometric {
	case modelPalette:
		return f.colours(scaled)
	case modelCMYK:
		return f.inks(scaled)
	case modelLab, modelICCLab:
		lab := f.lab()
		return eachPixel(channels, len(f.used), f.transparent, scaled, func(dst []uint8, c []uint16) {
			for i, v := range lab(c) {
				dst[i] = uint8(v*255 + 0.5)
			}
		})
	}
	table := f.scale8(f.photometric == whiteIsZero)
	return eachPixel(channels, len(f.used), f.transparent, scaled, func(dst []uint8, c []uint16) {
		for i := range f.Colors {
			dst[i] = table[c[i]]
		}
	})
}

// inks converts rows of cyan, magenta, yellow and black.
func (f *scanner) inks(scaled []uint8) func(dst []uint8, codes []uint16) {
	line := make([]uint8, 4*f.blocks.width)
	at := 0
	colours := eachPixel(f.channels(), len(f.used), f.transparent, scaled, func(dst []uint8, _ []uint16) {
		copy(dst[:3], line[at:])
		at += 4
	})
	return func(dst []uint8, codes []uint16) {
		n := 0
		for c := codes; len(c) > 0; c = c[len(f.used):] {
			for k := range 4 {
				line[n+k] = scaled[c[k]]
			}
			n += 4
		}
		f.cmyk(line[:n])
		at = 0
		colours(dst, codes)
	}
}

// eachPixel converts colours pixel by pixel, and scales alpha if the file has it; it comes last in both.
func eachPixel[T uint8 | uint16](channels, used int, alpha bool, scaled []T, colours func(dst []T, codes []uint16)) func([]T, []uint16) {
	return func(dst []T, codes []uint16) {
		for ; len(dst) >= channels; dst, codes = dst[channels:], codes[used:] {
			colours(dst, codes)
			if alpha {
				dst[channels-1] = scaled[codes[used-1]]
			}
		}
	}
}

// scale8 gives samples of 8 bits for stored ones of as many or fewer, or of 16 where only their palette's colours are read.
func (f *scanner) scale8(inverted bool) []uint8 {
	table, most := make([]uint8, 1<<f.bits), 1<<f.bits-1
	for i := range table {
		table[i] = uint8((i*255 + most/2) / most)
		if inverted {
			table[i] = ^table[i]
		}
	}
	return table
}

// colours gives the palette's. An index beyond it is black.
func (f *scanner) colours(scaled []uint8) func(dst []uint8, codes []uint16) {
	n, table := len(f.palette)/3, make([][3]uint8, 1<<f.bits)
	for i := range min(n, len(table)) {
		for k := range 3 {
			table[i][k] = entry8(f.palette[k*n+i], f.wide)
		}
	}
	return eachPixel(f.channels(), len(f.used), f.transparent, scaled, func(dst []uint8, c []uint16) {
		copy(dst[:f.Colors], table[c[0]][:f.Colors])
	})
}

// samples16 makes the way to samples of 16 bits.
func (f *scanner) samples16() func(dst []uint16, row stored) {
	codes := make([]uint16, f.blocks.width*len(f.used))
	convert := f.convert16()
	return func(dst []uint16, row stored) {
		channels := f.channels()
		codes := codes[:len(dst)/channels*len(f.used)]
		f.unpack(codes, row)
		divided := f.multiplied && f.divide(codes)
		convert(dst, codes)
		if f.multiplied && !divided {
			codec.Straighten(dst, channels)
		}
		if f.noData != nil {
			hide(dst, codes, channels, len(f.used), f.transparent, *f.noData)
		}
	}
}

func (f *scanner) convert16() func(dst []uint16, codes []uint16) {
	scaled, flip := f.scale16(), uint16(0)
	channels := f.channels()
	switch f.photometric {
	case modelCMYK:
		return eachPixel(channels, len(f.used), f.transparent, scaled, func(dst []uint16, c []uint16) {
			white := 0xffff - uint32(scaled[c[3]])
			for i := range 3 {
				dst[i] = uint16(((0xffff-uint32(scaled[c[i]]))*white + 0x7fff) / 0xffff)
			}
		})
	case modelLab, modelICCLab:
		lab := f.lab()
		return eachPixel(channels, len(f.used), f.transparent, scaled, func(dst []uint16, c []uint16) {
			for i, v := range lab(c) {
				dst[i] = uint16(v*65535 + 0.5)
			}
		})
	case whiteIsZero:
		flip = 0xffff
	}
	if f.bits == 16 && channels == len(f.used) && !f.transparent {
		return func(dst []uint16, codes []uint16) {
			for i, c := range codes {
				dst[i] = c ^ flip
			}
		}
	}
	return eachPixel(channels, len(f.used), f.transparent, scaled, func(dst []uint16, c []uint16) {
		for i := range f.Colors {
			dst[i] = scaled[c[i]] ^ flip
		}
	})
}

// scale16 gives samples of 16 bits for stored ones of 9 to 16.
func (f *scanner) scale16() []uint16 {
	table, most := make([]uint16, 1<<f.bits), 1<<f.bits-1
	for i := range table {
		table[i] = uint16((i*65535 + most/2) / most)
	}
	return table
}

// hide makes pixels transparent all of whose colours are the value that stands for none, and others opaque if the file has no alpha.
func hide[T uint8 | uint16](dst []T, codes []uint16, channels, used int, transparent bool, none float64) {
	colours := used
	if transparent {
		colours--
	}
	for ; len(dst) >= channels; dst, codes = dst[channels:], codes[used:] {
		if !transparent {
			dst[channels-1] = ^T(0)
		}
		hidden := true
		for _, c := range codes[:colours] {
			hidden = hidden && float64(c) == none
		}
		if hidden {
			dst[channels-1] = 0
		}
	}
}
