package png

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zlib"

	"classsr/icc"
	"classsr/imageio/codec"
	"classsr/metadata"
)

// described lists the chunks that tell something beside the pixels, and how many bytes of them are read.
var described = map[string]int{
	"cICP": 4, "gAMA": 4, "cHRM": 32, "sRGB": 1, "pHYs": 9, "iCCP": codec.LongestProfile, "eXIf": codec.LongestEXIF,
	"iTXt": codec.LongestXMP, "tEXt": codec.LongestText, "zTXt": codec.LongestXMP,
}

// keywordXMP is the keyword of text that is XMP.
const keywordXMP = "XML:com.adobe.xmp"

// mostTexts bounds how many remarks are read.
const mostTexts = 256

// describe takes a chunk that tells something beside the pixels. Those that are cut off, or not as long as they should be, are left out.
func (f *scanner) describe(kind string, body []byte, cut bool) {
	m := &f.Metadata
	switch n := len(body); {
	case cut:
		f.Note(fmt.Sprintf("its chunk %s is too long to be kept", kind))
	case kind == "cICP" && n == 4:
		m.Color.CICP = body
	case kind == "gAMA" && n == 4:
		m.Color.Gamma = body
	case kind == "cHRM" && n == 32:
		m.Color.Primaries = body
	case kind == "sRGB" && n == 1:
		m.Color.Intent = body
	case kind == "iCCP" && m.Color.ICC == nil:
		if _, packed, ok := bytes.Cut(body, []byte{0}); ok && len(packed) > 1 {
			f.ICC(inflated(packed[1:], codec.LongestProfile))
		}
	case kind == "eXIf" && m.EXIF == nil:
		f.EXIF(body)
	case kind == "pHYs" && n == 9:
		x, y := float64(binary.BigEndian.Uint32(body)), float64(binary.BigEndian.Uint32(body[4:]))
		if m.Density = (metadata.Density{X: x, Y: y}); body[8] == 1 {
			m.Density = metadata.FromMetre(x, y)
		}
	case (kind == "tEXt" || kind == "zTXt" || kind == "iTXt") && f.texts < mostTexts:
		f.texts++
		if t, ok := textOf(kind, body); ok {
			f.text(t)
		}
	}
}

// forRGB reports whether there is a profile for RGB other than sRGB, which a gray picture cannot have.
func (f *scanner) forRGB() bool {
	profile := f.Metadata.Color.ICC
	return icc.Space(profile) == icc.RGB && !icc.IsSRGB(icc.Name(profile))
}

// inflated gives what was compressed, nil if it is damaged or longer than most bytes.
func inflated(packed []byte, most int64) []byte {
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	raw, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil || int64(len(raw)) > most {
		return nil
	}
	return raw
}

// textOf reads a remark: a keyword, then text in Latin-1, compressed or not, or in UTF-8 with its language.
func textOf(kind string, body []byte) (t metadata.Text, ok bool) {
	keyword, rest, ok := bytes.Cut(body, []byte{0})
	if !ok || len(keyword) == 0 || len(keyword) > 79 {
		return t, false
	}
	t.Keyword = metadata.Latin1(keyword)
	switch kind {
	case "tEXt":
		t.Value = metadata.Latin1(rest)
		return t, true
	case "zTXt":
		if len(rest) < 1 || rest[0] != 0 {
			return t, false
		}
		raw := inflated(rest[1:], codec.LongestXMP)
		t.Value = metadata.Latin1(raw)
		return t, raw != nil
	}
	if len(rest) < 2 {
		return t, false
	}
	packed := rest[0] == 1
	language, rest, ok1 := bytes.Cut(rest[2:], []byte{0})
	translated, value, ok2 := bytes.Cut(rest, []byte{0})
	if packed {
		value = inflated(value, codec.LongestXMP)
	}
	t.Language, t.Translated, t.Value = string(language), string(translated), string(value)
	return t, ok1 && ok2
}

// text takes a remark. Some of them are metadata that ImageMagick puts there.
func (f *scanner) text(t metadata.Text) {
	m := &f.Metadata
	if t.Keyword == keywordXMP {
		m.XMP = []byte(t.Value)
		return
	}
	if kind, ok := strings.CutPrefix(t.Keyword, "Raw profile type "); ok {
		raw := rawProfile(t.Value)
		switch {
		case raw == nil:
		case kind == "iptc":
			m.IPTC = metadata.FromPhotoshop(raw)
		case (kind == "exif" || kind == "APP1") && bytes.HasPrefix(raw, []byte("Exif\x00")) && m.EXIF == nil:
			f.EXIF(raw)
		case kind == "xmp" && m.XMP == nil:
			m.XMP = raw
		}
		return
	}
	if strings.HasPrefix(t.Keyword, "Thumb::") {
		return // sizes and dates of another file
	}
	if len(t.Value) <= codec.LongestText {
		m.Text = append(m.Text, t)
	} else {
		f.Note("its longest remarks are not kept")
	}
}

// rawProfile reads what ImageMagick writes: a name, a length, and hexadecimal digits, in lines.
func rawProfile(value string) []byte {
	fields := strings.Fields(value)
	if len(fields) < 3 {
		return nil
	}
	raw, err := hex.DecodeString(strings.Join(fields[2:], ""))
	if n, errN := strconv.Atoi(fields[1]); err != nil || errN != nil || n != len(raw) {
		return nil
	}
	return raw
}

// chunks gives the chunks that hold metadata, as they lie behind the header.
func chunks(m *metadata.Data) (out []byte) {
	add := func(kind string, body []byte) {
		if len(body) > 0 {
			out = appendChunk(out, kind, body)
		}
	}
	add("cICP", m.Color.CICP)
	if profile := m.Color.ICC; profile != nil {
		add("iCCP", append([]byte(profileName(profile)+"\x00\x00"), deflated(profile)...))
	} else {
		add("sRGB", m.Color.Intent)
	}
	add("gAMA", m.Color.Gamma)
	add("cHRM", m.Color.Primaries)
	add("pHYs", physical(m.Density))
	add("eXIf", m.EXIF)
	if len(m.XMP) > 0 {
		add("iTXt", append([]byte(keywordXMP+"\x00\x00\x00\x00\x00"), m.XMP...))
	}
	if len(m.IPTC) > 0 {
		add("zTXt", append([]byte("Raw profile type iptc\x00\x00"), deflated(asRawProfile("iptc", metadata.ToPhotoshop(m.IPTC)))...))
	}
	for _, t := range m.Text {
		add(textChunk(t))
	}
	return out
}

// profileName is a name for a profile, 1 to 79 characters.
func profileName(profile []byte) string {
	name, ok := metadata.ToLatin1(icc.Name(profile))
	if !ok || len(name) == 0 {
		return "ICC profile"
	}
	return string(bytes.TrimSpace(name[:min(len(name), 79)]))
}

func deflated(raw []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(raw) // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

// physical gives the body of a pHYs chunk, nil if there is nothing to say.
func physical(d metadata.Density) []byte {
	if !d.Says() {
		return nil
	}
	x, y, unit := d.X, d.Y, byte(0)
	if d.Unit != metadata.Unknown {
		x, y = d.PerMetre()
		unit = 1
	}
	if x < 0.5 || y < 0.5 || x > math.MaxInt32 || y > math.MaxInt32 {
		return nil
	}
	body := binary.BigEndian.AppendUint32(nil, uint32(x+0.5))
	return append(binary.BigEndian.AppendUint32(body, uint32(y+0.5)), unit)
}

// asRawProfile writes what rawProfile reads.
func asRawProfile(kind string, raw []byte) []byte {
	digits := hex.EncodeToString(raw)
	out := fmt.Appendf(nil, "\n%s\n%8d\n", kind, len(raw))
	for len(digits) > 0 {
		line := digits[:min(len(digits), 72)]
		digits = digits[len(line):]
		out = append(append(out, line...), '\n')
	}
	return out
}

// textChunk gives the chunk of a remark.
func textChunk(t metadata.Text) (kind string, body []byte) {
	keyword, _ := metadata.ToLatin1(t.Keyword)
	if len(keyword) == 0 {
		keyword = []byte(metadata.Comment)
	}
	body = append(bytes.Clone(keyword[:min(len(keyword), 79)]), 0)
	if value, ok := metadata.ToLatin1(t.Value); ok && t.Language == "" && t.Translated == "" {
		return "tEXt", append(body, value...)
	}
	body = append(body, 0, 0)
	body = append(append(body, t.Language...), 0)
	body = append(append(body, t.Translated...), 0)
	return "iTXt", append(body, t.Value...)
}
