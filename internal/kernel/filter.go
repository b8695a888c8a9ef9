package kernel

// The filters of PNG, by the numbers that files have. Each replaces a byte by its difference, modulo 256, from a prediction.
const (
	FilterNone    = iota // 0
	FilterSub            // the byte to the left (a), pixelBytes away
	FilterUp             // the byte above (b)
	FilterAverage        // (a+b)/2, rounded down
	FilterPaeth          // that of a, b and the byte above left (c) which is nearest to a+b-c, in this order where they are equally near
	Filters              // how many there are
)

// Filter filters a row of a PNG in place. Beyond the picture there are zeros. above is the row above, not filtered, and is as long; pixelBytes
// is how far the byte to the left is.
//
// Every set gives these bytes.
func Filter(kind int, row, above []byte, pixelBytes int) {
	filter(samplesSet(), kind, row, above, pixelBytes)
}

func filter(set *Set, kind int, row, above []byte, pixelBytes int) {
	n := len(row)
	if set.filter != nil {
		n -= set.filter(kind, row, above[:n], pixelBytes)
	}
	filterGeneric(kind, row[:n], above[:n], pixelBytes)
}

// filterGeneric goes from right to left, so that what it reads was not replaced yet.
func filterGeneric(kind int, row, above []byte, pixelBytes int) {
	if kind == FilterNone {
		return
	}
	for i := len(row) - 1; i >= 0; i-- {
		row[i] -= prediction(kind, row, above, pixelBytes, i)
	}
}

func prediction(kind int, row, above []byte, pixelBytes, i int) byte {
	var a, c int
	if i >= pixelBytes {
		a, c = int(row[i-pixelBytes]), int(above[i-pixelBytes])
	}
	b := int(above[i])
	switch kind {
	case FilterSub:
		return byte(a)
	case FilterUp:
		return byte(b)
	case FilterAverage:
		return byte((a + b) / 2)
	case FilterPaeth:
		return nearest(a, b, c)
	}
	return 0
}

func distance(a, b int) int { return max(a-b, b-a) }

// FilterSums sets sums to, for every filter, the sum of what it would leave of a row, each byte as the distance of 0 modulo 256: the less, the
// better the row can be compressed, as a rule. Parameters are those of Filter. Every set gives these sums.
func FilterSums(sums *[Filters]uint64, row, above []byte, pixelBytes int) {
	filterSums(samplesSet(), sums, row, above, pixelBytes)
}

func filterSums(set *Set, sums *[Filters]uint64, row, above []byte, pixelBytes int) {
	clear(sums[:])
	n := len(row)
	above = above[:n]
	if set.filterSums != nil {
		n -= set.filterSums(sums, row, above, pixelBytes)
	}
	filterSumsGeneric(sums, row[:n], above[:n], pixelBytes)
}

func filterSumsGeneric(sums *[Filters]uint64, row, above []byte, pixelBytes int) {
	for i, v := range row {
		var a, c byte
		if i >= pixelBytes {
			a, c = row[i-pixelBytes], above[i-pixelBytes]
		}
		b := above[i]
		for kind, predicted := range [Filters]byte{0, a, b, byte((int(a) + int(b)) / 2), nearest(int(a), int(b), int(c))} {
			left := v - predicted
			sums[kind] += uint64(min(left, -left))
		}
	}
}

// nearest gives Paeth's prediction.
func nearest(a, b, c int) byte {
	toA, toB, toC := distance(b, c), distance(a, c), distance(a+b, 2*c)
	if toA <= toB && toA <= toC {
		return byte(a)
	}
	if toB <= toC {
		return byte(b)
	}
	return byte(c)
}
