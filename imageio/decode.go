// Package imageio reads the pictures people have (PNG, JPEG, WebP, TIFF) and writes the enlarged ones (PNG, JPEG).
//
// Decode or DecodeFile gives a picture.Picture, which keeps what matters for enlarging: every pixel, gray as gray, straight alpha,
// 8 or 16 bits a sample, turned upright as the file's orientation asks. Encode writes one; its PNG is compressed on several cores.
//
// What is not kept (colour profiles, camera metadata, further pages) is never dropped in silence: it is named in short
// notes. Files are taken to be hostile: a damaged or lying one gives a one-line error, no panic and no large allocation.
//
// The package converts no colour spaces beyond what it takes to reach RGB, and does not resize.
package imageio

import (
	"runtime/debug"

	"classsr/picture"
)

// DefaultMaxPixels is the largest picture that is read unless Limits says otherwise: 2^30 pixels.
const DefaultMaxPixels = 1 << 30

// Limits bounds what Decode accepts. Zero is a good choice for every field.
type Limits struct {
	MaxPixels int64 // width times height; 0 means DefaultMaxPixels
	// MaxBytes is the longest file that is accepted, in bytes; 0 means what MaxPixels take uncompressed.
	MaxBytes int64
	// Accept, if not nil, is called when the headers are read, before anything else of the file is; if it returns an error, that is the
	// result. In rare files what comes behind the pixels changes what the headers said, as that the picture lies on its side; then Accept
	// is asked again before the pixels are decoded.
	Accept func(Config) error
}

func (l Limits) maxPixels() int64 {
	if l.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return l.MaxPixels
}

// Decoded is a picture and what was learnt from its file.
type Decoded struct {
	*picture.Picture
	Format string   // "png", "jpeg", "webp" or "tiff"
	Notes  []string // one short sentence for each thing of the file that is not kept
}

// Config describes a picture that was not decoded yet: its format, its form as Decode would give it, after turning upright, and the memory
// that decoding takes.
type Config struct {
	Format string // "png", "jpeg", "webp" or "tiff"
	picture.Config
	// DecodeBytes is the most memory that is held at a time while the picture is decoded, the picture itself, what the decoder works with
	// and bytes of the file that are kept in memory included. How long the file is that comes through a pipe is estimated.
	DecodeBytes int64
	// PictureBytes is what the decoded picture then keeps of that; it may be more than Bytes.
	PictureBytes int64
}

// Decode reads a whole picture; its format is found from its first bytes. Bytes after the picture are ignored. It returns an
// error if the format is unknown, the picture is larger than limits, or the data is damaged, incomplete or of a kind that
// the format's decoder does not know; never a part of a picture.
func Decode(data []byte, limits Limits) (*Decoded, error) { return decode(memorySource(data), limits) }

func decode(s *source, limits Limits) (*Decoded, error) {
	c, err := check(s, limits)
	if err != nil {
		return nil, err
	}
	p, err := c.pixels()
	if err != nil {
		return nil, err
	}
	d := &Decoded{Picture: p, Format: c.format, Notes: c.notes}
	if most, kept := c.memory(); most-kept > muchGarbage {
		debug.FreeOSMemory() // what is done with the picture takes memory too, and this is not to lie beside it
	}
	return d, nil
}

// check does all that comes before the pixels are decoded.
func check(s *source, limits Limits) (*container, error) {
	c, err := open(s)
	if err != nil {
		return nil, err
	}
	if err := c.checkPixels(limits); err != nil {
		return nil, err
	}
	if err := c.checkLength(); err != nil {
		return nil, err
	}
	accepted := c.config()
	if err := limits.accept(accepted); err != nil {
		return nil, err
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	if found := c.config(); !sameForm(found, accepted) {
		if err := limits.accept(found); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (l Limits) accept(c Config) error {
	if l.Accept == nil {
		return nil
	}
	if err := l.Accept(c); err != nil {
		return notAccepted{err}
	}
	return nil
}

// sameForm reports whether nothing has changed that who accepted a picture relies on. How many bytes have come through a pipe is not meant.
func sameForm(found, accepted Config) bool {
	return found.Config == accepted.Config && found.DecodeBytes <= accepted.DecodeBytes
}

// DecodeConfig reads size and format from the structure of a picture without decoding pixels. Data that it accepts may still
// be damaged.
func DecodeConfig(data []byte) (Config, error) {
	c, err := open(memorySource(data))
	if err != nil {
		return Config{}, err
	}
	if err := c.scanner.rest(); err != nil {
		return Config{}, c.damaged(err)
	}
	return c.config(), nil
}

// config is what is known so far.
func (c *container) config() Config {
	w, h := c.width, c.height
	if swapsSides(c.orientation) {
		w, h = h, w
	}
	form := picture.Config{Width: w, Height: h, Colors: c.colors, Alpha: c.alpha, Depth: c.depth}
	found := Config{Format: c.format, Config: form}
	found.DecodeBytes, found.PictureBytes = c.memory()
	return found
}
