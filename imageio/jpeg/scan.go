// Package jpeg reads and writes JPEG: encoded in strips on several cores.
package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"slices"
	"strings"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Format is JPEG.
var Format = codec.Format{ID: "jpeg", Name: "JPEG", Scan: newScanner}

// scanner follows the segments of a JPEG as image/jpeg does and gathers what they say together.
type scanner struct {
	*codec.File
	at          int64 // where the next segment begins, or what lies before it
	skipped     int64 // bytes so far that were no segment
	complete    bool  // the end was found
	progressive bool
	components  []component
	scanned     map[byte]bool // components that some scan holds
	scans       int
	restart     int64 // after so many units coding begins anew; 0 if it does not
	visited     int64 // blocks that the scans so far pass over
	parts       parts
	jfif        bool
	adobe       bool // an Adobe segment says that the components are no brightness and chroma
	told        bool // there was an Adobe segment
	tables      [4]*stepTable
}

type component struct {
	id    byte
	h, v  int  // sampling factors
	table byte // number of its table of steps
}

func newScanner(c *codec.File) codec.Scanner {
	return &scanner{File: c, at: 2, scanned: map[byte]bool{}}
}

// longestGap is how many bytes before the frame header may be no segment. Nobody puts any there.
const longestGap = 64 << 10

// Header reads the segments up to the frame header.
func (f *scanner) Header() error {
	for f.components == nil && !f.complete {
		if err := f.next(); err != nil {
			return err
		}
		if f.skipped > longestGap {
			return errors.New("it does not say how large it is")
		}
	}
	if f.components == nil {
		return errors.New("it contains no picture")
	}
	f.HeaderEnd = f.at
	if f.Width == 0 || f.Height == 0 {
		return codec.ErrNoSize
	}
	f.reckon()
	if f.Src.Ended() {
		f.bound(f.Src.Size())
	}
	return nil
}

// Rest reads the other segments, and looks for them in the compressed data.
func (f *scanner) Rest() error {
	for !f.complete {
		if err := f.next(); err != nil {
			return err
		}
	}
	for _, k := range f.components {
		if !f.scanned[k.id] {
			return errors.New("a colour channel is missing")
		}
	}
	f.takeParts()
	f.reckon()
	f.bound(f.at)
	return nil
}

// Pixels implements codec.Scanner.
func (f *scanner) Pixels() (*picture.Picture, error) {
	decode := jpeg.Decode
	if len(f.components) == 4 && !f.told {
		decode = decodeCMYK
	}
	p, err := f.DecodeWith(jpeg.DecodeConfig, decode)
	if unsupported := jpeg.UnsupportedError(""); errors.As(err, &unsupported) {
		err = codec.Unsupported("its kind is not read (%s): convert it with ImageMagick first", string(unsupported))
	}
	return p, err
}

// decodeCMYK decodes four channels that no segment tells the meaning of. They are inks, inverted as Adobe's programs write them, as ImageMagick
// takes them too; image/jpeg wants to be told.
func decodeCMYK(r io.Reader) (image.Image, error) {
	const adobe = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"
	var start [2]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return nil, err
	}
	return jpeg.Decode(io.MultiReader(bytes.NewReader(start[:]), strings.NewReader(adobe), r))
}

// next reads a segment, or a few bytes that are none.
func (f *scanner) next() error {
	// What is not a marker, the compressed data of a scan for instance, is skipped.
	b, err := f.Src.Some(f.at, 1, codec.NextLook)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return io.ErrUnexpectedEOF
	}
	marker := bytes.IndexByte(b, 0xff)
	if marker < 0 {
		marker = len(b)
	}
	f.at, f.skipped = f.at+int64(marker), f.skipped+int64(marker)
	if b = b[marker:]; len(b) < 2 {
		if marker > 0 { // there may be more
			return nil
		}
		if b, err = f.Src.Bytes(f.at, 2); err != nil {
			return err
		}
	}
	switch kind := b[1]; {
	case kind == 0xff: // the one before it fills a gap
		fill := int64(len(b) - len(bytes.TrimLeft(b, "\xff")) - 1)
		f.at, f.skipped = f.at+fill, f.skipped+fill
	case kind == 0 || kind >= 0xd0 && kind <= 0xd7: // stuffed byte, restart
		f.at += 2
	case kind == 0xd9: // end of image
		f.at += 2
		f.complete = true
	default:
		return f.segment(kind)
	}
	return nil
}

// segment reads the segment at hand.
func (f *scanner) segment(marker byte) error {
	const markerLen = 2
	b, err := f.Src.Bytes(f.at, markerLen+2)
	if err != nil {
		return err
	}
	length := int(binary.BigEndian.Uint16(b[markerLen:]))
	if length < 2 {
		return io.ErrUnexpectedEOF
	}
	if b, err = f.Src.Bytes(f.at, markerLen+length); err != nil {
		return err
	}
	f.at += int64(len(b))
	switch body := b[markerLen+2:]; {
	case marker >= 0xc0 && marker <= 0xc2:
		f.progressive = marker == 0xc2
		return f.frame(body)
	case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
		return codec.Unsupported("lossless, hierarchical or arithmetic coding is not supported: convert it with ImageMagick first")
	case marker == 0xda:
		return f.scan(body)
	case marker == 0xdb:
		f.readTables(body)
	case marker == 0xdd && len(body) >= 2:
		f.restart = int64(binary.BigEndian.Uint16(body))
	case marker == 0xfe:
		f.comment(body)
	case marker >= 0xe0 && marker <= 0xef:
		f.application(marker-0xe0, body)
	}
	return nil
}

// frame reads a start of frame: precision, height, width and the components.
func (f *scanner) frame(body []byte) error {
	if len(body) < 6 || len(body) != 6+3*int(body[5]) || f.components != nil {
		return errors.New("its frame header is wrong")
	}
	if body[0] != 8 {
		return codec.Unsupported("only 8 bits a sample are supported")
	}
	f.Height, f.Width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	for part := range slices.Chunk(body[6:], 3) {
		k := component{id: part[0], h: int(part[1] >> 4), v: int(part[1] & 15), table: part[2]}
		if k.h < 1 || k.v < 1 {
			return errors.New("its sampling factors are wrong")
		}
		f.components = append(f.components, k)
	}
	switch len(f.components) {
	case 1:
		f.Colors = 1
		f.components[0].h, f.components[0].v = 1, 1 // of a single component they mean nothing
	case 3:
		f.Colors = 3
		f.FullColor = f.components[0].h == f.components[1].h && f.components[0].v == f.components[1].v
	case 4:
		f.Colors = 3
		f.FromCMYK = true
	default:
		return codec.Unsupported("%d channels are not supported", len(f.components))
	}
	f.judge()
	return nil
}

// Every scan of a progressive JPEG costs a pass over its channels, and one that changes nothing takes a few bytes. Encoders write about ten
// scans, some programs twice as many. What goes beyond must have data for it.
const (
	usualScans   = 32 // over all channels
	mostScans    = 256
	visitsByByte = 64 // a byte of a real scan is for a few blocks
)

// scan reads a start of scan: which components follow.
func (f *scanner) scan(body []byte) error {
	if len(body) < 1 || len(body) < 1+2*int(body[0]) || f.components == nil {
		return errors.New("its scan header is wrong")
	}
	if f.scans == 0 {
		f.judge() // tables may come behind the frame header
	}
	all := int64(0)
	for _, k := range f.components {
		blocks := f.blocks(k)
		all += blocks
		for i := range int(body[0]) {
			if body[1+2*i] == k.id {
				f.scanned[k.id] = true
				f.visited += blocks
				// image/jpeg counts units of all channels, where the blocks of this one are meant.
				if body[0] == 1 && f.restart > 0 && f.restart < blocks && k.h*k.v > 1 {
					return codec.Unsupported("restarts in scans of one channel are not supported: convert it with jpegtran first")
				}
			}
		}
	}
	if f.scans++; f.scans > mostScans || f.visited > usualScans*all+visitsByByte*f.at {
		return codec.Unsupported("its first %d scans are more work than any real picture's: save it again as a plain JPEG", f.scans)
	}
	return nil
}

// units are how many units of 8x8 samples times sampling factors make up the picture.
func (f *scanner) units() (across, down int64) {
	first := f.components[0]
	return int64((f.Width + 8*first.h - 1) / (8 * first.h)), int64((f.Height + 8*first.v - 1) / (8 * first.v))
}

// blocks is how many blocks of 8x8 samples image/jpeg keeps of a component.
func (f *scanner) blocks(k component) int64 {
	across, down := f.units()
	return across * down * int64(k.h) * int64(k.v)
}

// reckon says what image/jpeg takes: planes of whole units, and of a progressive picture all coefficients.
func (f *scanner) reckon() {
	const block, coefficientBytes = 64, 4
	var planes int64
	for _, k := range f.components {
		planes += block * f.blocks(k)
	}
	n := codec.Needs{Decoder: planes, Image: planes, File: planes}
	if f.progressive {
		n.Decoder += coefficientBytes * planes
	}
	switch {
	case len(f.components) == 1:
		n.InPlace = true
	case len(f.components) == 4 || !f.jfif && (f.adobe || f.namedRGB()):
		n.Image, n.InPlace = 4*f.Area(), true
		n.Decoder += n.Image
	}
	f.Needs = n
}

// namedRGB reports whether the components have the names of red, green and blue.
func (f *scanner) namedRGB() bool {
	c := f.components
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

// bound checks that a file that ends there is long enough for its blocks of 8x8 samples. Each takes at least a bit for its DC
// coefficient, and in sequential coding another one to say that nothing follows.
func (f *scanner) bound(end int64) {
	maxH, maxV := 1, 1
	for _, k := range f.components {
		maxH, maxV = max(maxH, k.h), max(maxV, k.v)
	}
	var blocks int64
	for _, k := range f.components {
		w, h := (f.Width*k.h+maxH-1)/maxH, (f.Height*k.v+maxV-1)/maxV
		blocks += int64((w+7)/8) * int64((h+7)/8)
	}
	bits := 2 * blocks
	if f.progressive {
		bits = blocks
	}
	f.TooShort = bits/8 > end-f.HeaderEnd
}
