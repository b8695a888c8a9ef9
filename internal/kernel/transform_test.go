package kernel

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQuotients divides everything that a transform can give by every step, in the way of the assembly.
func TestQuotients(t *testing.T) {
	for step := 1; step <= 255; step++ {
		q := NewQuantiser((*[BlockSize]uint8)(slices.Repeat([]uint8{uint8(step)}, BlockSize)))
		add, factor, shift := uint32(q.tables[0][0]), uint32(q.tables[1][0]), uint32(q.tables[2][0])
		for v := range uint32(1<<15 + 1) {
			if v+add > math.MaxUint16 {
				t.Fatalf("%d and %d have no room", v, add)
			}
			if got, want := (v+add)*factor>>16*shift>>16, uint32(quotient(int32(v), q.divisor[0])); got != want {
				t.Fatalf("%d/%d is %d, want %d", v, q.divisor[0], got, want)
			}
		}
	}
}

// TestTransformIsTheCosineTransform compares with the definition, in float64.
func TestTransformIsTheCosineTransform(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := drawBlocks(t, 2, 16)
		steps := [BlockSize]uint8(slices.Repeat([]uint8{1}, BlockSize))
		coefficients, masks := make([]int16, 2*BlockSize), make([]uint64, 2)
		transformBlocks(anySet(t), coefficients, masks, src, 16, NewQuantiser(&steps))
		scale := func(u int) float64 { return math.Sqrt(float64(1+min(u, 1))) / math.Sqrt(8) }
		wave := func(x, u int) float64 { return math.Cos(float64(2*x+1) * float64(u) * math.Pi / 16) }
		for i := range 2 {
			for k, at := range Zigzag {
				u, v, sum := int(at)%8, int(at)/8, 0.0
				for y := range 8 {
					for x := range 8 {
						sum += (float64(src[y*16+8*i+x]) - 128) * wave(x, u) * wave(y, v)
					}
				}
				want := sum * scale(u) * scale(v)
				if got := float64(coefficients[i*BlockSize+k]); math.Abs(got-want) > 1 {
					t.Fatalf("block %d: coefficient %d, %d is %v, want %v", i, u, v, got, want)
				}
			}
		}
	})
}

// drawBlocks draws rows of blocks: noise, edges between the extremes, or few values.
func drawBlocks(t *rapid.T, blocks, stride int) []byte {
	src := make([]byte, 7*stride+8*blocks)
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	for i := range src {
		v := byte(r.Uint32())
		switch kind {
		case 1:
			v = byte(int8(v) >> 7)
		case 2:
			v = 128 + byte(int8(v)>>6)
		case 3:
			v = byte(r.Uint32()>>31) * byte(i*3)
		}
		src[i] = v
	}
	return src
}

func TestTransformsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := 2 * rapid.IntRange(1, 6).Draw(t, "pairs")
		stride := 8*blocks + rapid.IntRange(0, 40).Draw(t, "more")
		src := drawBlocks(t, blocks, stride)
		var steps [BlockSize]uint8
		most := rapid.SampledFrom([]int{1, 3, 40, 255}).Draw(t, "largest step")
		for i := range steps {
			steps[i] = uint8(rapid.IntRange(1, most).Draw(t, "step"))
		}
		q := NewQuantiser(&steps)
		want, wantMasks := make([]int16, blocks*BlockSize), make([]uint64, blocks)
		transformBlocksGeneric(want, wantMasks, src, stride, q)
		for i, mask := range wantMasks {
			if n := BlockSize - count(want[i*BlockSize:][:BlockSize], 0); n != bits.OnesCount64(mask) {
				t.Fatalf("%d coefficients are not zero, the mask says %d", n, bits.OnesCount64(mask))
			}
		}
		got, masks := make([]int16, blocks*BlockSize+16), make([]uint64, blocks)
		for i := range 16 {
			got[blocks*BlockSize+i] = 77
		}
		set := anySet(t)
		transformBlocks(set, got, masks, src, stride, q)
		if !slices.Equal(got[:len(want)], want) || !slices.Equal(masks, wantMasks) {
			t.Errorf("%s: other coefficients", set.name)
		}
		if count(got[len(want):], 77) != 16 {
			t.Errorf("%s: memory behind the result was written", set.name)
		}
	})
}

// count gives how often v is in s.
func count(s []int16, v int16) int {
	n := 0
	for _, x := range s {
		if x == v {
			n++
		}
	}
	return n
}

// TestTransformOfExtremes has the blocks whose results are largest for every frequency, and must not leave 16 bits.
func TestTransformOfExtremes(t *testing.T) {
	steps := [BlockSize]uint8(slices.Repeat([]uint8{1}, BlockSize))
	q := NewQuantiser(&steps)
	src := make([]byte, 2*BlockSize)
	for frequency := range BlockSize {
		for y := range 8 {
			for x := range 8 {
				wave := math.Cos(float64((2*x+1)*(frequency%8))*math.Pi/16) * math.Cos(float64((2*y+1)*(frequency/8))*math.Pi/16)
				v := byte(255)
				if wave < 0 {
					v = 0
				}
				src[y*16+x], src[y*16+8+x] = v, 255-v
			}
		}
		want, wantMasks := make([]int16, 2*BlockSize), make([]uint64, 2)
		transformBlocksGeneric(want, wantMasks, src, 16, q)
		for _, set := range available {
			got, masks := make([]int16, 2*BlockSize), make([]uint64, 2)
			if transformBlocks(set, got, masks, src, 16, q); !slices.Equal(got, want) || !slices.Equal(masks, wantMasks) {
				t.Errorf("%s: frequency %d: other coefficients", set.name, frequency)
			}
		}
	}
}

func BenchmarkTransformBlocks(b *testing.B) {
	const blocks = 32
	var steps [BlockSize]uint8
	for i := range steps {
		steps[i] = uint8(2 + i/8)
	}
	q, src := NewQuantiser(&steps), make([]byte, 8*8*blocks)
	for i := range src {
		src[i] = byte(i * i >> 7)
	}
	coefficients, masks := make([]int16, blocks*BlockSize), make([]uint64, blocks)
	for _, set := range available {
		b.Run(fmt.Sprint(set.name), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				transformBlocks(set, coefficients, masks, src, 8*blocks, q)
			}
		})
	}
}
