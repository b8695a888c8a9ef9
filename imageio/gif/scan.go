// Package gif reads GIF: the first frame of an animation, or any other one as it is shown, on its canvas.
package gif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"classsr/imageio/codec"
	"classsr/metadata"
)

// Format is GIF.
var Format = codec.Format{ID: "gif", Name: "GIF", Scan: newScanner}

// What becomes of a frame when its time is over.
const (
	disposeBackground = 2 // its rectangle becomes transparent
	disposePrevious   = 3 // what was there before comes back
)

// frame is a picture on the canvas.
type frame struct {
	x, y, width, height int // its rectangle, which may reach beyond the canvas
	interlaced          bool
	palette             []byte // red, green, blue
	transparent         int    // an index into the palette; -1 without
	disposal            byte
	data                int64 // where its pixels begin, with the size of LZW's codes
}

// scanner follows the blocks of a GIF. It reads over the pixels of frames, which lie in blocks of at most 255 bytes.
type scanner struct {
	*codec.File
	at       int64 // where the next block begins
	palette  []byte
	frames   []frame // up to the one that is wanted
	pending  frame   // what was said of the next one
	inside   bool    // the next block is one of pixels
	complete bool    // the last block was found
}

const headerLen = 13 // signature and screen

func newScanner(c *codec.File) codec.Scanner {
	return &scanner{File: c, pending: frame{transparent: -1}}
}

// Header reads up to the frame that is wanted.
func (f *scanner) Header() error {
	if !f.Src.Piped() {
		f.Further = true // any number of frames
		f.Src.Allow(math.MaxInt64, nil)
	}
	head, err := f.Src.Bytes(0, headerLen)
	if err != nil {
		return err
	}
	if version := string(head[3:6]); version != "87a" && version != "89a" {
		return codec.Unsupported("version %q is not known", version)
	}
	f.Width, f.Height = int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))
	flags := head[10]
	f.at = headerLen
	if f.palette, err = f.readPalette(flags); err != nil {
		return err
	}
	if err := f.CheckFrame(); err != nil {
		return err
	}
	wanted := max(f.Options.Page, 1)
	for f.Pages < wanted {
		if err := f.next(); err != nil {
			return err
		}
		if f.complete && f.Pages == 0 {
			return errors.New("it contains no picture")
		}
		if f.complete && f.Pages < wanted {
			return f.NoPage(f.Pages)
		}
		f.HeaderEnd = f.at
	}
	f.form()
	return nil
}

// form works out the form of the picture, and what decoding takes.
func (f *scanner) form() {
	if f.Width == 0 || f.Height == 0 { // some programs leave that to the frame
		f.Width, f.Height = f.frames[0].x+f.frames[0].width, f.frames[0].y+f.frames[0].height
	}
	f.Colors, f.Alpha = 1, true
	for i, fr := range f.frames {
		if !codec.GrayPalette(fr.palette) {
			f.Colors = 3
		}
		before := f.Alpha
		if fr.transparent < 0 && fr.x == 0 && fr.y == 0 && fr.width >= f.Width && fr.height >= f.Height {
			f.Alpha = false
		}
		switch {
		case i == len(f.frames)-1:
		case fr.disposal == disposeBackground:
			f.Alpha = true
		case fr.disposal == disposePrevious:
			f.Alpha = before
		}
	}
	const lzw = 64 << 10
	f.Needs = codec.Needs{Decoder: f.PictureBytes() + lzw + 8*int64(f.Width), File: f.Area() + f.Area()/2 + 1024}
	shown := f.frames[len(f.frames)-1]
	if f.Src.Ended() {
		f.TooShort = min(int64(shown.width)*int64(shown.height), f.Area()) > codec.BoundlessPixels(f.Src.Size()-shown.data)
	}
}

// Rest reads to the end.
func (f *scanner) Rest() error {
	for !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	if f.Pages > 1 && f.Options.Page == 0 {
		f.Note(fmt.Sprintf("only the first of %d frames is read", f.Pages))
	}
	return nil
}

// next reads a block: a frame, an extension, or the end.
func (f *scanner) next() error {
	if f.inside {
		f.inside = false
		if err := f.skip(); err != nil {
			return err
		}
	}
	head, err := f.Src.Bytes(f.at, 1)
	if err != nil {
		return err
	}
	f.at++
	switch head[0] {
	case ',':
		return f.image()
	case '!':
		return f.extension()
	case ';':
		f.complete = true
		return nil
	}
	return fmt.Errorf("there is no block of kind %d", head[0])
}

// image reads the header of a frame, and over its pixels.
func (f *scanner) image() error {
	head, err := f.Src.Bytes(f.at, 9)
	if err != nil {
		return err
	}
	fr := f.pending
	f.pending = frame{transparent: -1}
	side := func(i int) int { return int(binary.LittleEndian.Uint16(head[i:])) }
	fr.x, fr.y, fr.width, fr.height = side(0), side(2), side(4), side(6)
	flags := head[8]
	fr.interlaced = flags&0x40 != 0
	f.at += 9
	if fr.palette, err = f.readPalette(flags); err != nil {
		return err
	}
	if fr.palette == nil {
		fr.palette = f.palette
	}
	if f.Pages++; f.Pages <= max(f.Options.Page, 1) {
		if fr.width == 0 || fr.height == 0 {
			return errors.New("a frame has no size")
		}
		if fr.palette == nil {
			return errors.New("it has no palette")
		}
		fr.data = f.at
		f.frames = append(f.frames, fr)
		if f.Pages == max(f.Options.Page, 1) { // its pixels belong to what is read later
			f.at++
			f.inside = true
			return nil
		}
	}
	f.at++ // the size of codes
	return f.skip()
}

// readPalette reads the palette that the flags announce; nil if they announce none.
func (f *scanner) readPalette(flags byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	n := 3 << (flags&7 + 1)
	body, err := f.Src.Bytes(f.at, n)
	f.at += int64(n)
	return slices.Clone(body), err
}

// extension reads an extension block.
func (f *scanner) extension() error {
	const control, comment, application = 0xf9, 0xfe, 0xff
	kind, err := f.Src.Bytes(f.at, 1)
	if err != nil {
		return err
	}
	label := kind[0]
	f.at++
	body, err := f.subBlock()
	if err != nil {
		return err
	}
	switch {
	case label == control && len(body) >= 4:
		f.pending.transparent = -1
		if body[0]&1 != 0 {
			f.pending.transparent = int(body[3])
		}
		f.pending.disposal = body[0] >> 2 & 7
	case label == comment && len(body) > 0:
		text, err := f.gather(bytes.Clone(body), codec.LongestText)
		if len(text) > 0 && len(f.Metadata.Text) < mostTexts {
			f.Metadata.Text = append(f.Metadata.Text, metadata.Text{Keyword: metadata.Comment, Value: strings.ToValidUTF8(string(text), "?")})
		}
		return err
	case label == application && string(body) == "XMP DataXMP":
		return f.xmp()
	case label == application && string(body) == "ICCRGBG1012":
		profile, err := f.gather(nil, codec.LongestProfile)
		if len(profile) > 0 {
			f.ICC(profile)
		}
		return err
	}
	if len(body) == 0 {
		return nil
	}
	return f.skip()
}

// mostTexts is how many remarks are kept.
const mostTexts = 64

// gather appends the blocks of data up to the empty one; nil if they are longer than most.
func (f *scanner) gather(data []byte, most int) ([]byte, error) {
	for {
		body, err := f.subBlock()
		if err != nil || len(body) == 0 {
			return data, err
		}
		if data = append(data, body...); len(data) > most {
			return nil, f.skip()
		}
	}
}

// xmp reads a packet of XMP. It does not lie in blocks: it is followed by bytes that, wherever a reader of blocks lands, lead it to the end.
func (f *scanner) xmp() error {
	const trailer = 257 // a one, and all values from 255 to 0
	from := f.at
	if err := f.skip(); err != nil {
		return err
	}
	// The end that skip found is the zero behind the trailer.
	n := f.at - 1 - from - trailer
	if n <= 0 || n > codec.LongestXMP || f.Src.Piped() {
		return nil
	}
	packet, err := f.Src.Bytes(from, int(n))
	if err == nil {
		f.Metadata.XMP = bytes.Clone(packet)
	}
	return err
}

// subBlock gives the bytes of the next block of data, valid until the next call; none at the end of the data.
func (f *scanner) subBlock() ([]byte, error) {
	size, err := f.Src.Bytes(f.at, 1)
	if err != nil {
		return nil, err
	}
	n := int(size[0])
	body, err := f.Src.Bytes(f.at+1, n)
	f.at += 1 + int64(n)
	return body, err
}

// skip reads over blocks of data up to the empty one.
func (f *scanner) skip() error {
	for {
		size, err := f.Src.Some(f.at, 1, codec.NextLook)
		if err != nil {
			return err
		}
		if len(size) == 0 {
			_, err := f.Src.Bytes(f.at, 1)
			return err
		}
		f.at += 1 + int64(size[0])
		if size[0] == 0 {
			return nil
		}
	}
}
