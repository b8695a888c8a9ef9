package deflate

import "math/bits"

const (
	endOfBlock  = 256
	firstLength = 257
	literals    = 286
	distances   = 30
)

// lengthTable gives for each length of a match its symbol, how many bits follow, and what the first of the symbol's lengths is.
var lengthTable = func() (table [maxMatch + 1]struct {
	symbol uint16
	extra  uint8
	base   uint16
}) {
	symbol, length := firstLength, 3
	for symbol < literals-1 {
		extra := max(0, (symbol-firstLength)/4-1)
		for range 1 << extra {
			if length < maxMatch {
				table[length].symbol, table[length].extra = uint16(symbol), uint8(extra)
				table[length].base = uint16(length)
			}
			length++
		}
		for i := length - 1<<extra; i < min(length, maxMatch); i++ {
			table[i].base = uint16(length - 1<<extra)
		}
		symbol++
	}
	table[maxMatch].symbol, table[maxMatch].base = literals-1, maxMatch
	return table
}()

func lengthSymbol(length int) (symbol int, extra uint8, rest uint32) {
	t := &lengthTable[length]
	return int(t.symbol), t.extra, uint32(length) - uint32(t.base)
}

// distanceSymbol gives the symbol of a distance of 1 or more: its highest bit and the next one, numbered.
func distanceSymbol(distance int) int {
	d := uint32(distance - 1)
	if d < 4 {
		return int(d)
	}
	n := bits.Len32(d)
	return 2*(n-1) + int(d>>(n-2)&1)
}

// distanceExtra is how many bits follow a distance's symbol.
func distanceExtra(symbol int) uint8 { return uint8(max(0, symbol/2-1)) }
