package resample

import (
	"image"

	"classsr/internal/kernel"
	"classsr/picture"
)

// maxChannels is how many samples a pixel has at most.
const maxChannels = 4

// addRow adds weight*row to sum, or sets it to that if it is the first row.
func addRow(sum, row []float32, weight float32, first bool) {
	if first {
		kernel.Combine(sum, row, row, weight, 0, 0)
		return
	}
	kernel.Combine(sum, sum, row, 1, weight, 0)
}

// loader turns samples into numbers that may be added: 0..1, linear in light if that was asked for, and with colours multiplied by alpha.
type loader struct {
	channels int
	alpha    bool
	light    []float32 // of each stored sample of a colour; nil if stored values are mixed
}

func newLoader(c picture.Config, linear bool) loader {
	l := loader{channels: c.Channels(), alpha: c.Alpha}
	if linear && c.Depth != 32 {
		l.light = lightTable(c.Depth)
	}
	return l
}

// load loads as many samples of row y as dst has, from pixel x on.
func (l loader) load(dst []float32, p *picture.Picture, y, x int) {
	at := (y*p.Width + x) * l.channels
	switch p.Depth {
	case 8:
		samples := p.Pix8[at:][:len(dst)]
		kernel.FloatsFromBytes(dst, samples, 1)
		if l.light != nil {
			lookUp(dst, samples, l.light, l.channels, l.alpha)
		}
	case 16:
		samples := p.Pix16[at:][:len(dst)]
		for i, v := range samples {
			dst[i] = float32(v) * (1. / 65535)
		}
		if l.light != nil {
			lookUp(dst, samples, l.light, l.channels, l.alpha)
		}
	default:
		copy(dst, p.Pix32[at:])
	}
	if l.alpha {
		premultiply(dst, l.channels)
	}
}

// lookUp replaces colours by the light of their samples, and leaves alpha.
func lookUp[S uint8 | uint16](dst []float32, samples []S, light []float32, channels int, alpha bool) {
	if !alpha {
		for i, v := range samples {
			dst[i] = light[v]
		}
		return
	}
	for ; len(samples) >= channels; samples, dst = samples[channels:], dst[channels:] {
		for c := range channels - 1 {
			dst[c] = light[samples[c]]
		}
	}
}

// premultiply multiplies the colours of pixels by their alpha.
func premultiply(row []float32, channels int) {
	for ; len(row) >= channels; row = row[channels:] {
		alpha := row[channels-1]
		for c := range row[:channels-1] {
			row[c] *= alpha
		}
	}
}

// storer turns sums into samples.
type storer struct {
	channels int
	alpha    bool
	encode   []float32 // storedTable, if sums are light
}

func newStorer(c picture.Config, linear bool) storer {
	s := storer{channels: c.Channels(), alpha: c.Alpha}
	if linear && c.Depth != 32 {
		s.encode = storedTable()
	}
	return s
}

// store resizes a row of sums along itself, and writes it to row y of a picture. scratch holds a row of the picture.
func (s storer) store(p *picture.Picture, y int, scratch, sums []float32, x *taps) {
	var rows [maxChannels][]float32
	planes := rows[:s.channels]
	for c := range planes {
		planes[c] = scratch[c*p.Width:][:p.Width]
	}
	filterRowInto(planes, sums, x)
	colours := planes
	if s.alpha {
		colours = planes[:s.channels-1]
		divide(colours, planes[s.channels-1])
	}
	if s.encode != nil {
		for _, plane := range colours {
			encodeRow(plane, s.encode)
		}
	}
	p.WritePlanes(planes, image.Rect(0, y, p.Width, y+1))
}

// faintest is the alpha below which a pixel is wholly transparent at 16 bits.
const faintest = 0.5 / 65535

// divide divides colours by their alpha, and makes those black that have none.
func divide(colours [][]float32, alpha []float32) {
	for i, a := range alpha {
		factor := float32(0)
		if a >= faintest {
			factor = 1 / a
		}
		for _, plane := range colours {
			plane[i] *= factor
		}
	}
}
