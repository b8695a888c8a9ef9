// Package bmp reads BMP, of Windows and OS/2: palettes, masks, runs, alpha.
package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"classsr/imageio/codec"
	"classsr/metadata"
)

// Format is BMP.
var Format = codec.Format{ID: "bmp", Name: "BMP", Scan: newScanner}

// Compressions.
const (
	plain      = 0
	runs8      = 1
	runs4      = 2
	masked     = 3 // in the headers of OS/2: fax
	jpeg       = 4 // in the headers of OS/2: runs of 24 bits
	png        = 5
	maskedToo  = 6 // with a mask for alpha
	fileHeader = 14
	oldHeader  = 12 // of OS/2 1
	header3    = 40
	header5    = 124
)

// scanner reads the headers of a BMP.
type scanner struct {
	*codec.File
	header      int64 // length of the second header, which tells the version
	bits        int   // a pixel
	compression uint32
	topDown     bool
	palette     []byte    // red, green, blue
	masks       [4]uint32 // of red, green, blue, alpha, in pixels of 16 and 32 bits
	pixels      int64     // where the pixels begin
}

// Recognise reports whether a file is one.
func Recognise(s *codec.Source) bool {
	head := s.First()
	// Text may begin with the same two letters.
	return len(head) >= 2 && string(head[:2]) == "BM" && (len(head) < fileHeader+4 || head[15] == 0 && head[16] == 0 && head[17] == 0)
}

func newScanner(c *codec.File) codec.Scanner { return &scanner{File: c} }

// Header implements codec.Scanner.
func (f *scanner) Header() error {
	head, err := f.Src.Bytes(0, fileHeader+4)
	if err != nil {
		return err
	}
	f.pixels = int64(binary.LittleEndian.Uint32(head[10:]))
	f.header = int64(binary.LittleEndian.Uint32(head[14:]))
	if f.header != oldHeader && (f.header < 16 || f.header > header5) {
		return codec.Unsupported("a header of %d bytes is not known", f.header)
	}
	if err := f.OnePage(); err != nil {
		return err
	}
	for _, read := range []func() error{f.form, f.readMasks, f.readPalette} {
		if err := read(); err != nil {
			return err
		}
	}
	f.HeaderEnd = f.pixels
	f.reckon()
	return nil
}

// form reads what the second header says.
func (f *scanner) form() error {
	body, err := f.Src.Bytes(fileHeader, int(f.header))
	if err != nil {
		return err
	}
	var planes uint16
	if f.header == oldHeader {
		f.Width, f.Height = int(binary.LittleEndian.Uint16(body[4:])), int(binary.LittleEndian.Uint16(body[6:]))
		planes, f.bits = binary.LittleEndian.Uint16(body[8:]), int(binary.LittleEndian.Uint16(body[10:]))
	} else {
		f.Width, f.Height = int(int32(binary.LittleEndian.Uint32(body[4:]))), int(int32(binary.LittleEndian.Uint32(body[8:])))
		planes, f.bits = binary.LittleEndian.Uint16(body[12:]), int(binary.LittleEndian.Uint16(body[14:]))
		if f.Height < 0 {
			f.Height, f.topDown = -f.Height, true
		}
	}
	if f.header >= 20 {
		f.compression = binary.LittleEndian.Uint32(body[16:])
	}
	if f.header >= header3 && len(body) >= 32 {
		f.resolution(body)
	}
	if f.Width <= 0 || f.Height <= 0 || f.Height > 1<<31-1 {
		return codec.ErrNoSize
	}
	if planes != 1 {
		return fmt.Errorf("it says that it has %d planes", planes)
	}
	return f.kind()
}

// kind refuses what is not read.
func (f *scanner) kind() error {
	windows := f.header >= header3 && f.header != 64
	var fits bool
	switch f.compression {
	case plain:
		fits = slices.Contains([]int{1, 2, 4, 8, 16, 24, 32}, f.bits)
	case runs8:
		fits = f.bits == 8
	case runs4:
		fits = f.bits == 4
	case masked, maskedToo:
		if !windows {
			return codec.Unsupported("fax compression of OS/2 is not supported")
		}
		fits = f.bits == 16 || f.bits == 32
	case jpeg:
		if !windows {
			fits = f.bits == 24
			break
		}
		return codec.Unsupported("a JPEG inside a BMP is not supported")
	case png:
		return codec.Unsupported("a PNG inside a BMP is not supported")
	default:
		return codec.Unsupported("compression %d is not known", f.compression)
	}
	if !fits {
		return codec.Unsupported("%d bits a pixel with compression %d are not known", f.bits, f.compression)
	}
	return nil
}

// resolution reads the dots a metre. 96 an inch are those of screens and mean nothing in particular.
func (f *scanner) resolution(body []byte) {
	x, y := binary.LittleEndian.Uint32(body[24:]), binary.LittleEndian.Uint32(body[28:])
	if d := metadata.FromMetre(float64(x), float64(y)); d.Says() && (x != y || x != 3779 && x != 3780) {
		f.Metadata.Density = d
	}
}

// readMasks finds out which bits of a pixel of 16 or 32 bits are which channel.
func (f *scanner) readMasks() error {
	f.Colors = 3
	switch f.bits {
	case 16:
		f.masks = [4]uint32{0x7c00, 0x3e0, 0x1f}
	case 32:
		f.masks = [4]uint32{0xff0000, 0xff00, 0xff}
	default:
		return nil
	}
	if f.compression != masked && f.compression != maskedToo {
		return nil
	}
	// In the third version they follow the header; later ones have them inside, at the same place.
	n := 3
	if f.header >= 56 || f.compression == maskedToo {
		n = 4
	}
	body, err := f.Src.Bytes(fileHeader+header3, 4*n)
	if err != nil {
		return err
	}
	all := uint32(0)
	for i := range n {
		m := binary.LittleEndian.Uint32(body[4*i:])
		if m&all != 0 || m != 0 && bits.Len32(m)-bits.TrailingZeros32(m) != bits.OnesCount32(m) || uint64(m)>>f.bits != 0 {
			return errors.New("its masks for the colours are wrong")
		}
		f.masks[i] = m
		all |= m
	}
	for _, m := range f.masks[:3] {
		if bits.OnesCount32(m) > 8 {
			f.Depth = 16
		}
	}
	f.Alpha = f.masks[3] != 0
	return nil
}

// readPalette reads the palette of pixels of up to 8 bits.
func (f *scanner) readPalette() error {
	at := fileHeader + f.header
	if f.header == header3 && (f.compression == masked || f.compression == maskedToo) {
		at += 12
	}
	if f.pixels < at {
		return errors.New("its pixels begin in its header")
	}
	if f.bits > 8 {
		return nil
	}
	entry := int64(4)
	if f.header == oldHeader {
		entry = 3
	}
	n := int64(1) << f.bits
	if f.header >= 36 {
		used, err := f.Src.Bytes(fileHeader+32, 4)
		if err != nil {
			return err
		}
		if v := int64(binary.LittleEndian.Uint32(used)); v > 0 {
			n = min(n, v)
		}
	}
	n = min(n, (f.pixels-at)/entry)
	body, err := f.Src.Bytes(at, int(n*entry))
	if err != nil {
		return err
	}
	for ; len(body) >= int(entry); body = body[entry:] {
		f.palette = append(f.palette, body[2], body[1], body[0])
	}
	if len(f.palette) == 0 {
		return errors.New("it has no palette")
	}
	if codec.GrayPalette(f.palette) {
		f.Colors = 1
	}
	return nil
}

// rowBytes is the length of a row, which is a multiple of four bytes.
func (f *scanner) rowBytes() int64 { return (int64(f.Width)*int64(f.bits) + 31) / 32 * 4 }

// compressed reports whether rows are runs, whose length is not known.
func (f *scanner) compressed() bool {
	return f.compression == runs8 || f.compression == runs4 || f.compression == jpeg
}

// reckon says what decoding takes, and whether the file can hold the picture.
func (f *scanner) reckon() {
	row := f.rowBytes()
	f.Needs = codec.Needs{Decoder: f.PictureBytes() + row + codec.PixelBytes*int64(f.Width), File: f.Area()*int64(f.bits)/8 + 4*int64(f.Height)}
	if f.compressed() {
		f.Needs.File = 2*f.Needs.File + 4*int64(f.Height) + 16
	}
	if !f.Src.Ended() {
		return
	}
	if length := f.Src.Size() - f.pixels; f.compressed() {
		f.TooShort = f.Area() > codec.BoundlessPixels(length)
	} else {
		above, last := int64(f.Height)-1, (int64(f.Width)*int64(f.bits)+7)/8 // the padding of the last row may be missing
		f.TooShort = length/row < above || length-row*above < last
	}
}

// Rest implements codec.Scanner.
func (f *scanner) Rest() error {
	if f.header == header5 {
		if err := f.profile(); err != nil {
			return err
		}
	}
	if f.compressed() {
		return f.ReadOn()
	}
	if f.TooShort {
		return io.ErrUnexpectedEOF
	}
	// Of what comes through a pipe, the pixels must have come.
	if err := f.ReadOn(); err != nil {
		return err
	}
	f.reckon()
	return nil
}

// profile reads a colour profile, which comes behind the pixels.
func (f *scanner) profile() error {
	const embedded, linked = 0x4d424544, 0x4c494e4b
	body, err := f.Src.Bytes(fileHeader, header5)
	if err != nil {
		return err
	}
	at, n := int64(binary.LittleEndian.Uint32(body[112:])), int64(binary.LittleEndian.Uint32(body[116:]))
	switch binary.LittleEndian.Uint32(body[56:]) {
	case linked:
		f.Note("its colour profile is in another file and not read")
	case embedded:
		if n > codec.LongestProfile {
			f.Note("its colour profile is too long and dropped")
			return nil
		}
		profile, err := f.Src.Bytes(fileHeader+at, int(n))
		if err != nil {
			return err
		}
		f.ICC(slices.Clone(profile))
	}
	return nil
}
