package imageio

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dustin/go-humanize"

	"classsr/fault"
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
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagXResolution     = 282
	tagYResolution     = 283
	tagPlanar          = 284
	tagResolutionUnit  = 296
	tagArtist          = 315
	tagPredictor       = 317
	tagColorMap        = 320
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagExtraSamples    = 338
	tagSampleFormat    = 339
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

// tiffScan reads the first directory of a TIFF, which is the picture. It may lie anywhere in the file.
type tiffScan struct {
	*container
	d           *directory
	first       bool // the directory comes before most of the pixels
	samples     int  // a pixel
	bits        int  // a sample: 1, 8 or 16
	photometric uint32
	compression uint32
	reversed    bool     // the lowest bit of a byte is the first one
	predictor   bool     // samples are stored as differences to their left neighbours
	multiplied  bool     // colours are multiplied by alpha
	palette     []uint32 // all reds, then all greens, then all blues
	blocks      tiffBlocks
}

func scanTIFF(c *container) scanner { return &tiffScan{container: c} }

// pipedTIFF is how much is held of a TIFF that comes through a pipe. Its directory is often at its end, and lying files have it far away.
const pipedTIFF = 256 << 20

// header reads the directory.
func (f *tiffScan) header() error {
	f.src.allow(math.MaxInt64, nil)
	if f.src.pipe != nil {
		f.src.allow(pipedTIFF, fault.New(fault.TooLarge, "a TIFF of more than %s cannot come through a pipe: save it to a file first", humanize.Bytes(pipedTIFF)))
	}
	var err error
	if f.d, err = firstDirectory(f.src); err != nil {
		return err
	}
	if f.d.has(tagDNGVersion) {
		return unsupported("camera raw (DNG) is not supported: develop it first")
	}
	if err = f.form(); f.d.err != nil { // a field that cannot be read is not missing
		err = f.d.err
	}
	if err != nil {
		return err
	}
	f.needs.decoder = f.pictureBytes() + int64(f.rowBytes(f.blocks.width)) + pixelBytes*int64(f.blocks.width)
	// Where the directory is at the end, what has come through a pipe so far is about all.
	if f.headerEnd, f.first = f.src.size, f.d.end < f.src.size/2; f.first {
		f.needs.file = f.area()*int64(f.samples*f.bits)/8 + int64(f.height)
	}
	return nil
}

// rest measures the compressed pixels and looks for what the file holds beside them.
func (f *tiffScan) rest() error {
	if f.src.pipe != nil && f.first {
		most := min(f.plausible(), pipedTIFF)
		f.src.allow(most, fmt.Errorf("it continues after %d bytes, more than its picture needs", most))
	}
	length, end, err := f.blocks.length(f.src)
	if err != nil {
		return err
	}
	if f.src.pipe == nil {
		f.bound(length)
		f.extras()
		return nil
	}
	if err := f.src.readOn(min(end, f.src.limit+1)); err != nil {
		return err
	}
	if f.src.size > f.src.limit {
		return f.src.tooFar
	}
	if err := f.src.readOn(end + f.src.room()); err != nil {
		return err
	}
	f.bound(min(length, f.src.size))
	f.src.allow(f.src.size, errFurther)
	f.extras()
	return nil
}

var errFurther = errors.New("nobody reads on for what is not kept")

// form reads the fields that the picture depends on.
func (f *tiffScan) form() (err error) {
	if o := f.d.uint(tagOrientation, 1); o >= 1 && o <= 8 {
		f.orientation = int(o)
	}
	for _, read := range []func() error{f.size, f.layout, f.kind} {
		if err := read(); err != nil {
			return err
		}
	}
	f.blocks, err = f.cut()
	return err
}

func (f *tiffScan) size() error {
	w, h := f.d.uint(tagWidth, 0), f.d.uint(tagHeight, 0)
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return errors.New("it declares an impossible size")
	}
	if w == 0 || h == 0 {
		return errNoSize
	}
	f.width, f.height = int(w), int(h)
	return nil
}

// layout works out how samples are stored, and refuses what is not read.
func (f *tiffScan) layout() error {
	const horizontal = 2
	bits := f.d.uints(tagBitsPerSample, 16)
	if len(bits) == 0 {
		bits = []uint32{1}
	}
	f.samples, f.bits = len(bits), int(bits[0])
	f.compression = f.d.uint(tagCompression, tiffNone)
	f.reversed = f.d.uint(tagFillOrder, 1) == 2
	f.predictor = f.d.uint(tagPredictor, 1) == horizontal
	switch {
	case len(bits) > 1 && f.d.uint(tagPlanar, 1) != 1:
		return unsupported("channels stored one after the other (planar configuration 2) are not supported")
	case slices.Min(bits) != slices.Max(bits) || f.bits != 1 && f.bits != 8 && f.bits != 16:
		return unsupported("%d bits a sample are not supported", f.bits)
	case f.bits < 8 && f.reversed && f.compression != tiffG3 && f.compression != tiffG4:
		return unsupported("fill order 2 is not supported")
	case f.bits < 8 && f.predictor:
		return unsupported("differences of samples of one bit are not supported")
	case !tiffReads(f.compression):
		return unsupported("compression %d is not supported", f.compression)
	}
	for _, format := range f.d.uints(tagSampleFormat, 16) {
		if format != 1 {
			return unsupported("samples that are no unsigned whole numbers are not supported")
		}
	}
	if f.bits == 16 {
		f.depth = 16
	}
	return nil
}

// kind works out the channels.
func (f *tiffScan) kind() error {
	f.photometric = f.d.uint(tagPhotometric, 0)
	switch f.photometric {
	case tiffWhiteIsZero, tiffBlackIsZero:
		f.colors = 1
	case tiffRGB:
		return f.rgb()
	case tiffPalette:
		if f.depth == 16 {
			return unsupported("palettes of 16 bits are not supported")
		}
		f.palette = f.d.uints(tagColorMap, 3*256+1)
		if n := len(f.palette); n == 0 || n%3 != 0 {
			return errors.New("its palette is wrong")
		}
		f.colors = 3
		if grayColorMap(f.palette) {
			f.colors = 1
		}
	default:
		return unsupported("colour model %d is not supported", f.photometric)
	}
	if f.samples != 1 {
		return unsupported("%d channels beside a gray one are not supported", f.samples-1)
	}
	return nil
}

// rgb works out whether there is an alpha channel, and of which kind.
func (f *tiffScan) rgb() error {
	const multiplied, straight = 1, 2
	f.colors = 3
	extra := f.d.uint(tagExtraSamples, 0)
	switch {
	case f.bits < 8:
		return unsupported("colours of one bit are not supported")
	case f.samples == 3:
	case f.samples == 4 && (extra == multiplied || extra == straight):
		f.alpha, f.multiplied = true, extra == multiplied
	default:
		return unsupported("%d channels of colours, the further ones of kind %d, are not supported", f.samples, extra)
	}
	return nil
}

// rowBytes is what a row of so many pixels takes before compression.
func (f *tiffScan) rowBytes(pixels int) int { return (pixels*f.samples*f.bits + 7) / 8 }

// Colour models that are read.
const (
	tiffWhiteIsZero = 0
	tiffBlackIsZero = 1
	tiffRGB         = 2
	tiffPalette     = 3
)

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

// extras takes note of what the file holds beside the pixels of its first page.
func (f *tiffScan) extras() {
	c, d := f.container, f.d
	if d.uint(tagSubfileType, 0)&subfileReduced != 0 {
		c.note("the file's first page is a reduced preview: only that is read")
	}
	if pages, more := countPages(d); more {
		c.note(fmt.Sprintf("only the first of more than %d pages is read", pages))
	} else if pages > 1 {
		c.note(fmt.Sprintf("only the first of %d pages is read", pages))
	}
	if profile, _ := d.bytes(tagICC, longestProfile); profile != nil {
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
// longer than the file goes in a circle or overlaps, and is cut; so is one that takes long to follow, and then there may be more.
func countPages(first *directory) (pages int, more bool) {
	const longest, most = 16 << 20, 1 << 14
	pages = 1
	read := int64(0)
	for at, steps := first.next, 0; at != 0; steps++ {
		d, err := readDirectory(first.src, first.order, at)
		if errors.Is(err, errFurther) {
			return pages, true
		}
		if err != nil {
			return pages + 1, false // cut off
		}
		length := int64(len(d.entries)) + 2
		if read += length; read > first.src.size {
			return pages, false
		}
		if read > longest || steps > most {
			return pages, true
		}
		if d.uint(tagSubfileType, 0)&(subfileReduced|subfileMask) == 0 {
			pages++
		}
		at = d.next
	}
	return pages, false
}

// TIFF's compressions that are read.
const (
	tiffNone       = 1
	tiffG3         = 3
	tiffG4         = 4
	tiffLZW        = 5
	tiffDeflate    = 8
	tiffPackBits   = 32773
	tiffOldDeflate = 32946
)

// tiffExpansion is how many bytes may come of one.
var tiffExpansion = map[uint32]int64{
	0: 1, tiffNone: 1,
	tiffPackBits: 64,   // 128 bytes from two
	tiffLZW:      4096, // a code of 9 to 12 bits stands for less than 4096 bytes
	tiffDeflate:  maxDeflate, tiffOldDeflate: maxDeflate,
	tiffG3: 0, tiffG4: 0, // no limit
}

func tiffReads(compression uint32) bool {
	_, ok := tiffExpansion[compression]
	return ok
}

// bound checks that so many bytes in strips or tiles can hold the picture.
func (f *tiffScan) bound(length int64) {
	expansion := tiffExpansion[f.compression]
	if expansion == 0 {
		f.tooShort = f.area() > boundlessPixels(length)
		return
	}
	f.tooShort = length*expansion/int64(max(f.rowBytes(f.width), 1)) < int64(f.height)
}
