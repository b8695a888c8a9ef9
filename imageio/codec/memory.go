package codec

import (
	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/icc"
)

// Needs is the memory that decoding the pixels takes, in bytes, beside what is held of the file.
type Needs struct {
	Decoder int64 // at most, while the decoder of the format runs: its image and all that it works with
	Image   int64 // the image that it leaves; 0 if it makes the picture itself
	InPlace bool  // the image becomes the picture, in its own memory, unless it must be turned
	// File is how long the file is expected to be after the headers, if it comes through a pipe.
	File int64
}

// MuchGarbage is collected at once.
const MuchGarbage = 4 << 20

// leaves reports whether the decoder leaves so much garbage that it is collected before the picture is made of its image.
func (n Needs) leaves() bool { return n.Decoder-n.Image > MuchGarbage }

// garbage is what the decoder leaves that is not collected.
func (n Needs) garbage() int64 {
	if n.leaves() {
		return 0
	}
	return n.Decoder - n.Image
}

// buffers is what small things take: windows on the file, buffers and tables of decoders.
const buffers = 320 << 10

// Memory is the most that decoding holds at a time, and what the picture keeps.
func (f *File) Memory() (most, kept int64) {
	n := f.Needs
	kept = f.PictureBytes()
	converting := int64(0)
	if n.Image > 0 {
		converting = n.Image + n.garbage()
		if n.InPlace && f.Orientation <= 1 {
			kept = n.Image
		} else {
			converting += kept
		}
	}
	held := f.Src.held
	if f.Src.pipe != nil {
		held = roundUp(max(held, f.HeaderEnd+n.File), pipeBlock)
	}
	beside := f.Metadata.Bytes()
	if f.FromCMYK {
		converting += icc.TablesBytes(len(f.Metadata.Color.ICC))
	}
	return held + max(n.Decoder, converting) + beside + buffers, kept + beside
}

// PictureBytes is what the samples of the picture take.
func (f *File) PictureBytes() int64 {
	channels := int64(f.Colors)
	if f.Alpha {
		channels++
	}
	return f.Area() * channels * int64(f.Depth/8)
}

// Area is the number of pixels, as far as it can be reckoned with.
func (f *File) Area() int64 { return min(int64(f.Width)*int64(f.Height), 1<<50) }

func roundUp(n, multiple int64) int64 { return (n + multiple - 1) / multiple * multiple }

const (
	// PixelBytes is what a pixel takes uncompressed at most: four samples of 16 bits.
	PixelBytes = 8
	// MetadataRoom is how much longer a file may be than its pixels uncompressed.
	MetadataRoom = 64 << 20
	// pipeRoom is the same for one that comes through a pipe, since that lies in memory.
	pipeRoom = 16 << 20
)

// Room is how much of the file may be metadata.
func (s *Source) Room() int64 {
	if s.pipe != nil {
		return pipeRoom
	}
	return MetadataRoom
}

// Plausible is a length that no file of this size reaches.
func (f *File) Plausible() int64 {
	if f.Src.pipe != nil {
		return f.HeaderEnd + 2*f.Needs.File + f.Src.Room()
	}
	return f.HeaderEnd + PixelBytes*f.Area() + f.Src.Room()
}

// TooLong is the error about a file of more bytes than may be read.
func TooLong(most int64) error {
	return fault.New(fault.TooLarge, "the file is larger than the %s that may be read: allow more memory", humanize.Bytes(uint64(most)))
}
