// Package tiff reads TIFF and BigTIFF, strip by strip or tile by tile.
package tiff

import (
	"errors"
	"fmt"
	"math"

	"github.com/dustin/go-humanize"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/imageio/ifd"
)

// Format is TIFF.
var Format = codec.Format{ID: "tiff", Name: "TIFF", Scan: newScanner}

// scanner reads a directory of a TIFF, which is a picture. It may lie anywhere in the file.
type scanner struct {
	*codec.File
	top         *ifd.Directory // the first one
	d           *ifd.Directory // the picture's
	first       bool           // the directory comes before most of the pixels
	samples     int            // a pixel
	bits        int            // a sample, 1 to 64
	numbers     numbers        // what the bits are
	planar      bool           // each of a pixel's samples lies in strips or tiles of its own
	photometric uint32
	compression uint32
	oldLZW      bool   // LZW as the first programs wrote it
	reversed    bool   // the lowest bit of a byte is the first one
	predictor   uint32 // how samples are stored as differences to their left neighbours
	used        []int  // which samples of a pixel are the picture's, in its order: colours, or an index into the palette, then alpha
	multiplied  bool   // colours are multiplied by alpha
	transparent bool   // one of used is alpha
	palette     []uint32
	wide        bool // palette holds samples of 16 bits
	subsampling [2]int
	blocks      blocks
	jpegTables  []byte
	oldSampling byte  // of chroma, where jpegTables are of the old kind; else 0
	videoRange  bool  // brightness is 16 to 235
	window      int64 // what each decompressor holds of what it made
	noData      *float64
	cmyk        func(pixels []uint8) // to red, green and blue
}

// numbers is what the bits of a sample are.
type numbers int

const (
	unsigned numbers = 1
	signed   numbers = 2
	floating numbers = 3
)

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
	if f.top, err = ifd.First(f.Src); err != nil {
		return err
	}
	if f.top.Has(tagDNGVersion) {
		return codec.Unsupported("camera raw (DNG) is not supported: develop it with darktable or RawTherapee first")
	}
	if err := f.choosePage(); err != nil {
		return err
	}
	if err = f.form(); f.d.Err != nil { // a field that cannot be read is not missing
		err = f.d.Err
	}
	if err != nil {
		return err
	}
	f.Needs.Decoder = f.PictureBytes() + f.workBytes()
	// Where the directory is at the end, what has come through a pipe so far is about all.
	if f.HeaderEnd, f.first = f.Src.Size(), f.d.End < f.Src.Size()/2; f.first {
		f.Needs.File = f.Area()*int64(f.samples)*int64(f.bits)/8 + int64(f.Height)
	}
	return nil
}

// Rest measures the compressed pixels and looks for what the file holds beside them.
func (f *scanner) Rest() error {
	if f.Src.Piped() && f.first {
		most := min(f.Plausible(), pipedTIFF)
		f.Src.Allow(most, fmt.Errorf("it continues after %d bytes, more than its picture needs", most))
	}
	length, end, err := f.blocks.length(f.Src)
	if err != nil {
		return err
	}
	if f.Src.Piped() {
		if err := f.Src.ReadOn(min(end, f.Src.Limit()+1)); err != nil {
			return err
		}
		if f.Src.Size() > f.Src.Limit() {
			return f.Src.TooFar()
		}
		if err := f.Src.ReadOn(end + f.Src.Room()); err != nil {
			return err
		}
		length = min(length, f.Src.Size())
		f.Src.Allow(f.Src.Size(), errFurther)
	}
	f.bound(length)
	f.extras()
	if f.TooShort || f.Depth != 32 {
		return nil
	}
	return f.measure()
}

var errFurther = errors.New("nobody reads on for what is not kept")

// form reads the fields that the picture depends on.
func (f *scanner) form() (err error) {
	f.Orientation = 1
	if o := f.d.Uint(tagOrientation, 1); o >= 1 && o <= 8 {
		f.Orientation = int(o)
	}
	for _, read := range []func() error{f.size, f.layout, f.kind, f.cut, f.packing} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
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

// rowBytes is what a row of so many pixels takes before compression; of one sample of each if these lie apart.
func (f *scanner) rowBytes(pixels int) int {
	n := f.samples
	if f.planar {
		n = 1
	}
	return (pixels*n*f.bits + 7) / 8
}

// bound checks that so many bytes in strips or tiles can hold the picture.
func (f *scanner) bound(length int64) {
	expansion := expansions[f.compression]
	if expansion == 0 {
		f.TooShort = f.Area() > codec.BoundlessPixels(length)+f.blocks.sparse
		return
	}
	row := int64(max(f.rowBytes(f.Width), 1)) * int64(f.blocks.planes)
	if f.subsampled() {
		row = int64(f.Width) // each brightness
	}
	f.TooShort = (length*expansion+f.blocks.sparse)/row < int64(f.Height)
}
