package vp8l

import (
	"cmp"
	"math/bits"
	"slices"
)

// Smooth and busy parts of a picture have other codes: a strip's blocks are put into classes by what their pixels cost.

// classes is how many a strip has at most.
const classes = 4

// score is what the pixels of a block cost.
type score struct {
	block int32
	each  int32 // of a pixel, in sixteenths of a bit, times 16
}

// classify gives the class of each block of a strip.
func (w *Worker) classify(pixels []uint32) []uint8 {
	width := w.encoder.config.Width
	rows, blocks := len(pixels)/width, across(width, blockBits)
	w.scores = w.scores[:0]
	for y := 0; y < rows; y += 1 << blockBits {
		for x := 0; x < width; x += 1 << blockBits {
			sum, columns, lines := 0, min(1<<blockBits, width-x), min(1<<blockBits, rows-y)
			for line := range lines {
				for _, p := range pixels[(y+line)*width+x:][:columns] {
					sum += w.cost.of(p)
				}
			}
			w.scores = append(w.scores, score{int32(len(w.scores)), int32(16 * sum / (lines * columns))})
		}
	}
	groups := make([]uint8, blocks*across(rows, blockBits))
	if len(groups) < 2*classes {
		return groups
	}
	slices.SortFunc(w.scores, func(a, b score) int {
		return cmp.Or(cmp.Compare(a.each, b.each), cmp.Compare(a.block, b.block))
	})
	group := uint8(0)
	for rank, s := range w.scores {
		// What costs the same stays together.
		if rank*classes/len(groups) > int(group) && s.each > w.scores[rank-1].each {
			group++
		}
		groups[s.block] = group
	}
	return groups
}

// Symbols of the five codes lie one behind the other: green and lengths, red, blue, alpha, distances.
const (
	greens    = 256 + 24
	symbols   = greens + 3*256 + 40
	alphabets = 5
)

var starts = [alphabets + 1]int{0, greens, greens + 256, greens + 512, greens + 768, symbols}

// Where the alphabets begin, for code that is run for each pixel.
const (
	atRed, atBlue, atAlpha, atDistance = greens, greens + 256, greens + 512, greens + 768
)

// maxCode is the longest code, in bits: four of them and what is left of a byte fit into 64.
const maxCode = 14

// code is a Huffman code: its bits, the first one lowest, above eight bits that tell how many they are. The lowest six bits of a sum of a few codes
// are those of the sum of their lengths.
type code uint32

// codeShift is how many bits a code's length takes.
const codeShift = 8

func (c code) length() uint { return uint(c & (1<<codeShift - 1)) }
func (c code) bits() uint64 { return uint64(c >> codeShift) }

// makeCodes makes the codes of each class from how often symbols occur, and gives their lengths.
func (w *Worker) makeCodes(pixels []uint32, groups []uint8) [][symbols]uint8 {
	used := int(slices.Max(groups)) + 1
	clear(w.counts[:])
	alpha := w.encoder.config.alpha()
	w.visit(pixels, groups, func(run []uint32, group uint8) {
		n := &w.counts[group]
		for _, pixel := range run {
			n[pixel>>8&0xff]++
			n[atRed+pixel>>16&0xff]++
			n[atBlue+pixel&0xff]++
		}
		if !alpha { // one number would wait for itself
			n[atAlpha] += uint32(len(run))
			return
		}
		for _, pixel := range run {
			n[atAlpha+pixel>>24]++
		}
	}, func(s sequence, group uint8) {
		n := &w.counts[group]
		length, _, _ := prefixOf(int(s.length))
		distance, _, _ := prefixOf(w.encoder.distanceCode(int(s.distance)))
		n[256+length]++
		n[atDistance+distance]++
	})
	lengths := make([][symbols]uint8, used)
	for group := range lengths {
		lengthsOf(&lengths[group], &w.counts[group])
		for i := range alphabets {
			canonical(w.codes[group][starts[i]:starts[i+1]], lengths[group][starts[i]:starts[i+1]])
		}
	}
	return lengths
}

// canonical makes codes of their lengths. A symbol that is alone takes no bits.
func canonical(codes []code, lengths []uint8) {
	var next [maxCode + 2]uint32
	used := 0
	for _, n := range lengths {
		if n > 0 {
			next[n+1]++
			used++
		}
	}
	for n := 1; n < len(next); n++ {
		next[n] = (next[n-1] + next[n]) << 1
	}
	for symbol, n := range lengths {
		codes[symbol] = 0
		if n > 0 && used > 1 {
			codes[symbol] = code(bits.Reverse32(next[n])>>(32-n)<<codeShift) | code(n)
			next[n]++
		}
	}
}

// visit calls literals and match for all that is written, in its order: literals for at most a row of a block at a time.
func (w *Worker) visit(pixels []uint32, groups []uint8, literals func([]uint32, uint8), match func(sequence, uint8)) {
	width := w.encoder.config.Width
	blocks, at, x, y := across(width, blockBits), 0, 0, 0
	group := func() uint8 { return groups[y>>blockBits*blocks+x>>blockBits] }
	for _, s := range w.sequences {
		for left := int(s.literals); left > 0; {
			n := min(left, width-x, 1<<blockBits-x&(1<<blockBits-1)) // to the end of the block
			literals(pixels[at:at+n], group())
			at, x, left = at+n, x+n, left-n
			if x == width {
				x, y = 0, y+1
			}
		}
		if s.length > 0 {
			match(s, group())
			at += int(s.length)
			x += int(s.length)
			x, y = x%width, y+x/width
		}
	}
}
