// Package metadata is what the file of a picture says beside its pixels: what the colours mean, who made it, when and where, how large it is
// on paper. Readers of formats fill a Data, writers put as much of it into a file as the format holds.
//
// Blocks that have a format of their own (ICC profiles, EXIF, XMP, IPTC) are kept as bytes. Enlarged puts right what an enlargement changes.
package metadata

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
)

// Data is the metadata of a picture. Its blocks are read-only: they are shared by copies of it.
type Data struct {
	Color Color
	// EXIF is a block as cameras write it, laid out as a TIFF file, without what formats put before it ("Exif" and zeros).
	EXIF []byte
	// XMP is a packet of XML.
	XMP []byte
	// IPTC is the records of the Information Interchange Model.
	IPTC    []byte
	Density Density
	// Text is remarks, by their keywords.
	Text []Text
	// Geo is where on Earth the picture lies; nil if the file does not say so.
	Geo *Geo
}

// Color says what the samples of a picture mean. Without any of it they are taken as sRGB.
type Color struct {
	// ICC is a profile, for the channels that the picture has.
	ICC []byte
	// CICP is code points of H.273 as PNG has them: primaries, transfer, matrix, full range; nil if there are none.
	CICP []byte
	// Gamma and Primaries are the bodies of PNG's chunks gAMA (4 bytes) and cHRM (32 bytes), nil where there are none; they count if nothing
	// else is there.
	Gamma, Primaries []byte
	// Intent is the body of PNG's chunk sRGB (1 byte), which says that the colours are sRGB; nil if there is none.
	Intent []byte
}

// Text is a remark.
type Text struct {
	Keyword, Value string
	// Language is a tag of RFC 3066, Translated the keyword in that language; both may be empty.
	Language, Translated string
}

// Comment is the keyword of a remark without one.
const Comment = "Comment"

// Bytes is about the memory that d takes.
func (d *Data) Bytes() int64 {
	n := len(d.Color.ICC) + len(d.EXIF) + len(d.XMP) + len(d.IPTC)
	for _, t := range d.Text {
		n += len(t.Keyword) + len(t.Value) + len(t.Language) + len(t.Translated)
	}
	return int64(n) + d.Geo.Bytes()
}

// OnlyColor is d without anything but what the colours need.
func (d *Data) OnlyColor() *Data { return &Data{Color: d.Color} }

// Of gives what d, of an upright picture of the size from, says of that picture enlarged or reduced to the size to. A size in print stays
// (Density.Times); sizes in pixels are put right; previews in EXIF are dropped, since they show the picture as it was; orientations become
// upright, as decoded pictures are.
func (d *Data) Of(from, to image.Point) *Data {
	out := *d
	x, y := float64(to.X)/float64(from.X), float64(to.Y)/float64(from.Y)
	out.Density = d.Density.Times(x, y)
	out.Geo = d.Geo.Times(x, y)
	if d.EXIF != nil {
		out.EXIF = resizedEXIF(d.EXIF, to, x, y)
	}
	if d.XMP != nil {
		out.XMP = resizedXMP(d.XMP, to, x, y)
	}
	return &out
}

// OtherThanSRGB reports whether PNG's ways to describe colours without a profile say that they are others than those of sRGB.
func OtherThanSRGB(c Color) bool {
	switch {
	case c.CICP != nil:
		// BT.709 primaries with the sRGB curve, no matrix, full range are sRGB.
		return !bytes.Equal(c.CICP, []byte{1, 13, 0, 1})
	case c.Intent != nil:
		return false
	}
	return !near(c.Gamma, 600, 45455) || !near(c.Primaries, 200, 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
}

// near reports whether numbers of 32 bits are these within a tolerance; what is not there is.
func near(body []byte, tolerance float64, want ...uint32) bool {
	if len(body) != 4*len(want) {
		return true
	}
	for i, v := range want {
		if math.Abs(float64(binary.BigEndian.Uint32(body[4*i:]))-float64(v)) > tolerance {
			return false
		}
	}
	return true
}
