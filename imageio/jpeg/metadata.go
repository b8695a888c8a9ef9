package jpeg

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"classsr/imageio/codec"
	"classsr/imageio/jpeg/baseline"
	"classsr/metadata"
)

// What begins the segments that hold metadata.
const (
	labelJFIF      = "JFIF\x00"
	labelEXIF      = "Exif\x00\x00"
	labelXMP       = "http://ns.adobe.com/xap/1.0/\x00"
	labelMoreXMP   = "http://ns.adobe.com/xmp/extension/\x00"
	labelICC       = "ICC_PROFILE\x00"
	labelPhotoshop = "Photoshop 3.0\x00"
)

// parts is what several segments hold together.
type parts struct {
	icc       [][]byte // parts of the colour profile, in the file's order; each begins with its number and how many there are
	iccBytes  int
	photoshop []byte // resources, one after the other
}

// application takes what cameras and programs add in the segments APP0 to APP15.
func (f *scanner) application(number byte, body []byte) {
	after := func(label string) []byte {
		if !bytes.HasPrefix(body, []byte(label)) {
			return nil
		}
		return body[len(label):]
	}
	switch number {
	case 0:
		if b := after(labelJFIF); b != nil {
			f.jfif = true
			f.density(b)
		}
	case 1:
		f.exifOrXMP(after, body)
	case 2:
		if b := after(labelICC); len(b) > 2 && f.parts.iccBytes+len(b) <= codec.LongestProfile {
			f.parts.icc = append(f.parts.icc, slices.Clone(b))
			f.parts.iccBytes += len(b)
		}
		if after("MPF\x00") != nil {
			f.Note("further pictures in the file (gain map or preview) are not kept")
		}
	case 13:
		if b := after(labelPhotoshop); len(f.parts.photoshop)+len(b) <= codec.LongestEXIF {
			f.parts.photoshop = append(f.parts.photoshop, b...)
		}
	case 14:
		if len(body) >= 12 && after("Adobe") != nil {
			f.adobe, f.told = body[11] == 0, true
		}
	}
}

func (f *scanner) exifOrXMP(after func(string) []byte, body []byte) {
	switch {
	case bytes.HasPrefix(body, []byte("Exif\x00")):
		if f.Metadata.EXIF == nil {
			f.EXIF(body)
		}
	case after(labelXMP) != nil:
		f.Metadata.XMP = slices.Clone(after(labelXMP))
	case after(labelMoreXMP) != nil:
		f.Note("XMP that goes on in further parts of the file is not kept, only its first part")
	}
}

// density reads what comes behind JFIF's label: version, unit, and dots along both sides.
func (f *scanner) density(b []byte) {
	if len(b) < 7 {
		return
	}
	d := metadata.Density{X: float64(binary.BigEndian.Uint16(b[3:])), Y: float64(binary.BigEndian.Uint16(b[5:]))}
	switch b[2] {
	case 1:
		d.Unit = metadata.Inch
	case 2:
		d.Unit = metadata.Centimetre
	}
	f.Metadata.Density = d
}

// comment takes a remark.
func (f *scanner) comment(body []byte) {
	body = bytes.TrimRight(body, "\x00")
	if len(f.Metadata.Text) > 0 || len(body) == 0 {
		return // programs write one
	}
	value := string(body)
	if !utf8.ValidString(value) {
		value = metadata.Latin1(body)
	}
	f.Metadata.Text = append(f.Metadata.Text, metadata.Text{Keyword: metadata.Comment, Value: value})
}

// takeParts puts together what came in parts.
func (f *scanner) takeParts() {
	if len(f.parts.icc) > 0 {
		f.ICC(joinICC(f.parts.icc))
	}
	f.Metadata.IPTC = metadata.FromPhotoshop(f.parts.photoshop)
	f.parts = parts{}
}

// joinICC puts the parts of a profile together; each starts with its number and the number of parts. What has gaps is given as it is, and is
// no profile then.
func joinICC(parts [][]byte) []byte {
	slices.SortStableFunc(parts, func(a, b []byte) int { return int(a[0]) - int(b[0]) })
	var profile []byte
	for _, part := range parts {
		profile = append(profile, part[2:]...)
	}
	return profile
}

// mostBody is how many bytes the body of a segment holds.
const mostBody = 0xffff - 2

// describe gives the segments that hold metadata, as they lie behind the beginning of a file, and names what they cannot hold.
func describe(m *metadata.Data) (out []byte, lost []string) {
	add := func(marker byte, label string, body []byte, what string) {
		if len(body) == 0 {
			return
		}
		if len(label)+len(body) > mostBody {
			lost = append(lost, what+" of that length")
			return
		}
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(2+len(label)+len(body)))
		out = append(append(out, label...), body...)
	}
	out = append(out, jfif(m.Density)...)
	add(0xe1, labelEXIF, m.EXIF, "EXIF")
	add(0xe1, labelXMP, m.XMP, "XMP")
	profiles := slices.Collect(slices.Chunk(m.Color.ICC, mostBody-len(labelICC)-2))
	if len(profiles) > 255 {
		panic("jpeg: a colour profile longer than LongestProfile")
	}
	for i, part := range profiles {
		add(0xe2, labelICC+string([]byte{byte(i + 1), byte(len(profiles))}), part, "")
	}
	if len(m.IPTC) > 0 {
		add(0xed, labelPhotoshop, metadata.ToPhotoshop(m.IPTC), "IPTC")
	}
	for _, t := range m.Text {
		if t.Keyword == metadata.Comment {
			add(0xfe, "", []byte(t.Value), "a comment")
		}
	}
	return out, append(lost, lostOf(m)...)
}

// Lost names what of a picture's metadata a JPEG cannot hold.
func Lost(m *metadata.Data) []string {
	_, lost := describe(m)
	return lost
}

// lostOf names what no JPEG holds.
func lostOf(m *metadata.Data) (lost []string) {
	if m.Color.ICC == nil && metadata.OtherThanSRGB(m.Color) {
		lost = append(lost, "what PNG says of colours without a profile")
	}
	for _, t := range m.Text {
		if t.Keyword != metadata.Comment {
			return append(lost, "remarks with keywords")
		}
	}
	return lost
}

// jfif gives the first segment: the density, no preview.
func jfif(d metadata.Density) []byte {
	unit := byte(0)
	switch d.Unit {
	case metadata.Inch:
		unit = 1
	case metadata.Centimetre:
		unit = 2
	}
	x, y := d.X+0.5, d.Y+0.5
	if !d.Says() || x >= 1<<16 || y >= 1<<16 || x < 1 || y < 1 {
		unit, x, y = 0, 1, 1
	}
	return baseline.JFIF(unit, uint16(x), uint16(y))
}
