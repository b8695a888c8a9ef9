package vp8l

import "math/bits"

// A match repeats pixels (differences, rather) of the same strip. As in package deflate, it is taken only where it is shorter in bits than its
// pixels would be, and fewer places are looked at the longer nothing was found.

const (
	hashBits    = 15
	longest     = 4096
	skipBits    = 5  // a step is one longer for every 2^skipBits pixels without a match
	longestSkip = 15 // pixels
	sureMatch   = 64 // pixels: what long ones save is not worth reckoning
)

// sequence is a run of literals, then a match. The last one has no match: its length is 0.
type sequence struct {
	literals, length uint32
	distance         uint32
}

// parse finds sequences.
func (w *Worker) parse(pixels []uint32) {
	clear(w.places[:])
	w.sequences = w.sequences[:0]
	least, from := w.encoder.config.leastMatch(), 0
	for i := 0; i+least <= len(pixels); {
		place := &w.places[hash(pixels[i:])]
		before := int(*place) - 1
		*place = int32(i + 1)
		length, start := 0, i
		if before >= 0 && pixels[before] == pixels[i] {
			length = same(pixels[before:], pixels[i:])
			for start > from && before > 0 && length < longest && pixels[start-1] == pixels[before-1] {
				start, before, length = start-1, before-1, length+1
			}
		}
		if length < least || length < sureMatch && !w.gains(pixels[start:start+length], start-before) {
			i += 1 + min((i-from)>>skipBits, longestSkip)
			continue
		}
		w.sequences = append(w.sequences, sequence{uint32(start - from), uint32(length), uint32(start - before)})
		i = start + length
		from = i
		if i+least <= len(pixels) {
			w.places[hash(pixels[i-1:])] = int32(i)
		}
	}
	w.sequences = append(w.sequences, sequence{literals: uint32(len(pixels) - from)})
}

// hash mixes four pixels.
func hash(p []uint32) uint32 {
	_ = p[3]
	v := uint64(p[0])<<32 | uint64(p[1])
	u := uint64(p[2])<<32 | uint64(p[3])
	return uint32((v*0x9e3779b185ebca87 + u*0xc2b2ae3d27d4eb4f) >> (64 - hashBits))
}

// same is how many pixels agree from the beginning on, at most longest.
func same(before, at []uint32) int {
	at = at[:min(len(at), longest)]
	before = before[:len(at)]
	for n, v := range at {
		if before[n] != v {
			return n
		}
	}
	return len(at)
}

// costs are what bytes are expected to take, in sixteenths of a bit: blue, green, red, alpha.
type costs [4][256]uint16

// learn expects what all pixels would take if there were no matches.
func (c *costs) learn(pixels []uint32, alpha bool) {
	var counts [4][256]uint32
	for _, v := range pixels {
		counts[0][v&0xff]++
		counts[1][v>>8&0xff]++
		counts[2][v>>16&0xff]++
	}
	if alpha {
		for _, v := range pixels {
			counts[3][v>>24]++
		}
	} else { // one number would wait for itself
		counts[3][0] = uint32(len(pixels))
	}
	for k := range counts {
		kinds := 0
		for _, n := range counts[k] {
			if n > 0 {
				kinds++
			}
		}
		for v, n := range counts[k] {
			switch {
			case kinds < 2:
				c[k][v] = 0
			case n == 0:
				c[k][v] = 16 * maxCode
			default:
				c[k][v] = uint16(min(max(logarithm(uint32(len(pixels)))-logarithm(n), 16), 16*maxCode))
			}
		}
	}
}

// logarithm is sixteen times that of v to base 2, rounded down; v is not 0.
func logarithm(v uint32) int {
	whole := bits.Len32(v) - 1
	m, fraction := uint64(v)<<(31-whole), 0
	for range 4 {
		m = m * m >> 31
		fraction <<= 1
		if m>>32 != 0 {
			m >>= 1
			fraction |= 1
		}
	}
	return 16*whole + fraction
}

func (c *costs) of(pixel uint32) int {
	return int(c[0][pixel&0xff]) + int(c[1][pixel>>8&0xff]) + int(c[2][pixel>>16&0xff]) + int(c[3][pixel>>24])
}

// gains tells whether a match is expected to be shorter than its pixels.
func (w *Worker) gains(literals []uint32, distance int) bool {
	const symbol, gain = 7, 3 // bits: of a length or a distance; what a match must save at least
	_, more, _ := prefixOf(len(literals))
	_, further, _ := prefixOf(w.encoder.distanceCode(distance))
	match := 16 * int(symbol+more+symbol+further+gain)
	for _, p := range literals {
		if match -= w.cost.of(p); match < 0 {
			return true
		}
	}
	return false
}

// prefixOf gives the symbol of a length or a distance, from 1, and the bits that follow it.
func prefixOf(v int) (symbol int, extra uint, rest uint64) {
	v--
	if v < 4 {
		return v, 0, 0
	}
	extra = uint(bits.Len(uint(v)) - 2)
	return 2*int(extra) + v>>extra, extra, uint64(v) & (1<<extra - 1)
}

// around lists the pixels that have short codes, nearest first: 16 times the rows above, plus 8 minus the columns to the left.
var around = [120]uint8{
	0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39, 0x15, 0x1b, 0x36, 0x3a,
	0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34, 0x3c, 0x03,
	0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d, 0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69, 0x12, 0x1e,
	0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77, 0x79, 0x53, 0x5d, 0x11, 0x1f,
	0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e, 0x00, 0x74, 0x7c, 0x41,
	0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f, 0x60, 0x70,
}

// nearCodes gives the short codes of distances in a picture of this width.
func nearCodes(width int) []uint8 {
	codes := make([]uint8, 7*width+9)
	for i := len(around) - 1; i >= 0; i-- { // the shorter code wins
		if d := int(around[i]>>4)*width + 8 - int(around[i]&15); d > 0 {
			codes[d] = uint8(i + 1)
		}
	}
	return codes
}

// distanceCode is how a distance in pixels is coded.
func (e *Encoder) distanceCode(distance int) int {
	if distance < len(e.near) && e.near[distance] > 0 {
		return int(e.near[distance])
	}
	return distance + len(around)
}
