package imageio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// pngFacts gathers what the chunks of a PNG say together.
type pngFacts struct {
	colorType  byte
	interlaced bool
	bits       int // a sample
	palette    []byte
	hasTRNS    bool
	pixelBytes int64 // compressed, of all IDAT chunks
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

func scanPNG(c *container, data []byte) error {
	const signatureLen, overhead = 8, 12
	var f pngFacts
	for pos := signatureLen; pos+overhead <= len(data); {
		length := int64(binary.BigEndian.Uint32(data[pos:]))
		kind := string(data[pos+4 : pos+8])
		if pos == signatureLen && kind != "IHDR" {
			return errors.New("its header is not at the start")
		}
		if length > math.MaxInt32 || !isChunkName(kind) {
			return errors.New("a part of the file is not a PNG chunk")
		}
		body := data[pos+8:]
		if length > int64(len(body))-4 {
			return io.ErrUnexpectedEOF
		}
		if err := f.chunk(c, kind, body[:length]); err != nil {
			return err
		}
		if kind == "IEND" {
			c.complete = true
			break
		}
		pos += overhead + int(length)
	}
	if c.width <= 0 || c.height <= 0 {
		return nil // as scan will say
	}
	f.color.note(c)
	f.channels(c)
	f.bound(c)
	return nil
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

// chunk takes note of one chunk.
func (f *pngFacts) chunk(c *container, kind string, body []byte) error {
	switch kind {
	case "IHDR":
		if len(body) != 13 || c.width != 0 {
			return errors.New("its header is wrong")
		}
		w, h := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
		if w > math.MaxInt32 || h > math.MaxInt32 {
			return errors.New("it declares an impossible size")
		}
		if w == 0 || h == 0 {
			return errNoSize
		}
		c.width, c.height = int(w), int(h)
		f.bits, f.colorType, f.interlaced = int(body[8]), body[9], body[12] != 0
	case "PLTE":
		f.palette = body
	case "tRNS":
		f.hasTRNS = true
	case "IDAT":
		f.pixelBytes += int64(len(body))
	case "cICP":
		f.color.cicp = body
	case "iCCP":
		f.color.iccp = body
	case "sRGB":
		f.color.srgb = true
	case "gAMA":
		f.color.gamma = body
	case "cHRM":
		f.color.prims = body
	case "eXIf":
		c.exif(body)
	case "acTL":
		c.note(noteAnimation)
	case "iTXt", "tEXt", "zTXt":
		if bytes.HasPrefix(body, []byte("XML:com.adobe.xmp\x00")) {
			c.note(noteXMP)
		} else {
			c.note(noteText)
		}
	case "pHYs":
		notePHYs(c, body)
	}
	return nil
}

// notePHYs takes note of a resolution other than the 72 dots an inch that mean nothing in particular.
func notePHYs(c *container, body []byte) {
	if len(body) != 9 {
		return
	}
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

// channels works out the channels of the picture: gray stays gray, also where a palette holds nothing else.
func (f *pngFacts) channels(c *container) {
	c.colors = 3
	if f.colorType == pngGray || f.colorType == pngGrayAlpha || f.colorType == pngPalette && grayPalette(f.palette) {
		c.colors = 1
	}
	c.alpha = f.colorType == pngGrayAlpha || f.colorType == pngRGBA || f.hasTRNS
	if f.bits == 16 {
		c.depth = 16
	}
}

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

// bound checks that the IDAT chunks can hold the picture. Interlacing only adds to the rows of samples.
func (f *pngFacts) bound(c *container) {
	samples := map[byte]int64{pngRGB: 3, pngGrayAlpha: 2, pngRGBA: 4}[f.colorType]
	rowBytes := 1 + (int64(c.width)*max(samples, 1)*int64(f.bits)+7)/8
	if f.interlaced {
		rowBytes--
	}
	c.tooShort = f.pixelBytes*maxDeflate/max(rowBytes, 1) < int64(c.height)
}
