package imageio

import (
	"strings"

	"classsr/fault"
	"classsr/imageio/bmp"
	"classsr/imageio/codec"
	"classsr/imageio/gif"
	"classsr/imageio/heif"
	"classsr/imageio/jpeg"
	"classsr/imageio/png"
	"classsr/imageio/pnm"
	"classsr/imageio/tga"
	"classsr/imageio/tiff"
	"classsr/imageio/webp"
)

var errEmpty = fault.New(fault.Damaged, "the file is empty")

// signed are the formats that are read and have signatures.
var signed = []struct {
	offset int
	bytes  string
	format *codec.Format
}{
	{0, "\x89PNG\r\n\x1a\n", &png.Format},
	{0, "\xff\xd8", &jpeg.Format},
	{8, "WEBP", &webp.Format},
	{0, "II*\x00", &tiff.Format},
	{0, "MM\x00*", &tiff.Format},
	{0, "II+\x00", &tiff.Format},
	{0, "MM\x00+", &tiff.Format},
	{0, "GIF8", &gif.Format},
}

// unsigned are those whose first bytes alone do not tell enough.
var unsigned = []struct {
	recognise func(*codec.Source) bool
	format    *codec.Format
}{
	{bmp.Recognise, &bmp.Format},
	{pnm.Recognise, &pnm.Format},
	{tga.Recognise, &tga.Format},
}

// readable names the formats that are read.
const readable = "PNG, JPEG, WebP, TIFF, HEIC, AVIF, GIF, BMP, PNM or TGA"

// sniff finds the format that a file starts like.
func sniff(s *codec.Source) (*codec.Format, error) {
	data := s.First()
	if len(data) == 0 {
		return nil, errEmpty
	}
	switch {
	case heif.IsAVIF(s):
		return &heif.AVIF, nil
	case heif.IsHEIC(s):
		return &heif.HEIC, nil
	}
	if err := refuseOther(data); err != nil { // some of them look like one that is read
		return nil, err
	}
	for _, in := range signed {
		if startsAt(data, in.offset, in.bytes) {
			return in.format, nil
		}
	}
	for _, in := range unsigned {
		if in.recognise(s) {
			return in.format, nil
		}
	}
	if spoiltPNG(data) {
		return nil, fault.New(fault.Damaged, "damaged PNG: its first bytes are wrong, as after a transfer as text")
	}
	return nil, codec.Unsupported("it is not a %s picture", readable)
}

// spoiltPNG reports whether a PNG's first chunk comes where it should, but for line ends that were changed, behind something else than its
// signature, which is made so that such a transfer is noticed.
func spoiltPNG(data []byte) bool {
	const first, furthest = "IHDR", 14
	i := strings.Index(string(data[:min(len(data), furthest+len(first))]), first)
	return i >= 10
}

func startsAt(data []byte, offset int, bytes string) bool {
	return len(data) > offset && strings.HasPrefix(string(data[offset:min(len(data), offset+len(bytes))]), bytes)
}
