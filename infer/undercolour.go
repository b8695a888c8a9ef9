package infer

import (
	"context"
	"image"
	"math"
	"slices"

	"classsr/internal/par"
	"classsr/picture"
)

// undercolour is what colours pixels would have that are hardly seen: those of visible pixels beside them. What a file holds there may be
// anything, and a network would spread it into pixels that are seen.
//
// Near visible pixels it is their mean, weighted by alpha and distance. Farther away it is a mean over ever larger squares, down to that of
// the whole picture, which is kept as one colour for each cell. The conversions of products forbid fused arithmetic: classes follow from
// what is seen, and are the same on every machine.
type undercolour struct {
	*picture.Picture
	cells cellLevel
}

// cellLevel is the sums of alpha, and of alpha times colour, over the cells of a grid; later the colours.
type cellLevel struct {
	columns, rows int
	stride        int       // numbers of a cell: alpha and the colours
	cells         []float32 // row by row
}

const (
	// faint is the alpha, 0..1, below which a pixel's own colour counts less and less.
	faint = 1. / 16
	// colourCell is the side of the finest cells.
	colourCell = 8
	// nearbyPixels is how far visible pixels are looked for one by one.
	nearbyPixels = 2
	// parentWeight is what the colour of a larger cell counts in a smaller one, in visible pixels.
	parentWeight = 1. / 16
)

// undercolourBytes is what it takes for a picture with alpha, while it is made.
func undercolourBytes(c picture.Config) int64 {
	bytes := int64(0)
	for w, h := parts(c.Width, colourCell), parts(c.Height, colourCell); ; w, h = parts(w, 2), parts(h, 2) {
		bytes += 4 * int64(w) * int64(h) * int64(c.Colors+1)
		if w == 1 && h == 1 {
			return bytes
		}
	}
}

// newUndercolour looks at a picture; the result is nil if all of its pixels are seen.
func newUndercolour(ctx context.Context, in *picture.Picture, threads int) (*undercolour, error) {
	if !in.Alpha {
		return nil, nil
	}
	finest := newCellLevel(parts(in.Width, colourCell), parts(in.Height, colourCell), in.Channels())
	hidden := make([]bool, finest.rows)
	err := par.Do(ctx, min(threads, finest.rows), finest.rows, func(_, row int) error {
		hidden[row] = finest.sumUp(in, row)
		return nil
	})
	if err != nil || !slices.Contains(hidden, true) {
		return nil, err
	}
	levels := []cellLevel{finest}
	for l := finest; l.columns > 1 || l.rows > 1; {
		l = l.coarser()
		levels = append(levels, l)
	}
	levels[len(levels)-1].divide(nil)
	for i := len(levels) - 2; i >= 0; i-- {
		levels[i].divide(&levels[i+1])
	}
	return &undercolour{in, finest}, nil
}

func newCellLevel(columns, rows, stride int) cellLevel {
	return cellLevel{columns, rows, stride, make([]float32, columns*rows*stride)}
}

func (l cellLevel) cell(x, y int) []float32 { return l.cells[(y*l.columns+x)*l.stride:][:l.stride] }

// sumUp adds up a row of the finest cells. It tells whether any of its pixels is faint.
func (l cellLevel) sumUp(in *picture.Picture, row int) (hidden bool) {
	alpha, colour := make([]float32, in.Width), make([]float32, in.Width)
	for y := row * colourCell; y < min((row+1)*colourCell, in.Height); y++ {
		r := image.Rect(0, y, in.Width, y+1)
		in.ReadPlane(alpha, in.Colors, r)
		for x, a := range alpha {
			hidden = hidden || a < faint
			l.cell(x/colourCell, row)[0] += a
		}
		for c := range in.Colors {
			in.ReadPlane(colour, c, r)
			for x, a := range alpha {
				l.cell(x/colourCell, row)[1+c] += float32(a * colour[x])
			}
		}
	}
	return hidden
}

// coarser adds up squares of two by two cells.
func (l cellLevel) coarser() cellLevel {
	out := newCellLevel(parts(l.columns, 2), parts(l.rows, 2), l.stride)
	for y := range l.rows {
		for x := range l.columns {
			to := out.cell(x/2, y/2)
			for i, v := range l.cell(x, y) {
				to[i] += v
			}
		}
	}
	return out
}

// divide makes colours of the sums. Where little or nothing is seen they come from the parent, which is the level above and has colours.
func (l cellLevel) divide(parent *cellLevel) {
	for y := range l.rows {
		for x := range l.columns {
			cell := l.cell(x, y)
			if parent == nil {
				for c := 1; c < l.stride && cell[0] > 0; c++ {
					cell[c] /= cell[0]
				}
				continue
			}
			for c, from := range parent.cell(x/2, y/2)[1:] {
				cell[1+c] = (cell[1+c] + float32(parentWeight*from)) / (cell[0] + parentWeight)
			}
		}
	}
}

// ReadPlane implements branch.Source.
func (u *undercolour) ReadPlane(dst []float32, channel int, r image.Rectangle) {
	u.Picture.ReadPlane(dst, channel, r)
	if channel == u.Colors {
		return
	}
	var alpha [256]float32
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst[(y-r.Min.Y)*r.Dx():][:r.Dx()]
		for x := r.Min.X; x < r.Max.X; x += len(alpha) {
			part := alpha[:min(r.Max.X-x, len(alpha))]
			u.Picture.ReadPlane(part, u.Colors, image.Rect(x, y, x+len(part), y+1))
			for i, a := range part {
				if a < faint {
					at := &row[x-r.Min.X+i]
					*at = u.at(*at, a, channel, x+i, y)
				}
			}
		}
	}
}

// at is the colour of a pixel of which alpha is seen: its own, or what its neighbours let expect. It is one of the colours that a
// picture of this depth can have, so that a flat one stays flat.
func (u *undercolour) at(own, alpha float32, channel, x, y int) float32 {
	colour := u.cellColour(channel, x, y)
	if u.isSeenNear(x, y) {
		colour = u.meanNear(colour, channel, x, y)
	}
	colour += float32((own - colour) * alpha * (1 / faint))
	most := float32(math.MaxUint8)
	switch u.Depth {
	case 16:
		most = math.MaxUint16
	case 32:
		return colour
	}
	return float32(math.Round(float64(colour*most))) / most
}

// cellColour interpolates between the colours of cells.
func (u *undercolour) cellColour(channel, x, y int) float32 {
	l := &u.cells
	x0, x1, fx := between(x, colourCell, l.columns)
	y0, y1, fy := between(y, colourCell, l.rows)
	at := func(x, y int) float32 { return l.cells[(y*l.columns+x)*l.stride+1+channel] }
	mix := func(a, b, share float32) float32 { return a + float32((b-a)*share) }
	return mix(mix(at(x0, y0), at(x1, y0), fx), mix(at(x0, y1), at(x1, y1), fx), fy)
}

// between finds the two of n cells, each so many pixels long, between whose middles a pixel's middle lies, and the share of the second.
func between(i, length, n int) (first, second int, share float32) {
	at := 2*i + 1 - length // in halves of pixels from the middle of the first cell
	first = at / (2 * length)
	if at < 0 {
		return 0, 0, 0
	}
	if first >= n-1 {
		return n - 1, n - 1, 0
	}
	return first, first + 1, float32(at%(2*length)) / float32(2*length)
}

// isSeenNear tells whether a pixel may have visible ones near it.
func (u *undercolour) isSeenNear(x, y int) bool {
	l := &u.cells
	for cy := max(y-nearbyPixels, 0) / colourCell; cy <= min((y+nearbyPixels)/colourCell, l.rows-1); cy++ {
		for cx := max(x-nearbyPixels, 0) / colourCell; cx <= min((x+nearbyPixels)/colourCell, l.columns-1); cx++ {
			if l.cells[(cy*l.columns+cx)*l.stride] > 0 {
				return true
			}
		}
	}
	return false
}

// meanNear is the mean of the pixels near one, weighted by alpha and distance, with a little of a colour for where none is seen.
func (u *undercolour) meanNear(colour float32, channel, x, y int) float32 {
	p := u.Picture
	sum, weight := float32(parentWeight*colour), float32(parentWeight)
	for yy := max(y-nearbyPixels, 0); yy <= min(y+nearbyPixels, p.Height-1); yy++ {
		for xx := max(x-nearbyPixels, 0); xx <= min(x+nearbyPixels, p.Width-1); xx++ {
			at := (yy*p.Width + xx) * p.Channels()
			var alpha, v float32
			switch p.Depth {
			case 32:
				alpha, v = p.Pix32[at+p.Colors], p.Pix32[at+channel]
			case 8:
				alpha, v = float32(p.Pix8[at+p.Colors])/math.MaxUint8, float32(p.Pix8[at+channel])/math.MaxUint8
			default:
				alpha, v = float32(p.Pix16[at+p.Colors])/math.MaxUint16, float32(p.Pix16[at+channel])/math.MaxUint16
			}
			dx, dy := xx-x, yy-y
			w := alpha / float32(1+dx*dx+dy*dy)
			sum, weight = sum+float32(w*v), weight+w
		}
	}
	return sum / weight
}
