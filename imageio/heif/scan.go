// Package heif reads HEIC and AVIF, with libheif and libaom compiled to WebAssembly, which wazero runs: no cgo, and what a file can do to
// the decoder stays in its own memory. The structure of files is read here first, so that size, turns and memory are known before.
package heif

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math"
	"slices"

	"classsr/imageio/codec"
)

// HEIC and AVIF are formats of their own to users; they differ in how the pixels are coded.
var (
	HEIC = codec.Format{ID: "heic", Name: "HEIC", Scan: func(c *codec.File) codec.Scanner { return &scanner{File: c, module: heicModule} }}
	AVIF = codec.Format{ID: "avif", Name: "AVIF", Scan: func(c *codec.File) codec.Scanner { return &scanner{File: c, module: avifModule} }}
)

// scanner reads the box meta.
type scanner struct {
	*codec.File
	module   *module
	items    *items
	end      int64 // of what the picture needs of the file
	bits     int   // a coded sample
	matrix   int   // H.273's number of how brightness and colour difference are made; -1 if nothing says
	limited  bool  // brightness has video's range
	turns    int   // quarters of a turn to the left
	mirrored int   // 0 no, 1 upside down, 2 left to right
	flipped  bool  // mirrored first, then turned
	clipped  bool
}

// IsAVIF and IsHEIC report by its brands whether a file is one.
func IsAVIF(s *codec.Source) bool { return hasBrand(s, "avif", "avis") }

// IsHEIC is described with IsAVIF.
func IsHEIC(s *codec.Source) bool { return hasBrand(s, "heic", "heix", "heim", "heis", "hevc", "hevx") }

func hasBrand(s *codec.Source, names ...string) bool {
	head := s.First()
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return false
	}
	length := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	brands := bytes.Clone(head[8:12])
	if len(head) > 16 {
		brands = append(brands, head[16:max(16, min(length, len(head)))]...)
	}
	for ; len(brands) >= 4; brands = brands[4:] {
		for _, name := range names {
			if string(brands[:4]) == name {
				return true
			}
		}
	}
	return false
}

// Header implements codec.Scanner.
func (f *scanner) Header() error {
	if err := f.OnePage(); err != nil {
		return err
	}
	meta, next, err := findMeta(f.Src)
	if err != nil {
		return err
	}
	if f.items, err = readItems(meta); err != nil {
		return err
	}
	f.HeaderEnd, f.end = next, next
	primary, ok := f.items.all[f.items.primary]
	if !ok {
		return errors.New("it contains no picture")
	}
	f.Colors, f.bits, f.matrix = 3, 8, -1
	f.describe(primary, true)
	for _, id := range primary.refers["dimg"] { // a picture put together from parts
		if part := f.items.all[id]; part != nil {
			f.describe(part, false)
		}
	}
	f.findAlpha()
	if f.Width < 1 || f.Height < 1 {
		return codec.ErrNoSize
	}
	return f.form()
}

// describe reads the properties of the picture, or of a part of it, of which only the coding counts.
func (f *scanner) describe(i *item, whole bool) {
	f.items.each(i, func(kind string, p *fields) {
		switch kind {
		case "av1C":
			v := p.uint(4)
			if f.bits = 8 + int(v>>14&1)*2 + int(v>>13&1)*2; v>>12&1 != 0 {
				f.Colors = 1
			}
		case "hvcC":
			if len(p.data) > 17 {
				if f.bits = 8 + int(p.data[17]&7); p.data[16]&3 == 0 {
					f.Colors = 1
				}
			}
		case "ispe", "irot", "imir", "clap", "colr":
			if whole {
				f.place(kind, p)
			}
		}
	})
}

// place reads a property that tells how the picture lies, or what its colours are.
func (f *scanner) place(kind string, p *fields) {
	switch kind {
	case "ispe":
		p.full()
		f.Width, f.Height = int(min(p.uint(4), math.MaxInt32)), int(min(p.uint(4), math.MaxInt32))
	case "irot":
		f.turns, f.flipped = int(p.uint(1)&3), f.mirrored != 0
	case "imir":
		f.mirrored = 1 + int(p.uint(1)&1)
	case "clap":
		f.clipped = true
	case "colr":
		switch string(p.data[:min(4, len(p.data))]) {
		case "nclx":
			p.uint(4)
			primaries, transfer := p.uint(2), p.uint(2)
			f.matrix = int(p.uint(2))
			full := p.uint(1) >> 7
			f.limited = full == 0
			if primaries != 2 && transfer != 2 && max(primaries, transfer) < 256 && f.Metadata.Color.ICC == nil {
				f.Metadata.Color.CICP = []byte{byte(primaries), byte(transfer), 0, 1}
			}
		case "prof", "rICC":
			if len(p.data)-4 <= codec.LongestProfile {
				f.ICC(bytes.Clone(p.data[4:]))
				f.Metadata.Color.CICP = nil
			}
		}
	}
}

// findAlpha looks for a picture that is the alpha of the primary one.
func (f *scanner) findAlpha() {
	for _, i := range f.items.all {
		for _, to := range i.refers["auxl"] {
			if to != f.items.primary {
				continue
			}
			f.items.each(i, func(kind string, p *fields) {
				if kind != "auxC" {
					return
				}
				p.full()
				switch p.text() {
				case "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1":
					f.Alpha = true
				}
			})
		}
	}
}

// form works out what comes of the picture, and what decoding takes.
func (f *scanner) form() error {
	for id, i := range f.items.all {
		if used := id == f.items.primary || i.kind == "hvc1" || i.kind == "av01"; !used || i.inside {
			continue
		}
		for _, e := range i.extents {
			if e.at < 0 || e.length < 0 || e.at > math.MaxInt64-e.length {
				return errBoxes
			}
			f.end = max(f.end, e.at+e.length)
		}
	}
	if f.module == avifModule {
		f.Orientation = orientation(f.turns, f.mirrored, f.flipped)
		if f.bits > 8 {
			f.Depth = 16
		}
		if f.clipped {
			f.Note("its crop is not applied: all pixels are read")
		}
	} else {
		f.asHEIC()
	}
	area := f.Area()
	f.TooShort = area > codec.BoundlessPixels(f.end)
	length := f.end
	if f.Src.Ended() {
		length = min(length, f.Src.Size())
		f.TooShort = area > codec.BoundlessPixels(f.Src.Size())
	}
	f.Needs = codec.Needs{
		Decoder: f.module.memory(f, length) + f.PictureBytes() + codec.PixelBytes*int64(f.Width) + compilerBytes,
		File:    min(max(f.end-f.HeaderEnd, 0), f.module.memory(f, 0)),
	}
	if f.Orientation > 1 {
		f.Needs.Decoder += f.PictureBytes()
	}
	return nil
}

// asHEIC says what libheif does: it turns, mirrors and crops; and what it leaves out.
func (f *scanner) asHEIC() {
	if f.turns%2 == 1 {
		f.Width, f.Height = f.Height, f.Width
	}
	if f.Alpha {
		f.Alpha = false
		f.Note("its transparency is not read")
	}
	if f.bits > 8 {
		f.Note("its samples are reduced to 8 bits")
	}
	f.Matrix = matrix(f.matrix, f.limited)
}

// orientation gives EXIF's number for a picture that is to be turned to the left so many quarters and then mirrored, or first mirrored.
func orientation(turns, mirrored int, flipped bool) int {
	if flipped {
		turns = -turns & 3
	}
	return [4][3]int{{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}[turns][mirrored]
}

// matrix gives the way from brightness and colour difference to red, green, blue, by H.273's number; what is not known is BT.601.
func matrix(number int, limited bool) *codec.ColorMatrix {
	kr, kb := 0.299, 0.114
	switch number {
	case 1:
		kr, kb = 0.2126, 0.0722
	case 9, 10:
		kr, kb = 0.2627, 0.0593
	case 4:
		kr, kb = 0.30, 0.11
	case 7:
		kr, kb = 0.212, 0.087
	}
	return codec.NewColorMatrix(kr, kb, limited)
}

// Rest implements codec.Scanner.
func (f *scanner) Rest() error {
	if err := f.Src.ReadOn(f.end); err != nil {
		return err
	}
	if f.Src.Ended() && f.Src.Size() < f.end {
		return io.ErrUnexpectedEOF
	}
	f.metadata()
	return nil
}

// metadata reads the items that tell of the picture beside its pixels. Others tell of further pictures, such as a map of depths.
func (f *scanner) metadata() {
	exif := f.about(func(i *item) bool { return i.kind == "Exif" })
	if block := f.items.read(f.Src, exif, codec.LongestEXIF); len(block) > 4 {
		p := &fields{data: block} // four bytes say where the block begins
		if skip := p.uint(4); skip < uint64(len(p.data)) {
			turned := f.Orientation
			f.EXIF(p.data[skip:])
			f.Orientation = turned // the turns of the boxes count, not those of EXIF
		}
	}
	xmp := f.about(func(i *item) bool { return i.kind == "mime" && i.content == "application/rdf+xml" })
	if packet := f.items.read(f.Src, xmp, codec.LongestXMP); len(packet) > 0 {
		f.Metadata.XMP = packet
	}
}

// about gives the item of a kind that describes the picture, or else the first that describes nothing in particular; nil if there is none.
func (f *scanner) about(kind func(*item) bool) (found *item) {
	for _, id := range slices.Sorted(maps.Keys(f.items.all)) {
		i := f.items.all[id]
		if !kind(i) {
			continue
		}
		described := i.refers["cdsc"]
		if slices.Contains(described, f.items.primary) {
			return i
		}
		if len(described) == 0 && found == nil {
			found = i
		}
	}
	return found
}
