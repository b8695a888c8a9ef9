package imageio

import (
	"bytes"
	"image"
	"testing"

	"classsr/fault"
	"classsr/metadata"
	"classsr/picture"
)

// FuzzMetadata writes a picture with any metadata in each format; what was written is read again.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(exifBlock(6)), []byte("<x:xmpmeta tiff:Orientation=\"6\">"), []byte("\x1c\x02\x05\x00\x01a"), "a", "b")
	for _, file := range hostileMetadata() {
		if d, err := Decode(file, Limits{}); err == nil && len(d.Metadata.EXIF)+len(d.Metadata.XMP) < 4<<10 {
			f.Add(d.Metadata.EXIF, d.Metadata.XMP, d.Metadata.IPTC, "Comment", "x")
		}
	}
	f.Fuzz(func(t *testing.T, exif, xmp, iptc []byte, keyword, text string) {
		from, to := image.Pt(2, 2), image.Pt(5, 3)
		m := (&metadata.Data{EXIF: exif, XMP: xmp, IPTC: iptc, Text: []metadata.Text{{Keyword: keyword, Value: text}}}).Of(from, to)
		p := picture.New(to.X, to.Y, 3, false, 8)
		for _, format := range []string{"png", "jpeg", "tiff", "webp"} {
			var b bytes.Buffer
			if err := Encode(&b, p, format, EncodeOptions{Metadata: m}); err != nil {
				if fault.KindOf(err) != fault.Unsupported {
					t.Fatalf("%s: %v", format, err)
				}
				continue
			}
			if b.Len() > 8<<20 {
				t.Fatalf("%s: %d bytes", format, b.Len())
			}
			if d, err := Decode(b.Bytes(), Limits{}); err != nil || d.Config() != p.Config() {
				t.Fatalf("%s: %v", format, err)
			}
		}
	})
}
