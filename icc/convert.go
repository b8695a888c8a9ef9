package icc

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/kovidgoyal/imaging/prism/meta/icc"

	"classsr/internal/par"
	"classsr/picture"
)

// Conversion turns colours of a profile into those of sRGB, by the profile's own rendering intent: matrices and curves, gray curves, and
// tables for CMYK. What lies outside sRGB becomes its nearest border, channel by channel. It is safe for concurrent use.
type Conversion struct {
	pipeline *icc.Pipeline
	inputs   int
}

// TablesBytes is the memory that a conversion takes at most, in bytes, for a profile of that length.
func TablesBytes(profile int) int64 { return 16*int64(profile) + 1<<20 }

// NewConversion reads a profile. It returns an error if the profile is damaged or of a kind that is not understood.
func NewConversion(profile []byte) (_ *Conversion, err error) {
	defer damaged(&err)
	if !whole(profile) {
		return nil, errDamaged
	}
	inputs, ok := map[string]int{Gray: 1, RGB: 3, CMYK: 4}[Space(profile)]
	if !ok {
		return nil, fmt.Errorf("the colour profile is for %q, not for gray, RGB or CMYK", Space(profile))
	}
	parsed, err := icc.DecodeProfile(bytes.NewReader(profile))
	if err != nil {
		return nil, errDamaged
	}
	pipeline, err := parsed.CreateTransformerToSRGB(parsed.Header.RenderingIntent, true, inputs, true, false, true)
	if err != nil {
		return nil, errors.New("the colour profile is of a kind that is not understood") // the error would show bytes of the profile
	}
	c := &Conversion{pipeline: pipeline, inputs: inputs}
	for _, v := range []float64{0, 0.5, 1} { // what cannot be computed shows here
		in := [4]float64{v, v, v, v}
		c.color(&in)
	}
	return c, nil
}

var errDamaged = errors.New("the colour profile is damaged")

// color converts one pixel, whose samples are in 0..1.
func (c *Conversion) color(in *[4]float64) (r, g, b float64) {
	switch c.inputs {
	case 1:
		return c.pipeline.Transform(in[0], 0, 0)
	case 3:
		return c.pipeline.Transform(in[0], in[1], in[2])
	}
	var out [4]float64
	c.pipeline.TransformGeneral(out[:], in[:])
	return out[0], out[1], out[2]
}

// CMYK converts pixels of cyan, magenta, yellow and black (255 is full ink), in place: to red, green, blue and a byte without meaning.
// The profile must be for CMYK.
func (c *Conversion) CMYK(pixels []uint8) (err error) {
	defer damaged(&err)
	var known [4]uint8 // neighbours are often the same
	var result [3]uint8
	for first := true; len(pixels) >= 4; pixels, first = pixels[4:], false {
		if in := [4]uint8(pixels); first || in != known {
			known = in
			r, g, b := c.color(&[4]float64{float64(in[0]) / 255, float64(in[1]) / 255, float64(in[2]) / 255, float64(in[3]) / 255})
			result = [3]uint8{uint8(scaled(r, 255)), uint8(scaled(g, 255)), uint8(scaled(b, 255))}
		}
		copy(pixels, result[:])
	}
	return nil
}

// damaged makes an error of a panic of the library, which only damaged tables cause.
func damaged(err *error) {
	if recover() != nil {
		*err = errDamaged
	}
}

// scaled brings a colour into 0..most, rounded.
func scaled(v, most float64) float64 { return max(0, min(v, 1))*most + 0.5 }

// Picture converts a picture in place, on so many threads (0 means all), until ctx is done. The profile must be for gray or RGB, as the
// picture is; alpha is left as it is. An error other than ctx's says that the profile is damaged; then the picture is partly converted.
func (c *Conversion) Picture(ctx context.Context, p *picture.Picture, threads int) error {
	if c.inputs != p.Colors {
		panic("icc: a picture of other channels than its profile")
	}
	return par.Do(ctx, threads, p.Height, func(_, y int) (err error) {
		defer damaged(&err)
		row := p.Band(y, y+1)
		switch p.Depth {
		case 8:
			convert(c, row.Pix8, p.Channels(), 255)
		case 16:
			convert(c, row.Pix16, p.Channels(), 65535)
		default:
			convertFloats(c, row.Pix32, p.Channels())
		}
		return nil
	})
}

// convert converts pixels of so many channels, whose samples are at most most.
func convert[T uint8 | uint16](c *Conversion, row []T, channels int, most float64) {
	var known, result [3]T
	colors := c.inputs
	for first := true; len(row) >= channels; row, first = row[channels:], false {
		in := [3]T{row[0]}
		copy(in[:colors], row)
		if first || in != known {
			known = in
			r, g, b := c.color(&[4]float64{float64(in[0]) / most, float64(in[1]) / most, float64(in[2]) / most})
			if colors == 1 {
				r = g // a gray of sRGB: all are the same but for rounding
			}
			result = [3]T{T(scaled(r, most)), T(scaled(g, most)), T(scaled(b, most))}
		}
		copy(row, result[:colors])
	}
}

// convertFloats converts pixels in floating point. What lies beyond black and white is clipped, since profiles do not reach there.
func convertFloats(c *Conversion, row []float32, channels int) {
	for ; len(row) >= channels; row = row[channels:] {
		var in [4]float64
		for k, v := range row[:c.inputs] {
			in[k] = max(0, min(float64(v), 1))
		}
		r, g, b := c.color(&in)
		if c.inputs == 1 {
			r = g
		}
		for k, v := range []float64{r, g, b}[:c.inputs] {
			row[k] = float32(max(0, min(v, 1)))
		}
	}
}
