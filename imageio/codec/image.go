package codec

import (
	"fmt"
	"image"
	"image/color"

	"classsr/icc"
	"classsr/picture"
)

// Take makes the upright picture of an image of the declared size that a decoder gave. Its memory may become the picture's if that is asked for
// with Needs.InPlace; else it is the caller's again.
func (f *File) Take(img image.Image) *picture.Picture { return f.convert(img) }

// convert gives the pixels of a decoded image the channels that the file has, turned upright: the decoder of lossless WebP, for instance,
// always gives red, green, blue and alpha. The image's memory may become the picture's. It panics where image and header disagree on the
// channels, which only damaged data brings about.
func (f *File) convert(img image.Image) *picture.Picture {
	p := &picture.Picture{Width: f.Width, Height: f.Height, Colors: f.Colors, Alpha: f.Alpha}
	switch m := img.(type) {
	case *image.YCbCr:
		return f.takeYCbCr(m, nil, 0)
	case *image.NYCbCrA:
		return f.takeYCbCr(&m.YCbCr, m.A, m.AStride)
	case *image.Gray:
		take8(p, m.Pix, m.Stride, 1)
	case *image.RGBA:
		take8(p, m.Pix, m.Stride, 4)
	case *image.NRGBA:
		// WebP's flag that there is alpha is only a hint.
		p.Alpha = p.Alpha || !m.Opaque()
		take8(p, m.Pix, m.Stride, 4)
	case *image.CMYK:
		f.CMYKToRGB(m.Pix)
		take8(p, m.Pix, m.Stride, 4)
	default:
		takeAny(p, img)
	}
	return upright(p, f.Orientation)
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

// CMYKToRGB turns pixels of cyan, magenta, yellow and black (255 is full ink) into red, green, blue and a byte without meaning, in place: by
// the file's profile, to sRGB, or by a rule of thumb if there is none that can be used.
func (f *File) CMYKToRGB(pixels []uint8) { f.CMYKConversion()(pixels) }

// CMYKConversion makes CMYKToRGB for many calls.
func (f *File) CMYKConversion() func(pixels []uint8) {
	var conversion *icc.Conversion
	if profile := f.Metadata.Color.ICC; icc.Space(profile) == icc.CMYK {
		var err error
		if conversion, err = icc.NewConversion(profile); err != nil {
			f.noteRule(err)
		}
	} else {
		f.Note("CMYK colours are converted to RGB by a rule of thumb: there is no colour profile for them")
	}
	return func(pixels []uint8) {
		if conversion != nil {
			err := conversion.CMYK(pixels)
			if err == nil {
				return
			}
			f.noteRule(err)
		}
		for ; len(pixels) >= 4; pixels = pixels[4:] {
			pixels[0], pixels[1], pixels[2] = color.CMYKToRGB(pixels[0], pixels[1], pixels[2], pixels[3])
		}
	}
}

func (f *File) noteRule(err error) {
	f.Note(fmt.Sprintf("CMYK colours are converted to RGB by a rule of thumb: %v", err))
}
