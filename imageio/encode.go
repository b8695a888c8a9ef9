package imageio

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"classsr/budget"
	"classsr/imageio/codec"
	"classsr/imageio/deflate"
	"classsr/imageio/jpeg"
	"classsr/imageio/jpeg/baseline"
	"classsr/imageio/png"
	"classsr/imageio/pnm"
	"classsr/imageio/tiff"
	"classsr/imageio/webp"
	"classsr/metadata"
	"classsr/picture"
)

// EncodeOptions steers NewEncoder and Encode; the zero value is good.
type EncodeOptions struct {
	// Metadata, if not nil, goes into the file, as far as the format holds it. Its profile must be for the channels of the picture.
	Metadata *metadata.Data
	Quality  int // of JPEG, 1..100; 0 means 95
	// PNGLevel is how hard PNG is compressed.
	PNGLevel deflate.Level
	// JPEGTables, if not nil, are the steps of quantisation that JPEG takes in place of a quality's.
	JPEGTables *baseline.Tables
	// Subsampling is how coarsely JPEG stores colours.
	Subsampling baseline.Subsampling
	// Values, if not nil, is Decoded.Values of the picture that was enlarged: a TIFF then has samples of the same type and range.
	Values *codec.Values
	// BigTIFF makes a TIFF a BigTIFF even where it is shorter than 4 GB.
	BigTIFF bool
	// Planes, if not nil, says that the picture is a band of a TIFF that has several.
	Planes  *tiff.Planes
	Threads int // how many strips of rows are compressed at a time, at most 16; 0 means one for each usable core
	// Shared, if not nil, has the cores that each strip waits for. Whoever closes the encoder waits for strips that wait.
	Shared *budget.Budget
}

const defaultQuality = 95

// FormatOf gives the format that the ending of path asks for, in the form that Encode takes: "png", "jpeg", "tiff", "webp", "pnm" or "pam". An ending that
// cannot be written is an error.
func FormatOf(path string) (string, error) {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".png":
		return png.Format.ID, nil
	case ".jpg", ".jpeg":
		return jpeg.Format.ID, nil
	case ".tif", ".tiff":
		return tiff.Format.ID, nil
	case ".webp":
		return webp.Format.ID, nil
	case ".ppm", ".pgm", ".pnm":
		return pnm.Format.ID, nil
	case ".pam":
		return pnm.PAM.ID, nil
	case "":
		return "", codec.Unsupported("its name has no ending that says its format: use .png, .jpg, .tif, .webp, .ppm or .pam")
	default:
		return "", codec.Unsupported("%s files cannot be written: use .png, .jpg, .tif, .webp, .ppm or .pam", ending)
	}
}

// ReadAs gives the Config.Format of files of a format that Encode takes.
func ReadAs(format string) string {
	if format == pnm.PAM.ID {
		return pnm.Format.ID
	}
	return format
}

// Lost says in a short sentence what of a picture of c's form and of its metadata, which may be nil, the format cannot keep; "" if it keeps
// all.
func Lost(c picture.Config, m *metadata.Data, format string) string {
	o := outputs[format]
	var lost []string
	if c.Alpha && !o.alpha {
		lost = append(lost, "transparency")
	}
	if c.Depth > o.depth {
		lost = append(lost, fmt.Sprintf("more than %d bits a sample", o.depth))
	}
	if m != nil && m.Geo != nil && format != tiff.Format.ID {
		lost = append(lost, "map coordinates")
	}
	if m != nil && o.lost != nil {
		lost = append(lost, o.lost(m)...)
	}
	if len(lost) == 0 {
		return ""
	}
	return o.name + " does not hold " + inWords(lost)
}

// inWords joins names as people do: a, b and c.
func inWords(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// NewEncoder returns a sink that takes the rows of a picture of c's form, from top to bottom, and writes them to w in the format "png",
// "jpeg", "tiff", "webp", "pnm" or "pam". TIFF keeps all that a Picture holds, and is written only to what is an io.WriterAt, too; PNG rounds
// floating point to 16 bits; WebP rounds to 8 bits, and JPEG does so and leaves alpha out (Lost tells). The bytes depend neither on the number
// of threads nor on the heights of bands. It returns an error if CheckOutput does, or if the quality is out of range.
//
// Rows are compressed on other goroutines while further ones are taken. Only WriteRows and Close write to w, some rows later or, in WebP, after the last one: the errors of w
// come from a later call. NewEncoder panics if no picture can have this form, WriteRows if a band has another form, or more rows than are
// missing. Close must be called in any case; it waits until all goroutines have ended, and gives the error of WriteRows again, if there was
// one. If rows are missing it returns an error, and what was written does not look like a complete file. A panic on another goroutine is
// passed on by WriteRows or Close, as a *par.Panic.
func NewEncoder(w io.Writer, c picture.Config, format string, o EncodeOptions) (picture.RowSink, error) {
	if err := CheckOutput(format, c); err != nil {
		return nil, err
	}
	if c.Width < 1 || c.Height < 1 || c.Colors != 1 && c.Colors != 3 || c.Depth != 8 && c.Depth != 16 && c.Depth != 32 {
		panic("imageio: no picture has this form")
	}
	if most := outputs[format].depth; c.Depth == 32 && most < 32 {
		return newReducing(w, c, most, format, o)
	}
	return outputs[format].encoder(w, c, o)
}

// EncoderBytes gives an upper bound of the memory, in bytes, that NewEncoder's sink holds for a picture of c's form with these
// options. Pictures that cannot be compressed come near to it; a photograph took three quarters of it as PNG, a third as JPEG. WebP
// keeps the compressed picture until it is complete.
// CheckOutput must not refuse the format and c.
func EncoderBytes(c picture.Config, format string, o EncodeOptions) int64 {
	reducing := int64(0)
	if most := outputs[format].depth; c.Depth == 32 && most < 32 {
		reducing, c.Depth = reducingBytes(c, most), most
	}
	planes := int64(0)
	if o.Planes != nil {
		planes = o.Planes.Bytes(c)
	}
	return reducing + planes + outputs[format].layout(c, o).Bytes(o.Threads)
}

// Encode writes p to w, as NewEncoder's sink does, and returns an error if NewEncoder does, or if w fails.
func Encode(w io.Writer, p *picture.Picture, format string, o EncodeOptions) error {
	p.Check()
	encoder, err := NewEncoder(w, p.Config(), format, o)
	if err != nil {
		return err
	}
	return picture.Copy(encoder, p.Rows(p.Height))
}

// Formats that others speak of: PNG keeps all that most pictures hold, TIFF any number of bands, too.
const (
	PNG  = "png"
	TIFF = "tiff"
)
