package vp8l

import (
	"io"

	"classsr/imageio/deflate"
)

// Bits and numbers of the format.
const (
	signature     = 0x2f
	anotherOne    = 1 // there is a transform
	predictor     = 0
	subtractGreen = 2
)

// header writes what comes before the pixels.
func (e *Encoder) header(b *bitWriter) {
	b.put(signature, 8)
	b.put(uint64(e.config.Width-1), 14)
	b.put(uint64(e.config.Height-1), 14)
	alpha := uint64(0)
	if e.config.alpha() {
		alpha = 1
	}
	b.put(alpha, 1)
	b.put(0, 3) // version

	b.put(anotherOne|subtractGreen<<1, 3)
	b.put(anotherOne|predictor<<1, 3)
	b.put(tileBits-2, 3)
	e.smallImage(b, func(use func(int)) {
		for _, p := range e.parts {
			for _, mode := range p.modes {
				use(int(mode))
			}
		}
	})
	b.put(0, 1) // no further transform
	b.put(0, 1) // no colour cache
	e.groups(b)
	for i := range e.parts {
		for k := range e.parts[i].codes {
			lengths := &e.parts[i].codes[k]
			for a := range alphabets {
				putCode(b, lengths[starts[a]:starts[a+1]])
			}
		}
	}
}

// groups tells which codes each block has. Each strip has its own.
func (e *Encoder) groups(b *bitWriter) {
	if len(e.parts) == 1 && len(e.parts[0].codes) == 1 {
		b.put(0, 1)
		return
	}
	b.put(1, 1)
	b.put(blockBits-2, 3)
	e.smallImage(b, func(use func(int)) {
		first := 0
		for _, p := range e.parts {
			for _, group := range p.groups {
				use(first + int(group))
			}
			first += len(p.codes)
		}
	})
}

// smallImage writes an image whose pixels are numbers of 16 bits, in red and green. Runs of a number are matches with the pixel before.
func (e *Encoder) smallImage(b *bitWriter, numbers func(use func(int))) {
	const before = 1 // the symbol of that distance, which no bits follow
	var counts [symbols]uint32
	runs(numbers, func(v int) {
		counts[v&0xff]++
		counts[atRed+v>>8]++
	}, func(length int) {
		symbol, _, _ := prefixOf(length)
		counts[256+symbol]++
		counts[atDistance+before]++
	})
	counts[atBlue], counts[atAlpha+255] = 1, 1
	b.put(0, 1) // no colour cache
	var lengths [symbols]uint8
	var codes [symbols]code
	lengthsOf(&lengths, &counts)
	for i := range alphabets {
		putCode(b, lengths[starts[i]:starts[i+1]])
		canonical(codes[starts[i]:starts[i+1]], lengths[starts[i]:starts[i+1]])
	}
	runs(numbers, func(v int) {
		green, red := codes[v&0xff], codes[atRed+v>>8]
		b.put(green.bits()|red.bits()<<green.length(), green.length()+red.length())
	}, func(length int) {
		symbol, extra, rest := prefixOf(length)
		c := codes[256+symbol]
		b.put(c.bits()|rest<<c.length(), c.length()+extra) // the distance's code is alone, and takes no bits
	})
}

// runs calls literal for numbers and run for how often, more than a few times, the one before comes again.
func runs(numbers func(use func(int)), literal, run func(int)) {
	const few = 3
	last, again := -1, 0
	flush := func() {
		if again > few {
			run(again)
		} else {
			for range again {
				literal(last)
			}
		}
		again = 0
	}
	numbers(func(v int) {
		if v == last && again < longest {
			again++
			return
		}
		flush()
		if v == last {
			again = 1
			return
		}
		literal(v)
		last = v
	})
	flush()
}

// Symbols of lengths of codes.
const (
	repeatLast  = 16 // 3 to 6 times
	shortZeros  = 17 // 3 to 10
	longZeros   = 18 // 11 to 138
	lengthCodes = 19
)

// lengthOrder is the order in which the lengths of the codes of lengths are told.
var lengthOrder = [lengthCodes]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// putCode tells a code by its lengths.
func putCode(b *bitWriter, lengths []uint8) {
	used, first, last := 0, 0, 0 // symbols
	for symbol, n := range lengths {
		if n > 0 {
			if used++; used == 1 {
				first = symbol
			}
			last = symbol
		}
	}
	if used <= 2 && last < 256 {
		const simple, two, eightBits = 1, 1 << 1, 1 << 2
		if used < 2 {
			b.put(uint64(simple|eightBits|first<<3), 11)
		} else {
			b.put(uint64(simple|two|eightBits|first<<3|last<<11), 19)
		}
		return
	}
	b.put(0, 1)
	var room [greens]repetition
	told := repeated(room[:0], lengths)
	var counts [lengthCodes]uint32
	for _, s := range told {
		counts[s.symbol]++
	}
	var own [lengthCodes]uint8
	var codes [lengthCodes]code
	deflate.CodeLengths(own[:], counts[:], 7)
	canonical(codes[:], own[:])
	n := lengthCodes
	for n > 4 && own[lengthOrder[n-1]] == 0 {
		n--
	}
	b.put(uint64(n-4), 4)
	for _, symbol := range lengthOrder[:n] {
		b.put(uint64(own[symbol]), 3)
	}
	b.put(0, 1) // all lengths are told
	for _, s := range told {
		c := codes[s.symbol]
		b.put(c.bits()|uint64(s.rest)<<c.length(), c.length()+s.extra)
	}
}

// repetition is a length of a code, or how often one is repeated.
type repetition struct {
	symbol int
	rest   int
	extra  uint
}

// repeated appends lengths to told, runs of equal ones shortened.
func repeated(told []repetition, lengths []uint8) []repetition {
	for i := 0; i < len(lengths); {
		v, n := lengths[i], 1
		for i+n < len(lengths) && lengths[i+n] == v {
			n++
		}
		i += n
		if v != 0 {
			told = append(told, repetition{symbol: int(v)})
			n--
		}
		for n >= 3 {
			r := repetition{repeatLast, min(n, 6) - 3, 2}
			switch {
			case v == 0 && n >= 11:
				r = repetition{longZeros, min(n, 138) - 11, 7}
			case v == 0:
				r = repetition{shortZeros, min(n, 10) - 3, 3}
			}
			told = append(told, r)
			n -= r.rest + 3
			if r.symbol == longZeros {
				n -= 11 - 3
			}
		}
		for range n {
			told = append(told, repetition{symbol: int(v)})
		}
	}
	return told
}

// Joined is a picture whose strips are all encoded.
type Joined struct {
	encoder *Encoder
	bits    int64
}

// Join works out how long the picture is.
func (e *Encoder) Join() *Joined {
	b := &bitWriter{buffer: make([]byte, bufferBytes)}
	b.start(io.Discard)
	e.header(b)
	j := &Joined{encoder: e, bits: b.finish()}
	for _, p := range e.parts {
		j.bits += p.bits
	}
	return j
}

// Bytes is how long the picture is.
func (j *Joined) Bytes() int64 { return (j.bits + 7) / 8 }

// Write writes the picture. strip calls use for what a strip was compressed to, in pieces of any length.
func (j *Joined) Write(to io.Writer, strip func(index int, use func(part []byte) error) error) error {
	b := &bitWriter{buffer: make([]byte, bufferBytes)}
	b.start(to)
	j.encoder.header(b)
	for i, p := range j.encoder.parts {
		left := p.bits
		err := strip(i, func(part []byte) error {
			n := min(left, 8*int64(len(part)))
			b.putBytes(part, n)
			left -= n
			return b.err
		})
		if err != nil {
			return err
		}
	}
	b.finish()
	return b.err
}
