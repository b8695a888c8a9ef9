package tiff

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"classsr/imageio/codec"
	"classsr/picture"
)

// samplesOut is how samples are stored in a file that is written.
type samplesOut struct {
	depth      int // of the picture
	colors     int
	alpha      bool // the picture has it
	channels   int  // that are stored
	numbers    numbers
	size       int // bytes a sample
	low, width float64
	noData     *float64
	noDataText string
}

// newStored stores samples as their file had them, if it was one of other than black to white.
func newStored(c picture.Config, v *codec.Values) samplesOut {
	s := samplesOut{depth: c.Depth, colors: c.Colors, alpha: c.Alpha, channels: c.Channels(), numbers: unsigned, size: c.Depth / 8, width: 1}
	if c.Depth == 32 {
		s.numbers = floating
	}
	if v == nil {
		return s
	}
	if c.Depth == 32 {
		s.low, s.width = v.Low, v.High-v.Low
		for name, numbers := range map[string]numbers{"uint": unsigned, "int": signed, "float": floating} {
			if bits, err := strconv.Atoi(strings.TrimPrefix(v.Type, name)); err == nil && bits >= 8 && bits <= 64 && bits%8 == 0 {
				s.numbers, s.size = numbers, bits/8
			}
		}
	}
	if v.NoData != nil && !v.Alpha && (c.Alpha || v.NoDataText != "") {
		s.noData, s.noDataText, s.channels = v.NoData, v.NoDataText, c.Colors
	}
	return s
}

// pixelBytes is the length of a stored pixel.
func (s *samplesOut) pixelBytes() int { return s.channels * s.size }

// photometric is the colour model.
func (s *samplesOut) photometric(c picture.Config) uint16 {
	switch {
	case c.Colors == 3:
		return modelRGB
	case s.width < 0:
		return whiteIsZero
	}
	return blackIsZero
}

func (s *samplesOut) predictor() uint16 {
	if s.numbers == floating {
		return 3
	}
	return 2
}

// store makes stored pixels of those of a strip.
func (s *samplesOut) store(dst, raw []byte) {
	if s.depth != 32 && s.noData == nil {
		copy(dst, raw)
		return
	}
	var pixel [4]float64
	step := s.colors
	if s.alpha {
		step++
	}
	read := s.reading()
	bytes := s.depth / 8
	for ; len(raw) >= step*bytes; raw, dst = raw[step*bytes:], dst[s.pixelBytes():] {
		for k := range step {
			pixel[k] = read(raw[k*bytes:])
		}
		s.pixel(dst, pixel[:step])
	}
}

// reading makes the way from the bytes of a sample in a strip to its value, at 8 and 16 bits as it is.
func (s *samplesOut) reading() func([]byte) float64 {
	switch s.depth {
	case 8:
		return func(b []byte) float64 { return float64(b[0]) }
	case 16:
		return func(b []byte) float64 { return float64(binary.LittleEndian.Uint16(b)) }
	}
	return func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
}

// pixel stores one pixel. Alpha below a half means that there is none where a value says so; and no other pixel gets that value by chance.
func (s *samplesOut) pixel(dst []byte, pixel []float64) {
	colours := pixel[:s.colors]
	if s.depth == 32 {
		for k, v := range colours {
			colours[k] = s.representable(s.low + v*s.width)
		}
	}
	if s.noData != nil {
		opaque := 1.0
		if s.depth != 32 {
			opaque = float64(int(1)<<s.depth - 1)
		}
		if s.alpha && pixel[s.colors] < opaque/2 {
			for k := range colours {
				colours[k] = *s.noData
			}
		} else {
			s.avoid(colours)
		}
	}
	for k, v := range colours {
		s.put(dst[k*s.size:], v)
	}
	if s.channels > s.colors {
		alpha := pixel[s.colors]
		if s.depth == 32 && s.numbers != floating {
			_, most := s.limits()
			alpha *= most
		}
		s.put(dst[s.colors*s.size:], s.representable(alpha))
	}
}

// avoid changes a pixel all of whose colours are the value that stands for none, as little as it can.
func (s *samplesOut) avoid(colours []float64) {
	for _, v := range colours {
		if v != *s.noData {
			return
		}
	}
	v := colours[0]
	low, high := s.limits()
	switch {
	case s.numbers == floating && s.size < 8:
		v = float64(math.Nextafter32(float32(v), math.MaxFloat32))
	case s.numbers == floating:
		v = math.Nextafter(v, math.MaxFloat64)
	case v < high:
		v++
	default:
		v = max(low, v-1)
	}
	colours[0] = v
}

// limits of whole numbers.
func (s *samplesOut) limits() (low, high float64) {
	f := scanner{numbers: s.numbers, bits: 8 * s.size}
	return f.wholeRange()
}

// representable gives the nearest value that can be stored.
func (s *samplesOut) representable(v float64) float64 {
	if s.numbers == floating {
		if s.size == 4 {
			return float64(float32(max(-math.MaxFloat32, min(v, math.MaxFloat32))))
		}
		return v
	}
	low, high := s.limits()
	return max(low, min(math.Round(v), high))
}

// put stores a value that is representable.
func (s *samplesOut) put(dst []byte, v float64) {
	order := binary.LittleEndian
	if s.numbers == floating {
		switch s.size {
		case 2:
			order.PutUint16(dst, halfOf(v))
		case 4:
			order.PutUint32(dst, math.Float32bits(float32(v)))
		default:
			order.PutUint64(dst, math.Float64bits(v))
		}
		return
	}
	bits := uint64(int64(v))
	if v >= 1<<63 { // of 64 bits without a sign
		bits = uint64(v)
	}
	if s.numbers == unsigned && v >= 1<<64 || s.numbers == signed && v >= 1<<63 {
		bits = math.MaxUint64 // floating point has rounded the largest one up
		if s.numbers == signed {
			bits = math.MaxInt64
		}
	}
	switch s.size {
	case 1:
		dst[0] = uint8(bits)
	case 2:
		order.PutUint16(dst, uint16(bits))
	case 4:
		order.PutUint32(dst, uint32(bits))
	default:
		order.PutUint64(dst, bits)
	}
}

// difference replaces samples by their differences to those of the pixel to the left. line is room for a row.
func (s *samplesOut) difference(row, line []byte) {
	step := s.pixelBytes()
	if s.numbers == floating {
		// All highest bytes come first, and so on.
		copy(line, row)
		n := len(row) / s.size
		for i := range n {
			for k := range s.size {
				row[k*n+i] = line[i*s.size+s.size-1-k]
			}
		}
		for i := len(row) - 1; i >= s.channels; i-- {
			row[i] -= row[i-s.channels]
		}
		return
	}
	order := binary.LittleEndian
	for i := len(row) - s.size; i >= step; i -= s.size {
		at, before := row[i:], row[i-step:]
		switch s.size {
		case 1:
			at[0] -= before[0]
		case 2:
			order.PutUint16(at, order.Uint16(at)-order.Uint16(before))
		case 4:
			order.PutUint32(at, order.Uint32(at)-order.Uint32(before))
		default:
			order.PutUint64(at, order.Uint64(at)-order.Uint64(before))
		}
	}
}

// halfOf gives the nearest floating point number of 16 bits, the largest one for what lies beyond it.
func halfOf(v float64) uint16 {
	sign := uint16(0)
	if math.Signbit(v) {
		sign = 0x8000
	}
	switch v = math.Abs(v); {
	case math.IsNaN(v):
		return sign | 0x7e00
	case math.IsInf(v, 0):
		return sign | 0x7c00
	case v >= 65504:
		return sign | 0x7bff
	case v == 0:
		return sign
	}
	_, exponent := math.Frexp(v)
	exponent = max(exponent, -13) // smaller ones have fewer digits
	units := uint16(math.RoundToEven(math.Ldexp(v, 11-exponent)))
	// Each exponent has 1024 numbers, of which the first follows the last of the one before.
	return sign | uint16(exponent+13)<<10 + units
}
