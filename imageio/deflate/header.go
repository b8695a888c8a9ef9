package deflate

const (
	repeatLast  = 16 // 3 to 6 times
	shortZeros  = 17 // 3 to 10
	longZeros   = 18 // 11 to 138
	lengthCodes = 19
)

// lengthOrder is the order in which a block tells the lengths of the codes of lengths.
var lengthOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header is how a block tells its codes: by their lengths, which are coded themselves.
type header struct {
	symbols            []uint16 // a length or a repetition, and above 5 bits what follows it
	codes              [lengthCodes]code
	literals, distance int // how many lengths are told
	order              int // how many lengths of codes of lengths
	bits               int // of all that
}

// make prepares a block's header.
func (h *header) make(huffman *huffman, literalCodes *[literals]code, distanceCodes *[distances]code) {
	h.literals, h.distance = literals, distances
	for h.literals > firstLength && literalCodes[h.literals-1] == 0 {
		h.literals--
	}
	for h.distance > 1 && distanceCodes[h.distance-1] == 0 {
		h.distance--
	}
	var lengths [literals + distances]uint8
	for i, c := range literalCodes[:h.literals] {
		lengths[i] = uint8(c.length())
	}
	for i, c := range distanceCodes[:h.distance] {
		lengths[h.literals+i] = uint8(c.length())
	}
	h.repeat(lengths[:h.literals+h.distance])

	var counts [lengthCodes]uint32
	for _, s := range h.symbols {
		counts[s&31]++
	}
	huffman.build(h.codes[:], counts[:], 7)
	h.order = lengthCodes
	for h.order > 4 && h.codes[lengthOrder[h.order-1]] == 0 {
		h.order--
	}
	h.bits = 14 + 3*h.order
	for s, n := range counts {
		h.bits += int(n) * int(h.codes[s].length()+repeatBits(s))
	}
}

// repeatBits is how many bits follow a symbol.
func repeatBits(symbol int) uint {
	switch symbol {
	case repeatLast:
		return 2
	case shortZeros:
		return 3
	case longZeros:
		return 7
	}
	return 0
}

// repeat makes symbols of lengths.
func (h *header) repeat(lengths []uint8) {
	h.symbols = h.symbols[:0]
	add := func(symbol, rest int) { h.symbols = append(h.symbols, uint16(rest<<5|symbol)) }
	for i := 0; i < len(lengths); {
		v, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == v {
			n++
		}
		i += n
		if v == 0 {
			for n >= 11 {
				part := min(n, 138)
				add(longZeros, part-11)
				n -= part
			}
			if n >= 3 {
				add(shortZeros, n-3)
				n = 0
			}
		} else {
			add(int(v), 0)
			for n--; n >= 3; {
				part := min(n, 6)
				add(repeatLast, part-3)
				n -= part
			}
		}
		for range n {
			add(int(v), 0)
		}
	}
}

func (h *header) write(c *coder) {
	c.put(uint64(h.literals-firstLength)|uint64(h.distance-1)<<5|uint64(h.order-4)<<10, 14)
	for _, s := range lengthOrder[:h.order] {
		c.put(uint64(h.codes[s].length()), 3)
	}
	for _, s := range h.symbols {
		c.room()
		code := h.codes[s&31]
		c.put(code.bits()|uint64(s>>5)<<code.length(), code.length()+repeatBits(int(s&31)))
	}
}
