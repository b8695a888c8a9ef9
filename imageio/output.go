package imageio

import (
	"io"
	"math"

	"classsr/imageio/codec"
	"classsr/imageio/jpeg"
	"classsr/imageio/png"
	"classsr/imageio/pnm"
	"classsr/imageio/strips"
	"classsr/imageio/tiff"
	"classsr/imageio/webp"
	"classsr/metadata"
	"classsr/picture"
)

// outputs lists the formats that are written, with the limits of each.
var outputs = map[string]struct {
	name    string // as people write it
	maxSide int    // pixels
	maxRow  int    // bytes of a row of pixels
	instead string // what to do about a picture that it cannot hold
	alpha   bool   // whether it holds transparency
	depth   int    // the most bits a sample
	// lost names what of metadata it does not hold; nil if it holds all.
	lost    func(*metadata.Data) []string
	encoder func(io.Writer, picture.Config, EncodeOptions) (picture.RowSink, error)
	layout  func(picture.Config, EncodeOptions) strips.Layout
}{
	png.Format.ID:  {"PNG", math.MaxInt32, math.MaxInt32 / 2, "cut the picture into parts", true, 16, nil, encodePNG, layoutPNG},
	jpeg.Format.ID: {"JPEG", maxJPEGSide, math.MaxInt32, "write PNG instead", false, 8, jpeg.Lost, encodeJPEG, layoutJPEG},
	pnm.Format.ID:  {"PNM", math.MaxInt32, math.MaxInt32, "cut the picture into parts", false, 16, pnm.Lost, encodePNM, layoutPNM},
	pnm.PAM.ID:     {"PAM", math.MaxInt32, math.MaxInt32, "cut the picture into parts", true, 16, pnm.Lost, encodePAM, layoutPNM},
	webp.Format.ID: {"WebP", webp.MaxSide, math.MaxInt32, "write PNG or TIFF instead", true, 8, webp.Lost, encodeWebP, layoutWebP},
	tiff.Format.ID: {"TIFF", math.MaxInt32, math.MaxInt32 / 2, "cut the picture into parts", true, 32, tiff.Lost, encodeTIFF, layoutTIFF},
}

// maxJPEGSide is what libjpeg reads, and with it most programs. The format itself ends at 65535.
const maxJPEGSide = 65500

// CheckOutput gives the error of Encode about the format, or about a picture of c's size, colours, alpha and depth that it cannot hold, so
// that nothing need be computed in vain; nil if there is none. The errors are of kind fault.Unsupported.
func CheckOutput(format string, c picture.Config) error {
	o, ok := outputs[format]
	if !ok {
		return codec.Unsupported("cannot write format %q: use png, jpeg, tiff, webp, pnm or pam", format)
	}
	if c.Width > o.maxSide || c.Height > o.maxSide {
		return codec.Unsupported("%s cannot store %dx%d pixels, at most %d a side: %s", o.name, c.Width, c.Height, o.maxSide, o.instead)
	}
	if most := o.maxRow / max(1, c.Channels()*c.Depth/8); c.Width > most {
		return codec.Unsupported("%s cannot store %dx%d pixels, at most %d in a row: %s", o.name, c.Width, c.Height, most, o.instead)
	}
	return nil
}

// HoldsAlpha reports whether a format that is written holds transparency.
func HoldsAlpha(format string) bool { return outputs[format].alpha }

func encodePNG(w io.Writer, c picture.Config, o EncodeOptions) (picture.RowSink, error) {
	return png.NewEncoder(w, c, png.EncodeOptions{Level: o.PNGLevel, Metadata: o.Metadata}, o.strips()), nil
}

func encodeJPEG(w io.Writer, c picture.Config, o EncodeOptions) (picture.RowSink, error) {
	quality := o.Quality
	if quality == 0 {
		quality = defaultQuality
	}
	return jpeg.NewEncoder(w, c, jpeg.EncodeOptions{Quality: quality, Tables: o.JPEGTables, Subsampling: o.Subsampling, Metadata: o.Metadata}, o.strips())
}

func layoutPNG(c picture.Config, _ EncodeOptions) strips.Layout { return png.Layout(c) }

func layoutJPEG(c picture.Config, o EncodeOptions) strips.Layout {
	return jpeg.Layout(c, o.Subsampling)
}

func encodeTIFF(w io.Writer, c picture.Config, o EncodeOptions) (picture.RowSink, error) {
	return tiff.NewEncoder(w, c, tiff.Options{Metadata: o.Metadata, Values: o.Values, Big: o.BigTIFF, Planes: o.Planes, Options: o.strips()})
}

func encodeWebP(w io.Writer, c picture.Config, o EncodeOptions) (picture.RowSink, error) {
	return webp.NewEncoder(w, c, o.Metadata, o.strips()), nil
}

func encodePNM(w io.Writer, c picture.Config, _ EncodeOptions) (picture.RowSink, error) {
	return pnm.NewEncoder(w, c, false), nil
}

func encodePAM(w io.Writer, c picture.Config, _ EncodeOptions) (picture.RowSink, error) {
	return pnm.NewEncoder(w, c, true), nil
}

func layoutWebP(c picture.Config, _ EncodeOptions) strips.Layout { return webp.Layout(c) }

func layoutPNM(c picture.Config, _ EncodeOptions) strips.Layout { return pnm.Layout(c) }

func layoutTIFF(c picture.Config, _ EncodeOptions) strips.Layout { return tiff.Layout(c) }

func (o EncodeOptions) strips() strips.Options {
	return strips.Options{Threads: o.Threads, Shared: o.Shared}
}
