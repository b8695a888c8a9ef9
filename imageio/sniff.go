package imageio

import (
	"strings"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/imageio/jpeg"
	"classsr/imageio/png"
	"classsr/imageio/tiff"
	"classsr/imageio/webp"
)

// sniffLen is the number of bytes that sniff looks at.
const sniffLen = 32

var errEmpty = fault.New(fault.Damaged, "the file is empty")

// signature gives away a format by the bytes at an offset.
type signature struct {
	offset int
	bytes  string
	name   string
}

// inputs are the formats that are read, by their signatures.
var inputs = []struct {
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
}

// otherSignatures are formats people have that cannot be read, so that the error can name them.
var otherSignatures = []signature{
	{0, "GIF8", "GIF"},
	{0, "BM", "BMP"},
	{4, "ftypavi", "AVIF"},
	{4, "ftyphei", "HEIC"},
	{4, "ftyphev", "HEIC"},
	{4, "ftypmif1", "HEIF"},
	{4, "ftypcrx", "camera raw"},
	{4, "ftyp", "video"},
	{0, "\xff\x0a", "JPEG XL"},
	{4, "JXL ", "JPEG XL"},
	{4, "jP  ", "JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "JPEG 2000"},
	{0, "8BPS", "Photoshop"},
	{0, "%PDF", "PDF"},
	{0, "<svg", "SVG"},
	{0, "\x76\x2f\x31\x01", "OpenEXR"},
	{0, "qoif", "QOI"},
}

// sniff finds the format that data starts like.
func sniff(data []byte) (*codec.Format, error) {
	if len(data) == 0 {
		return nil, errEmpty
	}
	for _, in := range inputs {
		if startsAt(data, in.offset, in.bytes) {
			return in.format, nil
		}
	}
	if name := other(data); name != "" {
		return nil, codec.Unsupported("%s files are not supported: convert it to PNG, JPEG, WebP or TIFF first", name)
	}
	return nil, codec.Unsupported("it is not a PNG, JPEG, WebP or TIFF picture")
}

// other names the format that data starts like, among those that cannot be read.
func other(data []byte) string {
	for _, s := range otherSignatures {
		if startsAt(data, s.offset, s.bytes) {
			return s.name
		}
	}
	return ""
}

func startsAt(data []byte, offset int, bytes string) bool {
	return len(data) > offset && strings.HasPrefix(string(data[offset:min(len(data), sniffLen)]), bytes)
}
