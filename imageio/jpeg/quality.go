package jpeg

import (
	"encoding/binary"

	"classsr/imageio/jpeg/baseline"
	"classsr/internal/kernel"
)

// stepTable is a table of the steps that coefficients were divided by, in zigzag order.
type stepTable [kernel.BlockSize]uint16

// readTables takes the tables of a segment: each has its precision and number, then 64 steps of 8 or 16 bits. What is cut short is left to the
// decoder to refuse.
func (f *scanner) readTables(body []byte) {
	for len(body) > 0 {
		width, number := 1+int(body[0]>>4&1), int(body[0]&15)
		body = body[1:]
		if len(body) < width*kernel.BlockSize || number >= len(f.tables) {
			return
		}
		t := &stepTable{}
		for k := range t {
			if t[k] = uint16(body[k]); width == 2 {
				t[k] = binary.BigEndian.Uint16(body[2*k:])
			}
		}
		f.tables[number] = t
		body = body[width*kernel.BlockSize:]
	}
}

// judge finds the quality that the steps of the first component, which is luminance, stand for, if they are known yet.
func (f *scanner) judge() {
	if n := f.components[0].table; int(n) < len(f.tables) && f.tables[n] != nil {
		f.Quality = baseline.QualityOf(*f.tables[n])
	}
}
