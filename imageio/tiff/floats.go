package tiff

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"classsr/imageio/codec"
)

// Samples that are no whole numbers from black to white: floating point, those with a sign, and those of 32 bits.

// typeName is what a sample is, as codec.Values has it. Those of 24 bits are written with 32, which more programs read.
func (f *scanner) typeName() string {
	bits := f.bits
	if bits == 24 {
		bits = 32
	}
	return map[numbers]string{unsigned: "uint", signed: "int", floating: "float"}[f.numbers] + strconv.Itoa(bits)
}

// readNoData reads which sample marks pixels without a value, if the file has them. One that no sample can be is ignored.
func (f *scanner) readNoData() {
	const longest = 64
	raw, _ := f.d.Bytes(tagNoData, longest)
	text := strings.TrimSpace(strings.TrimRight(string(raw), "\x00"))
	v, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(v, 0) || f.photometric > modelRGB {
		return
	}
	if f.numbers == floating {
		if f.bits == 32 {
			v = float64(float32(v))
		}
	} else if low, high := f.wholeRange(); v != math.Trunc(v) || v < low || v > high {
		return
	}
	f.noData = &v
	f.Values = &codec.Values{Type: f.typeName(), NoData: &v, NoDataText: text, Alpha: f.transparent}
	if f.Depth != 32 {
		f.scaleNoData()
	}
}

// scaleNoData gives the value that marks pixels without one as it is in the picture, whose samples are scaled to 8 or 16 bits.
func (f *scanner) scaleNoData() {
	most := float64(int(1)<<f.Depth - 1)
	v := math.Round(*f.noData * most / float64(int(1)<<f.bits-1))
	if f.photometric == whiteIsZero {
		v = most - v
	}
	f.Values.Type, f.Values.Range = "uint"+strconv.Itoa(f.Depth), codec.Range{Low: 0, High: most}
	if f.Values.NoData = &v; v != *f.noData {
		f.Values.NoDataText = strconv.FormatFloat(v, 'f', -1, 64)
	}
}

// wholeRange is what whole numbers of the file can be.
func (f *scanner) wholeRange() (low, high float64) {
	if f.numbers == signed {
		half := math.Ldexp(1, f.bits-1)
		return -half, half - 1
	}
	return 0, math.Ldexp(1, f.bits) - 1
}

// measure reads all samples once, for their range and for whether some are no numbers; such pixels become transparent.
func (f *scanner) measure() error {
	v := &codec.Values{Type: f.typeName(), Alpha: f.transparent}
	if f.Values != nil {
		*v = *f.Values
	}
	f.Values = v
	if f.Options.Range != nil && f.numbers != floating && f.noData == nil {
		return f.setRange(*f.Options.Range)
	}
	low, high, holes := math.Inf(1), math.Inf(-1), false
	row := make([]float64, f.blocks.width*len(f.used))
	r := newReader(f)
	defer r.close()
	err := r.each(func(_, _, n int, stored stored) {
		row := row[:n*len(f.used)]
		f.unpackFloats(row, stored)
		for ; len(row) > 0; row = row[len(f.used):] {
			colours := row[:f.Colors]
			if f.isHole(colours) {
				holes = true
				continue
			}
			for _, c := range colours {
				low, high = min(low, c), max(high, c)
			}
		}
	})
	if err != nil {
		return err
	}
	f.Alpha = f.transparent || holes
	if !holes {
		f.noData = nil
	} else if v.NoData == nil {
		nan := math.NaN()
		v.NoData = &nan
	}
	if f.Options.Range != nil {
		return f.setRange(*f.Options.Range)
	}
	return f.setRange(f.usualRange(low, high))
}

// usualRange is the range of samples from low to high, if nobody asks for another.
func (f *scanner) usualRange(low, high float64) codec.Range {
	_, whole := f.wholeRange()
	switch {
	case low > high: // there are none
		return codec.Range{Low: 0, High: 1}
	case f.numbers == floating && low >= 0 && high > 0.5 && high <= 1:
		return codec.Range{Low: 0, High: 1}
	case f.numbers == unsigned && high > whole/2: // all bits are in use
		return codec.Range{Low: 0, High: whole}
	case low == high:
		return codec.Range{Low: low, High: low + max(1, math.Abs(low))}
	}
	return codec.Range{Low: low, High: high}
}

// setRange maps a range to black and white, or to white and black where the file has them in that order.
func (f *scanner) setRange(r codec.Range) error {
	if width := r.High - r.Low; !(width > 0) || math.IsInf(width, 0) {
		return codec.Unsupported("samples from %g to %g cannot be mapped to black and white: give another range", r.Low, r.High)
	}
	if f.photometric == whiteIsZero {
		r.Low, r.High = r.High, r.Low
	}
	f.Values.Range = r
	return nil
}

// isHole reports whether a pixel has no value: one of its colours is no number, or all are the one that says so.
func (f *scanner) isHole(colours []float64) bool {
	none := f.noData != nil
	for _, c := range colours {
		if math.IsNaN(c) || math.IsInf(c, 0) {
			return true
		}
		none = none && c == *f.noData
	}
	return none
}

// samples32 makes the way from a row of stored samples to the picture's.
func (f *scanner) samples32() func(dst []float32, row stored) {
	codes := make([]float64, f.blocks.width*len(f.used))
	low, scale := f.Values.Low, 1/(f.Values.High-f.Values.Low)
	opaque := 1.0
	if f.numbers != floating {
		_, opaque = f.wholeRange()
	}
	fill := make([]float32, f.Colors) // the colours under pixels without a value: those of the last one with a value
	return func(dst []float32, row stored) {
		channels := f.channels()
		codes := codes[:len(dst)/channels*len(f.used)]
		f.unpackFloats(codes, row)
		begin, waiting := dst, 0 // samples at the beginning of the row, of pixels without a value
		for ; len(codes) > 0; dst, codes = dst[channels:], codes[len(f.used):] {
			alpha := 1.0
			if f.transparent {
				alpha = max(0, min(codes[len(f.used)-1]/opaque, 1))
			}
			colours := codes[:f.Colors]
			if math.IsNaN(alpha) || f.isHole(colours) {
				copy(dst, fill)
				dst[f.Colors] = 0
				if waiting == len(begin)-len(dst) {
					waiting += channels
				}
				continue
			}
			for i, c := range colours {
				if f.multiplied && alpha > 0 {
					c /= alpha
				}
				dst[i] = float32(max(-math.MaxFloat32, min((c-low)*scale, math.MaxFloat32)))
			}
			if f.Alpha {
				dst[f.Colors] = float32(alpha)
			}
			copy(fill, dst)
			for ; waiting > 0; waiting -= channels {
				copy(begin[waiting-channels:], fill)
			}
		}
	}
}

// unpackFloats writes the samples that are read, as they are stored.
func (f *scanner) unpackFloats(dst []float64, row stored) {
	value, size := f.value(), f.bits/8
	channels := len(f.used)
	for k, sample := range f.used {
		from, step := row[0], f.samples
		if f.blocks.planes > 1 {
			from, sample, step = row[k], 0, 1
		}
		for i, at := k, size*sample; i < len(dst); i, at = i+channels, at+size*step {
			dst[i] = value(from[at:])
		}
	}
}

// value makes the way from the bytes of a sample to its value.
func (f *scanner) value() func([]byte) float64 {
	order := f.d.Order
	switch [2]int{int(f.numbers), f.bits} {
	case [2]int{int(signed), 8}:
		return func(b []byte) float64 { return float64(int8(b[0])) }
	case [2]int{int(signed), 16}:
		return func(b []byte) float64 { return float64(int16(order.Uint16(b))) }
	case [2]int{int(signed), 24}:
		return func(b []byte) float64 { return float64(int32(f.bits24(b)<<8) >> 8) }
	case [2]int{int(signed), 32}:
		return func(b []byte) float64 { return float64(int32(order.Uint32(b))) }
	case [2]int{int(signed), 64}:
		return func(b []byte) float64 { return float64(int64(order.Uint64(b))) }
	case [2]int{int(unsigned), 24}:
		return func(b []byte) float64 { return float64(f.bits24(b)) }
	case [2]int{int(unsigned), 32}:
		return func(b []byte) float64 { return float64(order.Uint32(b)) }
	case [2]int{int(unsigned), 64}:
		return func(b []byte) float64 { return float64(order.Uint64(b)) }
	case [2]int{int(floating), 16}:
		return func(b []byte) float64 { return small(uint32(order.Uint16(b)), 5, 10) }
	case [2]int{int(floating), 24}:
		return func(b []byte) float64 { return small(f.bits24(b), 7, 16) }
	case [2]int{int(floating), 32}:
		return func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }
	case [2]int{int(floating), 64}:
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	}
	panic(fmt.Sprintf("tiff: no samples of %d bits", f.bits))
}

// bits24 gives a sample of 24 bits.
func (f *scanner) bits24(b []byte) uint32 {
	if f.d.Order.Uint16([]byte{0, 1}) == 1 {
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return uint32(b[2])<<16 | uint32(b[1])<<8 | uint32(b[0])
}

// small is a floating point number of 16 or 24 bits: a sign, an exponent and a fraction of so many bits.
func small(b uint32, exponentBits, fractionBits int) float64 {
	sign := 1.0
	if b>>(exponentBits+fractionBits) != 0 {
		sign = -1
	}
	most := 1<<exponentBits - 1
	bias := most/2 + fractionBits
	exponent, fraction := int(b>>fractionBits)&most, int(b)&(1<<fractionBits-1)
	switch exponent {
	case 0:
		return sign * math.Ldexp(float64(fraction), 1-bias)
	case most:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(float64(1<<fractionBits+fraction), exponent-bias)
}
