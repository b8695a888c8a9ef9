package kernel

import "unsafe"

// The gradient of a convolution's weight is a product of two matrices, summed up over all pixels or tiles t of all pictures:
//
//	sums[o][i] += sum over t of a[t][o] * b[t][i]
//
// a being made of the gradients of result planes, b of source planes. A weight of 3x3 is computed in tiles of 4x4 pixels dy of the result
// and the 6x6 pixels x of the source around them, with Winograd's minimal filtering F(3x3, 4x4), 36 multiplications for each pair of planes
// instead of 144. Interpolation points are 0, 1, -1, 2, -2 and infinity:
//
//	a_f = A dy A' (6x6 frequencies f)    b_f = B x B'    gradient = G sums G' (3x3)
//
//	A = 1 0 0 0, 1 1 1 1, 1 -1 1 -1, 1 2 4 8, 1 -2 4 -8, 0 0 0 1
//	B = 4 0 -5 0 1 0, 0 -4 -4 1 1 0, 0 4 -4 -1 1 0, 0 -2 -1 2 1 0, 0 2 -1 -2 1 0, 0 4 0 -5 0 1
//	G = 1/4 -1/6 -1/6 1/24 1/24 0, 0 -1/6 1/6 1/12 -1/12 0, 0 -1/6 -1/6 1/6 1/6 1
//
// Other weights have no tiles: t is a pixel, and a source plane is there once for each place in the kernel. Where few planes see each other, what
// has to be laid out takes longer than inner products of the rows as they are (dots.go).
//
// For all of that planes have to lie side by side, pixel by pixel: eight of them at a time (lanePlanes) are transposed, and transforms work
// on eight planes at a time. Nothing of it touches results, so that rounding here moves no rectifier.
const (
	lanePlanes = 8

	gradientTile        = 4 // pixels of the result
	gradientIn          = gradientTile + 2
	gradientFrequencies = gradientIn * gradientIn
)

// lanesArgs are the pixels of eight planes, which go side by side:
//
//	for l := range lines {
//		for x := range 8 * chunks {
//			for p := range 8 {
//				dst[l*dstLine + x*next + p] = rows[p][l*line + x]
//			}
//		}
//	}
//
// Distances are in bytes. The assembly knows the fields by their offsets (layout.go).
type lanesArgs struct {
	rows          [lanePlanes]*float32
	line          int
	dst           *float32
	next, dstLine int
	chunks, lines int
	// ahead is how far the eight planes that come next are behind these, so that they can be fetched; nothing else depends on it.
	ahead int
}

// pointsArgs are numbers of eight planes that are multiplied with A, B or G: dst has as many numbers as the matrix has rows, src as it has columns, a
// step apart; n of them, the next of which is as far as said from the one before; and so for each line.
//
//	for l := range lines {
//		for i := range n {
//			for p := range 8 {
//				for row := range matrix {
//					dst[l*dstLine + i*dstNext + row*dstStep + p] = sum over k of matrix[row][k] * src[l*line + i*next + k*step + p]
//				}
//			}
//		}
//	}
//
// G may be done in place, since all numbers are read before the first one is written. Distances are in bytes. The assembly knows the
// fields by their offsets (layout.go).
type pointsArgs struct {
	src                       *float32
	step, next, line          int
	dst                       *float32
	dstStep, dstNext, dstLine int
	n, lines                  int
}

// outerArgs are sums of products that are added to:
//
//	for o := range outs {
//		for i := range columns {
//			for t := range n {
//				sums[o][i] += a[t][o] * b[t][i]
//			}
//		}
//	}
//
// Numbers of one o lie sumLine bytes apart, those of one t aNext and bNext. The number of columns is a multiple of the lanes. The assembly
// knows the fields by their offsets (layout.go).
type outerArgs struct {
	a, b, sums            *float32
	aNext, bNext, sumLine int
	n, columns            int
}

func planesToLanesGeneric(a *lanesArgs) {
	for l := range a.lines {
		for p, row := range a.rows {
			for x, v := range rowAt(row, l*a.line, 8*a.chunks) {
				*rowAtPointer(a.dst, l*a.dstLine+x*a.next+p*floatBytes) = v
			}
		}
	}
}

// pointsGeneric transforms with a function that does it for one plane.
func pointsGeneric[S, D any](a *pointsArgs, each func(d *D, s *S)) {
	for l := range a.lines {
		for i := range a.n {
			for p := range lanePlanes {
				var s S
				var d D
				from, to := numbersOf(&s), numbersOf(&d)
				for k := range from {
					from[k] = *rowAtPointer(a.src, l*a.line+i*a.next+k*a.step+p*floatBytes)
				}
				each(&d, &s)
				for k := range to {
					*rowAtPointer(a.dst, l*a.dstLine+i*a.dstNext+k*a.dstStep+p*floatBytes) = to[k]
				}
			}
		}
	}
}

// numbersOf is an array of float32 as a slice.
func numbersOf[A any](array *A) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(array)), unsafe.Sizeof(*array)/floatBytes)
}

func tilePointsGeneric(a *pointsArgs) {
	pointsGeneric(a, func(d *[gradientIn]float32, s *[gradientTile]float32) {
		even, odd := s[0]+s[2], s[1]+s[3]
		even2, odd2 := s[0]+4*s[2], 2*(s[1]+4*s[3])
		*d = [...]float32{s[0], even + odd, even - odd, even2 + odd2, even2 - odd2, s[3]}
	})
}

func sourcePointsGeneric(a *pointsArgs) {
	pointsGeneric(a, func(d, s *[gradientIn]float32) {
		even, odd := s[4]-4*s[2], s[3]-4*s[1]
		even2, odd2 := s[4]-s[2], 2*(s[3]-s[1])
		*d = [...]float32{4*s[0] - 5*s[2] + s[4], even + odd, even - odd, even2 + odd2, even2 - odd2, 4*s[1] - 5*s[3] + s[5]}
	})
}

func sumPointsGeneric(a *pointsArgs) {
	pointsGeneric(a, func(d *[3]float32, s *[gradientIn]float32) {
		even, odd := (s[1]+s[2])*(-1./6), (s[1]-s[2])*(-1./6)
		even2, odd2 := s[3]+s[4], s[3]-s[4]
		*d = [...]float32{s[0]*(1./4) + even + even2*(1./24), odd + odd2*(1./12), even + even2*(1./6) + s[5]}
	})
}

func outerGeneric(outs int, a *outerArgs) {
	for t := range a.n {
		left, right := rowAt(a.a, t*a.aNext, outs), rowAt(a.b, t*a.bNext, a.columns)
		for o, f := range left {
			sums := rowAt(a.sums, o*a.sumLine, a.columns)
			for i, v := range right[:len(sums)] {
				sums[i] += f * v
			}
		}
	}
}
