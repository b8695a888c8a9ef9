package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

const (
	maxChannels = 4
	// noByte in a shuffle makes a zero.
	noByte = 0x80
	// chunkPixels is how many pixels a chunk has: a vector of AVX2. Both instruction sets use these kernels.
	chunkPixels = 8
)

const (
	unit      = float32(1.0 / 255)
	unitError = float32(1.0/255 - float64(unit)) // what rounding has taken from it
)

// sampleConstants are the numbers that fill vectors.
var sampleConstants = []float32{unit, unitError, 1, 255, 1 << 23}

var sampleTable Mem

// sampleConstant fills a vector with a number.
func sampleConstant(f float32) reg.VecVirtual {
	for i, known := range sampleConstants {
		if known == f {
			v := YMM()
			VBROADCASTSS(sampleTable.Offset(4*i), v)
			return v
		}
	}
	panic(fmt.Sprint("no such constant: ", f))
}

// samples writes the kernels that convert 8-bit samples.
func samples() {
	sampleTable = GLOBL("sampleConstants", 8|16) // RODATA|NOPTR
	for i, f := range sampleConstants {
		DATA(4*i, U32(math.Float32bits(f)))
	}
	floatsFromBytes()
	for channels := 1; channels <= maxChannels; channels++ {
		bytesFromFloats(channels)
	}
}

// floatsFromBytes writes the way from bytes to numbers.
//
// A division is slow, and a multiplication with 1/255 rounded to float32 is wrong in the last bit for half of the samples. The
// sum of the products with 1/255 and with its rounding error has the bits of the division for every sample, as the tests prove.
func floatsFromBytes() {
	// For each step, where the samples of four pixels lie; each becomes the low byte of a lane.
	places := GLOBL("samplePlaces", 8|16) // RODATA|NOPTR
	for step := 1; step <= maxChannels; step++ {
		for pixel := range 4 {
			DATA(16*(step-1)+4*pixel, U32(step*pixel|0x01010100*noByte))
		}
	}

	TEXT("floatsFromBytesAVX2", NOSPLIT, "func(dst *float32, src *byte, step, chunks int)")
	Pragma("noescape")
	Doc("floatsFromBytesAVX2 does what floatsFromBytesGeneric does, for steps of 1 to 4 and eight numbers for every chunk.",
		"Of each chunk it reads 16 bytes from the first sample on, and 16 from the fifth.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	step, chunks := Load(Param("step"), GP64()).(reg.GPVirtual), Load(Param("chunks"), GP64())
	at, place := GP64(), GP64()
	LEAQ(places, at)
	MOVQ(step, place)
	SHLQ(U8(4), place)
	shuffle, high, low := YMM(), sampleConstant(unit), sampleConstant(unitError)
	VBROADCASTI128(Mem{Base: at, Index: place, Scale: 1, Disp: -16}, shuffle)
	Label("chunk")
	v := YMM()
	VMOVDQU(Mem{Base: src}, v.AsX())
	VINSERTI128(U8(1), Mem{Base: src, Index: step, Scale: 4}, v, v)
	VPSHUFB(shuffle, v, v)
	VCVTDQ2PS(v, v)
	quotient := YMM()
	VMULPS(low, v, quotient)
	VFMADD231PS(high, v, quotient)
	VMOVUPS(quotient, Mem{Base: dst})
	LEAQ(Mem{Base: src, Index: step, Scale: 8}, src.(reg.GPVirtual))
	ADDQ(U8(4*chunkPixels), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// bytesFromFloats writes the way back for pixels of so many samples, all of which it sets: a store cannot leave bytes between
// its own untouched.
//
// 255*v + 2^23 is rounded once, to an integer, which then is the lowest bits of the sum. Half an integer is rounded to the even
// one; the only v in 0..1 whose product lies there is 0.5, and 127.5 becomes 128 as it should.
func bytesFromFloats(channels int) {
	places := bytePlaces(channels)
	name, names := fmt.Sprintf("bytesFromFloats%dAVX2", channels), []string{"a", "b", "c", "d"}[:channels]
	TEXT(name, NOSPLIT, "func(dst *byte, "+strings.Join(names, ", ")+" *float32, chunks int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s does what bytesFromFloatsGeneric does for", name),
		fmt.Sprintf("pixels whose samples are %d, eight pixels for every chunk.", channels))
	dst, chunks := Load(Param("dst"), GP64()), Load(Param("chunks"), GP64())
	planes, shuffles := make([]reg.Register, channels), make([]reg.VecVirtual, channels)
	for c := range planes {
		planes[c] = Load(Param(names[c]), GP64())
		shuffles[c] = YMM()
		VBROADCASTI128(places.Offset(16*c), shuffles[c])
	}
	zero, one, limit, integer := YMM(), sampleConstant(1), sampleConstant(255), sampleConstant(1<<23)
	VXORPS(zero, zero, zero)
	x := GP64()
	XORQ(x, x)
	Label("chunk")
	var pixels reg.VecVirtual
	for c := range planes {
		v := YMM()
		VMOVUPS(Mem{Base: planes[c], Index: x, Scale: 4}, v)
		VMAXPS(zero, v, v) // in this order of operands a NaN becomes 0
		VMINPS(one, v, v)
		VFMADD213PS(integer, limit, v)
		VPSHUFB(shuffles[c], v, v)
		if c > 0 {
			VPOR(pixels, v, v)
		}
		pixels = v
	}
	storePixels(pixels, dst, channels)
	ADDQ(U8(chunkPixels), x)
	ADDQ(U8(chunkPixels*channels), dst)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

// bytePlaces writes, for each sample of a pixel, which bytes of half a vector go where: the low ones of its four lanes go to
// four pixels side by side.
func bytePlaces(channels int) Mem {
	places := GLOBL(fmt.Sprintf("bytePlaces%d", channels), 8|16) // RODATA|NOPTR
	for c := range channels {
		for i := range 16 {
			from := noByte
			if i%channels == c && i < 4*channels {
				from = i / channels * 4
			}
			DATA(16*c+i, U8(from))
		}
	}
	return places
}

// storePixels stores eight pixels, of which each half of the vector has four in its lowest bytes, and nothing beyond them:
// somebody else may be writing there.
func storePixels(pixels reg.VecVirtual, dst reg.Register, channels int) {
	upper := XMM()
	if channels < maxChannels {
		VEXTRACTI128(U8(1), pixels, upper)
	}
	switch channels {
	case 1:
		VMOVD(pixels.AsX(), Mem{Base: dst})
		VMOVD(upper, Mem{Base: dst, Disp: 4})
	case 2:
		VMOVQ(pixels.AsX(), Mem{Base: dst})
		VMOVQ(upper, Mem{Base: dst, Disp: 8})
	case 3:
		VMOVQ(pixels.AsX(), Mem{Base: dst})
		VPEXTRD(U8(2), pixels.AsX(), Mem{Base: dst, Disp: 8})
		VMOVQ(upper, Mem{Base: dst, Disp: 12})
		VPEXTRD(U8(2), upper, Mem{Base: dst, Disp: 20})
	case maxChannels:
		VMOVDQU(pixels, Mem{Base: dst})
	}
}
