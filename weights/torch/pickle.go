package torch

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"classsr/fault"
)

// input reads the bytes of one or several pickles in a row.
type input struct {
	r    *bufio.Reader
	pos  int64 // of the next byte, counted from where the reader began
	end  int64 // no byte is read from here on
	over error // what it means to need one
}

// newInput reads pickles from the start of r, of which the first size bytes exist.
func newInput(r io.Reader, size int64) *input {
	in := &input{r: bufio.NewReaderSize(r, 1<<14), end: size, over: errTruncated}
	if size > maxPickleBytes {
		in.end = maxPickleBytes
		in.over = fault.New(fault.TooLarge, "the pickle is longer than %d MiB: save the weights alone", maxPickleBytes>>20)
	}
	return in
}

var errTruncated = errors.New("the file is cut off inside its pickle: copy or download it again")

// reserve takes the next n bytes from what is left before they are read, so that a length never costs memory by itself.
func (in *input) reserve(n int64) error {
	if n < 0 || n > in.end-in.pos {
		return in.over
	}
	in.pos += n
	return nil
}

func (in *input) byte() (byte, error) {
	if err := in.reserve(1); err != nil {
		return 0, err
	}
	b, err := in.r.ReadByte()
	return b, readError(err)
}

func (in *input) bytes(n int64) ([]byte, error) {
	if err := in.reserve(n); err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err := io.ReadFull(in.r, b)
	return b, readError(err)
}

func (in *input) skip(n int64) error {
	if err := in.reserve(n); err != nil {
		return err
	}
	for n > 0 {
		k, err := in.r.Discard(int(min(n, 1<<20)))
		if err != nil {
			return readError(err)
		}
		n -= int64(k)
	}
	return nil
}

// uint reads a little-endian unsigned number of n <= 8 bytes.
func (in *input) uint(n int) (uint64, error) {
	var v uint64
	for i := range n {
		b, err := in.byte()
		if err != nil {
			return 0, err
		}
		v |= uint64(b) << (8 * i)
	}
	return v, nil
}

// line reads up to a line feed, which is taken but not returned.
func (in *input) line() (string, error) {
	var text []byte
	for len(text) <= maxName {
		b, err := in.byte()
		if err != nil {
			return "", err
		}
		if b == '\n' {
			return string(text), nil
		}
		text = append(text, b)
	}
	return "", broken("a line is longer than %d bytes", maxName)
}

// readError turns the end of the underlying reader into the message for a file that is shorter than it was said to be.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return err
}

// broken is an error about a pickle that Python could not read either.
func broken(format string, args ...any) error {
	return fmt.Errorf("broken pickle: "+format, args...)
}

// machine runs the instructions of one pickle. It calls nothing but the functions of the table globals, all of this package.
type machine struct {
	in    *input
	stack []any
	marks []int // the heights of the stack at which a container that is not closed yet begins
	memo  map[uint32]any
	steps int   // instructions so far
	spent int64 // values copied so far by calls

	// storage resolves a persistent id. It is nil for pickles that hold no tensors.
	storage func(id *tuple) (any, error)
}

// unpickle runs the next pickle of in and returns the object it makes.
func unpickle(in *input, storage func(*tuple) (any, error)) (any, error) {
	m := &machine{in: in, memo: map[uint32]any{}, storage: storage}
	for {
		code, err := in.byte()
		if err != nil {
			return nil, err
		}
		if code == opStop {
			return m.pop()
		}
		run := instructions[code]
		if run == nil {
			return nil, fault.New(fault.Unsupported, "refuses pickle instruction 0x%02x: torch.save does not write it", code)
		}
		if m.steps++; m.steps > maxOpcodes {
			return nil, fault.New(fault.TooLarge, "the pickle has more than %d instructions: save the weights alone", maxOpcodes)
		}
		if err := run(m); err != nil {
			return nil, err
		}
	}
}

// spend allows a call to copy n values. All calls together may copy no more values than the pickle has bytes so far, which
// is plenty where each value is copied once, and stops a pickle that has one long list copied over and over.
func (m *machine) spend(n int) error {
	if m.spent += int64(n); m.spent > m.in.pos {
		return broken("it copies the same values over and over")
	}
	return nil
}

func (m *machine) push(v any) error {
	if len(m.stack) >= maxStack {
		return fault.New(fault.TooLarge, "the pickle keeps more than %d values waiting: save the weights alone", maxStack)
	}
	m.stack = append(m.stack, v)
	return nil
}

// floor is the height below which values belong to an outer container.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	v, err := m.top()
	if err == nil {
		m.stack = m.stack[:len(m.stack)-1]
	}
	return v, err
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, broken("an instruction lacks its operand")
	}
	return m.stack[len(m.stack)-1], nil
}

// popN takes the n values on top in the order they were pushed. The slice is a copy.
func (m *machine) popN(n int) ([]any, error) {
	from := len(m.stack) - n
	if from < m.floor() {
		return nil, broken("an instruction lacks its operands")
	}
	items := append(make([]any, 0, n), m.stack[from:]...)
	m.stack = m.stack[:from]
	return items, nil
}

// popMark takes all values above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, broken("a container ends that never began")
	}
	items, err := m.popN(len(m.stack) - m.floor())
	m.marks = m.marks[:len(m.marks)-1]
	return items, err
}

// popTuple takes the argument tuple of a call.
func (m *machine) popTuple() (*tuple, error) {
	v, err := m.pop()
	if err != nil {
		return nil, err
	}
	t, ok := v.(*tuple)
	if !ok {
		return nil, broken("a call's arguments are %s instead of a tuple", kindOf(v))
	}
	return t, nil
}

func (m *machine) remember(index uint32) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := m.memo[index]; !ok && len(m.memo) >= maxMemo {
		return fault.New(fault.TooLarge, "the pickle keeps more than %d values: save the weights alone", maxMemo)
	}
	m.memo[index] = v
	return nil
}

func (m *machine) recall(index uint32) error {
	v, ok := m.memo[index]
	if !ok {
		return broken("it recalls value %d, which it never kept", index)
	}
	return m.push(v)
}
