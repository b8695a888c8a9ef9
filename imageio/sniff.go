package imageio

import (
	"strings"

	"classsr/fault"
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

var readableSignatures = []signature{
	{0, "\x89PNG\r\n\x1a\n", formatPNG},
	{0, "\xff\xd8", formatJPEG},
	{8, "WEBP", formatWebP},
	{0, "II*\x00", formatTIFF},
	{0, "MM\x00*", formatTIFF},
}

// otherSignatures are formats people have that cannot be read, so that the error can name them.
var otherSignatures = []signature{
	{0, "II+\x00", "BigTIFF"},
	{0, "MM\x00+", "BigTIFF"},
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

// sniff names the readable format that data starts like.
func sniff(data []byte) (string, error) {
	if len(data) == 0 {
		return "", errEmpty
	}
	if name := match(readableSignatures, data); name != "" {
		return name, nil
	}
	if name := match(otherSignatures, data); name != "" {
		return "", unsupported("%s files are not supported: convert it to PNG, JPEG, WebP or TIFF first", name)
	}
	return "", unsupported("it is not a PNG, JPEG, WebP or TIFF picture")
}

func match(signatures []signature, data []byte) string {
	for _, s := range signatures {
		if len(data) > s.offset && strings.HasPrefix(string(data[s.offset:min(len(data), sniffLen)]), s.bytes) {
			return s.name
		}
	}
	return ""
}
