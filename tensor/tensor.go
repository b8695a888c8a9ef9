// Package tensor holds float32 arrays with a shape: activations in NCHW order and named parameters.
//
// It knows shapes and reuse of memory, no arithmetic; arithmetic on activations lives in nn (the plain reference) and in
// engine and internal/kernel (the fast path).
package tensor

import "fmt"

// Shape is the shape of an activation: N pictures of C channels, H rows and W columns.
type Shape struct{ N, C, H, W int }

// Len is the number of elements of a tensor of this shape.
func (s Shape) Len() int { return s.N * s.C * s.H * s.W }

// String gives the shape as NxCxHxW, for messages.
func (s Shape) String() string { return fmt.Sprintf("%dx%dx%dx%d", s.N, s.C, s.H, s.W) }

// Tensor is a dense activation in NCHW order: element (n, c, y, x) is Data[((n*C+c)*H+y)*W+x].
type Tensor struct {
	Shape
	Data []float32
}

// New returns a tensor of zeros.
func New(s Shape) *Tensor { return &Tensor{Shape: s, Data: make([]float32, s.Len())} }

// Wrap gives data the shape s. It panics if the lengths differ.
func Wrap(s Shape, data []float32) *Tensor {
	if len(data) != s.Len() {
		panic("tensor: data does not have the length of the shape")
	}
	return &Tensor{Shape: s, Data: data}
}

// Plane returns the H*W elements of channel c of picture n; writing to it writes to the tensor.
func (t *Tensor) Plane(n, c int) []float32 {
	size := t.H * t.W
	i := (n*t.C + c) * size
	return t.Data[i : i+size : i+size]
}
