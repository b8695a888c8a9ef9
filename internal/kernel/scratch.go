package kernel

import "unsafe"

// Scratch is a worker's memory for lists and rows that live during a call. The zero value is ready to use.
type Scratch struct {
	blocks   []Block
	sources  []segment // of a row of a convolution
	segments []segment // of a group of it
	rows     []float32 // of a convolution with a stride
	unscaled []float32 // sums of a convolution whose result is scaled
	shuffled []float32 // of one whose result is shuffled
	bias     []float32 // of one, multiplied with its scale
	add      Block
	offsets  []int // of the rows of inner products
	padded   []Block
	added    Block

	transformed, products, spare []float32 // of a Winograd convolution
	weights                      []float32 // of a fleeting one
	rowsBetween                  []float32 // the steps of its transforms
	// of the gradient of a weight
	pixels, filtered, gradients, laidOut []float32

	// Arguments of kernels would be allocated if they were variables, since kernels are called indirectly.
	args    rowArgs
	product productArgs
	dots    dotsArgs
	dense   denseArgs
	lanes   lanesArgs
	points  pointsArgs
	outer   outerArgs
	kernels kernelsArgs
	rowsIn  winogradInArgs
	rowsOut winogradOutArgs
}

// row gives n numbers of scratch memory.
func (s *Scratch) row(n int) []float32 {
	s.rows = grow(s.rows, n)
	return s.rows
}

// between gives what the transforms of a Winograd convolution need between their steps.
func (s *Scratch) between() []float32 {
	if s.rowsBetween == nil {
		s.rowsBetween = AlignedSlice(winogradIn * wideStride) // more than narrow tiles need
	}
	return s.rowsBetween
}

// Line is a cache line, and the widest vector, in float32. Rows that begin at its multiples are stored fastest.
const Line = 16

// RoundUpToLine is the next multiple of Line.
func RoundUpToLine(n int) int { return (n + Line - 1) &^ (Line - 1) }

// AlignedSlice makes a slice of n numbers that begins at a cache line.
func AlignedSlice(n int) []float32 {
	s := make([]float32, n+Line-1)
	shift := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))/floatBytes) & (Line - 1)
	return s[shift : shift+n : shift+n]
}

// grow gives s the length n, with new memory if it has too little.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return AlignedSlice(n)
	}
	return s[:n]
}
