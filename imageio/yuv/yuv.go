// Package yuv turns frames of video, which have luma and chroma, into pictures and back, as ffmpeg's swscale does it when it is asked to be exact
// (-sws_flags bicubic+accurate_rnd+full_chroma_int+full_chroma_inp): samples are within one level, of 8 bits, of its. Chroma that pixels share is interpolated
// from where it lies. The same frame gives the same bits on every machine.
package yuv

import (
	"context"
	"image"

	"classsr/imageio/y4m"
	"classsr/internal/par"
	"classsr/picture"
)

// Converter turns frames of one form into pictures, and pictures into frames. It may be used by one goroutine at a time.
type Converter struct {
	header  y4m.Header
	levels  levels
	r, b    float32 // weights of red and blue in luma
	threads int
	// Filters from chroma to pixels and back, across and down; nil where each pixel has its own.
	wider, higher, narrower, lower *filter
}

// New makes a Converter of frames with this header and matrix, which works on so many threads; 0 is all.
func New(h y4m.Header, m Matrix, threads int) *Converter {
	c := &Converter{header: h, levels: levelsOf(h.Format.Depth, h.Full), threads: par.Threads(threads)}
	c.r, c.b = m.weights()
	if h.Planes() == 1 {
		return c
	}
	width, height := h.Plane(1)
	if h.Format.Across == 2 {
		at := 0.0 // where the first sample of chroma lies, in pixels
		if h.Format.Siting == y4m.Center {
			at = 0.5
		}
		c.wider, c.narrower = newFilter(h.Width, width, 0.5, -at/2), newFilter(width, h.Width, 2, at)
	}
	if h.Format.Down == 2 {
		at := 0.5
		if h.Format.Siting == y4m.TopLeft {
			at = 0
		}
		c.higher, c.lower = newFilter(h.Height, height, 0.5, -at/2), newFilter(height, h.Height, 2, at)
	}
	return c
}

// Config is the form of the pictures: RGB, or gray without chroma; 8 bits a sample, or 16 where frames have more than 8.
func (c *Converter) Config() picture.Config {
	p := picture.Config{Width: c.header.Width, Height: c.header.Height, Colors: c.header.Planes(), Depth: 8}
	if c.header.Format.Depth > 8 {
		p.Depth = 16
	}
	return p
}

// rowsAtATime is how many rows a thread takes.
const rowsAtATime = 32

// rows has rows from 0 to n worked on, so many at a time, in memory that each worker has for itself.
func (c *Converter) rows(ctx context.Context, n int, work func(s *scratch, top, end int)) error {
	parts := (n + rowsAtATime - 1) / rowsAtATime
	scratches := make([]scratch, min(c.threads, parts))
	return par.Do(ctx, len(scratches), parts, func(worker, i int) error {
		work(&scratches[worker], i*rowsAtATime, min((i+1)*rowsAtATime, n))
		return nil
	})
}

// scratch is a worker's memory.
type scratch struct {
	pixels [3][]float32 // of a row
	chroma [2][]float32 // of a row of pixels, in -0.5..0.5
	across []float32    // of a row of chroma
	kept   [2]rowsKept
}

// rowsKept are some rows of a plane, from the first one on.
type rowsKept struct {
	first int
	rows  [][]float32
	used  int
}

// from forgets all rows but those from row y on.
func (k *rowsKept) from(y int) {
	for k.used > 0 && k.first < y {
		k.rows = append(k.rows[1:], k.rows[0])
		k.first++
		k.used--
	}
	if k.used == 0 {
		k.first = y
	}
}

// row is row y, which was added or is the next to be; fill makes it then.
func (k *rowsKept) row(y, width int, fill func(y int, row []float32)) []float32 {
	for k.first+k.used <= y {
		if k.used == len(k.rows) {
			k.rows = append(k.rows, make([]float32, width))
		}
		fill(k.first+k.used, k.rows[k.used][:width])
		k.used++
	}
	return k.rows[y-k.first][:width]
}

func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// ToPicture makes a picture of a frame: dst has the form of Config. It returns ctx's error if ctx is done.
func (c *Converter) ToPicture(ctx context.Context, dst *picture.Picture, src *y4m.Frame) error {
	if dst.Config() != c.Config() {
		panic("yuv: a picture of another form")
	}
	width := c.header.Width
	return c.rows(ctx, c.header.Height, func(s *scratch, top, end int) {
		s.kept[0], s.kept[1] = rowsKept{rows: s.kept[0].rows}, rowsKept{rows: s.kept[1].rows}
		for i := range s.pixels[:c.header.Planes()] {
			s.pixels[i] = grow(s.pixels[i], width)
		}
		for y := top; y < end; y++ {
			c.read(src, 0, y, s.pixels[0])
			if c.header.Planes() == 3 {
				for i := range s.chroma {
					s.chroma[i] = grow(s.chroma[i], width)
					c.chromaRow(src, i, y, s)
				}
				c.colours(s)
			}
			dst.WritePlanes(s.pixels[:c.header.Planes()], image.Rect(0, y, width, y+1))
		}
	})
}

// chromaRow makes chroma i of a row of pixels.
func (c *Converter) chromaRow(src *y4m.Frame, i, y int, s *scratch) {
	width, _ := c.header.Plane(1 + i)
	read := func(y int, row []float32) { c.read(src, 1+i, y, row) }
	to := s.chroma[i]
	if c.wider != nil {
		s.across = grow(s.across, width)
		to = s.across
	}
	if c.higher == nil {
		read(y, to)
	} else {
		kept := &s.kept[i]
		kept.from(c.higher.lowest[y])
		c.higher.column(to, y, func(y int) []float32 { return kept.row(y, width, read) })
	}
	if c.wider != nil {
		c.wider.row(s.chroma[i], to)
	}
}

// colours makes red, green and blue of luma, which is where red will be, and chroma.
func (c *Converter) colours(s *scratch) {
	red, blue := 2*(1-c.r), 2*(1-c.b)
	green := 1 - c.r - c.b
	greenBlue, greenRed := c.b*blue/green, c.r*red/green
	cr := s.chroma[1][:len(s.chroma[0])]
	r, g, b := s.pixels[0][:len(cr)], s.pixels[1][:len(cr)], s.pixels[2][:len(cr)]
	for x, cb := range s.chroma[0] {
		luma := r[x]
		r[x] = luma + float32(red*cr[x])
		g[x] = luma - float32(greenBlue*cb) - float32(greenRed*cr[x])
		b[x] = luma + float32(blue*cb)
	}
}

// read gives row y of a plane: luma as 0 (black) to 1, chroma as -0.5 to 0.5.
func (c *Converter) read(src *y4m.Frame, plane, y int, dst []float32) {
	zero, span := c.levels.black, c.levels.luma
	if plane > 0 {
		zero, span = c.levels.middle, c.levels.chroma
	}
	scale := 1 / span
	if src.Pix8 != nil {
		for x, v := range src.Pix8[plane][y*len(dst):][:len(dst)] {
			dst[x] = (float32(v) - zero) * scale
		}
		return
	}
	for x, v := range src.Pix16[plane][y*len(dst):][:len(dst)] {
		dst[x] = (float32(v) - zero) * scale
	}
}
