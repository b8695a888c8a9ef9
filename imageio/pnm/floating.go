package pnm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"

	"classsr/imageio/codec"
)

// PFM has samples of 32 bits in floating point, of gray (Pf) or of red, green and blue (PF), and the lowest row first.

// bottomUp is EXIF's number for that order of rows.
const bottomUp = 4

// floating reads the header. Its last number tells by its sign the order of bytes; how large it is means the unit of light, which is not kept.
func (f *scanner) floating(t *tokens, kind byte) (err error) {
	f.samples, f.Orientation = 1, bottomUp
	if kind == 'F' {
		f.samples = 3
	}
	f.Colors = f.samples
	for _, field := range []*int{&f.Width, &f.Height} {
		if *field, err = t.number(); err != nil {
			return err
		}
	}
	const longest = 32
	word, err := t.word(longest)
	if err != nil {
		return err
	}
	scale, err := strconv.ParseFloat(word, 64)
	if err != nil || scale == 0 || math.IsNaN(scale) {
		return errNumber
	}
	f.floats = binary.BigEndian
	if scale < 0 {
		f.floats = binary.LittleEndian
	}
	return nil
}

// measure reads all samples once, for their range and for whether some are no numbers; such pixels become transparent.
func (f *scanner) measure() error {
	low, high := math.Inf(1), math.Inf(-1)
	row := make([]byte, f.rowBytes())
	r := f.Src.Reader(f.pixels)
	for range f.Height {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		for i := 0; i < len(row); i += 4 * f.samples {
			if f.hole(row[i:]) {
				f.Alpha = true
				continue
			}
			for c := range f.samples {
				v := f.sample(row[i+4*c:])
				low, high = min(low, v), max(high, v)
			}
		}
	}
	f.Values = &codec.Values{Type: "float32", Range: usualRange(low, high)}
	if f.Options.Range != nil {
		f.Values.Range = *f.Options.Range
	}
	if width := f.Values.High - f.Values.Low; !(width > 0) || math.IsInf(width, 0) {
		return codec.Unsupported("samples from %g to %g cannot be mapped to black and white: give another range", f.Values.Low, f.Values.High)
	}
	if f.Alpha {
		nan := math.NaN()
		f.Values.NoData = &nan
	}
	f.needs()
	return nil
}

// usualRange is the range of samples from low to high, if nobody asks for another.
func usualRange(low, high float64) codec.Range {
	switch {
	case low > high, low >= 0 && high > 0.5 && high <= 1: // there are none, or it is plain
		return codec.Range{Low: 0, High: 1}
	case low == high:
		return codec.Range{Low: low, High: low + max(1, math.Abs(low))}
	}
	return codec.Range{Low: low, High: high}
}

// sample is the first sample in b.
func (f *scanner) sample(b []byte) float64 {
	return float64(math.Float32frombits(f.floats.Uint32(b)))
}

// hole reports whether one of the samples of the first pixel in b is no number.
func (f *scanner) hole(b []byte) bool {
	for c := range f.samples {
		if v := f.sample(b[4*c:]); math.IsNaN(v) || math.IsInf(v, 0) {
			return true
		}
	}
	return false
}

var errChanged = errors.New("it was changed while it was read")

// rows32 makes the way to read a row of samples in floating point.
func (f *scanner) rows32() func(dst []float32, r *bufio.Reader) error {
	row := make([]byte, f.rowBytes())
	low, scale := f.Values.Low, 1/(f.Values.High-f.Values.Low)
	return func(dst []float32, r *bufio.Reader) error {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		channels := f.Colors
		if f.Alpha {
			channels++
		}
		for i := 0; i < len(row); i += 4 * f.samples {
			to := dst[i/(4*f.samples)*channels:][:channels]
			switch {
			case !f.hole(row[i:]):
				for c := range f.samples {
					to[c] = float32(max(-math.MaxFloat32, min((f.sample(row[i+4*c:])-low)*scale, math.MaxFloat32)))
				}
				if f.Alpha {
					to[f.Colors] = 1
				}
			case f.Alpha:
				clear(to)
			default:
				return errChanged
			}
		}
		return nil
	}
}
