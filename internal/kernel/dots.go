package kernel

import "unsafe"

// dotsArgs are inner products of some rows a with some rows b, of n numbers each: row i of a begins at a + i*aPlane, row j of b at
// b + offsets[j], and their product is added to the number j behind sums + i*sumPlane:
//
//	sums[i][j] += sum over x of a[i][x] * b[j][x]
//
// Distances are in bytes. The order of the sums is the set's own. The assembly knows the fields by their offsets (layout.go).
type dotsArgs struct {
	a        *float32
	aPlane   int
	b        *float32
	offsets  *int
	n        int
	sums     *float32
	sumPlane int
}

// dotsGeneric computes dotsArgs for any number of rows in pure Go.
func dotsGeneric(as, bs int, d *dotsArgs) {
	offsets := unsafe.Slice(d.offsets, bs)
	for i := range as {
		a := rowAt(d.a, i*d.aPlane, d.n)
		sums := rowAt(d.sums, i*d.sumPlane, bs)
		for j, offset := range offsets {
			sums[j] += dot(a, rowAt(d.b, offset, d.n))
		}
	}
}

// dot sums in four chains, none of which waits for the others.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	x := 0
	for ; x+4 <= len(a); x += 4 {
		s0 += a[x] * b[x]
		s1 += a[x+1] * b[x+1]
		s2 += a[x+2] * b[x+2]
		s3 += a[x+3] * b[x+3]
	}
	for ; x < len(a); x++ {
		s0 += a[x] * b[x]
	}
	return s0 + s1 + (s2 + s3)
}

// Dot is the inner product of two rows of the same length.
func Dot(a, b []float32, scratch *Scratch) float32 { return dotRows(current(), a, b, scratch) }

func dotRows(set *Set, a, b []float32, s *Scratch) float32 {
	if len(a) != len(b) {
		panic("kernel: rows of different lengths")
	}
	if len(a) == 0 {
		return 0
	}
	sum := s.row(1)
	sum[0] = 0
	s.offsets = append(s.offsets[:0], 0)
	s.dots = dotsArgs{a: &a[0], b: &b[0], offsets: &s.offsets[0], n: len(a), sums: &sum[0]}
	set.dots(1, 1, &s.dots)
	return sum[0]
}

// ones is a row of ones, for sums that are inner products.
var ones = func() (s [4096]float32) {
	fill(s[:], 1)
	return s
}()

// Sum is the sum of a row.
func Sum(a []float32, scratch *Scratch) float32 {
	var sum float32
	for len(a) > 0 {
		n := min(len(a), len(ones))
		sum += Dot(a[:n], ones[:n], scratch)
		a = a[n:]
	}
	return sum
}
