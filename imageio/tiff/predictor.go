package tiff

// sumUp makes samples of differences to the samples of the pixel to the left. scratch is as long as row.
func (f *scanner) sumUp(row, scratch []byte) {
	step := f.samples
	if f.planar {
		step = 1
	}
	switch f.predictor {
	case 2:
		f.sumWhole(row, step)
	case 3:
		f.sumFloats(row, scratch, step)
	}
}

// sumWhole does so for whole numbers, step samples apart.
func (f *scanner) sumWhole(row []byte, step int) {
	order := f.d.Order
	switch f.bits {
	case 8:
		for i := step; i < len(row); i++ {
			row[i] += row[i-step]
		}
	case 16:
		for i := 2 * step; i+2 <= len(row); i += 2 {
			order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*step:]))
		}
	case 32:
		for i := 4 * step; i+4 <= len(row); i += 4 {
			order.PutUint32(row[i:], order.Uint32(row[i:])+order.Uint32(row[i-4*step:]))
		}
	case 64:
		for i := 8 * step; i+8 <= len(row); i += 8 {
			order.PutUint64(row[i:], order.Uint64(row[i:])+order.Uint64(row[i-8*step:]))
		}
	}
}

// sumFloats does so for floating point numbers. Their highest bytes come first, then all of the next, and so on, whatever the order of bytes in
// the file, and differences are those of bytes.
func (f *scanner) sumFloats(row, scratch []byte, step int) {
	for i := step; i < len(row); i++ {
		row[i] += row[i-step]
	}
	size := f.bits / 8
	n := len(row) / size
	bytes := scratch[:copy(scratch, row)]
	big := f.d.Order.Uint16([]byte{0, 1}) == 1
	for i := range n {
		for k := range size {
			to := k
			if !big {
				to = size - 1 - k
			}
			row[i*size+to] = bytes[k*n+i]
		}
	}
}
