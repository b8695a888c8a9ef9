package imageio

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"slices"

	"classsr/picture"

	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"classsr/fault"
)

const (
	formatPNG  = "png"
	formatJPEG = "jpeg"
	formatWebP = "webp"
	formatTIFF = "tiff"
)

// container is what the structure of a file says, learnt before a pixel is decoded. The decoders of other packages show
// only pixels and trust the sizes they read; so each format is scanned here first, for what the file declares, for what it
// holds beside the pixels, and for whether its data can hold that many pixels at all.
type container struct {
	format        string
	width, height int // as stored
	colors        int // as in Picture
	alpha         bool
	depth         int
	orientation   int      // EXIF's 1..8
	notes         []string // things of the file that are not kept

	// complete says that the picture's end was found. A TIFF has none.
	complete bool
	// tooShort says that the compressed data cannot hold a picture of the declared size, however well it compresses.
	tooShort bool
}

// formats lists what scans a format's structure and what decodes its pixels.
var formats = map[string]struct {
	name   string // as people write it
	scan   func(c *container, data []byte) error
	look   func(c *container, data []byte) error // scan for a file's beginning, where it differs
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}{
	formatPNG:  {"PNG", scanPNG, nil, png.DecodeConfig, png.Decode},
	formatJPEG: {"JPEG", scanJPEG, nil, jpeg.DecodeConfig, jpeg.Decode},
	formatWebP: {"WebP", scanWebP, nil, webp.DecodeConfig, webp.Decode},
	formatTIFF: {"TIFF", scanTIFF, lookTIFF, tiff.DecodeConfig, tiff.Decode},
}

// newContainer recognises the format.
func newContainer(data []byte) (*container, error) {
	format, err := sniff(data)
	if err != nil {
		return nil, err
	}
	return &container{format: format, orientation: 1, depth: 8}, nil
}

// scan reads the structure of a file.
func scan(data []byte) (*container, error) {
	c, err := newContainer(data)
	if err != nil {
		return nil, err
	}
	if err := formats[c.format].scan(c, data); err != nil {
		return nil, c.damaged(err)
	}
	if c.width <= 0 || c.height <= 0 {
		return nil, c.damaged(errNoSize)
	}
	return c, nil
}

var errNoSize = errors.New("it does not say how large it is")

// check refuses sizes that are too large to be allowed or too large to be true.
func (c *container) check(limits Limits) error {
	if err := c.checkPixels(limits); err != nil {
		return err
	}
	if c.tooShort {
		return c.damaged(fmt.Errorf("its data is too short for %dx%d pixels", c.width, c.height))
	}
	return nil
}

func (c *container) checkPixels(limits Limits) error {
	// Sizes come from fields of at most 32 bits, so that the product may overflow.
	if limit := limits.maxPixels(); int64(c.width) > limit/int64(c.height) {
		return fault.New(fault.TooLarge, "%dx%d pixels are more than the limit of %d pixels", c.width, c.height, limit)
	}
	return nil
}

// pixels decodes the picture as stored. The decoders know nothing of check's bounds, so the size they would allocate is
// compared before they do; and a panic of theirs, which only damaged data can cause, becomes an error.
func (c *container) pixels(data []byte) (p *picture.Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, c.damaged(errors.New("its data cannot be decoded"))
		}
	}()
	format := formats[c.format]
	config, err := format.config(bytes.NewReader(data))
	if err != nil {
		return nil, c.damaged(err)
	}
	if config.Width != c.width || config.Height != c.height {
		return nil, c.damaged(errors.New("it declares two different sizes"))
	}
	img, err := format.decode(bytes.NewReader(data))
	if err != nil {
		return nil, c.damaged(err)
	}
	if img.Bounds() != image.Rect(0, 0, c.width, c.height) {
		return nil, c.damaged(errors.New("its pixels do not have the declared size"))
	}
	return c.convert(img), nil
}

// damaged names the format in an error about the file, and gives the error a kind. Decoders of other packages do not always tell what is
// damaged from what they do not know.
func (c *container) damaged(err error) error {
	name := formats[c.format].name
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(fault.Damaged, "damaged %s: it ends too early", name)
	}
	if isUnsupported(err) {
		return fault.New(fault.Unsupported, "unsupported %s: %w", name, err)
	}
	return fault.New(fault.Damaged, "damaged or unsupported %s: %w", name, err)
}

func isUnsupported(err error) bool {
	var (
		inPNG  png.UnsupportedError
		inJPEG jpeg.UnsupportedError
		inTIFF tiff.UnsupportedError
	)
	return fault.KindOf(err) == fault.Unsupported || errors.As(err, &inPNG) || errors.As(err, &inJPEG) || errors.As(err, &inTIFF)
}

// unsupported is an error about a form that is known and not read.
func unsupported(format string, args ...any) error {
	return fault.New(fault.Unsupported, format, args...)
}

// note adds a sentence to the notes once.
func (c *container) note(sentence string) {
	if !slices.Contains(c.notes, sentence) {
		c.notes = append(c.notes, sentence)
	}
}

// The sentences of things that several formats hold.
const (
	noteEXIF       = "camera metadata (EXIF) is not kept"
	noteXMP        = "metadata (XMP) is not kept"
	noteIPTC       = "caption metadata (IPTC) is not kept"
	noteText       = "text comments are not kept"
	noteResolution = "the physical resolution (dpi) is not kept"
	noteAnimation  = "the animation is not kept: only the still picture is read"
)
