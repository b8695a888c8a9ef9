// Package png reads and writes PNG: decoded row by row, encoded in strips on several cores.
package png

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"classsr/imageio/codec"
)

// Format is PNG.
var Format = codec.Format{ID: "png", Name: "PNG", Scan: newScanner}

// scanner follows the chunks of a PNG and gathers what they say together.
type scanner struct {
	*codec.File
	at         int64 // where the next chunk begins
	colorType  byte
	interlaced bool
	bits       int // a sample
	palette    []byte
	trns       []byte // nil without transparency
	pixels     int64  // where the first IDAT chunk begins; 0 until it is found
	idatBytes  int64  // compressed, of all IDAT chunks
	complete   bool   // the last chunk was found
	texts      int    // chunks of text so far
	animation  animation
	ownAlpha   bool // the stored pixels have alpha, if frames are drawn
}

// PNG's colour types.
const (
	typeGray      = 0
	typeRGB       = 2
	typePalette   = 3
	typeGrayAlpha = 4
	typeRGBA      = 6
)

// chunkOverhead is what a chunk takes beside its body: length, name, checksum.
const chunkOverhead = 12

const signatureLen = 8

func newScanner(c *codec.File) codec.Scanner { return &scanner{File: c, at: signatureLen} }

// Header reads the chunks before the pixels.
func (f *scanner) Header() error {
	for f.pixels == 0 && !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	if f.Width == 0 {
		return codec.ErrNoSize
	}
	f.HeaderEnd = f.at
	if err := f.channels(); err != nil {
		return err
	}
	if rest := f.Src.Size() - f.at; f.Src.Ended() {
		f.bound(rest)
	}
	return f.toFrame()
}

// Rest reads the other ones.
func (f *scanner) Rest() error {
	for !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	f.bound(f.idatBytes)
	return nil
}

// next reads a chunk. Once the header is read, that is all before the first chunk of pixels, it does not read over that in the same call.
func (f *scanner) next() error {
	head, err := f.Src.Bytes(f.at, chunkOverhead-4)
	if err != nil {
		return err
	}
	length, kind := int64(binary.BigEndian.Uint32(head)), string(head[4:])
	switch {
	case f.at == signatureLen && kind != "IHDR":
		return errors.New("its header is not at the start")
	case length > math.MaxInt32 || !isChunkName(kind):
		return errors.New("a part of the file is not a PNG chunk")
	case kind == "IDAT" && f.pixels == 0:
		f.pixels = f.at
		return nil
	}
	if err := f.chunk(kind, length); err != nil {
		return err
	}
	f.at += chunkOverhead + length
	// The chunk must be there to its end.
	_, err = f.Src.Bytes(f.at-1, 1)
	return err
}

// isChunkName reports whether a chunk's name is four letters, as every one is. Without that, zeros would be chunks.
func isChunkName(kind string) bool {
	for _, b := range []byte(kind) {
		if b |= 0x20; b < 'a' || b > 'z' {
			return false
		}
	}
	return true
}

// body gives as much of the body of the chunk at hand as matters, valid until the next call.
func (f *scanner) body(length int64, most int) ([]byte, error) {
	return f.Src.Bytes(f.at+chunkOverhead-4, int(min(length, int64(most))))
}

// chunk takes note of one chunk of length bytes.
func (f *scanner) chunk(kind string, length int64) error {
	most, ok := described[kind]
	switch {
	case kind == "IHDR" || kind == "PLTE" || kind == "tRNS":
		return f.critical(kind, length)
	case kind == "IDAT":
		f.idatBytes += length
	case kind == "IEND":
		f.complete = true
	case kind == "acTL":
		f.animation.announced = f.animation.announced || f.pixels == 0
		if f.Options.Page == 0 {
			f.Note("the animation is not kept: only the still picture is read")
		}
	case kind == "fcTL":
		body, err := f.body(length, 26)
		if err != nil {
			return err
		}
		return f.control(body)
	case kind == "fdAT":
		f.frameData(length)
	case ok:
		body, err := f.body(length, most)
		if err != nil {
			return err
		}
		f.describe(kind, slices.Clone(body), length > int64(most))
	}
	return nil
}

// critical reads a chunk that says what the pixels mean. Its checksum must be right.
func (f *scanner) critical(kind string, length int64) error {
	const longest = 3 * 256
	if length > longest || f.pixels != 0 {
		return fmt.Errorf("its chunk %s is too long or in the wrong place", kind)
	}
	whole, err := f.Src.Bytes(f.at+4, int(length)+8)
	if err != nil {
		return err
	}
	body := slices.Clone(whole[4 : 4+length])
	sum := binary.BigEndian.Uint32(whole[4+length:])
	switch kind {
	case "IHDR":
		err = f.form(body)
	case "PLTE":
		f.palette = body
	case "tRNS":
		f.trns = body
	}
	if err == nil && crc32.ChecksumIEEE(append([]byte(kind), body...)) != sum {
		err = fmt.Errorf("the checksum of its chunk %s is wrong", kind)
	}
	return err
}

// form reads the header chunk.
func (f *scanner) form(body []byte) error {
	if len(body) != 13 || f.Width != 0 {
		return errors.New("its header is wrong")
	}
	w, h := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return errors.New("it declares an impossible size")
	}
	if w == 0 || h == 0 {
		return codec.ErrNoSize
	}
	f.Width, f.Height = int(w), int(h)
	f.bits, f.colorType, f.interlaced = int(body[8]), body[9], body[12] == 1
	if !slices.Contains(depths[f.colorType], f.bits) {
		return fmt.Errorf("colour type %d with %d bits a sample does not exist", f.colorType, f.bits)
	}
	if body[10] != 0 || body[11] != 0 || body[12] > 1 {
		return codec.Unsupported("its compression, filters or interlacing are of an unknown kind")
	}
	return nil
}

// depths lists the bits a sample that each colour type can have.
var depths = map[byte][]int{typeGray: {1, 2, 4, 8, 16}, typeRGB: {8, 16}, typePalette: {1, 2, 4, 8}, typeGrayAlpha: {8, 16}, typeRGBA: {8, 16}}

// channels works out the channels of the picture, gray stays gray, also where a palette holds nothing else, and what decoding takes.
func (f *scanner) channels() error {
	f.Colors = 3
	if f.colorType == typeGray || f.colorType == typeGrayAlpha || f.colorType == typePalette && codec.GrayPalette(f.palette) && !f.forRGB() {
		f.Colors = 1
	}
	wanted, ok := map[byte]int{typeGray: 2, typeRGB: 6, typePalette: len(f.palette) / 3}[f.colorType]
	switch {
	case len(f.palette)%3 != 0 || f.colorType == typePalette && len(f.palette) == 0:
		return errors.New("its palette is wrong")
	case f.trns != nil && (!ok || len(f.trns) > wanted || f.colorType != typePalette && len(f.trns) != wanted):
		return errors.New("its transparency is wrong")
	}
	f.Alpha = f.colorType == typeGrayAlpha || f.colorType == typeRGBA || f.trns != nil
	if f.bits == 16 {
		f.Depth = 16
	}
	f.Needs = codec.Needs{
		Decoder: f.PictureBytes() + 2*int64(f.rowBytes(f.Width)) + codec.PixelBytes*int64(f.Width),
		File:    f.Area()*int64(f.pixelBits())/8 + int64(f.Height),
	}
	return nil
}

// pixelBits is what a pixel takes before compression.
func (f *scanner) pixelBits() int {
	samples := map[byte]int{typeRGB: 3, typeGrayAlpha: 2, typeRGBA: 4}[f.colorType]
	return max(samples, 1) * f.bits
}

// rowBytes is what the filter's name and a row of pixels take before compression.
func (f *scanner) rowBytes(pixels int) int { return 1 + (pixels*f.pixelBits()+7)/8 }

// bound checks that so many bytes can hold the picture. Interlacing only adds to the rows of samples.
func (f *scanner) bound(length int64) {
	rowBytes := f.rowBytes(f.Width)
	if f.interlaced {
		rowBytes--
	}
	f.TooShort = length*codec.MaxDeflate/int64(max(rowBytes, 1)) < int64(f.Height)
}
