package yuv

import (
	"context"
	"image"

	"classsr/imageio/y4m"
	"classsr/picture"
)

// ToFrame makes a frame of a picture, which has the form of Config. It returns ctx's error if ctx is done.
func (c *Converter) ToFrame(ctx context.Context, dst *y4m.Frame, src *picture.Picture) error {
	if src.Config() != c.Config() {
		panic("yuv: a picture of another form")
	}
	err := c.rows(ctx, c.header.Height, func(s *scratch, top, end int) {
		for y := top; y < end; y++ {
			c.lumaRow(dst, y, src, s)
		}
	})
	if err != nil || c.header.Planes() == 1 {
		return err
	}
	_, height := c.header.Plane(1)
	return c.rows(ctx, height, func(s *scratch, top, end int) {
		s.kept[0], s.kept[1] = rowsKept{rows: s.kept[0].rows}, rowsKept{rows: s.kept[1].rows}
		for y := top; y < end; y++ {
			c.chromaRows(dst, y, src, s)
		}
	})
}

// pixelRow reads row y of a picture, and gives its luma, in 0..1.
func (c *Converter) pixelRow(src *picture.Picture, y int, s *scratch) []float32 {
	r := image.Rect(0, y, src.Width, y+1)
	for i := range src.Colors {
		s.pixels[i] = grow(s.pixels[i], src.Width)
		src.ReadPlane(s.pixels[i], i, r)
	}
	if src.Colors == 1 {
		return s.pixels[0]
	}
	s.across = grow(s.across, src.Width)
	kr, kg, kb := c.r, 1-c.r-c.b, c.b
	red, green, blue := s.pixels[0][:src.Width], s.pixels[1][:src.Width], s.pixels[2][:src.Width]
	for x := range s.across {
		s.across[x] = float32(kr*red[x]) + float32(kg*green[x]) + float32(kb*blue[x])
	}
	return s.across
}

func (c *Converter) lumaRow(dst *y4m.Frame, y int, src *picture.Picture, s *scratch) {
	c.write(dst, 0, y, c.pixelRow(src, y, s))
}

// chromaRows makes row y of both planes of chroma.
func (c *Converter) chromaRows(dst *y4m.Frame, y int, src *picture.Picture, s *scratch) {
	width, _ := c.header.Plane(1)
	for i := range s.chroma {
		s.chroma[i] = grow(s.chroma[i], width)
	}
	if c.lower == nil {
		for i := range s.chroma {
			c.narrowRow(src, i, y, s, s.chroma[i])
			c.write(dst, 1+i, y, s.chroma[i])
		}
		return
	}
	for i := range s.chroma {
		kept := &s.kept[i]
		kept.from(c.lower.lowest[y])
		c.lower.column(s.chroma[i], y, func(y int) []float32 {
			return kept.row(y, width, func(y int, row []float32) { c.narrowRow(src, i, y, s, row) })
		})
		c.write(dst, 1+i, y, s.chroma[i])
	}
}

// narrowRow makes chroma i of row y of the picture, as many samples as frames have in a row.
func (c *Converter) narrowRow(src *picture.Picture, i, y int, s *scratch, row []float32) {
	luma := c.pixelRow(src, y, s)
	colour, scale := s.pixels[2], 1/(2*(1-c.b))
	if i == 1 {
		colour, scale = s.pixels[0], 1/(2*(1-c.r))
	}
	for x, v := range colour[:len(luma)] {
		luma[x] = (v - luma[x]) * scale
	}
	if c.narrower == nil {
		copy(row, luma)
		return
	}
	c.narrower.row(row, luma)
}

// write sets row y of a plane, of luma in 0..1 or chroma in -0.5..0.5, rounded and clamped.
func (c *Converter) write(dst *y4m.Frame, plane, y int, src []float32) {
	zero, span := c.levels.black, c.levels.luma
	if plane > 0 {
		zero, span = c.levels.middle, c.levels.chroma
	}
	zero += 0.5
	if dst.Pix8 != nil {
		to := dst.Pix8[plane][y*len(src):][:len(src)]
		for x, v := range src {
			to[x] = uint8(min(max(float32(v*span)+zero, 0), c.levels.most))
		}
		return
	}
	to := dst.Pix16[plane][y*len(src):][:len(src)]
	for x, v := range src {
		to[x] = uint16(min(max(float32(v*span)+zero, 0), c.levels.most))
	}
}
