package imageio

import (
	"image"
	"image/jpeg"
	"io"
	"path/filepath"
	"strings"

	"classsr/fault"
	"classsr/picture"
)

// EncodeOptions steers Encode; the zero value is good.
type EncodeOptions struct {
	Quality int // of JPEG, 1..100; 0 means 95
	Threads int // that compress PNG; 0 means one for each usable core
}

const defaultQuality = 95

// FormatOf gives the format that the ending of path asks for, in the form that Encode takes: "png" or "jpeg". An ending that
// cannot be written is an error.
func FormatOf(path string) (string, error) {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".png":
		return formatPNG, nil
	case ".jpg", ".jpeg":
		return formatJPEG, nil
	case "":
		return "", unsupported("its name has no ending that says its format: use .png, .jpg or .jpeg")
	default:
		return "", unsupported("%s files cannot be written: use .png, .jpg or .jpeg", ending)
	}
}

// Lost tells what of p the format ("png" or "jpeg") cannot keep: one short sentence each, none if all is kept.
func Lost(p *picture.Picture, format string) []string {
	var notes []string
	if format == formatJPEG {
		if p.Alpha {
			notes = append(notes, "transparency is not kept: JPEG cannot store it")
		}
		if p.Depth == 16 {
			notes = append(notes, "samples are reduced from 16 to 8 bits: JPEG cannot store more")
		}
	}
	return notes
}

// Encode writes p to w in the format "png" or "jpeg" and returns Lost's notes. PNG keeps all that a Picture holds, and its
// bytes do not depend on the number of threads; JPEG leaves alpha out and rounds 16 bits to 8. It returns an error if
// CheckOutput does, if the quality is out of range, or if w fails.
func Encode(w io.Writer, p *picture.Picture, format string, o EncodeOptions) (notes []string, err error) {
	checkSamples(p)
	if err := CheckOutput(format, p.Config()); err != nil {
		return nil, err
	}
	if err := outputs[format].encode(w, p, o); err != nil {
		return nil, err
	}
	return Lost(p, format), nil
}

// checkSamples panics where a picture was not made as New makes it.
func checkSamples(p *picture.Picture) {
	n := p.Width * p.Height * p.Channels()
	if n <= 0 || p.Depth == 8 && len(p.Pix8) != n || p.Depth == 16 && len(p.Pix16) != n {
		panic("imageio: the picture does not hold the samples that its size asks for")
	}
}

func encodeJPEG(w io.Writer, p *picture.Picture, o EncodeOptions) error {
	quality := o.Quality
	if quality == 0 {
		quality = defaultQuality
	}
	if quality < 1 || quality > 100 {
		return fault.New(fault.Usage, "the JPEG quality must be 1 to 100")
	}
	return jpeg.Encode(w, opaque8(p), &jpeg.Options{Quality: quality})
}

// opaque8 gives the picture without alpha at 8 bits, in one of the two kinds of image that image/jpeg writes fast.
func opaque8(p *picture.Picture) image.Image {
	if p.Colors == 1 {
		gray := &image.Gray{Pix: p.Pix8, Stride: p.Width, Rect: p.Bounds()}
		if p.Depth == 16 || p.Alpha {
			gray.Pix = make([]uint8, p.Width*p.Height)
			spread8(p, gray.Pix, 1)
		}
		return gray
	}
	rgba := image.NewRGBA(p.Bounds())
	spread8(p, rgba.Pix, 4)
	return rgba
}

// spread8 writes the colours at 8 bits to pixels of dst that are step samples apart.
func spread8(p *picture.Picture, dst []uint8, step int) {
	channels := p.Channels()
	at := 0
	for to := 0; to < len(dst); to += step {
		for k := range p.Colors {
			if p.Depth == 8 {
				dst[to+k] = p.Pix8[at+k]
			} else {
				// v/257 is 255*v/65535; half of 257 is never met, so this rounds to the nearest.
				dst[to+k] = uint8((uint32(p.Pix16[at+k]) + 128) / 257)
			}
		}
		at += channels
	}
}

// PNG is the format that keeps all that a picture holds.
const PNG = formatPNG
