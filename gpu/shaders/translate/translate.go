package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The instructions that are read or written. Those of matrices have another number in each of both extensions.
const (
	opExtension     = 10
	opCapability    = 17
	opTypeInt       = 21
	opConstantFalse = 42
	opConstant      = 43

	oldType, oldLoad, oldStore, oldMulAdd, oldLength = 5358, 5359, 5360, 5361, 5362
	newType, newLoad, newStore, newMulAdd            = 4456, 4457, 4458, 4459

	oldCapability, newCapability = 5357, 6022
)

const (
	oldExtension = "SPV_NV_cooperative_matrix"
	newExtension = "SPV_KHR_cooperative_matrix"

	magic       = 0x07230203
	headerWords = 5
	boundAt     = 3 // in the header: one more than the largest ID
	wordBytes   = 4
)

// instruction is one, with its first word: the number of its words, and below 16 bits which instruction it is.
type instruction []uint32

func (i instruction) op() uint32 { return i[0] & 0xffff }

// made makes an instruction.
func made(op uint32, operands ...uint32) instruction {
	return append(instruction{uint32(len(operands)+1)<<16 | op}, operands...)
}

// parse cuts a module into its header and its instructions.
func parse(code []byte) (header []uint32, all []instruction, err error) {
	if len(code) < headerWords*wordBytes || len(code)%wordBytes != 0 {
		return nil, nil, errors.New("its length is not that of a SPIR-V module")
	}
	words := make([]uint32, len(code)/wordBytes)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[wordBytes*i:])
	}
	if words[0] != magic {
		return nil, nil, errors.New("it is no SPIR-V module")
	}
	header, words = words[:headerWords], words[headerWords:]
	for len(words) > 0 {
		n := int(words[0] >> 16)
		if n == 0 || n > len(words) {
			return nil, nil, errors.New("an instruction goes beyond its end")
		}
		all, words = append(all, words[:n:n]), words[n:]
	}
	return header, all, nil
}

// module is what is known of a module.
type module struct {
	unsigned uint32            // the ID of the type of its unsigned numbers
	no       map[uint32]bool   // the constants that are false
	types    map[uint32]uint32 // of its matrices: what they are used as, by ID
	of       map[uint32]uint32 // the type of each matrix
}

// What a matrix is used as: a factor on the left, one on the right, or a sum. A type that is none of them is unused.
const (
	useA uint32 = iota
	useB
	useSum
	unused
)

// translate makes a module that uses SPV_KHR_cooperative_matrix of one that uses SPV_NV_cooperative_matrix.
//
// Types of the new extension say which part of a product their matrices are. This is seen from the products here, so no type may be two of
// them. Where the old one has a number between columns or rows that are side by side in memory, the new one calls for the order first; only rows side by side
// are known here.
func translate(code []byte) ([]byte, error) {
	header, all, err := parse(code)
	if err != nil {
		return nil, err
	}
	m := look(all)
	if err := m.uses(all); err != nil {
		return nil, err
	}
	bound := header[boundAt] // from there on: the constants 0, 1 and 2
	header[boundAt] += unused
	out := binary.LittleEndian.AppendUint32(nil, header[0])
	for _, word := range header[1:] {
		out = binary.LittleEndian.AppendUint32(out, word)
	}
	begun := false
	for _, i := range all {
		var to []instruction
		if i.op() == oldType && !begun {
			begun = true
			for use := range unused {
				to = append(to, made(opConstant, m.unsigned, bound+use, use))
			}
		}
		now, err := m.translated(i, bound)
		if err != nil {
			return nil, err
		}
		for _, i := range append(to, now) {
			for _, word := range i {
				out = binary.LittleEndian.AppendUint32(out, word)
			}
		}
	}
	return out, nil
}

// look collects what translated has to know.
func look(all []instruction) *module {
	m := &module{no: map[uint32]bool{}, types: map[uint32]uint32{}, of: map[uint32]uint32{}}
	for _, i := range all {
		switch op := i.op(); {
		case op == opTypeInt && i[2] == 32 && i[3] == 0:
			m.unsigned = i[1]
		case op == opConstantFalse:
			m.no[i[2]] = true
		case op == oldType:
			m.types[i[1]] = unused
		case len(i) > 2:
			if _, is := m.types[i[1]]; is {
				m.of[i[2]] = i[1]
			}
		}
	}
	return m
}

// uses finds out what each type is used as.
func (m *module) uses(all []instruction) error {
	for _, i := range all {
		if i.op() != oldMulAdd {
			continue
		}
		for id, use := range map[uint32]uint32{i[3]: useA, i[4]: useB, i[5]: useSum, i[2]: useSum} {
			t := m.of[id]
			if before := m.types[t]; before != unused && before != use {
				return errors.New("two parts of a product are of one type: write their sides with other constants, even if they are equal")
			}
			m.types[t] = use
		}
	}
	for t, use := range m.types {
		if use == unused {
			return fmt.Errorf("no product has a matrix of type %d", t)
		}
	}
	if m.unsigned == 0 || len(m.types) == 0 {
		return errors.New("it has no matrices")
	}
	return nil
}

// translated is an instruction in the new extension; constants are the ID of 0, which that of 1 and 2 follow.
func (m *module) translated(i instruction, constants uint32) (instruction, error) {
	rows := constants // the order in which rows are side by side
	switch i.op() {
	case opCapability:
		if i[1] == oldCapability {
			return made(opCapability, newCapability), nil
		}
	case opExtension:
		if slices.Equal(i[1:], text(oldExtension)) {
			return made(opExtension, text(newExtension)...), nil
		}
	case oldType:
		return made(newType, append(slices.Clone(i[1:]), constants+m.types[i[1]])...), nil
	case oldMulAdd:
		return made(newMulAdd, i[1:]...), nil
	case oldLoad: // type, result, pointer, stride, whether columns are side by side, how memory is accessed
		if m.no[i[5]] {
			return made(newLoad, slices.Concat(i[1:4], []uint32{rows, i[4]}, i[6:])...), nil
		}
		return nil, errors.New("a matrix is loaded whose columns are side by side")
	case oldStore: // pointer, matrix, and the same
		if m.no[i[4]] {
			return made(newStore, slices.Concat(i[1:3], []uint32{rows, i[3]}, i[5:])...), nil
		}
		return nil, errors.New("a matrix is stored whose columns are side by side")
	case oldLength:
		return nil, errors.New("it asks for a matrix's length, which is not translated")
	}
	return i, nil
}

// text is a string in words, with a zero at its end.
func text(s string) []uint32 {
	words := make([]uint32, len(s)/wordBytes+1)
	for k := range len(s) {
		words[k/wordBytes] |= uint32(s[k]) << (8 * (k % wordBytes))
	}
	return words
}
