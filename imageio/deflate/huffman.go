package deflate

import "math/bits"

// code is a Huffman code: its bits, the first one lowest, above eight bits that tell how many they are. 0 means that the symbol has none. The lowest
// six bits of a sum of a few codes are those of the sum of their lengths.
type code uint32

// codeShift is how many bits a code's length takes.
const codeShift = 8

func (c code) length() uint { return uint(c & (1<<codeShift - 1)) }
func (c code) bits() uint64 { return uint64(c >> codeShift) }

// followed appends bits.
func (c code) followed(bits uint32, n uint) code {
	return code((bits<<c.length()|uint32(c.bits()))<<codeShift) | code(c.length()+n)
}

// maxCode is the longest code of literals and distances: deflate allows 15 bits, but symbols that rare hardly count.
const maxCode = 12

// huffman makes codes of at most limit bits for symbols with these counts, which sum up to less than 2^20.
type huffman struct {
	sorted, other [literals]uint32 // count<<9 | symbol
}

// build sets codes, one for each count.
func (h *huffman) build(codes []code, counts []uint32, limit int) {
	n := 0
	for symbol, count := range counts {
		codes[symbol] = 0
		if count > 0 {
			h.sorted[n] = count<<9 | uint32(symbol)
			n++
		}
	}
	sorted := h.sorted[:n]
	if n < 2 {
		if n == 1 {
			codes[sorted[0]&511] = 1
		}
		return
	}
	sorted = h.sort(sorted)
	var lengths [33]int // how many codes have each length
	h.countLengths(sorted, &lengths)
	shorten(&lengths, limit)
	// The rarest symbols get the longest codes; among codes of a length, symbols are in order.
	at := 0
	for length := limit; length > 0; length-- {
		for range lengths[length] {
			codes[sorted[at]&511] = code(length)
			at++
		}
	}
	var next [maxLimit + 2]uint32
	for length := 1; length <= limit; length++ {
		next[length+1] = (next[length] + uint32(lengths[length])) << 1
	}
	for symbol := range counts {
		if length := codes[symbol].length(); length > 0 {
			reversed := bits.Reverse32(next[length]) >> (32 - length)
			codes[symbol] = code(reversed<<codeShift) | code(length)
			next[length]++
		}
	}
}

const maxLimit = 15

// sort sorts by counts, in two or three steps of eight bits, and keeps the order of symbols.
func (h *huffman) sort(from []uint32) []uint32 {
	to := h.other[:len(from)]
	var highest uint32
	for _, v := range from {
		highest |= v >> 9
	}
	for shift := 9; shift < 32 && highest>>(shift-9) > 0; shift += 8 {
		var starts [256]int
		for _, v := range from {
			starts[v>>shift&255]++
		}
		sum := 0
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, v := range from {
			i := v >> shift & 255
			to[starts[i]] = v
			starts[i]++
		}
		from, to = to, from
	}
	return from
}

// countLengths counts the lengths of a code without limit: the two rarest trees are joined until there is one.
func (h *huffman) countLengths(sorted []uint32, lengths *[33]int) {
	n := len(sorted)
	var weights, parents [2 * literals]uint32
	for i, v := range sorted {
		weights[i] = v >> 9
	}
	leaf, joined := 0, n
	take := func(end int) int {
		if leaf < n && (joined == end || weights[leaf] <= weights[joined]) {
			leaf++
			return leaf - 1
		}
		joined++
		return joined - 1
	}
	for node := n; node < 2*n-1; node++ {
		a := take(node)
		b := take(node)
		weights[node] = weights[a] + weights[b]
		parents[a], parents[b] = uint32(node), uint32(node)
	}
	depths := &weights // no longer needed
	depths[2*n-2] = 0
	for node := 2*n - 3; node >= 0; node-- {
		depths[node] = depths[parents[node]] + 1
		if node < n {
			lengths[depths[node]]++
		}
	}
}

// shorten brings all codes to at most limit bits. Each code that is too long takes limit bits; for what they take too much of, other codes
// get longer: the longest ones first, as those symbols are the rarest.
func shorten(lengths *[33]int, limit int) {
	for length := limit + 1; length < len(lengths); length++ {
		lengths[limit] += lengths[length]
		lengths[length] = 0
	}
	used := 0 // of 2^limit
	for length := 1; length <= limit; length++ {
		used += lengths[length] << (limit - length)
	}
	for ; used > 1<<limit; used-- {
		lengths[limit]--
		for length := limit - 1; ; length-- {
			if lengths[length] > 0 {
				lengths[length]--
				lengths[length+1] += 2
				break
			}
		}
	}
}
