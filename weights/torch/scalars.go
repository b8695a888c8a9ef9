package torch

import (
	"math"
	"strconv"
)

func (m *machine) memoAt(width int, do func(uint32) error) error {
	index, err := m.in.uint(width)
	if err != nil {
		return err
	}
	return do(uint32(index))
}

func (m *machine) pushUint(width int) error {
	v, err := m.in.uint(width)
	if err != nil {
		return err
	}
	return m.push(int64(v))
}

func (m *machine) binInt() error {
	v, err := m.in.uint(4)
	if err != nil {
		return err
	}
	return m.push(int64(int32(v)))
}

func (m *machine) decimal() error {
	text, err := m.in.line()
	if err != nil {
		return err
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return broken("%s is not an integer", quote(text))
	}
	return m.push(v)
}

// binFloat reads the only big-endian number of the format.
func (m *machine) binFloat() error {
	b, err := m.in.bytes(8)
	if err != nil {
		return err
	}
	var v uint64
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return m.push(math.Float64frombits(v))
}

// length reads the length of what follows; one beyond 63 bits becomes negative, which reserve refuses.
func (m *machine) length(width int) (int64, error) {
	n, err := m.in.uint(width)
	return int64(n), err
}

func (m *machine) long(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	b, err := m.in.bytes(n)
	if err != nil {
		return err
	}
	if n > 8 {
		return m.push(bigInt(b))
	}
	var v int64
	for i, x := range b {
		v |= int64(x) << (8 * i)
	}
	if unused := 64 - 8*n; n > 0 {
		v = v << unused >> unused
	}
	return m.push(v)
}

func (m *machine) text(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	b, err := m.in.bytes(n)
	if err != nil {
		return err
	}
	return m.push(string(b))
}

func (m *machine) dropBytes(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	if err := m.in.skip(n); err != nil {
		return err
	}
	return m.push(&opaque{of: "a byte string"})
}
