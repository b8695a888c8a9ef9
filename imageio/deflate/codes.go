package deflate

// CodeLengths sets the lengths of Huffman codes for symbols that occur so often, for other formats that have such codes: at most limit bits, at
// most 15; 0 for symbols that do not occur, 1 for one that is alone. There may be at most 286 symbols, and their counts sum up to less than
// 2^23.
func CodeLengths(lengths []uint8, counts []uint32, limit int) {
	var h huffman
	var codes [literals]code
	h.build(codes[:len(counts)], counts, limit)
	for symbol := range counts {
		lengths[symbol] = uint8(codes[symbol].length())
	}
}
