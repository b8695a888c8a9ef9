package kernel

import "math/bits"

// The forward transform of JPEG, in integers: what libjpeg's "islow" computes, to the bit. A block is 8x8 samples; its coefficients are
// rounded quotients of the transform and a table of steps.

// blockSide is the side of a block.
const blockSide = 8

// BlockSize is how many coefficients a block has.
const BlockSize = blockSide * blockSide

// Zigzag gives for each coefficient of a block, in the order that files have, its place in rows.
var Zigzag = [BlockSize]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// Quantiser divides coefficients by their steps. Rows are doubled, for the two blocks that are transformed at a time.
//
// A division by d, rounded half away from zero, is (|v|+add) * factor >> 16 * shift >> 16, with products of 16 bits; the tests go through
// all v and d.
type Quantiser struct {
	tables  [3][2 * BlockSize]uint16 // add, factor, shift
	divisor [BlockSize]int32
}

// NewQuantiser makes a quantiser of steps, 1..255, which are in rows (not in zigzag order).
func NewQuantiser(steps *[BlockSize]uint8) *Quantiser {
	var q Quantiser
	for i, step := range steps {
		if step == 0 {
			panic("kernel: a quantiser's step is zero")
		}
		d := uint32(step) << 3 // the transform's results are eight times as large as they should be
		q.divisor[i] = int32(d)
		r := bits.Len32(d) + 15
		factor, rest := uint32(1)<<r/d, uint32(1)<<r%d
		add := d / 2
		switch {
		case rest == 0:
			factor >>= 1
			r--
		case rest <= d/2:
			add++
		default:
			factor++
		}
		for block := range 2 {
			at := i/blockSide*2*blockSide + block*blockSide + i%blockSide
			q.tables[0][at], q.tables[1][at], q.tables[2][at] = uint16(add), uint16(factor), uint16(1<<(32-r))
		}
	}
	return &q
}

// TransformBlocks transforms and quantises blocks that lie side by side: the first begins at src[0], and rows are stride bytes apart. It writes
// the coefficients of block after block in zigzag order, as many blocks as masks has numbers, which is even; bit i of a mask says whether
// coefficient i is not zero. Every set gives these numbers.
func TransformBlocks(coefficients []int16, masks []uint64, src []byte, stride int, q *Quantiser) {
	transformBlocks(samplesSet(), coefficients, masks, src, stride, q)
}

func transformBlocks(set *Set, coefficients []int16, masks []uint64, src []byte, stride int, q *Quantiser) {
	n := len(masks)
	if n%2 != 0 {
		panic("kernel: blocks are transformed in pairs")
	}
	if n == 0 {
		return
	}
	coefficients, src = coefficients[:BlockSize*n], src[:(blockSide-1)*stride+blockSide*n]
	if set.transformBlocks != nil {
		set.transformBlocks(coefficients, masks, src, stride, q)
		return
	}
	transformBlocksGeneric(coefficients, masks, src, stride, q)
}

func transformBlocksGeneric(coefficients []int16, masks []uint64, src []byte, stride int, q *Quantiser) {
	var block [BlockSize]int32
	for i := range masks {
		for y := range blockSide {
			for x := range blockSide {
				block[y*blockSide+x] = int32(src[y*stride+i*blockSide+x]) - 128
			}
		}
		for y := range blockSide {
			transform8(block[y*blockSide:], 1, transformBits-firstBits, firstBits)
		}
		for x := range blockSide {
			transform8(block[x:], blockSide, transformBits+firstBits, -firstBits)
		}
		masks[i] = 0
		for k, at := range Zigzag {
			v := quotient(block[at], q.divisor[at])
			coefficients[i*BlockSize+k] = int16(v)
			if v != 0 {
				masks[i] |= 1 << k
			}
		}
	}
}

func quotient(v, d int32) int32 {
	if v < 0 {
		return -((d/2 - v) / d)
	}
	return (v + d/2) / d
}

const (
	transformBits = 13 // of the factors, after the point
	firstBits     = 2  // that results of the first of both directions have more
)

// The factors of the algorithm of Loeffler, Ligtenberg and Moschytz.
const (
	factor0298 = 2446
	factor0390 = 3196
	factor0541 = 4433
	factor0765 = 6270
	factor0899 = 7373
	factor1175 = 9633
	factor1501 = 12299
	factor1847 = 15137
	factor1961 = 16069
	factor2053 = 16819
	factor2562 = 20995
	factor3072 = 25172
)

// transform8 transforms eight numbers that lie step apart: down is how many bits the products lose, and up how many bits the sums gain.
func transform8(v []int32, step, down, up int) {
	at := func(i int) *int32 { return &v[i*step] }
	down1 := func(x int32) int32 { return (x + 1<<(down-1)) >> down }
	even := func(x int32) int32 {
		if up >= 0 {
			return x << up
		}
		return (x + 1<<(-up-1)) >> -up
	}
	s0, s1, s2, s3 := *at(0)+*at(7), *at(1)+*at(6), *at(2)+*at(5), *at(3)+*at(4)
	d0, d1, d2, d3 := *at(0)-*at(7), *at(1)-*at(6), *at(2)-*at(5), *at(3)-*at(4)

	*at(0), *at(4) = even(s0+s3+s1+s2), even(s0+s3-s1-s2)
	z := (s1 - s2 + s0 - s3) * factor0541
	*at(2), *at(6) = down1(z+(s0-s3)*factor0765), down1(z-(s1-s2)*factor1847)

	z1, z2, z3, z4 := d3+d0, d2+d1, d3+d1, d2+d0
	z5 := (z3 + z4) * factor1175
	z3, z4 = z5-z3*factor1961, z5-z4*factor0390
	*at(7) = down1(d3*factor0298 - z1*factor0899 + z3)
	*at(5) = down1(d2*factor2053 - z2*factor2562 + z4)
	*at(3) = down1(d1*factor3072 - z2*factor2562 + z3)
	*at(1) = down1(d0*factor1501 - z1*factor0899 + z4)
}
