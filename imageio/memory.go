package imageio

import (
	"github.com/dustin/go-humanize"

	"classsr/fault"
)

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

// needs is the memory that decoding the pixels takes, in bytes, beside what is held of the file.
type needs struct {
	decoder int64 // at most, while the decoder of the format runs: its image and all that it works with
	image   int64 // the image that it leaves; 0 if it makes the picture itself
	inPlace bool  // the image becomes the picture, in its own memory, unless it must be turned
	// file is how long the file is expected to be after the headers, if it comes through a pipe.
	file int64
}

// muchGarbage is collected at once.
const muchGarbage = 4 << 20

// leaves reports whether the decoder leaves so much garbage that it is collected before the picture is made of its image.
func (n needs) leaves() bool { return n.decoder-n.image > muchGarbage }

// garbage is what the decoder leaves that is not collected.
func (n needs) garbage() int64 {
	if n.leaves() {
		return 0
	}
	return n.decoder - n.image
}

// buffers is what small things take: windows on the file, buffers and tables of decoders.
const buffers = 320 << 10

// memory is the most that decoding holds at a time, and what the picture keeps.
func (c *container) memory() (most, kept int64) {
	n := c.needs
	kept = c.pictureBytes()
	converting := int64(0)
	if n.image > 0 {
		converting = n.image + n.garbage()
		if n.inPlace && c.orientation <= 1 {
			kept = n.image
		} else {
			converting += kept
		}
	}
	held := c.src.held
	if c.src.pipe != nil {
		held = roundUp(max(held, c.headerEnd+n.file), pipeBlock)
	}
	return held + max(n.decoder, converting) + buffers, kept
}

// pictureBytes is what the samples of the picture take.
func (c *container) pictureBytes() int64 {
	channels := int64(c.colors)
	if c.alpha {
		channels++
	}
	return c.area() * channels * int64(c.depth/8)
}

// area is the number of pixels, as far as it can be reckoned with.
func (c *container) area() int64 { return min(int64(c.width)*int64(c.height), 1<<50) }

func roundUp(n, multiple int64) int64 { return (n + multiple - 1) / multiple * multiple }

const (
	// pixelBytes is what a pixel takes uncompressed at most: four samples of 16 bits.
	pixelBytes = 8
	// metadataRoom is how much longer a file may be than its pixels uncompressed.
	metadataRoom = 64 << 20
	// pipeRoom is the same for one that comes through a pipe, since that lies in memory.
	pipeRoom = 16 << 20
)

// room is how much of the file may be metadata.
func (s *source) room() int64 {
	if s.pipe != nil {
		return pipeRoom
	}
	return metadataRoom
}

// plausible is a length that no file of this size reaches.
func (c *container) plausible() int64 {
	if c.src.pipe != nil {
		return c.headerEnd + 2*c.needs.file + c.src.room()
	}
	return c.headerEnd + pixelBytes*c.area() + c.src.room()
}

// maxBytes is the longest file that is read.
func (l Limits) maxBytes() int64 {
	most := pixelBytes*min(l.maxPixels(), 1<<50) + metadataRoom
	if l.MaxBytes > 0 {
		most = min(most, l.MaxBytes)
	}
	return most
}

func errTooLong(most int64) error {
	return fault.New(fault.TooLarge, "the file is larger than the %s that may be read: allow more memory", humanize.Bytes(uint64(most)))
}
