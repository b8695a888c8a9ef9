package kernel

// Scratch is a worker's memory for lists and rows that live during a call. The zero value is ready to use.
type Scratch struct {
	blocks   []Block
	segments []segment
	rows     []float32
	add      Block
	args     rowArgs // would be allocated if it were a variable, since kernels are called indirectly
}

// row gives n numbers of scratch memory.
func (s *Scratch) row(n int) []float32 {
	if cap(s.rows) < n {
		s.rows = make([]float32, n)
	}
	return s.rows[:n]
}
