package wire

import (
	"encoding/binary"
	"errors"
	"math"

	"classsr/picture"
)

// appendSamples appends all samples of a picture, the lowest byte first.
func appendSamples(dst []byte, p *picture.Picture) []byte {
	switch p.Depth {
	case 8:
		return append(dst, p.Pix8...)
	case 16:
		for _, v := range p.Pix16 {
			dst = binary.LittleEndian.AppendUint16(dst, v)
		}
	default:
		for _, v := range p.Pix32 {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

// setSamples sets all samples of a picture from bytes, as many as they take. Floats that no picture may hold are an error.
func setSamples(p *picture.Picture, from []byte) error {
	switch p.Depth {
	case 8:
		copy(p.Pix8, from)
	case 16:
		for i := range p.Pix16 {
			p.Pix16[i] = binary.LittleEndian.Uint16(from[2*i:])
		}
	default:
		for i := range p.Pix32 {
			p.Pix32[i] = math.Float32frombits(binary.LittleEndian.Uint32(from[4*i:]))
		}
		return checkFloats(p.Config(), p.Pix32)
	}
	return nil
}

// checkFloats sees that all samples are finite, and alpha within 0..1.
func checkFloats(c picture.Config, samples []float32) error {
	n := c.Channels()
	for i, v := range samples {
		if !(math.Abs(float64(v)) <= math.MaxFloat32) {
			return errors.New("a sample is no finite number")
		}
		if c.Alpha && i%n == n-1 && !(v >= 0 && v <= 1) {
			return errors.New("alpha lies beyond 0 to 1")
		}
	}
	return nil
}

// addAbove adds to each byte of a row the one above it, modulo 256, eight at a time.
func addAbove(row, above []byte) {
	const low = 0x7f7f7f7f7f7f7f7f
	above = above[:len(row)]
	for len(row) >= 8 {
		a, b := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(above)
		binary.LittleEndian.PutUint64(row, (a&low+b&low)^(a^b)&^low) // no byte carries into the next
		row, above = row[8:], above[8:]
	}
	for i, v := range above {
		row[i] += v
	}
}
