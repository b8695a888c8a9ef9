package kernel

import "unsafe"

// Block is a stack of planes of which a band of rows is in memory: the number in plane c, row y and column x is
// Data[c*Plane + y'*Stride + x] with y' = (y-First) mod Ring. Rows are counted in the whole tensor, of which there are Height;
// rows before 0 and from Height on are zeros.
type Block struct {
	Data          []float32
	C             int // planes
	Plane, Stride int // distance between planes and between rows
	First         int // the row at the beginning of each plane
	Ring          int // rows that there is room for
	Height        int
	Zeros         []float32 // at least as long as rows that are read beyond the tensor
}

// Row is the n numbers of row y of plane c from column x on.
func (b Block) Row(c, y, x, n int) []float32 {
	if y < 0 || y >= b.Height {
		return b.Zeros[:n:n]
	}
	line := y - b.First
	if line >= b.Ring { // a division takes as long as many other instructions
		line %= b.Ring
	}
	i := c*b.Plane + line*b.Stride + x
	return b.Data[i : i+n : i+n]
}

// From is the same memory seen from column x on.
func (b Block) From(x int) Block {
	b.Data = b.Data[x:]
	return b
}

// planes is planes first to first+count-1.
func (b Block) planes(first, count int) Block {
	b.Data = b.Data[first*b.Plane:]
	b.C = count
	return b
}

// at points to the number in plane c, row y and column x, of which n in a row will be used.
func (b Block) at(c, y, x, n int) *float32 { return unsafe.SliceData(b.Row(c, y, x, n)) }

// segment is all planes of row y from column x on, of which n numbers of each will be used.
func (b Block) segment(y, x, n int) segment { return b.segmentFrom(0, y, x, n) }

// segmentFrom is the planes from the given one on of row y from column x on, of which n numbers of each will be used.
func (b Block) segmentFrom(plane, y, x, n int) segment {
	if y < 0 || y >= b.Height {
		return segment{unsafe.SliceData(b.Zeros[:n]), 0, b.C - plane}
	}
	_ = b.Row(b.C-1, y, x, n) // the last plane must be there, since kernels do not check
	return segment{b.at(plane, y, x, n), b.Plane * floatBytes, b.C - plane}
}

// slicePlanes cuts planes first to first+count-1 out of blocks that lie side by side, and appends them to cut.
func slicePlanes(cut, blocks []Block, first, count int) []Block {
	for _, b := range blocks {
		if first < b.C && count > 0 {
			n := min(b.C-first, count)
			cut = append(cut, b.planes(first, n))
			count -= n
			first = 0
			continue
		}
		first -= min(first, b.C)
	}
	return cut
}
