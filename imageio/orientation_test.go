package imageio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"classsr/picture"
)

// TestOrientationOfFiles turns pictures of all formats, channels and depths and compares every sample.
func TestOrientationOfFiles(t *testing.T) {
	rgba16 := patterned(5, 3, 3, true, 16)
	gray := patterned(9, 4, 1, false, 8)
	jpeg := plainJPEG(t, patterned(21, 10, 3, false, 8))
	webp := reference(t, "webp-lossless-alpha.webp")
	for orientation := 1; orientation <= 8; orientation++ {
		exif := exifBlock(orientation)
		for name, files := range map[string][2][]byte{
			"png":  {encoded(t, rgba16, "png"), withChunk(encoded(t, rgba16, "png"), "eXIf", exif)},
			"jpeg": {jpeg, withSegment(jpeg, 0xe1, "Exif\x00\x00"+exif)},
			"webp": {webp, extendedWebP(webp, webpAlpha, testChunk{"EXIF", []byte(exif)})},
			"tiff": {rawTIFF(9, 4, gray.Pix8, ""), rawTIFF(9, 4, gray.Pix8, "", tiffEntry{tagOrientation, 3, 1, uint32(orientation)})},
		} {
			stored, turned := mustDecode(t, files[0]), mustDecode(t, files[1])
			if at := notTurned(stored.Picture, turned.Picture, orientation); at != "" {
				t.Errorf("%s, orientation %d: %s", name, orientation, at)
			}
		}
	}
}

// notTurned compares pixel by pixel, with the places that EXIF tells.
func notTurned(stored, turned *picture.Picture, orientation int) string {
	w, h, n := stored.Width, stored.Height, stored.Channels()
	if orientation >= 5 {
		w, h = h, w
	}
	if turned.Width != w || turned.Height != h || turned.Channels() != n {
		return fmt.Sprintf("size %dx%dx%d, want %dx%dx%d", turned.Width, turned.Height, turned.Channels(), w, h, n)
	}
	for y := range h {
		for x := range w {
			// Where the upright (x, y) is stored.
			sx, sy := x, y
			if orientation >= 5 {
				sx, sy = y, x
			}
			if slices.Contains([]int{2, 3, 7, 8}, orientation) {
				sx = stored.Width - 1 - sx
			}
			if slices.Contains([]int{3, 4, 6, 7}, orientation) {
				sy = stored.Height - 1 - sy
			}
			for c := range n {
				if got, want := at(turned, (y*w+x)*n+c), at(stored, (sy*stored.Width+sx)*n+c); got != want {
					return fmt.Sprintf("sample %d at (%d, %d) is %d, want %d", c, x, y, got, want)
				}
			}
		}
	}
	return ""
}

// TestOddEXIF reads orientations from blocks that are not as they should be, or ignores them.
func TestOddEXIF(t *testing.T) {
	good := exifBlock(6)
	bigEndian := "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	unknownType := exifBlock(6, tiffEntry{0x10f, 99, 1, 0})
	asLong := strings.Replace(good, "\x12\x01\x03", "\x12\x01\x04", 1)
	for name, test := range map[string]struct {
		block string
		want  int
	}{
		"good": {good, 6}, "big-endian": {bigEndian, 6}, "with a prefix": {"Exif\x00\x00" + good, 6},
		"after a field of unknown type": {unknownType, 6}, "as a long": {asLong, 6},
		"zero": {exifBlock(0), 1}, "nine": {exifBlock(9), 1}, "empty": {"", 1}, "short": {good[:12], 1},
		"no header": {"abcdefghijklmnopqrstuvwxyz", 1}, "far away": {"II*\x00\xff\xff\xff\xff", 1},
		"in a circle": {string(appendDirectory([]byte("II*\x00\x08\x00\x00\x00"), 8, tiffEntry{tagEXIF, 4, 1, 8})), 1},
	} {
		p := patterned(3, 2, 1, false, 8)
		d := mustDecode(t, withChunk(encoded(t, p, "png"), "eXIf", test.block))
		turned := d.Width == 2
		if turned != (test.want == 6) || !turned && !slices.Equal(d.Pix8, p.Pix8) {
			t.Errorf("%s: the picture is %dx%d, want orientation %d", name, d.Width, d.Height, test.want)
		}
	}
}
