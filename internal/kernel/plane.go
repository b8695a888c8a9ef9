package kernel

// Plane is a window into memory: the number in row y and column x is Data[y*Stride+x].
type Plane struct {
	Data   []float32
	Stride int
}

// Row is the n numbers of row y from column x on.
func (p Plane) Row(y, x, n int) []float32 {
	i := y*p.Stride + x
	return p.Data[i : i+n : i+n]
}

// From is the same memory seen from row y and column x on.
func (p Plane) From(y, x int) Plane {
	return Plane{p.Data[y*p.Stride+x:], p.Stride}
}
