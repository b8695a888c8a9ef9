package imageio

import (
	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/imageio/codec"
)

// DefaultMaxPixels is the largest picture that is read unless Limits says otherwise: 2^30 pixels.
const DefaultMaxPixels = 1 << 30

// Options is what is wanted of a file beside its picture as it is.
type Options = codec.Options

// Range is a range of samples, as they are in a file.
type Range = codec.Range

// Limits bounds what Decode accepts. Zero is a good choice for every field.
type Limits struct {
	MaxPixels int64 // width times height; 0 means DefaultMaxPixels
	// MaxBytes is the longest file that is accepted, in bytes; 0 means what MaxPixels take uncompressed.
	MaxBytes int64
	// Options is what is wanted of a file beside its picture: another page, other bands, another range of samples.
	Options Options
	// Accept, if not nil, is called when the headers are read, before anything else of the file is; if it returns an error, that is the
	// result. In rare files what comes later changes what the headers said, as that the picture lies on its side, or the quality of a JPEG; then
	// Accept is asked again before the pixels are decoded.
	Accept func(Config) error
}

func (l Limits) maxPixels() int64 {
	if l.MaxPixels <= 0 {
		return DefaultMaxPixels
	}
	return l.MaxPixels
}

// checkPixels refuses sizes that are too large to be allowed.
func (l Limits) checkPixels(f *codec.File) error {
	// Sizes come from fields of at most 32 bits, so that the product may overflow.
	if limit := l.maxPixels(); int64(f.Width) > limit/int64(f.Height) {
		return fault.New(fault.TooLarge, "%dx%d pixels are more than the limit of %d pixels", f.Width, f.Height, limit)
	}
	return nil
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

// notAccepted is an error of Limits.Accept: the picture could be read, but not be used.
type notAccepted struct{ error }

func (n notAccepted) Unwrap() error { return n.error }

// Within makes a Limits.Accept that refuses pictures which take more memory than allowed, with errors of kind fault.TooLarge: as long as they
// are decoded, or afterwards, when work tells how much is held at a time, the decoded picture (its PictureBytes) included. A nil work stands
// for just that.
func Within(allowed int64, work func(Config) int64) func(Config) error {
	return func(c Config) error {
		need, what := c.DecodeBytes, "decoding it"
		if work != nil {
			if n := work(c); n > need {
				need, what = n, "the work on it"
			}
		}
		if need > allowed {
			return fault.New(fault.TooLarge, "a picture of %dx%d pixels: %s takes %s of memory, and only %s may be used: allow more, or use a smaller picture",
				c.Width, c.Height, what, humanize.Bytes(uint64(need)), humanize.Bytes(uint64(max(allowed, 0))))
		}
		return nil
	}
}

// maxBytes is the longest file that is read.
func (l Limits) maxBytes() int64 {
	most := codec.PixelBytes*min(l.maxPixels(), 1<<50) + codec.MetadataRoom
	if l.MaxBytes > 0 {
		most = min(most, l.MaxBytes)
	}
	return most
}
