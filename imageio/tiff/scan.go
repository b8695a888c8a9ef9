// Package tiff reads TIFF, strip by strip or tile by tile.
package tiff

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/imageio/ifd"
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

// Format is TIFF.
var Format = codec.Format{ID: "tiff", Name: "TIFF", Scan: newScanner}

// scanner reads the first directory of a TIFF, which is the picture. It may lie anywhere in the file.
type scanner struct {
	*codec.File
	d           *ifd.Directory
	first       bool // the directory comes before most of the pixels
	samples     int  // a pixel
	bits        int  // a sample: 1, 8 or 16
	photometric uint32
	compression uint32
	reversed    bool     // the lowest bit of a byte is the first one
	predictor   bool     // samples are stored as differences to their left neighbours
	multiplied  bool     // colours are multiplied by alpha
	palette     []uint32 // all reds, then all greens, then all blues
	blocks      blocks
}

func newScanner(c *codec.File) codec.Scanner {
	c.Further = true // pages, any number of them
	return &scanner{File: c}
}

// pipedTIFF is how much is held of a TIFF that comes through a pipe. Its directory is often at its end, and lying files have it far away.
const pipedTIFF = 256 << 20

// Header reads the directory.
func (f *scanner) Header() error {
	f.Src.Allow(math.MaxInt64, nil)
	if f.Src.Piped() {
		f.Src.Allow(pipedTIFF, fault.New(fault.TooLarge, "a TIFF of more than %s cannot come through a pipe: save it to a file first", humanize.Bytes(pipedTIFF)))
	}
	var err error
	if f.d, err = ifd.First(f.Src); err != nil {
		return err
	}
	if f.d.Has(tagDNGVersion) {
		return codec.Unsupported("camera raw (DNG) is not supported: develop it first")
	}
	if err = f.form(); f.d.Err != nil { // a field that cannot be read is not missing
		err = f.d.Err
	}
	if err != nil {
		return err
	}
	f.Needs.Decoder = f.PictureBytes() + int64(f.rowBytes(f.blocks.width)) + codec.PixelBytes*int64(f.blocks.width)
	// Where the directory is at the end, what has come through a pipe so far is about all.
	if f.HeaderEnd, f.first = f.Src.Size(), f.d.End < f.Src.Size()/2; f.first {
		f.Needs.File = f.Area()*int64(f.samples*f.bits)/8 + int64(f.Height)
	}
	return nil
}

// rest measures the compressed pixels and looks for what the file holds beside them.
func (f *scanner) Rest() error {
	if f.Src.Piped() && f.first {
		most := min(f.Plausible(), pipedTIFF)
		f.Src.Allow(most, fmt.Errorf("it continues after %d bytes, more than its picture needs", most))
	}
	length, end, err := f.blocks.length(f.Src)
	if err != nil {
		return err
	}
	if !f.Src.Piped() {
		f.bound(length)
		f.extras()
		return nil
	}
	if err := f.Src.ReadOn(min(end, f.Src.Limit()+1)); err != nil {
		return err
	}
	if f.Src.Size() > f.Src.Limit() {
		return f.Src.TooFar()
	}
	if err := f.Src.ReadOn(end + f.Src.Room()); err != nil {
		return err
	}
	f.bound(min(length, f.Src.Size()))
	f.Src.Allow(f.Src.Size(), errFurther)
	f.extras()
	return nil
}

var errFurther = errors.New("nobody reads on for what is not kept")

// form reads the fields that the picture depends on.
func (f *scanner) form() (err error) {
	if o := f.d.Uint(tagOrientation, 1); o >= 1 && o <= 8 {
		f.Orientation = int(o)
	}
	for _, read := range []func() error{f.size, f.layout, f.kind} {
		if err := read(); err != nil {
			return err
		}
	}
	f.blocks, err = f.cut()
	return err
}

func (f *scanner) size() error {
	w, h := f.d.Uint(tagWidth, 0), f.d.Uint(tagHeight, 0)
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return errors.New("it declares an impossible size")
	}
	if w == 0 || h == 0 {
		return codec.ErrNoSize
	}
	f.Width, f.Height = int(w), int(h)
	return nil
}

// layout works out how samples are stored, and refuses what is not read.
func (f *scanner) layout() error {
	const horizontal = 2
	bits := f.d.Uints(tagBitsPerSample, 16)
	if len(bits) == 0 {
		bits = []uint32{1}
	}
	f.samples, f.bits = len(bits), int(bits[0])
	f.compression = f.d.Uint(tagCompression, uncompressed)
	f.reversed = f.d.Uint(tagFillOrder, 1) == 2
	f.predictor = f.d.Uint(tagPredictor, 1) == horizontal
	switch {
	case len(bits) > 1 && f.d.Uint(tagPlanar, 1) != 1:
		return codec.Unsupported("channels stored one after the other (planar configuration 2) are not supported")
	case slices.Min(bits) != slices.Max(bits) || f.bits != 1 && f.bits != 8 && f.bits != 16:
		return codec.Unsupported("%d bits a sample are not supported", f.bits)
	case f.bits < 8 && f.reversed && f.compression != fax3 && f.compression != fax4:
		return codec.Unsupported("fill order 2 is not supported")
	case f.bits < 8 && f.predictor:
		return codec.Unsupported("differences of samples of one bit are not supported")
	case !reads(f.compression):
		return codec.Unsupported("compression %d is not supported", f.compression)
	}
	for _, format := range f.d.Uints(tagSampleFormat, 16) {
		if format != 1 {
			return codec.Unsupported("samples that are no unsigned whole numbers are not supported")
		}
	}
	if f.bits == 16 {
		f.Depth = 16
	}
	return nil
}

// kind works out the channels.
func (f *scanner) kind() error {
	f.photometric = f.d.Uint(tagPhotometric, 0)
	switch f.photometric {
	case whiteIsZero, blackIsZero:
		f.Colors = 1
	case modelRGB:
		return f.rgb()
	case modelPalette:
		if f.Depth == 16 {
			return codec.Unsupported("palettes of 16 bits are not supported")
		}
		f.palette = f.d.Uints(tagColorMap, 3*256+1)
		if n := len(f.palette); n == 0 || n%3 != 0 {
			return errors.New("its palette is wrong")
		}
		f.Colors = 3
		if grayColorMap(f.palette) {
			f.Colors = 1
		}
	default:
		return codec.Unsupported("colour model %d is not supported", f.photometric)
	}
	if f.samples != 1 {
		return codec.Unsupported("%d channels beside a gray one are not supported", f.samples-1)
	}
	return nil
}

// rgb works out whether there is an alpha channel, and of which kind.
func (f *scanner) rgb() error {
	const multiplied, straight = 1, 2
	f.Colors = 3
	extra := f.d.Uint(tagExtraSamples, 0)
	switch {
	case f.bits < 8:
		return codec.Unsupported("colours of one bit are not supported")
	case f.samples == 3:
	case f.samples == 4 && (extra == multiplied || extra == straight):
		f.Alpha, f.multiplied = true, extra == multiplied
	default:
		return codec.Unsupported("%d channels of colours, the further ones of kind %d, are not supported", f.samples, extra)
	}
	return nil
}

// rowBytes is what a row of so many pixels takes before compression.
func (f *scanner) rowBytes(pixels int) int { return (pixels*f.samples*f.bits + 7) / 8 }

// Colour models that are read.
const (
	whiteIsZero  = 0
	blackIsZero  = 1
	modelRGB     = 2
	modelPalette = 3
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
func (f *scanner) extras() {
	c, d := f.File, f.d
	if d.Uint(tagSubfileType, 0)&subfileReduced != 0 {
		c.Note("the file's first page is a reduced preview: only that is read")
	}
	if pages, more := f.countPages(); more {
		c.Note(fmt.Sprintf("only the first of more than %d pages is read", pages))
	} else if pages > 1 {
		c.Note(fmt.Sprintf("only the first of %d pages is read", pages))
	}
	f.describe()
}

// countPages follows the chain of directories, leaving out previews and masks. A chain of directories that together are
// longer than the file goes in a circle or overlaps, and is cut; so is one that takes long to follow, and then there may be more.
func (f *scanner) countPages() (pages int, more bool) {
	const longest, most = 16 << 20, 1 << 14
	pages = 1
	read := int64(0)
	for at, steps := f.d.Next, 0; at != 0; steps++ {
		d, err := ifd.Read(f.Src, f.d.Order, at)
		if errors.Is(err, errFurther) {
			return pages, true
		}
		if err != nil {
			return pages + 1, false // cut off
		}
		if read += d.Len(); read > f.Src.Size() {
			return pages, false
		}
		if read > longest || steps > most {
			return pages, true
		}
		if d.Uint(tagSubfileType, 0)&(subfileReduced|subfileMask) == 0 {
			pages++
		}
		at = d.Next
	}
	return pages, false
}

// TIFF's compressions that are read.
const (
	uncompressed  = 1
	fax3          = 3
	fax4          = 4
	lzwCompressed = 5
	deflated      = 8
	packed        = 32773
	oldDeflated   = 32946
)

// expansions is how many bytes may come of one.
var expansions = map[uint32]int64{
	0: 1, uncompressed: 1,
	packed:        64,   // 128 bytes from two
	lzwCompressed: 4096, // a code of 9 to 12 bits stands for less than 4096 bytes
	deflated:      codec.MaxDeflate, oldDeflated: codec.MaxDeflate,
	fax3: 0, fax4: 0, // no limit
}

func reads(compression uint32) bool {
	_, ok := expansions[compression]
	return ok
}

// bound checks that so many bytes in strips or tiles can hold the picture.
func (f *scanner) bound(length int64) {
	expansion := expansions[f.compression]
	if expansion == 0 {
		f.TooShort = f.Area() > codec.BoundlessPixels(length)
		return
	}
	f.TooShort = length*expansion/int64(max(f.rowBytes(f.Width), 1)) < int64(f.Height)
}
