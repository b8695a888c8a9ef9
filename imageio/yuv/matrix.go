package yuv

import (
	"classsr/fault"
)

// Matrix says how luma and chroma are made of red, green and blue.
type Matrix string

// BT601 is that of standard definition, and BT709 that of high definition. Streams of y4m do not say which they have.
const (
	BT601 Matrix = "bt601"
	BT709 Matrix = "bt709"
)

// Usual is the matrix that a video of this size, in pixels, has as a rule: BT709 from 1280 pixels of width or 577 of height on.
func Usual(width, height int) Matrix {
	if width >= 1280 || height > 576 {
		return BT709
	}
	return BT601
}

// ParseMatrix reads the name of a matrix; the error is of kind fault.Usage.
func ParseMatrix(name string) (Matrix, error) {
	switch m := Matrix(name); m {
	case BT601, BT709:
		return m, nil
	}
	return "", fault.New(fault.Usage, "matrix %s: it must be %s or %s", name, BT601, BT709)
}

// weights are those of red and blue in luma.
func (m Matrix) weights() (red, blue float32) {
	if m == BT709 {
		return 0.2126, 0.0722
	}
	return 0.299, 0.114
}

// levels are what samples stand for: luma is black and black plus span white, chroma is middle plus up to half of its span. All as samples.
type levels struct{ black, luma, middle, chroma, most float32 }

func levelsOf(depth int, full bool) levels {
	one := float32(int(1) << (depth - 8)) // a step of 8 bits
	most := float32(int(1)<<depth - 1)
	if full {
		return levels{0, most, 128 * one, most, most}
	}
	return levels{16 * one, 219 * one, 128 * one, 224 * one, most}
}
