package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive,staticcheck // how avo programs are written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive,staticcheck // likewise
	"github.com/mmcloughlin/avo/reg"
)

// vectors is an instruction set: how wide its vectors are and what they can do.
type vectors struct {
	name      string
	lanes     int // float32 in a vector
	registers int
	maxOuts   int  // result planes that fit into registers together
	masked    bool // has mask registers
	masks     Mem  // without: the mask table
	// dotsA and dotsB are how many rows of inner products fit into registers together.
	dotsA, dotsB int
}

var (
	avx512 = vectors{name: "AVX512", lanes: 16, registers: 32, maxOuts: 13, masked: true, dotsA: 4, dotsB: 6}
	avx2   = vectors{name: "AVX2", lanes: 8, registers: 16, maxOuts: 6, dotsA: 3, dotsB: 4}
)

// bothSets are the instruction sets that kernels are written for.
var bothSets = []vectors{avx512, avx2}

// setsWithMasks gives the same, and writes the mask tables of those that need them into the family's file.
func setsWithMasks() []vectors {
	all := slices.Clone(bothSets)
	for i, v := range all {
		if !v.masked {
			all[i].masks = v.maskTable()
		}
	}
	return all
}

func (v vectors) bytes() int { return 4 * v.lanes }

func (v vectors) register() reg.VecVirtual {
	if v.lanes == 16 {
		return ZMM()
	}
	return YMM()
}

// wide is how many vectors of a row a convolution with so many results works on at a time: as many as there are registers for,
// since one weight then serves several vectors, and never so few sums that each waits for the one before it.
func (v vectors) wide(outs int) int {
	if outs <= 3 {
		return 4
	}
	return 2
}

// mask selects the first lanes of a vector for loads and stores.
type mask struct {
	k reg.OpmaskVirtual // with mask registers
	m reg.VecVirtual    // without: in a register, or else
	// at is where the mask lies in memory, for functions that have no register to spare.
	at *Mem
}

// maskTable has lanes ones followed by lanes zeros; loaded from lanes-n numbers on, it selects n lanes.
func (v vectors) maskTable() Mem {
	table := GLOBL(fmt.Sprintf("firstLanes%s", v.name), 8|16) // RODATA|NOPTR
	for i := range 2 * v.lanes {
		ones := uint32(0)
		if i < v.lanes {
			ones = 0xffffffff
		}
		DATA(4*i, U32(ones))
	}
	return table
}

// firstLanes makes a mask of the first n lanes, in a register; n is destroyed.
func (v vectors) firstLanes(n reg.GPVirtual, table Mem) mask {
	m := v.firstLanesInMemory(n, table)
	if m.at != nil {
		m.m = v.register()
		VMOVDQU(*m.at, m.m)
	}
	return m
}

// firstLanesInMemory makes a mask of the first n lanes that takes no vector register; n is destroyed.
func (v vectors) firstLanesInMemory(n reg.GPVirtual, table Mem) mask {
	if v.masked {
		ones := GP64()
		k := K()
		MOVQ(U64(0xffff), ones)
		BZHIQ(n, ones, ones)
		KMOVW(ones.As32(), k)
		return mask{k: k}
	}
	at := GP64()
	LEAQ(table, at)
	SHLQ(U8(2), n)
	SUBQ(n, at)
	return mask{at: &Mem{Base: at, Disp: v.bytes()}}
}

// maskRegister is a mask of an instruction set without mask registers in a vector register.
func (v vectors) maskRegister(m *mask) reg.VecVirtual {
	if m.m != nil {
		return m.m
	}
	r := v.register()
	VMOVDQU(*m.at, r)
	return r
}

// load reads a vector, only the masked lanes if m is not nil.
func (v vectors) load(from Mem, to reg.VecVirtual, m *mask) {
	switch {
	case m == nil:
		VMOVUPS(from, to)
	case v.masked:
		VMOVUPS_Z(from, m.k, to)
	case m.m != nil:
		VMASKMOVPS(from, m.m, to)
	default:
		VMOVDQU(*m.at, to) // the mask, in the register that the numbers will be in
		VMASKMOVPS(from, to, to)
	}
}

// store writes a vector, only the masked lanes if m is not nil.
func (v vectors) store(from reg.VecVirtual, to Mem, m *mask) {
	switch {
	case m == nil:
		VMOVUPS(from, to)
	case v.masked:
		VMOVUPS(from, m.k, to)
	default:
		VMASKMOVPS(from, v.maskRegister(m), to)
	}
}
