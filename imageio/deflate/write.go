package deflate

import (
	"encoding/binary"
	"io"
)

const (
	bufferBytes = 32 << 10
	bufferRoom  = 64 // that is free before anything short is written
	maxStored   = 1<<16 - 1
)

// coder writes blocks.
type coder struct {
	w      io.Writer
	buffer []byte
	n      int
	held   uint64 // bits that are not in the buffer yet, the first one lowest
	count  uint   // of them, at most 7 between calls of put
	err    error

	literalCounts  [literals]uint32
	distanceCounts [distances]uint32
	literalCodes   [literals]code
	distanceCodes  [distances]code
	lengthCodes    [maxMatch + 1]code // of each length, with the bits that follow
	huffman        huffman
	header         header
}

// put adds at most 56 bits and moves whole bytes to the buffer, in which there must be room for eight.
func (c *coder) put(bits uint64, n uint) {
	c.held |= bits << (c.count & 63)
	c.count += n
	binary.LittleEndian.PutUint64(c.buffer[c.n:], c.held)
	c.n += int(c.count >> 3)
	c.held >>= c.count & 56
	c.count &= 7
}

// start begins a stream.
func (c *coder) start(w io.Writer) {
	c.w, c.n, c.held, c.count, c.err = w, 0, 0, 0, nil
}

// flush writes the whole bytes.
func (c *coder) flush() error {
	if c.err == nil {
		_, c.err = c.w.Write(c.buffer[:c.n])
	}
	c.n = 0
	return c.err
}

// room has the buffer take a few bytes more.
func (c *coder) room() {
	if c.n > len(c.buffer)-bufferRoom {
		_ = c.flush() // the error is kept
	}
}

// sync writes an empty stored block, which ends at a whole byte.
func (c *coder) sync() {
	c.room()
	c.put(0, 3)
	c.put(0, (8-c.count)%8)
	c.put(0xffff0000, 32)
}

// block writes data, which sequences describe, as a block with codes of its own, or as it is if that is shorter.
func (c *coder) block(data []byte, sequences []sequence) error {
	c.tally(data, sequences)
	c.huffman.build(c.literalCodes[:], c.literalCounts[:], maxCode)
	c.huffman.build(c.distanceCodes[:], c.distanceCounts[:], maxCode)
	c.header.make(&c.huffman, &c.literalCodes, &c.distanceCodes)
	if c.bits() >= 8*(len(data)+5*(len(data)/maxStored+1)) {
		return c.store(data)
	}
	c.room()
	c.put(2<<1, 3)
	c.header.write(c)
	c.sequences(data, sequences)
	c.room()
	end := c.literalCodes[endOfBlock]
	c.put(end.bits(), end.length())
	return c.err
}

// tally counts the symbols of a block.
func (c *coder) tally(data []byte, sequences []sequence) {
	clear(c.literalCounts[:])
	clear(c.distanceCounts[:])
	c.literalCounts[endOfBlock] = 1
	var counts [3][256]uint32 // one would wait for itself where bytes repeat
	for _, s := range sequences {
		run := data[:s.literals]
		data = data[int(s.literals)+int(s.length):]
		for ; len(run) >= 4; run = run[4:] {
			v := binary.LittleEndian.Uint32(run)
			counts[0][v&255]++
			counts[1][v>>8&255]++
			counts[2][v>>16&255]++
			c.literalCounts[v>>24]++
		}
		for _, v := range run {
			counts[0][v]++
		}
		if s.length > 0 {
			c.literalCounts[lengthTable[s.length].symbol]++
			c.distanceCounts[distanceSymbol(int(s.distance)+1)]++
		}
	}
	for v := range 256 {
		c.literalCounts[v] += counts[0][v] + counts[1][v] + counts[2][v]
	}
}

// bits is the length of the block in bits, coded.
func (c *coder) bits() int {
	sum := 3 + c.header.bits
	for s, n := range c.literalCounts {
		length := c.literalCodes[s].length()
		if s >= firstLength {
			length += uint(lengthExtra(s))
		}
		sum += int(n) * int(length)
	}
	for s, n := range c.distanceCounts {
		sum += int(n) * int(c.distanceCodes[s].length()+uint(distanceExtra(s)))
	}
	return sum
}

// lengthExtra is how many bits follow a length's symbol.
func lengthExtra(symbol int) uint8 {
	if symbol == literals-1 {
		return 0
	}
	return uint8(max(0, (symbol-firstLength)/4-1))
}

// sequences writes literals and matches.
func (c *coder) sequences(data []byte, sequences []sequence) {
	codes := (*[256]code)(c.literalCodes[:256])
	for n := range c.lengthCodes[leastShortest:] {
		t := &lengthTable[leastShortest+n]
		code := c.literalCodes[t.symbol]
		c.lengthCodes[leastShortest+n] = code.followed(uint32(leastShortest+n)-uint32(t.base), uint(t.extra))
	}
	for _, s := range sequences {
		run := data[:s.literals]
		data = data[int(s.literals)+int(s.length):]
		for len(run) > longRun {
			c.run(codes, run[:longRun])
			run = run[longRun:]
		}
		c.run(codes, run)
		if s.length == 0 {
			continue
		}
		// 12 + 5 + 12 + 13 bits at most.
		length := c.lengthCodes[s.length]
		symbol := distanceSymbol(int(s.distance) + 1)
		distance, extra := c.distanceCodes[symbol], uint(distanceExtra(symbol))
		bits := length.bits() | distance.bits()<<length.length()
		n := length.length() + distance.length()
		c.put(bits|uint64(s.distance)&(1<<extra-1)<<n, n+extra)
	}
}

// longRun is how many literals are written between two looks at the room.
const longRun = 4096

// run writes at most longRun literals, and leaves room for a match.
func (c *coder) run(codes *[256]code, data []byte) {
	if c.n+len(data)*maxCode/8 > len(c.buffer)-bufferRoom {
		_ = c.flush() // the error is kept
	}
	held, count, buffer, n := c.held, c.count, c.buffer, c.n
	for ; len(data) >= 4; data = data[4:] {
		v := binary.LittleEndian.Uint32(data)
		c0, c1, c2, c3 := codes[v&255], codes[v>>8&255], codes[v>>16&255], codes[v>>24]
		// Each is shifted by the sum of the lengths before it, not one after the other.
		first, second := code(count)+c0, code(count)+c0+c1
		third := second + c2
		held |= c0.bits()<<(count&63) | c1.bits()<<(first&63) | (c2.bits()<<(second&63) | c3.bits()<<(third&63))
		count = uint(third+c3) & 63
		binary.LittleEndian.PutUint64(buffer[n:], held)
		n += int(count >> 3)
		held >>= count & 56
		count &= 7
	}
	for _, v := range data {
		held |= codes[v].bits() << (count & 63)
		count += codes[v].length()
	}
	c.held, c.count, c.n = held, count, n
	c.put(0, 0)
}

// store writes data as it is.
func (c *coder) store(data []byte) error {
	for len(data) > 0 {
		part := data[:min(len(data), maxStored)]
		data = data[len(part):]
		c.room()
		c.put(0, 3)
		c.put(0, (8-c.count)%8)
		c.put(uint64(len(part))|uint64(^uint16(len(part)))<<16, 32)
		if err := c.flush(); err != nil {
			return err
		}
		if _, c.err = c.w.Write(part); c.err != nil {
			return c.err
		}
	}
	return nil
}
