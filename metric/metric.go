// Package metric measures how near a picture is to another one: PSNR and SSIM over RGB or over luma, by the conventions of the
// super-resolution literature, so that figures compare with published ones. And it measures, on one picture alone, how visible
// lines are along which it was put together (JumpsAt).
//
// Wrap the samples with Bytes or Planes, take Luma of both pictures for figures over Y, then call PSNR or SSIM:
//
//	hr, sr := metric.Bytes(w, h, 3, hrPix), metric.Bytes(w, h, 3, srPix)
//	rgb, err := metric.PSNR(hr, sr, 4)
//	y, err := metric.PSNR(hr.Luma(), sr.Luma(), 4)
//
// Results depend on the samples alone: all sums are taken in float64 in one fixed order. The package does not align, resize or
// round pictures, starts no goroutines and knows no perceptual measures.
package metric

import (
	"errors"
	"fmt"
)

// ErrTooSmall is returned (wrapped) when the border leaves too little of the pictures to be measured.
var ErrTooSmall = errors.New("picture is too small to be measured")

// Image is a picture to be measured: samples in 0..255, 1 (gray) or 3 (RGB) channels. It refers to the samples it was made from
// and reads them when it is measured. Use Bytes or Planes to make one; several goroutines may use it at once.
//
// A gray picture stands for an RGB picture of three equal channels, as when the authors' code reads it in colour; the two may be
// compared with each other and give the same figures.
type Image struct {
	width, height, channels int
	luma                    bool // measure the Y of the channels instead of them
	// add adds weight times the samples of a channel, in row y from column x on, to dst.
	add func(dst []float64, weight float64, channel, y, x int)
}

// Bytes wraps 8-bit samples, channels (1 or 3) of them for a pixel beside each other, rows from top to bottom without padding. It
// panics if pix has another length.
func Bytes(width, height, channels int, pix []uint8) Image {
	checkShape(width, height, channels)
	if len(pix) != width*height*channels {
		panic("metric: samples do not have the length of the size")
	}
	return Image{width, height, channels, false, func(dst []float64, weight float64, channel, y, x int) {
		row := pix[(y*width+x)*channels+channel:]
		for i := range dst {
			dst[i] += float64(weight * float64(row[i*channels]))
		}
	}}
}

// Planes wraps one plane (gray) or three planes (R, G, B) of width*height samples each. Samples are 0..255 and need not be whole
// numbers: values not yet rounded, or 16-bit ones divided by 257, are measured as they are. A NaN makes the results NaN unless it
// lies in the border that is removed. It panics if there are not one or three planes or one has another length.
func Planes[F float32 | float64](width, height int, planes ...[]F) Image {
	checkShape(width, height, len(planes))
	for _, p := range planes {
		if len(p) != width*height {
			panic("metric: samples do not have the length of the size")
		}
	}
	return Image{width, height, len(planes), false, func(dst []float64, weight float64, channel, y, x int) {
		for i, v := range planes[channel][y*width+x:][:len(dst)] {
			dst[i] += float64(weight * float64(v))
		}
	}}
}

func checkShape(width, height, channels int) {
	if width < 0 || height < 0 {
		panic("metric: a size is negative")
	}
	if channels != 1 && channels != 3 {
		panic("metric: a picture has one or three channels")
	}
}

// Luma is the Y of the picture as MATLAB's rgb2ycbcr and the authors' code define it (BT.601, studio range):
//
//	Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255
//
// so black is 16 and white 235. It is not rounded to whole numbers. The luma of a luma is that luma.
//
// For a gray sample v this is 16 + 219/255 v, the luma of the RGB picture that gray stands for: evaluations that convert every
// picture to RGB measure gray pictures, such as bridge of Set14, so. The MATLAB code behind many papers' tables takes the gray
// samples themselves for Y, which gives 20 log10(255/219) = 1.32 dB less; for that convention measure gray pictures without
// calling Luma. With one gray picture of fourteen, the mean over Set14 is 0.09 dB lower then.
func (m Image) Luma() Image {
	m.luma = true
	return m
}

// measured is the number of channels that differ from each other.
func (m Image) measured() int {
	if m.luma {
		return 1
	}
	return m.channels
}

// row fills dst from a row of a channel; every channel of a gray picture is the one it has.
func (m Image) row(dst []float64, channel, y, x int) {
	clear(dst)
	if !m.luma {
		m.add(dst, 1, min(channel, m.channels-1), y, x)
		return
	}
	for c, weight := range [3]float64{65.481, 128.553, 24.966} {
		m.add(dst, weight, min(c, m.channels-1), y, x)
	}
	for i, v := range dst {
		dst[i] = 16 + v/255
	}
}

// pair is what two pictures have in common once the border is off.
type pair struct {
	a, b                            Image
	border, width, height, channels int
}

// inner checks that a and b can be compared and takes the border off each side. need is the smallest side that can be measured.
func inner(a, b Image, border, need int) (pair, error) {
	if a.width != b.width || a.height != b.height {
		return pair{}, fmt.Errorf("cannot compare a picture of %dx%d with one of %dx%d: crop or resize one of them",
			a.width, a.height, b.width, b.height)
	}
	if border < 0 {
		return pair{}, fmt.Errorf("cannot take a border of %d pixels off: give 0 or more", border)
	}
	// Compared before subtracting twice: a huge border must not overflow.
	if border > min(a.width, a.height) || min(a.width, a.height)-2*border < need {
		return pair{}, fmt.Errorf("%w: %dx%d with a border of %d removed, %dx%d are needed", ErrTooSmall,
			a.width, a.height, border, need, need)
	}
	return pair{a, b, border, a.width - 2*border, a.height - 2*border, max(a.measured(), b.measured())}, nil
}

// rows fills a and b with the samples of a channel in row y, counted from the border on.
func (p pair) rows(a, b []float64, channel, y int) {
	p.a.row(a, channel, y+p.border, p.border)
	p.b.row(b, channel, y+p.border, p.border)
}
