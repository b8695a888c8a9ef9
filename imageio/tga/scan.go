// Package tga reads Truevision TGA: palettes, colours and grays, plain and in runs, of all depths.
package tga

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"classsr/imageio/codec"
	"classsr/metadata"
)

// Format is TGA. Its files have no signature at their beginning: Recognise looks at more.
var Format = codec.Format{ID: "tga", Name: "TGA", Scan: newScanner}

// Kinds of pixels; the bit runs is set where they are compressed.
const (
	kindPalette = 1
	kindColour  = 2
	kindGray    = 3
	runs        = 8
)

const (
	headerLen    = 18
	footerLen    = 26
	signature    = "TRUEVISION-XFILE."
	entriesAfter = 3 // where the header describes the palette
)

// scanner reads the headers of a TGA.
type scanner struct {
	*codec.File
	kind        byte // without the bit runs
	compressed  bool
	bits        int // a stored pixel
	first       int // the index of the palette's first entry
	palette     [][]uint8
	leftward    bool // rows are stored from right to left
	topDown     bool
	multiplied  bool // colours are multiplied by alpha
	alphaBits   int
	pixels      int64
	footerFound bool
}

func newScanner(c *codec.File) codec.Scanner { return &scanner{File: c} }

// Recognise reports whether a file is one: by the signature at its end, or by a header in which everything fits together.
func Recognise(s *codec.Source) bool {
	head := s.First()
	if len(head) < headerLen || head[1] > 1 || !known(head[2]) {
		return false
	}
	if hasFooter(s) {
		return true
	}
	mapped, entries := head[1] == 1, binary.LittleEndian.Uint16(head[5:])
	switch {
	case mapped != (head[2]&^runs == kindPalette) && (mapped || head[2]&^runs == kindPalette):
		return false
	case mapped && (entries == 0 || head[7] != 15 && head[7] != 16 && head[7] != 24 && head[7] != 32):
		return false
	case !mapped && !bytes.Equal(head[3:8], make([]byte, 5)):
		return false
	}
	w, h := binary.LittleEndian.Uint16(head[12:]), binary.LittleEndian.Uint16(head[14:])
	return w > 0 && h > 0 && stores(head[2], int(head[16])) && head[17]&0xc0 == 0 && int(head[17]&15) <= int(head[16])
}

// known reports whether there is such a kind of pixels.
func known(kind byte) bool { return kind&^(runs|3) == 0 && kind&3 != 0 }

// stores reports whether pixels of a kind can have so many bits.
func stores(kind byte, bits int) bool {
	switch kind &^ runs {
	case kindColour:
		return bits == 15 || bits == 16 || bits == 24 || bits == 32
	}
	return bits == 8 || bits == 16
}

func hasFooter(s *codec.Source) bool {
	if !s.Ended() || s.Size() < headerLen+footerLen {
		return false
	}
	footer, err := s.Bytes(s.Size()-footerLen, footerLen)
	return err == nil && string(footer[8:8+len(signature)]) == signature
}

// Header implements codec.Scanner.
func (f *scanner) Header() error {
	if err := f.OnePage(); err != nil {
		return err
	}
	head, err := f.Src.Bytes(0, headerLen)
	if err != nil {
		return err
	}
	head = bytes.Clone(head)
	f.kind, f.compressed = head[2]&^runs, head[2]&runs != 0
	f.Width, f.Height = int(binary.LittleEndian.Uint16(head[12:])), int(binary.LittleEndian.Uint16(head[14:]))
	f.bits, f.alphaBits = int(head[16]), int(head[17]&15)
	f.leftward, f.topDown = head[17]&0x10 != 0, head[17]&0x20 != 0
	if !stores(f.kind, f.bits) {
		return codec.Unsupported("%d bits a pixel of kind %d are not known", f.bits, f.kind)
	}
	if head[17]&0xc0 != 0 {
		return codec.Unsupported("rows that are not in their order are not supported")
	}
	f.pixels = headerLen + int64(head[0])
	if f.footerFound = hasFooter(f.Src); f.footerFound {
		if err := f.extension(); err != nil {
			return err
		}
	}
	if err := f.readPalette(head); err != nil {
		return err
	}
	f.HeaderEnd = f.pixels
	return f.form()
}

// extension reads what the second version says of alpha.
func (f *scanner) extension() error {
	const none, ignored, multiplied, length = 0, 1, 4, 495
	footer, err := f.Src.Bytes(f.Src.Size()-footerLen, 4)
	if err != nil {
		return err
	}
	at := int64(binary.LittleEndian.Uint32(footer))
	if at == 0 || at+length > f.Src.Size() {
		return nil
	}
	area, err := f.Src.Bytes(at, length)
	if err != nil {
		return err
	}
	// The author's name, and four lines of remarks.
	f.text("Author", area[2:43])
	f.text(metadata.Comment, area[43:124], area[124:205], area[205:286], area[286:367])
	switch area[494] {
	case none, ignored:
		f.alphaBits = 0
	case multiplied:
		f.multiplied = true
	}
	return nil
}

// text takes lines of text, each of which ends with a zero.
func (f *scanner) text(keyword string, lines ...[]byte) {
	var all []string
	for _, line := range lines {
		line, _, _ = bytes.Cut(line, []byte{0})
		if text := strings.TrimSpace(metadata.Latin1(line)); text != "" {
			all = append(all, text)
		}
	}
	if len(all) > 0 {
		f.Metadata.Text = append(f.Metadata.Text, metadata.Text{Keyword: keyword, Value: strings.Join(all, "\n")})
	}
}

// readPalette reads the palette, or over one that is not used.
func (f *scanner) readPalette(head []byte) error {
	if head[1] == 0 {
		if f.kind == kindPalette {
			return fmt.Errorf("it has no palette")
		}
		return nil
	}
	n, bits := int(binary.LittleEndian.Uint16(head[entriesAfter+2:])), int(head[7])
	size := (bits + 7) / 8
	body, err := f.Src.Bytes(f.pixels, n*size)
	if err != nil {
		return err
	}
	f.pixels += int64(n * size)
	if f.kind != kindPalette {
		return nil
	}
	if !stores(kindColour, bits) || n == 0 {
		return codec.Unsupported("a palette of %d colours of %d bits is not known", n, bits)
	}
	f.first = int(binary.LittleEndian.Uint16(head[entriesAfter:]))
	f.alphaBits = 0
	if bits == 32 {
		f.alphaBits = 8
	}
	read, gray, unseen := f.colour(bits), true, true
	for ; len(body) >= size; body = body[size:] {
		var c [4]uint8
		read(c[:], body)
		gray = gray && c[0] == c[1] && c[1] == c[2]
		unseen = unseen && (bits != 32 || c[3] == 0)
		f.palette = append(f.palette, c[:])
	}
	f.Alpha = bits == 32 && !unseen // where nothing could be seen, the byte means nothing
	f.Colors = 3
	if gray {
		f.Colors = 1
	}
	return nil
}

// form works out the channels and what decoding takes.
func (f *scanner) form() error {
	switch f.kind {
	case kindColour:
		f.Colors, f.Alpha = 3, f.alphaBits > 0 && (f.bits == 32 || f.bits == 16)
	case kindGray:
		f.Colors, f.Alpha = 1, f.bits == 16
	}
	row := int64(f.Width) * int64(f.pixelBytes())
	f.Needs = codec.Needs{Decoder: f.PictureBytes() + row + codec.PixelBytes*int64(f.Width), File: row * int64(f.Height)}
	if f.compressed {
		f.Needs.File += f.Area()
	}
	f.bound()
	return nil
}

// bound looks whether a file that is there is long enough.
func (f *scanner) bound() {
	if !f.Src.Ended() {
		return
	}
	length := f.Src.Size() - f.pixels
	if f.compressed { // up to 128 pixels from a run
		f.TooShort = f.Area() > length/int64(1+f.pixelBytes())*128
	} else {
		f.TooShort = length < f.Needs.File
	}
}

func (f *scanner) pixelBytes() int { return (f.bits + 7) / 8 }

// Rest implements codec.Scanner. The end of what comes through a pipe is there only now.
func (f *scanner) Rest() error {
	const behind = 64 << 10
	if err := f.Src.ReadOn(f.HeaderEnd + f.Needs.File + behind); err != nil {
		return err
	}
	if !f.footerFound && hasFooter(f.Src) {
		if err := f.extension(); err != nil {
			return err
		}
	}
	if err := f.form(); err != nil {
		return err
	}
	if f.TooShort && !f.compressed {
		return io.ErrUnexpectedEOF
	}
	return nil
}
