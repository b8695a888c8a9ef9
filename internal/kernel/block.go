package kernel

import "unsafe"

// Block is a stack of planes in somebody's memory: the number in plane c, row y and column x is Data[c*Plane+y*Stride+x].
type Block struct {
	Data          []float32
	C             int // planes
	Plane, Stride int // distance between planes and between rows
}

// Row is the n numbers of row y of plane c from column x on.
func (b Block) Row(c, y, x, n int) []float32 {
	i := c*b.Plane + y*b.Stride + x
	return b.Data[i : i+n : i+n]
}

// From is the same memory seen from row y and column x on.
func (b Block) From(y, x int) Block {
	b.Data = b.Data[y*b.Stride+x:]
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
