package imageio

import (
	"encoding/binary"
	"image"
	"image/color"

	"classsr/picture"
)

// convert gives the pixels of a decoded image the channels that the file has: image/png, for instance, turns gray with
// alpha into red, green, blue and alpha. The image's memory may become the picture's. It panics where image and header
// disagree on the channels, which only damaged data brings about.
func (c *container) convert(img image.Image) *picture.Picture {
	p := &picture.Picture{Width: c.width, Height: c.height, Colors: c.colors, Alpha: c.alpha}
	switch m := img.(type) {
	case *image.Gray:
		take8(p, m.Pix, m.Stride, 1)
	case *image.Gray16:
		take16(p, m.Pix, m.Stride, 1)
	case *image.RGBA:
		if p.Alpha {
			straighten8(m.Pix)
		}
		take8(p, m.Pix, m.Stride, 4)
	case *image.NRGBA:
		// WebP's flag that there is alpha is only a hint.
		p.Alpha = p.Alpha || !m.Opaque()
		take8(p, m.Pix, m.Stride, 4)
	case *image.RGBA64:
		if p.Alpha {
			straighten16(m.Pix)
		}
		take16(p, m.Pix, m.Stride, 4)
	case *image.NRGBA64:
		take16(p, m.Pix, m.Stride, 4)
	case *image.CMYK:
		cmykToRGB(m.Pix)
		take8(p, m.Pix, m.Stride, 4)
	case *image.Paletted:
		takePaletted(p, m)
	case *image.YCbCr:
		takeYCbCr(p, m, c.matrix())
	case *image.NYCbCrA:
		p.Alpha = true
		takeYCbCr(p, &m.YCbCr, c.matrix())
		takeAlpha(p, m.A, m.AStride)
	default:
		takeAny(p, img)
	}
	return p
}

// places lists where the picture's channels lie in a decoded pixel of step samples: gray alone, or red, green, blue and
// alpha, where red is the gray of a gray pixel.
func places(p *picture.Picture, step int) []int {
	places := []int{0, 1, 2}[:p.Colors]
	if p.Alpha {
		places = append(places, 3)
	}
	if len(places) > step {
		panic("imageio: a decoded pixel has fewer channels than the file's header says")
	}
	return places
}

// take8 makes Pix8 of rows of pixels of step samples. It works in place, since no sample moves to a higher index.
func take8(p *picture.Picture, pix []uint8, stride, step int) {
	places := places(p, step)
	p.Depth = 8
	to := 0
	for y := range p.Height {
		row := pix[y*stride:][:p.Width*step]
		if step == len(places) {
			to += copy(pix[to:], row)
			continue
		}
		for ; len(row) >= step; row = row[step:] {
			for k, place := range places {
				pix[to+k] = row[place]
			}
			to += len(places)
		}
	}
	p.Pix8 = pix[:to:to]
}

// take16 makes Pix16 of rows of pixels of step big-endian samples.
func take16(p *picture.Picture, pix []uint8, stride, step int) {
	places := places(p, step)
	p.Depth = 16
	p.Pix16 = make([]uint16, p.Width*p.Height*len(places))
	to := 0
	for y := range p.Height {
		for row := pix[y*stride:][:p.Width*step*2]; len(row) >= step*2; row = row[step*2:] {
			for k, place := range places {
				p.Pix16[to+k] = binary.BigEndian.Uint16(row[2*place:])
			}
			to += len(places)
		}
	}
}

// takePaletted makes Pix8 of palette indices.
func takePaletted(p *picture.Picture, m *image.Paletted) {
	places := places(p, 4)
	p.Depth = 8
	p.Pix8 = make([]uint8, p.Width*p.Height*len(places))
	// An index beyond the palette is black, as in image/png.
	var table [256][4]uint8
	for i := range table {
		table[i] = [4]uint8{3: 0xff}
		if i < len(m.Palette) {
			v := color.NRGBAModel.Convert(m.Palette[i]).(color.NRGBA)
			table[i] = [4]uint8{v.R, v.G, v.B, v.A}
		}
	}
	to := 0
	for y := range p.Height {
		for _, index := range m.Pix[y*m.Stride:][:p.Width] {
			for k, place := range places {
				p.Pix8[to+k] = table[index][place]
			}
			to += len(places)
		}
	}
}

// takeAlpha fills the last channel of Pix8.
func takeAlpha(p *picture.Picture, alpha []uint8, stride int) {
	step := p.Channels()
	at := step - 1
	for y := range p.Height {
		for _, v := range alpha[y*stride:][:p.Width] {
			p.Pix8[at] = v
			at += step
		}
	}
}

// takeAny reads a kind of image that no decoder in use gives today, pixel by pixel.
func takeAny(p *picture.Picture, img image.Image) {
	p.Colors, p.Alpha = 3, true
	pix := make([]uint8, 0, 4*p.Width*p.Height)
	for y := range p.Height {
		for x := range p.Width {
			v := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			pix = append(pix, v.R, v.G, v.B, v.A)
		}
	}
	take8(p, pix, 4*p.Width, 4)
}

// straighten8 divides the colours of pixels of red, green, blue, alpha by the alpha that they were multiplied with.
func straighten8(pix []uint8) {
	for ; len(pix) >= 4; pix = pix[4:] {
		if a := uint32(pix[3]); a != 0 && a != 0xff {
			for k := range 3 {
				pix[k] = uint8(min(0xff, (uint32(pix[k])*0xff+a/2)/a))
			}
		}
	}
}

// straighten16 does the same for big-endian samples of 16 bits.
func straighten16(pix []uint8) {
	for ; len(pix) >= 8; pix = pix[8:] {
		if a := uint32(binary.BigEndian.Uint16(pix[6:])); a != 0 && a != 0xffff {
			for k := 0; k < 6; k += 2 {
				v := uint32(binary.BigEndian.Uint16(pix[k:]))
				binary.BigEndian.PutUint16(pix[k:], uint16(min(0xffff, (v*0xffff+a/2)/a)))
			}
		}
	}
}

// cmykToRGB turns pixels of cyan, magenta, yellow, black into red, green, blue and a byte without meaning.
func cmykToRGB(pix []uint8) {
	for ; len(pix) >= 4; pix = pix[4:] {
		pix[0], pix[1], pix[2] = color.CMYKToRGB(pix[0], pix[1], pix[2], pix[3])
	}
}
