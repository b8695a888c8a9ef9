package ifd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
)

// field of a directory: its values as they lie in the entry, or where they are.
type field struct {
	tag, kind uint16
	count     uint64
	value     []byte
}

// file is a file of one directory and what lies behind it.
func file(order binary.AppendByteOrder, big bool, tail []byte, fields ...field) []byte {
	number := func(b []byte, v uint64) []byte {
		if big {
			return order.AppendUint64(b, v)
		}
		return order.AppendUint32(b, uint32(v))
	}
	out := []byte("II")
	if order == binary.BigEndian {
		out = []byte("MM")
	}
	width := 4
	if big {
		width = 8
		out = order.AppendUint16(out, 43)
		out = order.AppendUint16(order.AppendUint16(out, 8), 0)
		out = order.AppendUint64(order.AppendUint64(out, 16), uint64(len(fields)))
	} else {
		out = order.AppendUint16(order.AppendUint32(order.AppendUint16(out, 42), 8), uint16(len(fields)))
	}
	for _, f := range fields {
		out = number(order.AppendUint16(order.AppendUint16(out, f.tag), f.kind), f.count)
		out = append(out, append(bytes.Clone(f.value), make([]byte, 8)...)[:width]...)
	}
	return append(number(out, 0), tail...)
}

func TestBothForms(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, big := range []bool{false, true} {
			offset := order.AppendUint32(nil, 8+2+5*12+4)
			if big {
				offset = order.AppendUint64(nil, 16+8+5*20+8)
			}
			var tail []byte
			for _, v := range []float64{1.5, -2, math.Inf(1)} {
				tail = order.AppendUint64(tail, math.Float64bits(v))
			}
			data := file(order, big, tail,
				field{256, 3, 1, order.AppendUint16(nil, 640)}, field{257, 4, 1, order.AppendUint32(nil, 1<<20)},
				field{258, 1, 3, []byte{8, 9, 10}}, field{33550, 12, 3, offset}, field{300, 99, 1, nil})
			d, err := First(Block(data))
			if err != nil {
				t.Fatal(err)
			}
			if w, h := d.Uint(256, 0), d.Uint(257, 0); w != 640 || h != 1<<20 || d.Big != big || d.Next != 0 {
				t.Errorf("%v, big %v: %dx%d, next %d", order, big, w, h, d.Next)
			}
			if got := d.Uints(258, 2); !slices.Equal(got, []uint32{8, 9}) {
				t.Errorf("%v, big %v: bytes %v", order, big, got)
			}
			if got := d.Floats(33550, 9); !slices.Equal(got, []float64{1.5, -2, math.Inf(1)}) {
				t.Errorf("%v, big %v: floats %v", order, big, got)
			}
			if !d.Has(300) || d.Uint(300, 7) != 7 || d.Uint(999, 5) != 5 || d.Err != nil {
				t.Errorf("%v, big %v: other fields are wrong, %v", order, big, d.Err)
			}
		}
	}
}

// TestFarValues reads values of 64 bits, and such as lie beyond every file.
func TestFarValues(t *testing.T) {
	order := binary.LittleEndian
	far := order.AppendUint64(nil, math.MaxUint64)
	data := file(order, true, nil, field{273, 16, 1, order.AppendUint64(nil, 5<<32)}, field{279, 16, 1 << 63, far}, field{256, 16, 1, far})
	d, err := First(Block(data))
	if err != nil {
		t.Fatal(err)
	}
	list := d.List(273)
	if v, err := list.Value(0); v != 5<<32 || err != nil {
		t.Errorf("an offset of %d, %v", v, err)
	}
	if v := d.Uint(256, 0); v != math.MaxUint32 {
		t.Errorf("a width of %d", v)
	}
	counts := d.List(279)
	if _, err := counts.Value(1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a value outside the file: %v", err)
	}
	if d.Uints(279, 4); !errors.Is(d.Err, io.ErrUnexpectedEOF) {
		t.Errorf("values outside the file: %v", d.Err)
	}
}

func TestWrongHeaders(t *testing.T) {
	good := file(binary.LittleEndian, true, nil, field{256, 3, 1, []byte{1, 0}})
	for at, v := range map[int]byte{0: 'X', 2: 44, 4: 4, 6: 1, 8: 255, 22: 1, 16: 255} {
		data := bytes.Clone(good)
		data[at] = v
		if _, err := First(Block(data)); err == nil {
			t.Errorf("byte %d wrong: no error", at)
		}
	}
	for n := range len(good) - 8 { // the closing offset may be missing
		if _, err := First(Block(good[:n])); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(good))
		}
	}
}

// TestAppend writes directories and reads them.
func TestAppend(t *testing.T) {
	for _, big := range []bool{false, true} {
		fields := []Field{
			Text(270, "a long remark"), Shorts(258, 8, 8, 8), Shorts(259, 8), Longs(256, 1<<20), Offsets(273, big, 16, 1<<31), Fraction(282, 300),
			Fraction(283, 0.37), Doubles(33550, 0.1, math.Pi), Raw(34675, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}),
		}
		const base = 100
		head := file(binary.LittleEndian, big, nil)
		out, at := Append(make([]byte, 3), base-3, big, fields)
		data := append(append(head, make([]byte, base-3-len(head))...), out...)
		d, err := First(Block(head))
		if err == nil {
			d.src = Block(data)
			d, err = d.At(at)
		}
		if err != nil {
			t.Fatal(err)
		}
		if bits := d.Uints(258, 9); !slices.Equal(bits, []uint32{8, 8, 8}) || d.Uint(256, 0) != 1<<20 || d.Rational(282) != 300 || d.Rational(283) != 0.37 {
			t.Errorf("big %v: bits %v, fractions %v and %v", big, bits, d.Rational(282), d.Rational(283))
		}
		got := d.Fields(func(uint16) bool { return true }, 1000)
		slices.SortFunc(fields, func(a, b Field) int { return int(a.Tag) - int(b.Tag) })
		if !slices.EqualFunc(got, fields, func(a, b Field) bool { return a.Tag == b.Tag && a.Kind == b.Kind && bytes.Equal(a.Values, b.Values) }) {
			t.Errorf("big %v: %v, want %v", big, got, fields)
		}
		if short := d.Fields(func(uint16) bool { return true }, 8); len(short) >= len(got) || d.Err != nil {
			t.Errorf("big %v: short fields %v, %v", big, short, d.Err)
		}
	}
	// Fields of the other order of bytes are turned around.
	order := binary.BigEndian
	data := file(order, false, nil, field{258, 3, 2, order.AppendUint16(order.AppendUint16(nil, 1), 2)})
	d, err := First(Block(data))
	if err != nil {
		t.Fatal(err)
	}
	if f := d.Fields(func(uint16) bool { return true }, 100); len(f) != 1 || !bytes.Equal(f[0].Values, []byte{1, 0, 2, 0}) {
		t.Errorf("%v", f)
	}
}
