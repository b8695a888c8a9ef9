package tensor

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Array is a parameter: row-major data of any number of dimensions (none for a single number).
type Array struct {
	Dims []int
	Data []float32
}

// NewArray returns an array of zeros.
func NewArray(dims ...int) Array {
	return Array{Dims: dims, Data: make([]float32, DimsLen(dims))}
}

// DimsLen is the number of elements of an array with these dimensions.
func DimsLen(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// FormatDims gives dimensions as [2 3 4], for messages.
func FormatDims(dims []int) string { return fmt.Sprint(dims) }

// Set holds parameters by name. Sets that are read by several goroutines must not be written to.
type Set map[string]Array

// Names returns the names in sorted order.
func (s Set) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Sub returns the parameters whose name starts with prefix, with the prefix removed. The data is shared.
func (s Set) Sub(prefix string) Set {
	sub := Set{}
	for name, a := range s {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			sub[rest] = a
		}
	}
	return sub
}

// Merge adds the parameters of other to s, with prefix put before each name. The data is shared.
func (s Set) Merge(prefix string, other Set) {
	for name, a := range other {
		s[prefix+name] = a
	}
}

// Len is the number of elements of all parameters together.
func (s Set) Len() int {
	n := 0
	for _, a := range s {
		n += len(a.Data)
	}
	return n
}

// CheckFinite returns an error that names the first parameter holding a NaN or an infinity.
func (s Set) CheckFinite() error {
	for _, name := range s.Names() {
		for i, v := range s[name].Data {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return fmt.Errorf("tensor %q holds %v at element %d", name, v, i)
			}
		}
	}
	return nil
}
