package kernel

import "unsafe"

// Winograd's minimal filtering F(6,3), along the height only: six result rows of a 3x3 convolution from eight source rows with eight
// row sums of three taps instead of eighteen, 4 multiplications a number and plane instead of 9. In rows, with the interpolation
// points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity:
//
//	t = B r (8 source rows)    m_i = row sum over t_i with the kernel (G k)_i    y = A m (6 result rows)
//
// Along the width nothing is transformed, so that rows stay rows. Groups of six rows begin at fixed rows of the tensor, so that a
// row's bits do not depend on where a piece begins.
const (
	// WinogradRows is how many result rows are computed together.
	WinogradRows = 6
	winogradIn   = 8
	// winogradPixels bounds the columns worked on at a time, so that the transformed rows of all planes stay in cache.
	winogradPixels = 128
)

// winogradG transforms the three rows of a kernel.
var winogradG = [winogradIn][3]float64{
	{1, 0, 0},
	{-2.0 / 9, -2.0 / 9, -2.0 / 9}, {-2.0 / 9, 2.0 / 9, -2.0 / 9},
	{1.0 / 90, 1.0 / 45, 2.0 / 45}, {1.0 / 90, -1.0 / 45, 2.0 / 45},
	{32.0 / 45, 16.0 / 45, 8.0 / 45}, {32.0 / 45, -16.0 / 45, 8.0 / 45},
	{0, 0, 1},
}

// winograd is a group of a convolution in that form.
type winograd struct {
	set         *Set
	in, out     int
	sums        [winogradIn]rowSum
	bias, slope []float32
}

// fewestForWinograd is how many source and result planes make up for the transforms.
const fewestForWinograd = 8

func newWinograd(set *Set, in, out int, weight, bias, slope []float32) *winograd {
	w := &winograd{set: set, in: in, out: out, bias: bias, slope: slope}
	none := make([]float32, out)
	for i := range w.sums {
		weightOf := func(o, row int) float32 {
			plane, kx := row/3, row%3
			var sum float64
			for ky := range 3 {
				sum += winogradG[i][ky] * float64(weight[((o*in+plane)*3+ky)*3+kx])
			}
			return float32(sum)
		}
		w.sums[i] = newRowSum(set, out, in*3, 3, weightOf, none, nil)
	}
	return w
}

// run computes n columns from column x on of the rows y0 to y1-1 of the group of six rows that begins at row first. The sources
// are those of the group's planes, seen as for Conv.Run.
func (w *winograd) run(dst Block, first, y0, y1, x, n, pad int, src []Block, add *Block, s *Scratch) {
	width, stride, outStride := n+2, RoundUpToLine(n+2), RoundUpToLine(n)
	s.transformed = grow(s.transformed, winogradIn*w.in*stride)
	s.products = grow(s.products, winogradIn*w.out*outStride)
	plane := 0
	for _, b := range src {
		w.transform(b, first-pad, x, width, s.transformed[plane*stride:], stride, &s.rowsIn)
		plane += b.C
	}
	for i := range w.sums {
		products := Block{Data: s.products[i*w.out*outStride:], C: w.out, Plane: outStride, Ring: 1, Height: 1}
		s.segments = append(s.segments[:0], segment{&s.transformed[i*w.in*stride], stride * floatBytes, w.in})
		w.sums[i].run(products, 0, 0, n, s.segments, nil, &s.args)
	}
	w.collect(dst, first, y0, y1, x, n, add, outStride, s)
}

// transform transforms eight rows of all planes of a block, from row y and column x on; transforms of one plane are stride
// behind those of the plane before.
func (w *winograd) transform(b Block, y, x, width int, to []float32, stride int, a *winogradInArgs) {
	var rows [winogradIn]segment
	for r := range rows {
		rows[r] = b.segment(y+r, x, width)
	}
	a.distance, a.n = w.in*stride*floatBytes, width
	for c := range b.C {
		for r := range rows {
			a.rows[r] = rows[r].planeAt(c)
		}
		a.transformed = &to[c*stride]
		w.set.winogradIn(a)
	}
}

// collect makes the result rows of the products.
func (w *winograd) collect(dst Block, first, y0, y1, x, n int, add *Block, stride int, s *Scratch) {
	s.spare = grow(s.spare, n)
	spare := segment{&s.spare[0], 0, w.out} // for rows that nobody wants
	var rows, adds [WinogradRows]segment
	for r := range rows {
		rows[r], adds[r] = spare, spare
		if y := first + r; y >= y0 && y < y1 {
			rows[r] = dst.segment(y, x, n)
			if add != nil {
				adds[r] = add.segment(y, x, n)
			}
		}
	}
	a := &s.rowsOut
	a.distance, a.n, a.hasAdd, a.slope = w.out*stride*floatBytes, n, 0, nil
	if add != nil {
		a.hasAdd = 1
	}
	for o := range w.out {
		for r := range rows {
			a.rows[r], a.add[r] = rows[r].planeAt(o), adds[r].planeAt(o)
		}
		a.products, a.bias = &s.products[o*stride], &w.bias[o]
		if w.slope != nil {
			a.slope = &w.slope[o]
		}
		w.set.winogradOut(a)
	}
}

// winogradInArgs are eight source rows and where their transforms go: row i to transformed + i*distance. The offsets of the
// fields are written down again in gen/winograd.go.
type winogradInArgs struct {
	rows        [winogradIn]*float32
	transformed *float32
	distance    int // in bytes
	n           int
}

// winogradOutArgs are eight rows of products, row i at products + i*distance, and six result rows. The offsets of the fields are
// written down again in gen/winograd.go.
type winogradOutArgs struct {
	rows     [WinogradRows]*float32
	add      [WinogradRows]*float32 // what is added to them, if hasAdd is not 0
	products *float32
	distance int // in bytes
	n        int
	bias     *float32 // one number
	slope    *float32 // one number, or nil without activation
	hasAdd   int
}

// winogradInGeneric computes t = B r.
func winogradInGeneric(a *winogradInArgs) {
	var r, t [winogradIn][]float32
	for i := range r {
		r[i] = unsafe.Slice(a.rows[i], a.n)
		t[i] = rowAt(a.transformed, i*a.distance, a.n)
	}
	for x := range a.n {
		r0, r1, r2, r3, r4, r5, r6, r7 := r[0][x], r[1][x], r[2][x], r[3][x], r[4][x], r[5][x], r[6][x], r[7][x]
		t[0][x] = r0 - r6 + 5.25*(r4-r2)
		t[7][x] = r7 - r1 + 5.25*(r3-r5)
		even, odd := r2+r6-4.25*r4, r1+r5-4.25*r3
		t[1][x], t[2][x] = even+odd, even-odd
		even, odd = r6+0.25*r2-1.25*r4, 0.5*r1-2.5*r3+2*r5
		t[3][x], t[4][x] = even+odd, even-odd
		even, odd = r6+4*r2-5*r4, 2*r1-2.5*r3+0.5*r5
		t[5][x], t[6][x] = even+odd, even-odd
	}
}

// winogradOutGeneric computes y = A m, adds the bias and the skip connection, and activates.
func winogradOutGeneric(a *winogradOutArgs) {
	var m [winogradIn][]float32
	for i := range m {
		m[i] = rowAt(a.products, i*a.distance, a.n)
	}
	var y, add [WinogradRows][]float32
	for r := range y {
		y[r] = unsafe.Slice(a.rows[r], a.n)
		add[r] = unsafe.Slice(a.add[r], a.n)
	}
	bias := *a.bias
	for x := range a.n {
		sum1, difference1 := m[1][x]+m[2][x], m[1][x]-m[2][x]
		sum2, difference2 := m[3][x]+m[4][x], m[3][x]-m[4][x]
		sum3, difference3 := m[5][x]+m[6][x], m[5][x]-m[6][x]
		v := [WinogradRows]float32{
			bias + m[0][x] + sum1 + sum2 + sum3,
			bias + difference1 + 2*difference2 + 0.5*difference3,
			bias + sum1 + 4*sum2 + 0.25*sum3,
			bias + difference1 + 8*difference2 + 0.125*difference3,
			bias + sum1 + 16*sum2 + 0.0625*sum3,
			bias + m[7][x] + difference1 + 32*difference2 + 0.03125*difference3,
		}
		for r := range v {
			if a.hasAdd != 0 {
				v[r] += add[r][x]
			}
			if a.slope != nil && v[r] < 0 {
				v[r] *= *a.slope
			}
			y[r][x] = v[r]
		}
	}
}
