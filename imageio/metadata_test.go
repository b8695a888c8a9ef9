package imageio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"classsr/metadata"
	"classsr/picture"
)

// profile is an ICC profile for "RGB ", "GRAY" or "CMYK" that holds nothing but its description.
func profile(space, name string) []byte {
	tag := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
	tag = append(append(tag, name...), make([]byte, 17)...)
	head := append(make([]byte, 128), 0, 0, 0, 1)
	copy(head[16:], space)
	copy(head[36:], "acsp")
	head = binary.BigEndian.AppendUint32(append(head, "desc\x00\x00\x00\x90"...), uint32(len(tag)))
	all := append(head, tag...)
	binary.BigEndian.PutUint32(all, uint32(len(all)))
	return all
}

// described is metadata of all kinds.
func described(colors int) *metadata.Data {
	space := "RGB "
	if colors == 1 {
		space = "GRAY"
	}
	return &metadata.Data{
		Color:   metadata.Color{ICC: append(profile(space, "Wide Gamut"), bytes.Repeat([]byte("long"), 40000)...)}, // of several segments
		EXIF:    []byte(exifBlock(1)),
		XMP:     []byte("<x:xmpmeta>ü</x:xmpmeta>"),
		IPTC:    []byte("\x1c\x02\x05\x00\x05Title"),
		Density: metadata.Density{X: 300, Y: 300, Unit: metadata.Inch},
		Text:    []metadata.Text{{Keyword: metadata.Comment, Value: "by hand"}},
	}
}

// TestMetadataGoesThrough writes metadata to each format that is written, and reads it again.
func TestMetadataGoesThrough(t *testing.T) {
	for format := range outputs {
		if format == "tiff" || format == "webp" { // TIFF has fields of its own for what is in EXIF, see package tiff; WebP holds less
			continue
		}
		for _, colors := range []int{1, 3} {
			p, want := patterned(9, 7, colors, false, 8), described(colors)
			var b bytes.Buffer
			if err := Encode(&b, p, format, EncodeOptions{Metadata: want}); err != nil {
				t.Fatal(err)
			}
			d := mustDecode(t, b.Bytes())
			if format == "pnm" || format == "pam" { // they hold pixels only, and say so
				if lost := Lost(p.Config(), want, format); !strings.HasSuffix(lost, "does not hold colour profiles and metadata") {
					t.Errorf("%s: %q", format, lost)
				}
				continue
			}
			if !reflect.DeepEqual(d.Metadata, want) || d.Notes != nil {
				t.Errorf("%s of %d colours: text %s, notes %q", format, colors, fmt.Sprintf("%q", d.Metadata.Text), d.Notes)
			}
			if lost := Lost(p.Config(), want, format); lost != "" {
				t.Errorf("%s: %s", format, lost)
			}
		}
	}
}

// TestColorsOfPNG keeps what PNG says of colours without a profile, and says that JPEG does not.
func TestColorsOfPNG(t *testing.T) {
	be := func(values ...uint32) (s []byte) {
		for _, v := range values {
			s = binary.BigEndian.AppendUint32(s, v)
		}
		return s
	}
	p3 := be(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
	srgb := be(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
	for _, test := range []struct {
		color metadata.Color
		other bool // than sRGB
	}{
		{metadata.Color{}, false},
		{metadata.Color{Gamma: be(45455)}, false},
		{metadata.Color{Gamma: be(100000)}, true},
		{metadata.Color{Gamma: be(45455), Primaries: srgb}, false},
		{metadata.Color{Gamma: be(45455), Primaries: p3}, true},
		{metadata.Color{Gamma: be(100000), Intent: []byte{0}}, false},
		{metadata.Color{CICP: []byte{1, 13, 0, 1}}, false},
		{metadata.Color{CICP: []byte{9, 16, 0, 1}, Intent: []byte{1}}, true},
	} {
		p, m := patterned(4, 3, 3, false, 8), &metadata.Data{Color: test.color}
		var b bytes.Buffer
		if err := Encode(&b, p, "png", EncodeOptions{Metadata: m}); err != nil {
			t.Fatal(err)
		}
		if got := mustDecode(t, b.Bytes()).Metadata.Color; !reflect.DeepEqual(got, test.color) {
			t.Errorf("%q is read as %q", test.color, got)
		}
		if lost := Lost(p.Config(), m, "jpeg"); (lost != "") != test.other {
			t.Errorf("%q: JPEG: %q", test.color, lost)
		}
	}
}

func TestTextOfPNG(t *testing.T) {
	texts := []metadata.Text{
		{Keyword: "Title", Value: "Über"}, {Keyword: "Author", Value: "岩"}, {Keyword: "Author", Value: "b", Language: "de", Translated: "Urheber"},
	}
	var b bytes.Buffer
	p := patterned(4, 3, 3, false, 8)
	if err := Encode(&b, p, "png", EncodeOptions{Metadata: &metadata.Data{Text: texts}}); err != nil {
		t.Fatal(err)
	}
	file := withChunk(b.Bytes(), "zTXt", "Source\x00\x00"+string(deflated([]byte("camera"))))
	file = withChunk(file, "tEXt", "Thumb::MTime\x00123")
	file = withChunk(file, "tEXt", "no end")
	got := mustDecode(t, file)
	if want := append(texts, metadata.Text{Keyword: "Source", Value: "camera"}); !sameElements(got.Metadata.Text, want) || got.Notes != nil {
		t.Errorf("got %q, notes %q", got.Metadata.Text, got.Notes)
	}
	if lost := Lost(p.Config(), got.Metadata, "jpeg"); lost != "JPEG does not hold remarks with keywords" {
		t.Errorf("lost: %q", lost)
	}
}

func sameElements(a, b []metadata.Text) bool {
	if len(a) != len(b) {
		return false
	}
	for _, v := range a {
		if !slices.Contains(b, v) {
			return false
		}
	}
	return true
}

// TestProfilesThatDoNotFit drops profiles for other channels, and tells if that changes colours.
func TestProfilesThatDoNotFit(t *testing.T) {
	for _, test := range []struct {
		colors  int
		profile []byte
		note    string
	}{
		{3, profile("GRAY", "Dot Gain 20%"), "its colour profile Dot Gain 20% is dropped: it does not fit rgb pictures"},
		{1, profile("RGB ", "Display P3"), "its colour profile Display P3 is dropped: it does not fit gray pictures"},
		{1, profile("RGB ", "sRGB IEC61966-2.1"), ""},
		{3, []byte("nothing of a profile"), "its colour profile is damaged and dropped: colours will be read as sRGB"},
	} {
		file := withChunk(encoded(t, patterned(4, 3, test.colors, false, 8), "png"), "iCCP", "label\x00\x00"+string(deflated(test.profile)))
		d := mustDecode(t, file)
		if d.Metadata.Color.ICC != nil || strings.Join(d.Notes, "; ") != test.note {
			t.Errorf("%d colours, %.40q: profile %.20q, notes %q", test.colors, test.profile, d.Metadata.Color.ICC, d.Notes)
		}
	}
	// A gray palette stays red, green and blue where the profile asks for them.
	palette := testPNG{width: 4, height: 3, bits: 8, colorType: pngPalette, sample: func(x, _, _ int) int { return x },
		chunks: []testChunk{{"iCCP", append([]byte("p\x00\x00"), deflated(profile("RGB ", "Display P3"))...)}, {"PLTE", []byte{9, 9, 9, 8, 8, 8, 7, 7, 7, 6, 6, 6}}}}
	if d := mustDecode(t, palette.bytes()); d.Colors != 3 || d.Metadata.Color.ICC == nil || d.Notes != nil {
		t.Errorf("a gray palette with a profile: %d colours, notes %q", d.Colors, d.Notes)
	}
}

func TestOddMetadataOfJPEG(t *testing.T) {
	jpeg := plainJPEG(t, patterned(9, 8, 3, false, 8))
	p3 := string(profile("RGB ", "Display P3"))
	for _, test := range []struct {
		name     string
		segments []string // marker and body; the last one comes first in the file
		want     metadata.Data
		notes    []string
	}{
		{"plain", nil, metadata.Data{}, nil},
		{"parts in another order", []string{"\xe2ICC_PROFILE\x00\x01\x02" + p3[:140], "\xe2ICC_PROFILE\x00\x02\x02" + p3[140:]}, metadata.Data{Color: metadata.Color{ICC: []byte(p3)}}, nil},
		{"a part is missing", []string{"\xe2ICC_PROFILE\x00\x02\x02" + p3[140:]}, metadata.Data{}, []string{"its colour profile is damaged and dropped: colours will be read as sRGB"}},
		{"pictures behind", []string{"\xe2MPF\x00II*\x00"}, metadata.Data{}, []string{"further pictures in the file (gain map or preview) are not kept"}},
		{"resources cut off", []string{"\xedPhotoshop 3.0\x008BIM\x04\x04\x00\x00"}, metadata.Data{}, nil},
		{"captions behind others", []string{"\xedPhotoshop 3.0\x008BIM\x03\xed\x00\x00\x00\x00\x00\x03abc\x008BIM\x04\x04\x00\x00\x00\x00\x00\x02xy"}, metadata.Data{IPTC: []byte("xy")}, nil},
		{"two comments", []string{"\xfeby hand", "\xfetwice"}, metadata.Data{Text: []metadata.Text{{Keyword: metadata.Comment, Value: "twice"}}}, nil},
		{"more XMP", []string{"\xe1http://ns.adobe.com/xmp/extension/\x00abc"}, metadata.Data{}, []string{"XMP that goes on in further parts of the file is not kept, only its first part"}},
		{"dots a centimetre", []string{"\xe0JFIF\x00\x01\x01\x02\x00\x76\x00\x76\x00\x00"}, metadata.Data{Density: metadata.Density{X: 118, Y: 118, Unit: metadata.Centimetre}}, nil},
	} {
		file := jpeg
		for _, s := range test.segments {
			file = withSegment(file, s[0], s[1:])
		}
		if d := mustDecode(t, file); !reflect.DeepEqual(*d.Metadata, test.want) || !slices.Equal(d.Notes, test.notes) {
			t.Errorf("%s: %+v, notes %q", test.name, *d.Metadata, d.Notes)
		}
	}
	if d := mustDecode(t, reference(t, "jpeg-cmyk.jpg")); len(d.Notes) != 1 || !strings.HasPrefix(d.Notes[0], "CMYK") {
		t.Errorf("CMYK: notes %q", d.Notes)
	}
}

func TestMetadataOfWebP(t *testing.T) {
	webp, want := reference(t, "webp-lossless.webp"), described(3)
	d := mustDecode(t, extendedWebP(webp, 0,
		testChunk{"ICCP", want.Color.ICC}, testChunk{"EXIF", want.EXIF}, testChunk{"XMP ", want.XMP}))
	if m := d.Metadata; !bytes.Equal(m.Color.ICC, want.Color.ICC) || !bytes.Equal(m.EXIF, want.EXIF) || !bytes.Equal(m.XMP, want.XMP) || d.Notes != nil {
		t.Errorf("got EXIF %q, XMP %q, notes %q", m.EXIF, m.XMP, d.Notes)
	}
	long := append([]byte(exifBlock(6)), make([]byte, 1<<20)...) // of which a part would be damaged
	d = mustDecode(t, extendedWebP(webp, 0, testChunk{"EXIF", long}))
	if want := []string{"its chunk EXIF is too long to be kept"}; d.Metadata.EXIF != nil || !slices.Equal(d.Notes, want) {
		t.Errorf("EXIF of %d bytes, notes %q", len(d.Metadata.EXIF), d.Notes)
	}
}

// TestMetadataIntoWebP writes what WebP holds, and reads it again. A density alone makes an EXIF block.
func TestMetadataIntoWebP(t *testing.T) {
	for _, alpha := range []bool{false, true} {
		p, m := patterned(9, 7, 3, alpha, 8), described(3)
		if lost, want := Lost(p.Config(), m, "webp"), "WebP does not hold IPTC and remarks"; lost != want {
			t.Errorf("lost: %q", lost)
		}
		m.IPTC, m.Text = nil, nil
		for _, given := range []*metadata.Data{m, {Color: m.Color}, {XMP: m.XMP}, {Density: m.Density}} {
			var b bytes.Buffer
			if err := Encode(&b, p, "webp", EncodeOptions{Metadata: given}); err != nil {
				t.Fatal(err)
			}
			want := *given
			want.EXIF = metadata.WithDensity(want.EXIF, want.Density)
			d := mustDecode(t, b.Bytes())
			if !reflect.DeepEqual(*d.Metadata, want) || d.Alpha != alpha || d.Notes != nil || !bytes.Equal(d.Pix8, p.Pix8) {
				t.Errorf("got EXIF %q, XMP %q, density %v, notes %q", d.Metadata.EXIF, d.Metadata.XMP, d.Metadata.Density, d.Notes)
			}
			if lost := Lost(p.Config(), given, "webp"); lost != "" {
				t.Errorf("lost: %q", lost)
			}
		}
	}
	// Its pictures have red, green and blue, and yet a profile for gray goes into the file.
	var b bytes.Buffer
	gray := described(1)
	if err := Encode(&b, patterned(9, 7, 1, false, 8), "webp", EncodeOptions{Metadata: gray}); err != nil || !bytes.Contains(b.Bytes(), gray.Color.ICC) {
		t.Errorf("a profile for gray: %v", err)
	}
}

// TestProfilesOfEveryPair keeps each byte of profiles from each format that holds them to each.
func TestProfilesOfEveryPair(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range []string{"described.heic", "described.avif"} {
		files[name] = mustRead(t, "heif/testdata/"+name)
	}
	formats := []string{"png", "jpeg", "tiff", "webp"}
	for _, from := range formats {
		for name, profile := range map[string][]byte{"P3": profile("RGB ", "Display P3"), "gray": profile("GRAY", "Dot Gain 20%"), "long": described(3).Color.ICC} {
			colors := 3
			if name == "gray" {
				colors = 1
			}
			if from == "webp" && colors == 1 {
				continue // it has no gray
			}
			var b memoryFile
			if err := Encode(&b, patterned(9, 7, colors, false, 8), from, EncodeOptions{Metadata: &metadata.Data{Color: metadata.Color{ICC: profile}}}); err != nil {
				t.Fatal(err)
			}
			files[name+" "+from] = b.Bytes()
		}
	}
	for name, file := range files {
		d := mustDecode(t, file)
		want := d.Metadata.Color.ICC
		if want == nil {
			t.Errorf("%s: no profile", name)
		}
		for _, to := range formats {
			var b memoryFile
			if err := Encode(&b, d.Picture, to, EncodeOptions{Metadata: d.Metadata}); err != nil {
				t.Fatal(err)
			}
			if to == "webp" && d.Colors == 1 {
				if !bytes.Contains(b.Bytes(), want) {
					t.Errorf("%s to %s: another profile", name, to)
				}
			} else if !bytes.Equal(mustDecode(t, b.Bytes()).Metadata.Color.ICC, want) {
				t.Errorf("%s to %s: another profile", name, to)
			}
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPagesOfTIFF(t *testing.T) {
	if d := mustDecode(t, reference(t, "tiff-pages.tif")); !slices.Equal(d.Notes, []string{"only the first of 3 pages is read"}) {
		t.Errorf("three pages: notes %q", d.Notes)
	}
}

// TestLost names in one sentence what a format does not hold.
func TestLost(t *testing.T) {
	c := picture.Config{Width: 1, Height: 1, Colors: 3, Alpha: true, Depth: 16}
	m := &metadata.Data{EXIF: make([]byte, 70000), Text: []metadata.Text{{Keyword: "Title", Value: "x"}}}
	if got, want := Lost(c, m, "jpeg"), "JPEG does not hold transparency, more than 8 bits a sample, EXIF of that length and remarks with keywords"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Lost(c, m, "png"); got != "" {
		t.Errorf("PNG: %q", got)
	}
}
