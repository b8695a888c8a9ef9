package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// code is a module of these instructions, with IDs below bound.
func code(bound uint32, all ...instruction) []byte {
	words := []uint32{magic, 0x10300, 0, bound, 0}
	for _, i := range all {
		words = append(words, i...)
	}
	var bytes []byte
	for _, w := range words {
		bytes = binary.LittleEndian.AppendUint32(bytes, w)
	}
	return bytes
}

// product is a module that multiplies two matrices. IDs: 1 uint, 2 half, 3 float, 4 the scope, 5 to 7 the sides, 8 false, 11 to 13 the types, 20 pointer, 21 stride.
func product(a, b, sum, rows uint32) []byte {
	return code(40,
		made(opCapability, 1), made(opCapability, oldCapability), made(opExtension, text(oldExtension)...),
		made(opTypeInt, 1, 32, 0), made(opConstant, 1, 4, 3), made(opConstantFalse, 9, 8),
		made(oldType, a, 2, 4, 5, 7), made(oldType, b, 2, 4, 7, 6), made(oldType, sum, 3, 4, 5, 6),
		made(oldLoad, a, 31, 20, 21, rows, 0), made(oldLoad, b, 32, 20, 21, rows, 40, 4), made(61, sum, 33, 22),
		made(oldMulAdd, sum, 34, 31, 32, 33), made(oldStore, 20, 34, 21, rows),
	)
}

func TestAProductIsTranslated(t *testing.T) {
	got, err := translate(product(11, 12, 13, 8))
	if err != nil {
		t.Fatal(err)
	}
	want := code(43,
		made(opCapability, 1), made(opCapability, newCapability), made(opExtension, text(newExtension)...),
		made(opTypeInt, 1, 32, 0), made(opConstant, 1, 4, 3), made(opConstantFalse, 9, 8),
		made(opConstant, 1, 40, 0), made(opConstant, 1, 41, 1), made(opConstant, 1, 42, 2),
		made(newType, 11, 2, 4, 5, 7, 40), made(newType, 12, 2, 4, 7, 6, 41), made(newType, 13, 3, 4, 5, 6, 42),
		made(newLoad, 11, 31, 20, 40, 21, 0), made(newLoad, 12, 32, 20, 40, 21, 40, 4), made(61, 13, 33, 22),
		made(newMulAdd, 13, 34, 31, 32, 33), made(newStore, 20, 34, 40, 21),
	)
	if !slices.Equal(got, want) {
		t.Errorf("translated to\n%x, want\n%x", got, want)
	}
}

func TestWhatCannotBeTranslated(t *testing.T) {
	whole := product(11, 12, 13, 8)
	for name, c := range map[string]struct {
		code []byte
		want string
	}{
		"one type twice":  {product(11, 11, 13, 8), "one type"},
		"columns":         {product(11, 12, 13, 9), "columns"},
		"a length":        {append(slices.Clone(whole), code(0, made(oldLength, 1, 35, 11))[headerWords*wordBytes:]...), "length"},
		"a type too many": {append(slices.Clone(whole), code(0, made(oldType, 14, 3, 4, 5, 7))[headerWords*wordBytes:]...), "no product"},
		"no matrices":     {code(40, made(opTypeInt, 1, 32, 0)), "no matrices"},
		"cut off":         {whole[:len(whole)-4], "beyond its end"},
		"half a word":     {whole[:len(whole)-2], "length"},
		"another file":    {make([]byte, 40), "no SPIR-V"},
	} {
		if _, err := translate(c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The shaders that are checked in use the extension that devices have, as many times as their loops say. (spirv-val of Debian 12 does not know it.)
func TestCheckedInShaders(t *testing.T) {
	files, err := filepath.Glob("../matrix-*.spv")
	if err != nil || len(files) != 8 {
		t.Fatalf("%d shaders, %v", len(files), err)
	}
	for _, file := range files {
		var taps, across int
		if _, err := fmt.Sscanf(filepath.Base(file), "matrix-%d-%d-half.spv", &taps, &across); err != nil {
			t.Fatal(err)
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		header, all, err := parse(code)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		count, zero := map[uint32]int{}, uint32(0)
		var uses []uint32
		constants := map[uint32]uint32{}
		for _, i := range all {
			if op := i.op(); op >= oldType && op <= oldLength || op == opCapability && i[1] == oldCapability {
				t.Errorf("%s has the old extension's instruction %d", file, op)
			}
			count[i.op()]++
			switch i.op() {
			case opConstant:
				constants[i[2]] = i[3]
				if i[2] >= header[boundAt] {
					t.Errorf("%s: ID %d, and at most %d", file, i[2], header[boundAt]-1)
				}
			case newType:
				uses = append(uses, constants[i[6]])
			case newLoad:
				zero |= constants[i[4]]
			case newStore:
				zero |= constants[i[3]]
			}
		}
		slices.Sort(uses)
		const strips = 4
		want := map[uint32]int{newLoad: across + strips, newMulAdd: strips * across, newStore: strips * across}
		got := map[uint32]int{newLoad: count[newLoad], newMulAdd: count[newMulAdd], newStore: count[newStore]}
		if !reflect.DeepEqual(got, want) || !slices.Equal(uses, []uint32{useA, useB, useSum}) || zero != 0 {
			t.Errorf("%s: %v, want %v; matrices are used as %v; orders %d", file, got, want, uses, zero)
		}
	}
}
