package imageio

import (
	"io"
	"math"

	"classsr/picture"
)

// outputs lists the formats that are written, with the limits of each.
var outputs = map[string]struct {
	name    string // as people write it
	maxSide int    // pixels
	maxRow  int    // bytes of a row of pixels
	instead string // what to do about a picture that it cannot hold
	encoder func(io.Writer, picture.Config, EncodeOptions) (picture.RowSink, error)
	layout  func(picture.Config) stripLayout
}{
	formatPNG:  {"PNG", math.MaxInt32, math.MaxInt32 / 2, "cut the picture into parts", newPNG, pngLayout},
	formatJPEG: {"JPEG", maxJPEGSide, math.MaxInt32, "write PNG instead", newJPEG, jpegLayout},
}

// maxJPEGSide is what libjpeg reads, and with it most programs. The format itself ends at 65535.
const maxJPEGSide = 65500

// CheckOutput gives the error of Encode about the format, or about a picture of c's size, colours, alpha and depth that it cannot hold, so
// that nothing need be computed in vain; nil if there is none. The errors are of kind fault.Unsupported.
func CheckOutput(format string, c picture.Config) error {
	o, ok := outputs[format]
	if !ok {
		return unsupported("cannot write format %q: use png or jpeg", format)
	}
	if c.Width > o.maxSide || c.Height > o.maxSide {
		return unsupported("%s cannot store %dx%d pixels, at most %d a side: %s", o.name, c.Width, c.Height, o.maxSide, o.instead)
	}
	if most := o.maxRow / max(1, c.Channels()*c.Depth/8); c.Width > most {
		return unsupported("%s cannot store %dx%d pixels, at most %d in a row: %s", o.name, c.Width, c.Height, most, o.instead)
	}
	return nil
}
