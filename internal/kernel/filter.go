package kernel

// FilterPaeth filters a row of a PNG in place: every byte is replaced by its difference, modulo 256, from a prediction. Of the bytes to the
// left (a), above (b) and above left (c), that is the one nearest to a+b-c, in this order where they are equally near. Left is pixelBytes
// away; beyond the picture there are zeros. above is the row above, not filtered, and is as long.
//
// Every set gives these bytes.
func FilterPaeth(row, above []byte, pixelBytes int) {
	filterPaeth(samplesSet(), row, above, pixelBytes)
}

func filterPaeth(set *Set, row, above []byte, pixelBytes int) {
	n := len(row)
	if set.filterPaeth != nil {
		n -= set.filterPaeth(row, above[:n], pixelBytes)
	}
	filterPaethGeneric(row[:n], above[:n], pixelBytes)
}

// filterPaethGeneric goes from right to left, so that what it reads was not replaced yet.
func filterPaethGeneric(row, above []byte, pixelBytes int) {
	for i := len(row) - 1; i >= 0; i-- {
		var a, c int
		if i >= pixelBytes {
			a, c = int(row[i-pixelBytes]), int(above[i-pixelBytes])
		}
		b := int(above[i])
		p := a + b - c
		switch pa, pb, pc := distance(p, a), distance(p, b), distance(p, c); {
		case pa <= pb && pa <= pc:
			row[i] -= uint8(a)
		case pb <= pc:
			row[i] -= uint8(b)
		default:
			row[i] -= uint8(c)
		}
	}
}

func distance(a, b int) int { return max(a-b, b-a) }
