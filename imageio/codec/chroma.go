package codec

import (
	"image"
	"math"

	"classsr/internal/kernel"
	"classsr/picture"
)

// JPEG and lossy WebP store brightness (Y) for every pixel and colour difference (Cb, Cr), the chroma, for every second or
// fourth in a row, a column or both. Repeating the chroma leaves steps at coloured edges that enlarging would magnify; so
// it is interpolated where it is halved, with the weights 3/4 and 1/4 that libjpeg and libwebp use.

// ColorMatrix turns Y, Cb, Cr into red, green, blue.
type ColorMatrix kernel.ColourMatrix

var (
	// fullRange is JPEG's: BT.601 with all 256 values in use.
	fullRange = ColorMatrix{0, 65536, 91881, -22554, -46802, 116130}
	// videoRange is WebP's: BT.601 with Y in 16..235 and the chroma in 16..240. golang.org/x/image/webp gives these values
	// as they are, although image.YCbCr promises the full range.
	videoRange = ColorMatrix{16, 76309, 104597, -25675, -53279, 132201}
)

// NewColorMatrix makes one from the shares of red and blue in brightness. Limited says that Y lies in 16..235, chroma in 16..240.
func NewColorMatrix(red, blue float64, limited bool) *ColorMatrix {
	luma, chroma, black := 1.0, 1.0, int32(0)
	if limited {
		luma, chroma, black = 255.0/219, 255.0/224, 16
	}
	green := 1 - red - blue
	fixed := func(v float64) int32 { return int32(math.Round(v * 65536)) }
	return &ColorMatrix{
		black, fixed(luma), fixed(chroma * 2 * (1 - red)), fixed(-chroma * 2 * (1 - blue) * blue / green),
		fixed(-chroma * 2 * (1 - red) * red / green), fixed(chroma * 2 * (1 - blue)),
	}
}

func (f *File) matrix() *ColorMatrix {
	if f.Matrix != nil {
		return f.Matrix
	}
	if f.VideoRange {
		return &videoRange
	}
	return &fullRange
}

// takeYCbCr makes an upright picture of brightness and chroma, and of an alpha channel if there is one.
func (f *File) takeYCbCr(m *image.YCbCr, alpha []uint8, alphaStride int) *picture.Picture {
	if f.Colors != 3 {
		panic("codec: a decoded picture has colours, its header says it has none")
	}
	f.Alpha = f.Alpha || alpha != nil // as the pixels have it
	matrix, p := f.matrix(), f.NewPicture()
	to, step := NewPlacer(f, p.Pix8), p.Channels()
	cb, cr := newChroma(m.Cb, m), newChroma(m.Cr, m)
	for y := range f.Height {
		row := to.Row(y, 0, 1, f.Width)
		matrix.row(row, step, m.Y[y*m.YStride:][:f.Width], cb.row(y), cr.row(y))
		if alpha != nil {
			for x, v := range alpha[y*alphaStride:][:f.Width] {
				row[x*step+3] = v
			}
		}
		to.Place()
	}
	return p
}

// row writes the red, green, blue of one row of pixels, step samples apart.
func (k *ColorMatrix) row(dst []uint8, step int, y, cb, cr []uint8) {
	kernel.RGB(dst, y, cb, cr, (*kernel.ColourMatrix)(k))
	if step == 3 {
		return
	}
	for x := len(y) - 1; x > 0; x-- { // from the last one on, as they move to the right
		copy(dst[x*step:][:3], dst[3*x:])
	}
}

// chroma gives one of the two chroma planes row by row at the picture's size.
type chroma struct {
	pix          []uint8
	stride       int
	w, h         int // samples; decoders pad the plane beyond them with values that are not part of the picture
	across, down int // pixels a sample: 1, 2 or 4, and 1 or 2
	out          []uint8
}

func newChroma(pix []uint8, m *image.YCbCr) *chroma {
	c := &chroma{pix: pix, stride: m.CStride, across: 1, down: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
		c.across = 2
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		c.across = 4
	}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio410:
		c.down = 2
	}
	c.w, c.h = (m.Rect.Dx()+c.across-1)/c.across, (m.Rect.Dy()+c.down-1)/c.down
	c.out = make([]uint8, c.w*c.across)
	return c
}

// row gives the chroma of the pixels of row y, at least as many as the row has; it is valid until the next call.
func (c *chroma) row(y int) []uint8 {
	own := c.samples(y / c.down)
	if c.across == 1 && c.down == 1 {
		return own
	}
	near := own
	if c.down == 2 {
		// An even row of pixels lies in the upper half of its samples, nearer to those above.
		near = c.samples(y/2 - 1 + y%2*2)
	}
	if c.across == 2 {
		kernel.Widen(c.out, own, near)
		return c.out
	}
	for i, v := range own {
		for k := range c.across {
			c.out[i*c.across+k] = uint8((3*int(v) + int(near[i]) + 2) >> 2)
		}
	}
	return c.out
}

// samples is row i of the plane, or the row at its edge.
func (c *chroma) samples(i int) []uint8 {
	i = max(0, min(i, c.h-1))
	return c.pix[i*c.stride:][:c.w]
}
