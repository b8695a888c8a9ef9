package vp8l

import (
	"encoding/binary"
	"io"
)

const bufferBytes = 32 << 10

// bitWriter writes bits, the lowest first.
type bitWriter struct {
	to      io.Writer
	buffer  []byte
	used    int
	waiting uint64 // bits that are no byte yet
	n       uint   // how many; fewer than 8 between calls
	bytes   int64  // written to the buffer so far
	err     error
}

func (b *bitWriter) start(to io.Writer) {
	b.to, b.used, b.waiting, b.n, b.bytes, b.err = to, 0, 0, 0, 0, nil
}

// put writes n bits of v, at most 56.
func (b *bitWriter) put(v uint64, n uint) {
	b.waiting |= v << b.n
	b.n += n
	b.spill()
}

// spill moves whole bytes to the buffer.
func (b *bitWriter) spill() {
	if b.used+8 > len(b.buffer) {
		b.flush()
	}
	binary.LittleEndian.PutUint64(b.buffer[b.used:], b.waiting)
	whole := b.n >> 3
	b.used += int(whole)
	b.bytes += int64(whole)
	b.waiting >>= 8 * whole
	b.n &= 7
}

func (b *bitWriter) flush() {
	if b.err == nil {
		var n int
		if n, b.err = b.to.Write(b.buffer[:b.used]); b.err == nil && n < b.used {
			b.err = io.ErrShortWrite
		}
	}
	b.used = 0
}

// finish fills the last byte with zeros, and gives how many bits there were before.
func (b *bitWriter) finish() int64 {
	bits := 8*b.bytes + int64(b.n)
	if b.n > 0 {
		b.put(0, 8-b.n)
	}
	b.flush()
	return bits
}

// putBytes writes n bits, which lie in p.
func (b *bitWriter) putBytes(p []byte, n int64) {
	for ; n >= 56 && len(p) >= 8; n -= 56 {
		b.put(binary.LittleEndian.Uint64(p)&(1<<56-1), 56)
		p = p[7:]
	}
	for ; n > 0; n -= 8 {
		k := uint(min(n, 8))
		b.put(uint64(p[0])&(1<<k-1), k)
		p = p[1:]
	}
}

// write writes a strip's sequences.
func (w *Worker) write(pixels []uint32, groups []uint8) {
	out := &w.out
	w.visit(pixels, groups, func(run []uint32, group uint8) {
		out.literals(run, &w.codes[group])
	}, func(s sequence, group uint8) {
		codes := &w.codes[group]
		symbol, extra, rest := prefixOf(int(s.length))
		c := codes[256+symbol]
		out.put(c.bits()|rest<<c.length(), c.length()+extra)
		symbol, extra, rest = prefixOf(w.encoder.distanceCode(int(s.distance)))
		c = codes[atDistance+symbol]
		out.put(c.bits()|rest<<c.length(), c.length()+extra)
	})
}

// literals writes at most a row of a block. Four codes of at most 14 bits and 7 bits that wait fit into 64.
func (b *bitWriter) literals(run []uint32, codes *[symbols]code) {
	if b.used+8*(len(run)+1) > len(b.buffer) {
		b.flush()
	}
	waiting, n, used := b.waiting, b.n, b.used
	for _, pixel := range run {
		c0, c1, c2, c3 := codes[pixel>>8&0xff], codes[atRed+pixel>>16&0xff], codes[atBlue+pixel&0xff], codes[atAlpha+pixel>>24]
		// Each is shifted by the sum of the lengths before it, not one after the other.
		first, second := code(n)+c0, code(n)+c0+c1
		third := second + c2
		waiting |= c0.bits()<<(n&63) | c1.bits()<<(first&63) | (c2.bits()<<(second&63) | c3.bits()<<(third&63))
		n = uint(third+c3) & 63
		binary.LittleEndian.PutUint64(b.buffer[used:], waiting)
		used += int(n >> 3)
		waiting >>= n & 56
		n &= 7
	}
	b.bytes += int64(used - b.used)
	b.waiting, b.n, b.used = waiting, n, used
}
