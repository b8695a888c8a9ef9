package imageio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// jpegFacts gathers what the segments of a JPEG say together.
type jpegFacts struct {
	progressive bool
	components  []jpegComponent
	scanned     map[byte]bool // components that some scan holds
	scans       int
	icc         [][]byte // parts of the colour profile, in the file's order
	headerEnd   int
}

type jpegComponent struct {
	id   byte
	h, v int // sampling factors
}

// maxJPEGScans is far above what encoders write (about ten); each scan costs a pass over the picture, however few bytes it
// takes.
const maxJPEGScans = 256

// scanJPEG follows the segments as image/jpeg does, up to the end of the picture.
func scanJPEG(c *container, data []byte) error {
	f := jpegFacts{scanned: map[byte]bool{}}
	for pos := 2; ; {
		// What is not a marker, the compressed data of a scan for instance, is skipped.
		at := bytes.IndexByte(data[pos:], 0xff)
		if at < 0 {
			return io.ErrUnexpectedEOF
		}
		for pos += at; pos < len(data) && data[pos] == 0xff; pos++ {
		}
		if pos >= len(data) {
			return io.ErrUnexpectedEOF
		}
		marker := data[pos]
		pos++
		if marker == 0 || marker >= 0xd0 && marker <= 0xd7 { // stuffed byte, restart
			continue
		}
		if marker == 0xd9 { // end of image
			c.complete = true
			break
		}
		if len(data)-pos < 2 {
			return io.ErrUnexpectedEOF
		}
		length := int(binary.BigEndian.Uint16(data[pos:]))
		if length < 2 || length > len(data)-pos {
			return io.ErrUnexpectedEOF
		}
		body := data[pos+2 : pos+length]
		pos += length
		if err := f.segment(c, marker, body, pos); err != nil {
			return err
		}
	}
	return f.finish(c, len(data))
}

// segment takes note of one segment, which ends at the offset end.
func (f *jpegFacts) segment(c *container, marker byte, body []byte, end int) error {
	switch {
	case marker >= 0xc0 && marker <= 0xc2:
		f.progressive, f.headerEnd = marker == 0xc2, end
		return f.frame(c, body)
	case marker >= 0xc3 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
		return unsupported("lossless, hierarchical or arithmetic coding is not supported")
	case marker == 0xda:
		return f.scan(body)
	case marker == 0xfe:
		c.note(noteText)
	case marker >= 0xe0 && marker <= 0xef:
		f.application(c, marker-0xe0, body)
	}
	return nil
}

// frame reads a start of frame: precision, height, width and the components.
func (f *jpegFacts) frame(c *container, body []byte) error {
	if len(body) < 6 || len(body) != 6+3*int(body[5]) || f.components != nil {
		return errors.New("its frame header is wrong")
	}
	if body[0] != 8 {
		return unsupported("only 8 bits a sample are supported")
	}
	c.height, c.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	for part := range slices.Chunk(body[6:], 3) {
		k := jpegComponent{id: part[0], h: int(part[1] >> 4), v: int(part[1] & 15)}
		if k.h < 1 || k.v < 1 {
			return errors.New("its sampling factors are wrong")
		}
		f.components = append(f.components, k)
	}
	if c.colors = len(f.components); c.colors == 4 {
		c.colors = 3
		c.note("CMYK colours are converted to RGB without a colour profile")
	}
	return nil
}

// scan reads a start of scan: which components follow.
func (f *jpegFacts) scan(body []byte) error {
	if f.scans++; f.scans > maxJPEGScans {
		return errors.New("it has more scans than any real picture")
	}
	if len(body) < 1 || len(body) < 1+2*int(body[0]) {
		return errors.New("its scan header is wrong")
	}
	for i := range int(body[0]) {
		f.scanned[body[1+2*i]] = true
	}
	return nil
}

// application takes note of what cameras and programs add in the segments APP0 to APP15.
func (f *jpegFacts) application(c *container, number byte, body []byte) {
	starts := func(label string) bool { return bytes.HasPrefix(body, []byte(label)) }
	switch {
	case number == 0 && starts("JFIF\x00") && len(body) >= 12:
		x, y := binary.BigEndian.Uint16(body[8:]), binary.BigEndian.Uint16(body[10:])
		if units := body[7]; x != y || units == 1 && x != 72 || units == 2 && x != 28 {
			c.note(noteResolution)
		}
	case number == 1 && starts("Exif\x00"):
		c.exif(body)
	case number == 1 && starts("http://ns.adobe.com/"):
		c.note(noteXMP)
	case number == 2 && starts("ICC_PROFILE\x00") && len(body) > 14:
		f.icc = append(f.icc, body[12:])
	case number == 2 && starts("MPF\x00"):
		c.note("further pictures in the file (gain map or preview) are not kept")
	case number == 13 && bytes.Contains(body, []byte("8BIM\x04\x04")):
		c.note(noteIPTC)
	}
}

// finish draws the conclusions once all segments are known.
func (f *jpegFacts) finish(c *container, fileLen int) error {
	if f.components == nil {
		return errors.New("it contains no picture")
	}
	for _, k := range f.components {
		if !f.scanned[k.id] {
			return errors.New("a colour channel is missing")
		}
	}
	if len(f.icc) > 0 {
		c.noteICC(joinICC(f.icc), "")
	}
	f.bound(c, fileLen)
	return nil
}

// joinICC puts the parts of a profile together; each starts with its number and the number of parts.
func joinICC(parts [][]byte) []byte {
	slices.SortStableFunc(parts, func(a, b []byte) int { return int(a[0]) - int(b[0]) })
	var profile []byte
	for _, part := range parts {
		profile = append(profile, part[2:]...)
	}
	return profile
}

// bound checks that the file is long enough for its blocks of 8x8 samples. Each takes at least a bit for its DC
// coefficient, and in sequential coding another one to say that nothing follows.
func (f *jpegFacts) bound(c *container, fileLen int) {
	maxH, maxV := 1, 1
	for _, k := range f.components {
		maxH, maxV = max(maxH, k.h), max(maxV, k.v)
	}
	var blocks int64
	for _, k := range f.components {
		w, h := (c.width*k.h+maxH-1)/maxH, (c.height*k.v+maxV-1)/maxV
		blocks += int64((w+7)/8) * int64((h+7)/8)
	}
	bits := 2 * blocks
	if f.progressive {
		bits = blocks
	}
	c.tooShort = bits/8 > int64(fileLen-f.headerEnd)
}
