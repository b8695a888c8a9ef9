package imageio

import (
	"bytes"
	"encoding/binary"
	"testing"

	"classsr/imageio/jpeg/baseline"
)

// segments cuts a JPEG into its segments up to the first scan, and the rest.
func segments(data []byte) (parts [][]byte, rest []byte) {
	for at := 2; data[at+1] != 0xda; {
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		parts = append(parts, data[at:end])
		data, at = data[end:], 0
	}
	return parts, data
}

// joined puts segments together: a JPEG in which arrange has changed what lies before the first scan.
func joined(data []byte, arrange func(parts [][]byte) [][]byte) []byte {
	parts, rest := segments(data)
	return append(append([]byte{0xff, 0xd8}, bytes.Join(arrange(parts), nil)...), rest...)
}

// kindOf is the marker of a segment.
func kindOf(part []byte) byte { return part[1] }

const (
	tablesMarker = 0xdb
	frameMarker  = 0xc0
)

// eachTables changes each segment of tables of steps.
func eachTables(parts [][]byte, change func(part []byte) [][]byte) (out [][]byte) {
	for _, part := range parts {
		if kindOf(part) == tablesMarker {
			out = append(out, change(part)...)
		} else {
			out = append(out, part)
		}
	}
	return out
}

// sixteenBits writes the 8-bit tables of a segment as ones of 16 bits.
func sixteenBits(part []byte) []byte {
	const steps = 64
	out := []byte{0xff, tablesMarker, 0, 0}
	for body := part[4:]; len(body) > 0; body = body[1+steps:] {
		out = append(out, 0x10|body[0])
		for _, step := range body[1 : 1+steps] {
			out = append(out, 0, step)
		}
	}
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)-2))
	return out
}

// TestQualityIsKnownFromHeaders has JPEGs of quality 60 judged whose tables lie otherwise than usual, when they are accepted or at the latest before
// they are decoded.
func TestQualityIsKnownFromHeaders(t *testing.T) {
	const quality = 60
	var b, other bytes.Buffer
	for q, to := range map[int]*bytes.Buffer{quality: &b, 95: &other} {
		if err := Encode(to, patterned(33, 20, 3, false, 8), "jpeg", EncodeOptions{Quality: q, Subsampling: baseline.Subsampling444}); err != nil {
			t.Fatal(err)
		}
	}
	var others [][]byte
	parts, _ := segments(other.Bytes())
	eachTables(parts, func(part []byte) [][]byte { others = append(others, part); return nil })
	cases := map[string]struct {
		data  []byte
		first int // what is known when it is accepted first
	}{
		"as usual": {b.Bytes(), quality},
		"16 bits": {joined(b.Bytes(), func(parts [][]byte) [][]byte {
			return eachTables(parts, func(part []byte) [][]byte { return [][]byte{sixteenBits(part)} })
		}), quality},
		"one after the other": {joined(b.Bytes(), func(parts [][]byte) [][]byte {
			return append(others[:len(others):len(others)], parts...)
		}), quality},
		"behind the frame header": {joined(b.Bytes(), func(parts [][]byte) [][]byte {
			var moved [][]byte
			kept := eachTables(parts, func(part []byte) [][]byte { moved = append(moved, part); return nil })
			return append(kept, moved...)
		}), 0},
		"luminance in table 1": {joined(b.Bytes(), func(parts [][]byte) [][]byte {
			var out [][]byte
			for _, part := range parts {
				part = bytes.Clone(part)
				switch kindOf(part) {
				case tablesMarker:
					for at := 4; at < len(part); at += 65 {
						part[at] ^= 1
					}
				case frameMarker:
					for at := 4 + 6 + 2; at < len(part); at += 3 {
						part[at] ^= 1
					}
				}
				out = append(out, part)
			}
			return out
		}), quality},
	}
	for name, c := range cases {
		var told []int
		d, err := Decode(c.data, Limits{Accept: func(c Config) error { told = append(told, c.Quality); return nil }})
		if err != nil && name != "16 bits" { // which image/jpeg refuses in baseline files
			t.Errorf("%s: %v", name, err)
			continue
		}
		if told[0] != c.first || told[len(told)-1] != quality || d != nil && d.Quality != quality {
			t.Errorf("%s: told %v", name, told)
		}
	}
}

// TestDamagedTablesAreNoQuality cuts the tables short, or gives them numbers that there are not.
func TestDamagedTablesAreNoQuality(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, patterned(33, 20, 3, false, 8), "jpeg", EncodeOptions{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(part []byte) []byte{
		"cut":    func([]byte) []byte { return []byte{0xff, tablesMarker, 0, 40, 37: 0, 41: 0} },
		"number": func(part []byte) []byte { part = bytes.Clone(part); part[4] = 9; return part },
		"empty":  func([]byte) []byte { return []byte{0xff, tablesMarker, 0, 2} },
	} {
		quality := -1
		_, err := Decode(joined(b.Bytes(), func(parts [][]byte) [][]byte {
			return eachTables(parts, func(part []byte) [][]byte { return [][]byte{change(part)} })
		}), Limits{Accept: func(c Config) error { quality = c.Quality; return nil }})
		if err == nil && name != "empty" || quality > 0 { // image/jpeg takes tables that are not there for zeros
			t.Errorf("%s: quality %d, error %v", name, quality, err)
		}
	}
}
