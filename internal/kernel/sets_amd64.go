package kernel

import (
	"unsafe"

	"github.com/klauspost/cpuid/v2"
)

// processorSets lists the sets of assembly that this processor can run, the best first.
func processorSets() []*Set {
	var sets []*Set
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX2, cpuid.FMA3, cpuid.BMI2) {
		sets = append(sets, newAssemblySet("avx512", rowsAVX512[:], winogradInAVX512, winogradOutAVX512, peakAVX512, 12*16))
	}
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3) {
		sets = append(sets, newAssemblySet("avx2", rowsAVX2[:], winogradInAVX2, winogradOutAVX2, peakAVX2, 12*8))
	}
	return sets
}

// newAssemblySet makes a set of row kernels for one, two, three, ... result planes.
func newAssemblySet(
	name string, rows []func(*byte), winogradIn, winogradOut func(*byte), peak func(int), peakMACs int,
) *Set {
	return &Set{
		name: name, mostOuts: len(rows),
		row:         func(outs int, a *rowArgs) { rows[outs-1]((*byte)(unsafe.Pointer(a))) },
		winogradIn:  func(a *winogradInArgs) { winogradIn((*byte)(unsafe.Pointer(a))) },
		winogradOut: func(a *winogradOutArgs) { winogradOut((*byte)(unsafe.Pointer(a))) },
		interleave:  interleaveAssembly,
		peak:        peak, peakMACs: peakMACs,
	}
}

var rowsAVX512 = [...]func(*byte){
	rowAVX512x1, rowAVX512x2, rowAVX512x3, rowAVX512x4, rowAVX512x5, rowAVX512x6, rowAVX512x7,
	rowAVX512x8, rowAVX512x9, rowAVX512x10, rowAVX512x11, rowAVX512x12, rowAVX512x13,
}

var rowsAVX2 = [...]func(*byte){rowAVX2x1, rowAVX2x2, rowAVX2x3, rowAVX2x4, rowAVX2x5, rowAVX2x6}

// interleaveAssembly merges whole chunks of eight numbers of two or four rows.
func interleaveAssembly(dst, rows []float32, distance, count int) int {
	chunks := len(dst) / count / 8
	if chunks == 0 || len(rows) < (count-1)*distance+8*chunks {
		return 0
	}
	switch count {
	case 2:
		interleave2(&dst[0], &rows[0], distance*floatBytes, chunks)
	case 4:
		interleave4(&dst[0], &rows[0], distance*floatBytes, chunks)
	default:
		return 0
	}
	return 8 * chunks
}
