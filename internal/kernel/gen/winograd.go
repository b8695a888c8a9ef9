package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// Fields of winogradInArgs in package kernel.
var (
	inRows        = field("winogradInArgs.rows", 0)
	inPlanes      = field("winogradInArgs.planes", 64)
	inAddresses   = field("winogradInArgs.addresses", 128)
	inTransformed = field("winogradInArgs.transformed", 192)
	inPlane       = field("winogradInArgs.plane", 200)
	inFrequency   = field("winogradInArgs.frequency", 208)
	inCount       = field("winogradInArgs.count", 216)
	inTiles       = field("winogradInArgs.tiles", 224)
)

// The size of tiles: rows and columns of the result and of the source.
const tileRows, tileHigh, tileWide = 6, 8, 4

var _, _, _ = constant("WinogradRows", tileRows), constant("winogradIn", tileHigh), constant("winogradAcross", tileWide)

// winograd writes the kernels of Winograd convolutions.
func winograd() {
	writeFactors()
	writeKernelFactors()
	for _, set := range setsWithMasks() {
		var bits Mem
		if !set.masked {
			bits = set.bitTable()
		}
		for outs := 1; outs <= set.maxOuts; outs++ {
			convolution{set, outs}.product()
		}
		(&transform{vectors: set}).in(set.masks)
		(&transform{vectors: set}).out(bits)
		(&transform{vectors: set}).kernels("winogradKernels", set.masks, (*kernels).narrowRow)
		if set.lanes == wideLanes {
			(&transform{vectors: set}).wide(set.masks)
		}
	}
}

// factors are the constants of the transforms, each repeated to a whole vector.
var factors = []float32{5.25, -4.25, 0.25, -1.25, 0.5, -2.5, 2, 4, -5, 8, 0.125, 16, 0.0625, 32, 0.03125, -2, -4}

var factorTable Mem

// writeFactors writes the constants.
func writeFactors() {
	factorTable = GLOBL("winogradFactors", 8|16) // RODATA|NOPTR
	for i, f := range factors {
		for lane := range 16 {
			DATA((16*i+lane)*4, U32(math.Float32bits(f)))
		}
	}
}

// transform writes the kernels of the transforms of Winograd convolutions. A vector of tiles is two vectors of pixels; the columns of
// tiles are told apart within the quarters of vectors, so that tiles lie in an order in which putting columns together again needs
// no more instructions.
type transform struct {
	vectors
	args, table reg.GPVirtual
	x           reg.GPVirtual // bytes of pixels before the vector of tiles
}

// factor is a constant as the operand of an instruction.
func (t *transform) factor(f float32) Mem {
	for i, known := range factors {
		if known == f {
			return Mem{Base: t.table, Disp: 64 * i}
		}
	}
	panic(fmt.Sprint("no such factor: ", f))
}

// function begins a function.
func (t *transform) function(name string) {
	TEXT(name+t.name, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	Doc(name + t.name + " does what " + name + "Generic does.")
	t.args, t.table, t.x = GP64(), GP64(), GP64()
	Load(Param("a"), t.args)
	LEAQ(factorTable, t.table)
}

func (t *transform) argument(offset int) Mem { return Mem{Base: t.args, Disp: offset} }

// firstPlane notes where the rows of the first plane lie, nextPlane where those of the next one do.
func (t *transform) firstPlane(rows, addresses, count int) {
	for r := range count {
		at := GP64()
		MOVQ(t.argument(rows+8*r), at)
		MOVQ(at, t.argument(addresses+8*r))
	}
}

func (t *transform) nextPlane(addresses, planes, count int) {
	for r := range count {
		step := GP64()
		MOVQ(t.argument(planes+8*r), step)
		ADDQ(step, t.argument(addresses+8*r))
	}
}

// address is where the row of the current plane begins that was noted at this offset of the arguments.
func (t *transform) address(offset int) reg.GPVirtual {
	at := GP64()
	MOVQ(t.argument(offset), at)
	return at
}

// lane is the memory from a lane on behind x.
func (t *transform) lane(at reg.GPVirtual, lane int) Mem {
	return Mem{Base: at, Index: t.x, Scale: 1, Disp: 4 * lane}
}

// copied is a copy of v, to be changed.
func (t *transform) copied(v reg.VecVirtual) reg.VecVirtual {
	c := t.register()
	VMOVAPS(v, c)
	return c
}

// plus adds f*b to a and returns it.
func (t *transform) plus(a reg.VecVirtual, f float32, b reg.VecVirtual) reg.VecVirtual {
	if t.masked { // a broadcast does not cross lines of the cache, as a vector in the table may
		VFMADD231PS_BCST(t.factor(f), b, a)
	} else {
		VFMADD231PS(t.factor(f), b, a)
	}
	return a
}

// sum is a + b, difference a - b.
func (t *transform) sum(a, b Op) reg.VecVirtual {
	s := t.register()
	VADDPS(b, a, s)
	return s
}

func (t *transform) difference(a, b Op) reg.VecVirtual {
	s := t.register()
	VSUBPS(b, a, s)
	return s
}

// times is f*a.
func (t *transform) times(f float32, a reg.VecVirtual) reg.VecVirtual {
	p := t.register()
	if t.masked {
		VMULPS_BCST(t.factor(f), a, p)
	} else {
		VMULPS(t.factor(f), a, p)
	}
	return p
}

// twoVectors is two vectors of pixels that follow each other, and what was taken of them; the second one may still be in memory.
type twoVectors struct {
	first       reg.VecVirtual
	second      Op
	evens, odds reg.VecVirtual
}

// pixels loads two vectors from a lane on behind x.
func (t *transform) pixels(at reg.GPVirtual, lane int, m [2]*mask) *twoVectors {
	p := &twoVectors{first: t.register(), second: t.lane(at, lane+t.lanes)}
	t.load(t.lane(at, lane), p.first, m[0])
	if m[1] != nil {
		v := t.register()
		t.load(t.lane(at, lane+t.lanes), v, m[1])
		p.second = v
	}
	return p
}

// evens takes the pixels at even columns, odds those at odd ones.
func (t *transform) evens(p *twoVectors) reg.VecVirtual { return t.shuffled(0x88, p, &p.evens) }
func (t *transform) odds(p *twoVectors) reg.VecVirtual  { return t.shuffled(0xdd, p, &p.odds) }

func (t *transform) shuffled(lanes uint8, p *twoVectors, known *reg.VecVirtual) reg.VecVirtual {
	if *known == nil {
		*known = t.register()
		VSHUFPS(U8(lanes), p.second, p.first, *known)
	}
	return *known
}

// in writes the transform of source pixels.
func (t *transform) in(table Mem) {
	t.function("winogradIn")
	plane := GP64() // where the transforms of the plane begin
	MOVQ(t.argument(inTransformed), plane)
	t.firstPlane(inRows, inAddresses, tileHigh)
	Label("plane")
	tiles, to := GP64(), GP64()
	MOVQ(t.argument(inTiles), tiles)
	MOVQ(plane, to)
	XORQ(t.x, t.x)
	Label("vector")
	CMPQ(tiles, I32(t.lanes))
	JL(LabelRef("rest"))
	t.inVector(to, [2]*mask{})
	ADDQ(I32(2*t.bytes()), t.x)
	ADDQ(I32(t.bytes()), to)
	SUBQ(I32(t.lanes), tiles)
	JMP(LabelRef("vector"))
	Label("rest")
	TESTQ(tiles, tiles)
	JZ(LabelRef("next"))
	pixels := GP64()
	LEAQ(Mem{Base: tiles, Index: tiles, Scale: 1}, pixels)
	a, b := t.firstOfTwo(pixels, table)
	t.inVector(to, [2]*mask{&a, &b})
	Label("next")
	t.nextPlane(inAddresses, inPlanes, tileHigh)
	ADDQ(t.argument(inPlane), plane)
	DECQ(t.argument(inCount))
	JNZ(LabelRef("plane"))
	VZEROUPPER()
	RET()
}

// firstOfTwo makes masks of the first n lanes of two vectors.
func (t *transform) firstOfTwo(n reg.GPVirtual, table Mem) (a, b mask) {
	first, second, limit := GP64(), GP64(), GP64()
	MOVQ(U64(uint64(t.lanes)), limit)
	MOVQ(n, first)
	CMPQ(first, limit)
	CMOVQGT(limit, first)
	MOVQ(n, second)
	SUBQ(first, second)
	return t.firstLanesInMemory(first, table), t.firstLanesInMemory(second, table)
}

// inVector transforms a vector of tiles, whose pixels are x to x+3 counted from -1: loads from 0 on are more often aligned.
func (t *transform) inVector(to reg.GPVirtual, m [2]*mask) {
	frequency := GP64()
	MOVQ(t.argument(inFrequency), frequency)
	// As many columns at a time as there are registers for.
	passes := [][]int{{1, 2}, {0, 3}}
	if t.registers < 32 {
		passes = [][]int{{0}, {1}, {2}, {3}}
	}
	for _, columns := range passes {
		var r [tileWide][tileHigh]reg.VecVirtual
		for i := range tileHigh {
			at := t.address(inAddresses + 8*i)
			near := t.pixels(at, 1, m)
			for _, j := range columns {
				switch j {
				case 0:
					r[0][i] = t.difference(t.evens(t.pixels(at, 0, m)), t.odds(near))
				case 1:
					r[1][i] = t.sum(t.evens(near), t.odds(near))
				case 2:
					r[2][i] = t.difference(t.odds(near), t.evens(near))
				case 3:
					r[3][i] = t.difference(t.evens(near), t.odds(t.pixels(at, 2, m)))
				}
			}
		}
		for _, j := range columns {
			at := GP64()
			LEAQ(Mem{Base: to}, at)
			for range j {
				ADDQ(frequency, at)
			}
			t.inColumn(r[j], at, frequency)
		}
	}
}

// inColumn transforms along the height and stores the eight frequencies of a column from at on.
func (t *transform) inColumn(r [tileHigh]reg.VecVirtual, at, frequency reg.GPVirtual) {
	t.inHeight(r, func(v reg.VecVirtual) {
		VMOVUPS(v, Mem{Base: at})
		LEAQ(Mem{Base: at, Index: frequency, Scale: tileWide}, at)
	})
}

// inHeight transforms eight rows along the height and hands on one result after the other.
func (t *transform) inHeight(r [tileHigh]reg.VecVirtual, next func(reg.VecVirtual)) {
	pair := func(even, odd reg.VecVirtual) {
		next(t.sum(even, odd))
		next(t.difference(even, odd))
	}
	next(t.plus(t.difference(r[0], r[6]), 5.25, t.difference(r[4], r[2])))
	pair(t.plus(t.sum(r[2], r[6]), -4.25, r[4]), t.plus(t.sum(r[1], r[5]), -4.25, r[3]))
	pair(t.plus(t.plus(t.copied(r[6]), 0.25, r[2]), -1.25, r[4]), t.plus(t.plus(t.times(0.5, r[1]), -2.5, r[3]), 2, r[5]))
	pair(t.plus(t.plus(r[6], 4, r[2]), -5, r[4]), t.plus(t.plus(t.times(2, r[1]), -2.5, r[3]), 0.5, r[5]))
	next(t.plus(t.difference(r[7], r[1]), 5.25, t.difference(r[3], r[5])))
}
