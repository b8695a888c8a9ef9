package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// pngScan follows the chunks of a PNG and gathers what they say together.
type pngScan struct {
	*container
	at         int64 // where the next chunk begins
	colorType  byte
	interlaced bool
	bits       int // a sample
	palette    []byte
	trns       []byte // nil without transparency
	pixels     int64  // where the first IDAT chunk begins; 0 until it is found
	pixelBytes int64  // compressed, of all IDAT chunks
	complete   bool   // the last chunk was found
	color      pngColor
}

// pngColor is what a PNG says about its colour space; the first that is there counts, in this order.
type pngColor struct {
	cicp, iccp   []byte
	srgb         bool
	gamma, prims []byte
}

// PNG's colour types.
const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

// pngOverhead is what a chunk takes beside its body: length, name, checksum.
const pngOverhead = 12

const pngSignatureLen = 8

func scanPNG(c *container) scanner { return &pngScan{container: c, at: pngSignatureLen} }

// header reads the chunks before the pixels.
func (f *pngScan) header() error {
	for f.pixels == 0 && !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	if f.width == 0 {
		return errNoSize
	}
	f.headerEnd = f.at
	if err := f.channels(); err != nil {
		return err
	}
	if rest := f.src.size - f.at; f.src.ended() {
		f.bound(rest)
	}
	return nil
}

// rest reads the other ones.
func (f *pngScan) rest() error {
	for !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	f.color.note(f.container)
	f.bound(f.pixelBytes)
	return nil
}

// next reads a chunk. Once the header is read, that is all before the first chunk of pixels, it does not read over that in the same call.
func (f *pngScan) next() error {
	head, err := f.src.bytes(f.at, pngOverhead-4)
	if err != nil {
		return err
	}
	length, kind := int64(binary.BigEndian.Uint32(head)), string(head[4:])
	switch {
	case f.at == pngSignatureLen && kind != "IHDR":
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
	f.at += pngOverhead + length
	// The chunk must be there to its end.
	_, err = f.src.bytes(f.at-1, 1)
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
func (f *pngScan) body(length int64, most int) ([]byte, error) {
	return f.src.bytes(f.at+pngOverhead-4, int(min(length, int64(most))))
}

// Of metadata of any length so much is read.
const (
	longestProfile = 1 << 20
	longestEXIF    = 1 << 20
	longestLabel   = 32
)

// pngBodies lists the chunks that tell something beside the pixels, and how much of their bodies matters.
var pngBodies = map[string]int{
	"cICP": 4, "gAMA": 4, "cHRM": 32, "pHYs": 9, "iCCP": longestProfile, "eXIf": longestEXIF,
	"iTXt": longestLabel, "tEXt": longestLabel, "zTXt": longestLabel,
}

// chunk takes note of one chunk of length bytes.
func (f *pngScan) chunk(kind string, length int64) error {
	most, ok := pngBodies[kind]
	switch {
	case kind == "IHDR" || kind == "PLTE" || kind == "tRNS":
		return f.critical(kind, length)
	case kind == "IDAT":
		f.pixelBytes += length
	case kind == "IEND":
		f.complete = true
	case kind == "sRGB":
		f.color.srgb = true
	case kind == "acTL":
		f.note(noteAnimation)
	case ok:
		body, err := f.body(length, most)
		if err != nil {
			return err
		}
		f.ancillary(kind, length, body)
	}
	return nil
}

// critical reads a chunk that says what the pixels mean. Its checksum must be right.
func (f *pngScan) critical(kind string, length int64) error {
	const longest = 3 * 256
	if length > longest || f.pixels != 0 {
		return fmt.Errorf("its chunk %s is too long or in the wrong place", kind)
	}
	whole, err := f.src.bytes(f.at+4, int(length)+8)
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
func (f *pngScan) form(body []byte) error {
	if len(body) != 13 || f.width != 0 {
		return errors.New("its header is wrong")
	}
	w, h := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
	if w > math.MaxInt32 || h > math.MaxInt32 {
		return errors.New("it declares an impossible size")
	}
	if w == 0 || h == 0 {
		return errNoSize
	}
	f.width, f.height = int(w), int(h)
	f.bits, f.colorType, f.interlaced = int(body[8]), body[9], body[12] == 1
	if depths := pngDepths[f.colorType]; !slices.Contains(depths, f.bits) {
		return unsupported("colour type %d with %d bits a sample does not exist", f.colorType, f.bits)
	}
	if body[10] != 0 || body[11] != 0 || body[12] > 1 {
		return unsupported("its compression, filters or interlacing are of an unknown kind")
	}
	return nil
}

// pngDepths lists the bits a sample that each colour type can have.
var pngDepths = map[byte][]int{pngGray: {1, 2, 4, 8, 16}, pngRGB: {8, 16}, pngPalette: {1, 2, 4, 8}, pngGrayAlpha: {8, 16}, pngRGBA: {8, 16}}

// ancillary takes note of a chunk that pixels do not depend on.
func (f *pngScan) ancillary(kind string, length int64, body []byte) {
	switch kind {
	case "cICP":
		f.color.cicp = slices.Clone(body)
	case "iCCP":
		f.color.iccp = slices.Clone(body)
	case "gAMA":
		f.color.gamma = slices.Clone(body)
	case "cHRM":
		f.color.prims = slices.Clone(body)
	case "eXIf":
		f.exif(body)
	case "iTXt", "tEXt", "zTXt":
		if bytes.HasPrefix(body, []byte("XML:com.adobe.xmp\x00")) {
			f.note(noteXMP)
		} else {
			f.note(noteText)
		}
	case "pHYs":
		if length == 9 {
			notePHYs(f.container, body)
		}
	}
}

// notePHYs takes note of a resolution other than the 72 dots an inch that mean nothing in particular.
func notePHYs(c *container, body []byte) {
	const perMetre72 = 2835
	x, y, inMetres := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:]), body[8] == 1
	if x != y || inMetres && x != perMetre72 {
		c.note(noteResolution)
	}
}

// note says which colour space is lost.
func (s *pngColor) note(c *container) {
	switch {
	case len(s.cicp) == 4:
		// BT.709 primaries with the sRGB curve, no matrix, full range are sRGB.
		if !bytes.Equal(s.cicp, []byte{1, 13, 0, 1}) {
			c.noteProfile(fmt.Sprintf("cICP %d/%d", s.cicp[0], s.cicp[1]))
		}
	case s.iccp != nil:
		c.noteICC(inflateICCP(s.iccp))
	case s.srgb:
	default:
		if !s.nearSRGB() {
			c.noteProfile("gAMA/cHRM")
		}
	}
}

// inflateICCP gives the profile of an iCCP chunk and the name that the chunk gives it. A profile may be longer than the
// start that is read here, which holds its name in practice.
func inflateICCP(body []byte) (profile []byte, name string) {
	const maxProfile = 1 << 20
	label, rest, found := bytes.Cut(body, []byte{0})
	if !found || len(rest) < 1 {
		return nil, ""
	}
	if r, err := zlib.NewReader(bytes.NewReader(rest[1:])); err == nil {
		profile, _ = io.ReadAll(io.LimitReader(r, maxProfile)) // a damaged profile is as lost as a whole one
	}
	return profile, latin1(label)
}

// nearSRGB reports whether gAMA and cHRM, as far as they are there, are those of sRGB within rounding.
func (s *pngColor) nearSRGB() bool {
	near := func(body []byte, tolerance float64, want ...uint32) bool {
		if len(body) != 4*len(want) {
			return true // absent or broken
		}
		for i, v := range want {
			if math.Abs(float64(binary.BigEndian.Uint32(body[4*i:]))-float64(v)) > tolerance {
				return false
			}
		}
		return true
	}
	return near(s.gamma, 600, 45455) && near(s.prims, 200, 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
}

// channels works out the channels of the picture, gray stays gray, also where a palette holds nothing else, and what decoding takes.
func (f *pngScan) channels() error {
	f.colors = 3
	if f.colorType == pngGray || f.colorType == pngGrayAlpha || f.colorType == pngPalette && grayPalette(f.palette) {
		f.colors = 1
	}
	wanted, ok := map[byte]int{pngGray: 2, pngRGB: 6, pngPalette: len(f.palette) / 3}[f.colorType]
	switch {
	case len(f.palette)%3 != 0 || f.colorType == pngPalette && len(f.palette) == 0:
		return errors.New("its palette is wrong")
	case f.trns != nil && (!ok || len(f.trns) > wanted || f.colorType != pngPalette && len(f.trns) != wanted):
		return errors.New("its transparency is wrong")
	}
	f.alpha = f.colorType == pngGrayAlpha || f.colorType == pngRGBA || f.trns != nil
	if f.bits == 16 {
		f.depth = 16
	}
	f.needs = needs{
		decoder: f.pictureBytes() + 2*int64(f.rowBytes(f.width)) + pixelBytes*int64(f.width),
		file:    f.area()*int64(f.pixelBits())/8 + int64(f.height),
	}
	return nil
}

// pixelBits is what a pixel takes before compression.
func (f *pngScan) pixelBits() int {
	samples := map[byte]int{pngRGB: 3, pngGrayAlpha: 2, pngRGBA: 4}[f.colorType]
	return max(samples, 1) * f.bits
}

// rowBytes is what the filter's name and a row of pixels take before compression.
func (f *pngScan) rowBytes(pixels int) int { return 1 + (pixels*f.pixelBits()+7)/8 }

// grayPalette reports whether every entry (red, green, blue) is a gray.
func grayPalette(palette []byte) bool {
	for ; len(palette) >= 3; palette = palette[3:] {
		if palette[0] != palette[1] || palette[1] != palette[2] {
			return false
		}
	}
	return true
}

// maxDeflate is the most that deflate can expand: 258 bytes for a length code and a distance code of one bit each.
const maxDeflate = 1032

// bound checks that so many bytes can hold the picture. Interlacing only adds to the rows of samples.
func (f *pngScan) bound(length int64) {
	rowBytes := f.rowBytes(f.width)
	if f.interlaced {
		rowBytes--
	}
	f.tooShort = length*maxDeflate/int64(max(rowBytes, 1)) < int64(f.height)
}
