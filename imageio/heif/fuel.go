package heif

import (
	"encoding/binary"
	"errors"

	"classsr/fault"
)

// A file could keep a decoder busy for ever. Compiled code cannot be interrupted: it holds a core that Go's scheduler does not get back, and wazero's
// way to let it ask for the time at each loop made decoding three to nine times as slow. So the module is rewritten before it is compiled: each
// turn of a loop takes one off a global number, its fuel, and where nothing is left it traps. No code runs long without a loop.

// fuelName is what the number is exported as.
const fuelName = "classsr_fuel"

// turns is how many turns of loops a picture may take, of so many pixels and bytes. Pictures took 7 to 33 a pixel, and noise without loss 164, which
// were 45 a byte; an empty turn took 5 ns on a busy machine.
func turns(pixels, length int64) int64 {
	const least, eachPixel, eachByte = 2e9, 500, 1000
	return least + eachPixel*pixels + eachByte*length
}

var errEndless = errors.New("decoding it takes far longer than any picture of its size")

// Numbers of WebAssembly's binary format.
const (
	globalSection = 6
	exportSection = 7
	codeSection   = 10
	importSection = 2

	importedGlobal = 3
)

var errNoModule = fault.New(fault.Unavailable, "its decoder is no WebAssembly module that is understood: remove the .wasm file beside the program")

// fuelled rewrites a module.
func fuelled(module []byte) (out []byte, err error) {
	defer func() {
		if recover() != nil { // it ends too early
			out, err = nil, errNoModule
		}
	}()
	const head = 8
	if string(module[:head]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errNoModule
	}
	out = append(out, module[:head]...)
	fuel, seen := uint64(0), 0
	for r := (reader{module[head:]}); len(r.left) > 0; {
		id := r.byte()
		body := r.bytes(r.number())
		switch id {
		case importSection:
			fuel = importedGlobals(body)
		case globalSection:
			n := (&reader{body}).number()
			fuel += n
			const mutable64 = "\x7e\x01\x42\x00\x0b" // i64, 0
			body = oneMore(body, mutable64)
			seen++
		case exportSection:
			name := append([]byte{byte(len(fuelName))}, fuelName...)
			body = oneMore(body, string(binary.AppendUvarint(append(name, importedGlobal), fuel)))
			seen++
		case codeSection:
			if body, err = fuelledCode(body, fuel); err != nil {
				return nil, err
			}
			seen++
		}
		out = append(binary.AppendUvarint(append(out, id), uint64(len(body))), body...)
	}
	if seen != 3 {
		return nil, errNoModule
	}
	return out, nil
}

// oneMore appends an entry to the list that a section is.
func oneMore(section []byte, entry string) []byte {
	r := reader{section}
	n := r.number()
	return append(append(binary.AppendUvarint(nil, n+1), r.left...), entry...)
}

// importedGlobals counts the globals among imports, which are numbered first.
func importedGlobals(section []byte) (n uint64) {
	r := reader{section}
	for range r.number() {
		r.bytes(r.number())
		r.bytes(r.number())
		switch r.byte() {
		case 0:
			r.number()
		case 1:
			r.byte()
			r.limits()
		case 2:
			r.limits()
		case importedGlobal:
			r.bytes(2)
			n++
		default:
			panic(errNoModule)
		}
	}
	return n
}

// fuelledCode rewrites the functions.
func fuelledCode(section []byte, fuel uint64) ([]byte, error) {
	number := binary.AppendUvarint(nil, fuel)
	var turn []byte // global.get, i64.const 1, i64.sub, global.set, global.get, i64.eqz, if, unreachable, end
	turn = append(append(turn, 0x23), number...)
	turn = append(append(turn, 0x42, 0x01, 0x7d, 0x24), number...)
	turn = append(append(turn, 0x23), number...)
	turn = append(turn, 0x50, 0x04, 0x40, 0x00, 0x0b)

	r := reader{section}
	n := r.number()
	out := binary.AppendUvarint(nil, n)
	var code []byte
	for range n {
		body := r.bytes(r.number())
		f := reader{body}
		for range f.number() { // locals: how many, of which type
			f.number()
			f.byte()
		}
		code = append(code[:0], body[:len(body)-len(f.left)]...)
		for len(f.left) > 0 {
			const loop = 0x03
			at := f.left
			op := f.byte()
			if err := f.operands(op); err != nil {
				return nil, err
			}
			code = append(code, at[:len(at)-len(f.left)]...)
			if op == loop {
				code = append(code, turn...)
			}
		}
		out = append(binary.AppendUvarint(out, uint64(len(code))), code...)
	}
	return out, nil
}

// reader reads a module; it panics where that ends.
type reader struct{ left []byte }

func (r *reader) byte() byte { return r.bytes(1)[0] }

func (r *reader) bytes(n uint64) []byte {
	b := r.left[:n]
	r.left = r.left[n:]
	return b
}

// number reads a number in LEB128, as unsigned; its length is right for those with a sign, too.
func (r *reader) number() (v uint64) {
	for shift := 0; ; shift += 7 {
		b := r.byte()
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			return v
		}
	}
}

func (r *reader) numbers(n uint64) {
	for range n {
		r.number()
	}
}

// limits reads the limits of a table or a memory.
func (r *reader) limits() { r.numbers(1 + uint64(r.byte()&1)) }

// operands reads what follows an instruction.
func (r *reader) operands(op byte) error {
	switch {
	case op >= 0x02 && op <= 0x04, op == 0x0c, op == 0x0d, op == 0x10, op == 0x12, op >= 0x20 && op <= 0x26, op >= 0x3f && op <= 0x42, op == 0xd0, op == 0xd2:
		r.number()
	case op == 0x11, op == 0x13, op >= 0x28 && op <= 0x3e:
		r.numbers(2)
	case op == 0x0e: // br_table
		r.numbers(r.number() + 1)
	case op == 0x1c: // select, with types
		r.bytes(r.number())
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xfc:
		return r.bulk(r.number())
	case op == 0xfd:
		r.vector(r.number())
	case op > 0xc4 && op != 0xd1:
		return errNoModule
	}
	return nil
}

// bulk reads what follows an instruction about many bytes, or a conversion.
func (r *reader) bulk(op uint64) error {
	if op > 17 {
		return errNoModule
	}
	r.numbers([...]uint64{8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}[op])
	return nil
}

// vector reads what follows an instruction on vectors.
func (r *reader) vector(op uint64) {
	switch {
	case op <= 11, op == 92, op == 93: // loads and stores
		r.numbers(2)
	case op == 12, op == 13: // a constant, or which lanes
		r.bytes(16)
	case op >= 21 && op <= 34: // a lane
		r.byte()
	case op >= 84 && op <= 91: // loads and stores of a lane
		r.numbers(2)
		r.byte()
	}
}
