package codec

import (
	"classsr/picture"
)

// swapsSides reports whether turning upright exchanges width and height.
func swapsSides(orientation int) bool { return orientation >= 5 && orientation <= 8 }

// upright returns the picture turned and mirrored so that the stored one, of that EXIF orientation, stands upright.
func upright(p *picture.Picture, orientation int) *picture.Picture {
	if orientation <= 1 || orientation > 8 {
		return p
	}
	f := &File{Width: p.Width, Height: p.Height, Colors: p.Colors, Alpha: p.Alpha, Depth: p.Depth, Orientation: orientation}
	out := f.NewPicture()
	switch p.Depth {
	case 8:
		reorder(NewPlacer(f, out.Pix8), p.Pix8)
	case 16:
		reorder(NewPlacer(f, out.Pix16), p.Pix16)
	default:
		reorder(NewPlacer(f, out.Pix32), p.Pix32)
	}
	return out
}

// NewStored makes a picture of the form that the file declares, as it is stored, for Turned.
func (f *File) NewStored() *picture.Picture {
	c := f.Upright()
	c.Width, c.Height = f.Width, f.Height
	return c.New()
}

// Turned gives a picture that was made as it is stored, upright.
func (f *File) Turned(p *picture.Picture) *picture.Picture { return upright(p, f.Orientation) }

// Sample is a sample of a picture of any depth.
type Sample interface{ uint8 | uint16 | float32 }

func reorder[T Sample](to *Placer[T], stored []T) {
	n := to.width * to.channels
	for y := 0; len(stored) > 0; y++ {
		copy(to.Row(y, 0, 1, to.width), stored[:n])
		to.Place()
		stored = stored[n:]
	}
}

// NewPicture makes a picture of the form that the file declares, upright, for a placer to fill.
func (f *File) NewPicture() *picture.Picture {
	return f.Upright().New()
}

// Placer writes the rows of a stored picture to their places in the upright one.
//
// EXIF says where the stored first row and first column lie in the upright picture: 1 top and left, 2 top and right,
// 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and bottom, 8 left and bottom.
type Placer[T Sample] struct {
	dst             []T
	width, channels int // of the stored picture
	// The place of the stored pixel (x, y) is start + x*right + y*down, in pixels.
	start, right, down int

	scratch []T
	line    []T // of the row at hand
	at      int // place of its first pixel
	step    int // from one of its pixels to the next
}

// NewPlacer makes the placer of the picture that a file declares, whose upright samples are dst.
func NewPlacer[T Sample](f *File, dst []T) *Placer[T] {
	p := &Placer[T]{dst: dst, width: f.Width, channels: f.Colors}
	if f.Alpha {
		p.channels++
	}
	w, h := f.Width, f.Height
	switch f.Orientation {
	default:
		p.start, p.right, p.down = 0, 1, w
	case 2:
		p.start, p.right, p.down = w-1, -1, w
	case 3:
		p.start, p.right, p.down = w*h-1, -1, -w
	case 4:
		p.start, p.right, p.down = w*(h-1), 1, -w
	case 5:
		p.start, p.right, p.down = 0, h, 1
	case 6:
		p.start, p.right, p.down = h-1, h, -1
	case 7:
		p.start, p.right, p.down = w*h-1, -h, -1
	case 8:
		p.start, p.right, p.down = h*(w-1), -h, 1
	}
	return p
}

// Row gives where to write n pixels of row y, the first at x and the next dx to the right of it. They are in their places after Place.
func (p *Placer[T]) Row(y, x, dx, n int) []T {
	p.at, p.step = p.start+y*p.down+x*p.right, dx*p.right
	length := n * p.channels
	if p.step == 1 {
		p.line = nil
		return p.dst[p.at*p.channels:][:length]
	}
	if p.scratch == nil {
		p.scratch = make([]T, p.width*p.channels)
	}
	p.line = p.scratch[:length]
	return p.line
}

// Place puts what was written of the row in its places.
func (p *Placer[T]) Place() {
	to, step := p.at*p.channels, p.step*p.channels
	for line := p.line; len(line) > 0; line = line[p.channels:] {
		pixel := p.dst[to : to+p.channels]
		for k := range pixel {
			pixel[k] = line[k]
		}
		to += step
	}
}
