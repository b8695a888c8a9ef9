package imageio

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"runtime"
	"slices"

	"github.com/dustin/go-humanize"
	"golang.org/x/image/webp"

	"classsr/fault"
	"classsr/picture"
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
	src           *source
	format        string
	width, height int // as stored
	colors        int // as in Picture
	alpha         bool
	depth         int
	orientation   int      // EXIF's 1..8
	notes         []string // things of the file that are not kept

	scanner   scanner
	headerEnd int64 // what was read for the headers, in the order of the file
	needs     needs
	// tooShort says that the compressed data cannot hold a picture of the declared size, however well it compresses.
	tooShort bool
}

// scanner reads the structure of a file of one format, in two steps.
type scanner interface {
	// header reads no more than it takes to know the picture's form and the memory that its decoding takes. The orientation may come later,
	// and the notes are not complete.
	header() error
	// rest reads on to the picture's end.
	rest() error
}

// formats lists what scans a format's structure and what decodes its pixels, upright.
var formats = map[string]struct {
	name   string // as people write it
	scan   func(c *container) scanner
	decode func(c *container) (*picture.Picture, error)
}{
	formatPNG:  {"PNG", scanPNG, decodePNG},
	formatJPEG: {"JPEG", scanJPEG, decodeWith(jpeg.DecodeConfig, jpeg.Decode)},
	formatWebP: {"WebP", scanWebP, decodeWith(webp.DecodeConfig, webp.Decode)},
	formatTIFF: {"TIFF", scanTIFF, decodeTIFF},
}

// open recognises the format and reads the headers.
func open(s *source) (*container, error) {
	format, err := sniff(s.first)
	if err != nil {
		return nil, err
	}
	c := &container{src: s, format: format, orientation: 1, depth: 8}
	c.scanner = formats[format].scan(c)
	s.allow(s.room(), fmt.Errorf("its headers are longer than %s", humanize.Bytes(uint64(s.room()))))
	if err := c.scanner.header(); err != nil {
		return nil, c.damaged(err)
	}
	if c.width <= 0 || c.height <= 0 {
		return nil, c.damaged(errNoSize)
	}
	return c, nil
}

var errNoSize = errors.New("it does not say how large it is")

// finish reads the rest of the structure, as far as a picture of this size reaches.
func (c *container) finish() error {
	if c.format != formatTIFF { // there may be any number of further pages
		most := c.plausible()
		c.src.allow(most, fmt.Errorf("it continues after %d bytes, more than its picture needs", most))
	}
	if err := c.scanner.rest(); err != nil {
		return c.damaged(err)
	}
	return c.checkLength()
}

// checkPixels refuses sizes that are too large to be allowed.
func (c *container) checkPixels(limits Limits) error {
	// Sizes come from fields of at most 32 bits, so that the product may overflow.
	if limit := limits.maxPixels(); int64(c.width) > limit/int64(c.height) {
		return fault.New(fault.TooLarge, "%dx%d pixels are more than the limit of %d pixels", c.width, c.height, limit)
	}
	return nil
}

// checkLength refuses sizes that are too large to be true.
func (c *container) checkLength() error {
	if c.tooShort {
		return c.damaged(fmt.Errorf("its data is too short for %dx%d pixels", c.width, c.height))
	}
	return nil
}

// pixels decodes the picture and turns it upright. A panic of a decoder, which only damaged data can cause, becomes an error.
func (c *container) pixels() (p *picture.Picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, c.damaged(errors.New("its data cannot be decoded"))
		}
	}()
	if p, err = formats[c.format].decode(c); err != nil {
		return nil, c.damaged(err)
	}
	return p, nil
}

// decodeWith makes a way to decode of another package's. Its decoder knows nothing of the bounds that were checked, so the size that it would
// allocate is compared before it does.
func decodeWith(config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) func(*container) (*picture.Picture, error) {
	return func(c *container) (*picture.Picture, error) {
		found, err := config(c.src.reader(0))
		if err != nil {
			return nil, err
		}
		if found.Width != c.width || found.Height != c.height {
			return nil, errors.New("it declares two different sizes")
		}
		img, err := decode(c.src.reader(0))
		if err != nil {
			return nil, err
		}
		if img.Bounds() != image.Rect(0, 0, c.width, c.height) {
			return nil, errors.New("its pixels do not have the declared size")
		}
		if c.needs.leaves() {
			runtime.GC() // what the decoder worked with is not to lie beside the picture
		}
		return c.convert(img), nil
	}
}

// damaged names the format in an error about the file, and gives the error a kind. Decoders of other packages do not always tell what is
// damaged from what they do not know.
func (c *container) damaged(err error) error {
	if kind := fault.KindOf(err); kind == fault.TooLarge || kind == fault.Unavailable || kind == fault.Damaged {
		return err // it is not about the format
	}
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
	var inJPEG jpeg.UnsupportedError
	return fault.KindOf(err) == fault.Unsupported || errors.As(err, &inJPEG)
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
