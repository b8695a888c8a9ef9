package deflate

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	hashBits  = 15
	maxMatch  = 258
	window    = 32 << 10
	sureMatch = 40 // bytes, which are cheaper as a match whatever they are
	// Matches of less than some bytes are not looked for: of 8 in photographs, whose noise has many short ones that save little.
	leastShortest, mostShortest = 5, 8
)

// parse fills sequences with data from at on, and gives the end of what they say.
func (c *Compressor) parse(data []byte, at int) (end int) {
	c.sequences, c.savedByShort = c.sequences[:0], 0
	symbols, from := 0, at // from is where literals begin
	limit, shortest := len(data)-8, int(c.shortest)
	for i := at; i < limit; {
		if symbols+i-from >= maxSymbols {
			c.sequences = append(c.sequences, sequence{literals: uint32(i - from)})
			return i
		}
		v := binary.LittleEndian.Uint64(data[i:])
		place := &c.places[c.hash(v)]
		before := int(*place) - 1
		*place = int32(i + 1)
		length := 0
		if before >= 0 && i-before <= window {
			length = bits.TrailingZeros64(v^binary.LittleEndian.Uint64(data[before:])) / 8
		}
		if length < shortest {
			i += 1 + min((i-from)>>c.skipBits, c.effort.longestSkip)
			continue
		}
		if length == 8 {
			length += same(data[i+8:], data[before+8:], maxMatch-8)
		}
		start := i
		for start > from && before > 0 && length < maxMatch && data[start-1] == data[before-1] {
			start, before, length = start-1, before-1, length+1
		}
		if length < sureMatch {
			enough := math.MaxInt // of what is saved, to stop reckoning: short ones are added up
			if length >= mostShortest {
				enough = c.effort.leastGain
			}
			saved := c.cost.saved(data[start:start+length], start-before, enough)
			if saved <= c.effort.leastGain {
				i += 1 + min((i-from)>>c.skipBits, c.effort.longestSkip)
				continue
			}
			if length < mostShortest {
				c.savedByShort += saved
			}
		}
		c.sequences = append(c.sequences, sequence{uint32(start - from), uint16(length), uint16(start - before - 1)})
		symbols += start - from + 1
		i = start + length
		from = i
		if i < limit {
			c.places[c.hash(binary.LittleEndian.Uint64(data[i-1:]))] = int32(i)
			c.places[c.hash(binary.LittleEndian.Uint64(data[i-2:]))] = int32(i - 1)
		}
	}
	c.sequences = append(c.sequences, sequence{literals: uint32(len(data) - from)})
	return len(data)
}

// hash mixes as many of the lowest bytes as the shortest match has.
func (c *Compressor) hash(v uint64) uint32 {
	return uint32(v << ((64 - 8*c.shortest) & 63) * 0x9e3779b185ebca87 >> (64 - hashBits))
}

// same gives how many bytes agree at the beginning of a and b, at most most.
func same(a, b []byte, most int) int {
	most = min(most, len(a))
	n := 0
	for ; n+8 <= most; n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

// costs are what symbols are expected to take, in bits, with what follows their code.
type costs struct {
	literal  [256]uint8
	length   [maxMatch + 1]uint8
	distance [30]uint8
}

// saved is how many bits a match is shorter than its bytes. It stops where that is more than enough.
func (c *costs) saved(literals []byte, distance, enough int) int {
	bits := -int(c.length[len(literals)]) - int(c.distance[distanceSymbol(distance)])
	for _, v := range literals {
		if bits += int(c.literal[v]); bits > enough {
			break
		}
	}
	return bits
}

const (
	guessBytes = 16 << 10
	// A symbol that the block before did not have may be frequent in the next one.
	unseenLiteral, mostLength, mostDistance = 12, 9, 6
)

// guess expects what the beginning of data has.
func (c *costs) guess(data []byte) {
	var counts [256]uint32
	data = data[:min(len(data), guessBytes)]
	for _, v := range data {
		counts[v]++
	}
	for v, n := range counts {
		c.literal[v] = unseenLiteral
		if n > 0 {
			c.literal[v] = uint8(min(max(bits.Len32(uint32(len(data))/n), 1), unseenLiteral))
		}
	}
	for n := leastShortest; n <= maxMatch; n++ {
		_, extra, _ := lengthSymbol(n)
		c.length[n] = 7 + extra
	}
	for s := range c.distance {
		c.distance[s] = 5 + distanceExtra(s)
	}
}

// learn expects what the block before took.
func (c *costs) learn(k *coder) {
	for v := range c.literal {
		n := k.literalCodes[v].length()
		if n == 0 {
			n = unseenLiteral
		}
		c.literal[v] = uint8(n)
	}
	for n := leastShortest; n <= maxMatch; n++ {
		symbol, extra, _ := lengthSymbol(n)
		length := k.literalCodes[symbol].length()
		if length == 0 || length > mostLength {
			length = mostLength
		}
		c.length[n] = uint8(length) + extra
	}
	for s := range c.distance {
		length := k.distanceCodes[s].length()
		if length == 0 || length > mostDistance {
			length = mostDistance
		}
		c.distance[s] = uint8(length) + distanceExtra(s)
	}
}
