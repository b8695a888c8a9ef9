// Package picture is what a picture is while the program works on it: samples of 8 or 16 bits or floating point, gray or RGB, with or
// without alpha.
//
// ReadPlane, WritePlane and WritePlanes exchange its channels with float32 planes in 0..1, which is what networks compute on. A RowSource
// gives a picture row by row, where it need not be in memory as a whole, and a RowSink takes it. A Window is read like a picture and holds a
// few rows of one. The package knows no files and no formats (package imageio does).
package picture

import (
	"image"
	"math"

	"classsr/internal/kernel"
)

// Picture holds interleaved samples in row-major order: sample c of the pixel at (x, y) is at index
// (y*Width+x)*Channels()+c. Alpha is straight, not premultiplied, and comes last.
type Picture struct {
	Width, Height int
	Colors        int      // colour channels: 1 gray, 3 red, green, blue
	Alpha         bool     // whether one more channel follows them
	Depth         int      // bits a sample, 8, 16 or 32: samples are 0..2^Depth-1, or float32 if Depth is 32
	Pix8          []uint8  // Width*Height*Channels() samples if Depth is 8, else nil
	Pix16         []uint16 // the same if Depth is 16, else nil
	// Pix32 is the same if Depth is 32, else nil. Black is 0 and white is 1; colours may lie beyond, alpha may not. All are finite.
	Pix32 []float32
}

// Check panics where the picture does not hold the samples that its size asks for, as every picture that New made does.
func (p *Picture) Check() {
	n := p.Width * p.Height * p.Channels()
	if n <= 0 || p.Depth == 8 && len(p.Pix8) != n || p.Depth == 16 && len(p.Pix16) != n || p.Depth == 32 && len(p.Pix32) != n {
		panic("picture: a picture does not hold the samples that its size asks for")
	}
}

// New returns a picture of zeros (black, and transparent if alpha is set). It panics if the size is not positive, colors
// is not 1 or 3, or depth is not 8, 16 or 32.
func New(width, height, colors int, alpha bool, depth int) *Picture {
	p := &Picture{Width: width, Height: height, Colors: colors, Alpha: alpha, Depth: depth}
	if width <= 0 || height <= 0 {
		panic("picture: a picture needs a positive size")
	}
	if colors != 1 && colors != 3 {
		panic("picture: a picture has 1 or 3 colour channels")
	}
	switch n := width * height * p.Channels(); depth {
	case 8:
		p.Pix8 = make([]uint8, n)
	case 16:
		p.Pix16 = make([]uint16, n)
	case 32:
		p.Pix32 = make([]float32, n)
	default:
		panic("picture: a picture has 8, 16 or 32 bits a sample")
	}
	return p
}

// Channels is the number of samples a pixel: Colors, and one more for alpha.
func (p *Picture) Channels() int {
	if p.Alpha {
		return p.Colors + 1
	}
	return p.Colors
}

// Bounds is the picture's rectangle, with (0, 0) at the upper left.
func (p *Picture) Bounds() image.Rectangle { return image.Rect(0, 0, p.Width, p.Height) }

// ReadPlane writes the samples of one channel inside r to dst as sample/(2^Depth-1), in 0..1, or as they are if Depth is 32: rows from the
// top, dense (stride r.Dx()). It panics if r is not inside the picture, dst is shorter than r or there is no such channel.
// Several goroutines may read at once.
func (p *Picture) ReadPlane(dst []float32, channel int, r image.Rectangle) {
	p.checkPlane(len(dst), channel, r)
	if r.Empty() {
		return // it may lie anywhere
	}
	step, w := p.Channels(), r.Dx()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst[(y-r.Min.Y)*w:][:w]
		at := (y*p.Width+r.Min.X)*step + channel
		if p.Depth == 8 {
			kernel.FloatsFromBytes(row, p.Pix8[at:][:(w-1)*step+1], step)
			continue
		}
		if p.Depth == 32 {
			for x := range row {
				row[x] = p.Pix32[at]
				at += step
			}
			continue
		}
		for x := range row {
			row[x] = float32(p.Pix16[at]) / 65535
			at += step
		}
	}
}

// WritePlane sets the samples of one channel inside r from src (dense rows of r, nominal range 0..1): values are clamped
// and rounded half up to the picture's depth; a NaN is written as 0. If Depth is 32, colours are neither clamped nor rounded, but infinities
// become the largest numbers. It panics as ReadPlane does. Several goroutines may write at once if their rectangles or channels differ.
func (p *Picture) WritePlane(src []float32, channel int, r image.Rectangle) {
	p.writePlanes([][]float32{src}, channel, r)
}

// WritePlanes sets all samples inside r from a plane for each channel, as WritePlane does one by one, but 8-bit samples much
// faster. It panics too if the planes are not as many as the channels.
func (p *Picture) WritePlanes(src [][]float32, r image.Rectangle) {
	if len(src) != p.Channels() {
		panic("picture: there must be a plane for each channel")
	}
	p.writePlanes(src, 0, r)
}

// writePlanes sets as many channels as there are planes.
func (p *Picture) writePlanes(src [][]float32, first int, r image.Rectangle) {
	for c, plane := range src {
		p.checkPlane(len(plane), first+c, r)
	}
	if r.Empty() {
		return // it may lie anywhere
	}
	step, w := p.Channels(), r.Dx()
	var rows [4][]float32
	for y := r.Min.Y; y < r.Max.Y; y++ {
		at := (y*p.Width+r.Min.X)*step + first
		for c, plane := range src {
			rows[c] = plane[(y-r.Min.Y)*w:][:w]
		}
		if p.Depth == 8 {
			kernel.BytesFromFloats(p.Pix8[at:], step, rows[:len(src)])
			continue
		}
		for c, row := range rows[:len(src)] {
			to := at + c
			if p.Depth == 32 {
				p.writeFloats(to, step, row, first+c == p.Colors)
				continue
			}
			for _, v := range row {
				p.Pix16[to] = quantize16(v)
				to += step
			}
		}
	}
}

// writeFloats sets samples that are step apart, the first at index to, of colours or of alpha.
func (p *Picture) writeFloats(to, step int, row []float32, alpha bool) {
	lowest, highest := float32(-math.MaxFloat32), float32(math.MaxFloat32)
	if alpha {
		lowest, highest = 0, 1
	}
	for _, v := range row {
		if v != v {
			v = 0
		}
		p.Pix32[to] = max(lowest, min(v, highest))
		to += step
	}
}

// quantize16 rounds v*65535 half up after clamping v to 0..1. The product is taken in float64, where it is exact, so no value
// just below a half is rounded up.
func quantize16(v float32) uint16 {
	// Written so that a NaN, which compares false with everything, becomes 0.
	if !(v > 0) {
		return 0
	}
	if v >= 1 {
		return math.MaxUint16
	}
	return uint16(float64(v)*math.MaxUint16 + 0.5)
}

func (p *Picture) checkPlane(length, channel int, r image.Rectangle) {
	if channel < 0 || channel >= p.Channels() {
		panic("picture: no such channel")
	}
	if r.Dx() < 0 || r.Dy() < 0 || !r.In(p.Bounds()) {
		panic("picture: rectangle outside the picture")
	}
	if length < r.Dx()*r.Dy() {
		panic("picture: plane shorter than its rectangle")
	}
}

// Config is the form of a picture, without its samples; the fields mean what they mean in Picture.
type Config struct {
	Width, Height int
	Colors        int
	Alpha         bool
	Depth         int
}

// Config gives the picture's form.
func (p *Picture) Config() Config {
	return Config{Width: p.Width, Height: p.Height, Colors: p.Colors, Alpha: p.Alpha, Depth: p.Depth}
}
