package imageio

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// TIFF's tags, as far as they matter here.
const (
	tagSubfileType     = 254
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagDescription     = 270
	tagStripOffsets    = 273
	tagOrientation     = 274
	tagStripByteCounts = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagPlanar          = 284
	tagResolutionUnit  = 296
	tagArtist          = 315
	tagColorMap        = 320
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagXMP             = 700
	tagCopyright       = 33432
	tagGeoScale        = 33550
	tagIPTC            = 33723
	tagGeoTransform    = 34264
	tagEXIF            = 34665
	tagICC             = 34675
	tagGeoKeys         = 34735
	tagGPS             = 34853
	tagDNGVersion      = 50706
)

// Bits of tagSubfileType.
const (
	subfileReduced = 1 << 0
	subfileMask    = 1 << 2
)

// scanTIFF reads the first directory, which is the picture, and counts the others.
func scanTIFF(c *container, data []byte) error {
	d, err := firstDirectory(data)
	if err != nil {
		return err
	}
	if d.has(tagDNGVersion) {
		return unsupported("camera raw (DNG) is not supported: develop it first")
	}
	if err := tiffSize(c, d); err != nil {
		return err
	}
	if o := d.uint(tagOrientation, 1); o >= 1 && o <= 8 {
		c.orientation = int(o)
	}
	if err := tiffLayout(c, d); err != nil {
		return err
	}
	tiffNotes(c, d)
	return tiffBound(c, d)
}

// lookTIFF reads the size, once the beginning of a file reaches as far as the first directory. Other fields may have their values
// elsewhere.
func lookTIFF(c *container, data []byte) error {
	d, err := firstDirectory(data)
	if err != nil {
		return err
	}
	return tiffSize(c, d)
}

func tiffSize(c *container, d *directory) error {
	w, h := d.uint(tagWidth, 0), d.uint(tagHeight, 0)
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return errors.New("it declares an impossible size")
	}
	if w == 0 || h == 0 {
		return errNoSize
	}
	c.width, c.height = int(w), int(h)
	return nil
}

// tiffLayout works out the channels and refuses layouts that golang.org/x/image/tiff would read wrongly.
func tiffLayout(c *container, d *directory) error {
	bits := d.uints(tagBitsPerSample, 16)
	if len(bits) > 0 && bits[0] == 16 {
		c.depth = 16
	}
	if len(bits) > 1 && d.uint(tagPlanar, 1) != 1 {
		return unsupported("channels stored one after the other (planar configuration 2) are not supported")
	}
	packed := len(bits) == 0 || bits[0] < 8
	compression := d.uint(tagCompression, tiffNone)
	if packed && d.uint(tagFillOrder, 1) == 2 && compression != tiffG3 && compression != tiffG4 {
		return unsupported("fill order 2 is not supported")
	}
	switch photometric := d.uint(tagPhotometric, 0); photometric {
	case 0, 1:
		c.colors = 1
	case 2:
		c.colors = 3
		c.alpha = len(bits) == 4
	case 3:
		if c.depth == 16 {
			return unsupported("palettes of 16 bits are not supported")
		}
		c.colors = 3
		if palette := d.uints(tagColorMap, 3*256); grayColorMap(palette) {
			c.colors = 1
		}
	default:
		return unsupported("colour model %d is not supported", photometric)
	}
	return nil
}

// grayColorMap reports whether a map of all reds, then all greens, then all blues holds grays only, at 8 bits each.
func grayColorMap(values []uint32) bool {
	n := len(values) / 3
	for i := range n {
		if r := values[i] >> 8; r != values[n+i]>>8 || r != values[2*n+i]>>8 {
			return false
		}
	}
	return true
}

// tiffNotes takes note of what the file holds beside the pixels of its first page.
func tiffNotes(c *container, d *directory) {
	if d.uint(tagSubfileType, 0)&subfileReduced != 0 {
		c.note("the file's first page is a reduced preview: only that is read")
	}
	if pages := countPages(d); pages > 1 {
		c.note(fmt.Sprintf("only the first of %d pages is read", pages))
	}
	if profile, _ := d.bytes(tagICC); profile != nil {
		c.noteICC(profile, "")
	}
	for _, kept := range []struct {
		tag      uint16
		sentence string
	}{
		{tagEXIF, noteEXIF}, {tagGPS, noteEXIF}, {tagXMP, noteXMP}, {tagIPTC, noteIPTC},
		{tagDescription, noteText}, {tagArtist, noteText}, {tagCopyright, noteText},
		{tagGeoScale, noteGeo}, {tagGeoTransform, noteGeo}, {tagGeoKeys, noteGeo},
	} {
		if d.has(kept.tag) {
			c.note(kept.sentence)
		}
	}
	if tiffResolution(d) {
		c.note(noteResolution)
	}
}

const noteGeo = "map coordinates (GeoTIFF) are not kept"

// tiffResolution reports whether a physical resolution is given that says more than square pixels at 72 dots an inch.
func tiffResolution(d *directory) bool {
	x, y := d.rational(tagXResolution), d.rational(tagYResolution)
	if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) || x <= 0 || y <= 0 {
		return false
	}
	const noUnit, inch = 1, 2
	switch d.uint(tagResolutionUnit, inch) {
	case noUnit:
		return x != y
	case inch:
		return x != y || x != 72 && x != 1
	}
	return true
}

// countPages follows the chain of directories, leaving out previews and masks. A chain of directories that together are
// longer than the file goes in a circle or overlaps, and is cut.
func countPages(first *directory) int {
	pages, read := 1, int64(0)
	for at := first.next; at != 0; {
		d, err := readDirectory(first.data, first.order, at)
		if err != nil {
			pages++ // cut off
			break
		}
		if read += d.length; read > int64(len(first.data)) {
			break
		}
		if d.uint(tagSubfileType, 0)&(subfileReduced|subfileMask) == 0 {
			pages++
		}
		at = d.next
	}
	return pages
}

// TIFF's compressions that golang.org/x/image/tiff reads.
const (
	tiffNone       = 1
	tiffG3         = 3
	tiffG4         = 4
	tiffLZW        = 5
	tiffDeflate    = 8
	tiffPackBits   = 32773
	tiffOldDeflate = 32946
)

// tiffBound checks that the strips or tiles can hold the picture. Strips may overlap in the file, so their sum counts only up
// to the length of the file.
func tiffBound(c *container, d *directory) error {
	counts := tagStripByteCounts
	if d.has(tagTileByteCounts) {
		counts = tagTileByteCounts
	}
	var length int64
	for _, n := range d.uints(uint16(counts), len(d.data)) {
		length += int64(n)
	}
	length = min(length, int64(len(d.data)))

	var expansion int64
	switch compression := d.uint(tagCompression, tiffNone); compression {
	case 0, tiffNone:
		expansion = 1
	case tiffPackBits:
		expansion = 64 // 128 bytes from two
	case tiffLZW:
		expansion = 4096 // a code of 9 to 12 bits stands for less than 4096 bytes
	case tiffDeflate, tiffOldDeflate:
		expansion = maxDeflate
	case tiffG3, tiffG4:
		c.tooShort = int64(c.width)*int64(c.height) > boundlessPixels(length)
		return nil
	default:
		return unsupported("compression %d is not supported", compression)
	}
	bits := d.uints(tagBitsPerSample, 16)
	if len(bits) == 0 {
		bits = []uint32{1}
	}
	rowBytes := (int64(c.width)*int64(len(bits))*int64(slices.Min(bits)) + 7) / 8
	c.tooShort = length*expansion/max(rowBytes, 1) < int64(c.height)
	return nil
}
