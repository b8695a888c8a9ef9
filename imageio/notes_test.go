package imageio

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"classsr/imageio/codec"
)

// profile is an ICC profile that holds nothing but its description, of version 2 or 4.
func profile(name string, version int) string {
	tag := append([]byte("desc\x00\x00\x00\x00"), binary.BigEndian.AppendUint32(nil, uint32(len(name)+1))...)
	tag = append(tag, name+"\x00"...)
	if version == 4 {
		tag = append([]byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS"), 0, 0, 0, byte(2*len(name)), 0, 0, 0, 28)
		for _, r := range name {
			tag = append(tag, byte(r>>8), byte(r))
		}
	}
	tag = append(tag, make([]byte, 16)...)
	head := append(make([]byte, 128), 0, 0, 0, 1)
	head = append(head, "desc\x00\x00\x00\x90"...)
	return string(append(binary.BigEndian.AppendUint32(head, uint32(len(tag))), tag...))
}

func lostProfile(name string) []string {
	return []string{"colour profile " + name + " is not kept: colours will be read as sRGB"}
}

func TestNotesOfPNG(t *testing.T) {
	png := encoded(t, patterned(4, 3, 3, false, 8), "png")
	iccp := func(name string) string { return "label\x00\x00" + string(deflated([]byte(profile(name, 2)))) }
	be := func(values ...uint32) (s string) {
		for _, v := range values {
			s += string(binary.BigEndian.AppendUint32(nil, v))
		}
		return s
	}
	srgbPrimaries := be(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
	for _, test := range []struct {
		chunks []string // kind and body
		want   []string
	}{
		{nil, nil},
		{[]string{"iCCP" + iccp("Adobe RGB (1998)")}, lostProfile("Adobe RGB (1998)")},
		{[]string{"iCCP" + iccp("sRGB IEC61966-2.1")}, nil},
		{[]string{"iCCPWide\x00\x00not deflate"}, lostProfile("Wide")},
		{[]string{"iCCP"}, []string{"colour profile is not kept: colours will be read as sRGB"}},
		{[]string{"gAMA" + be(45455)}, nil},
		{[]string{"gAMA" + be(100000)}, lostProfile("gAMA/cHRM")},
		{[]string{"sRGB\x00", "gAMA" + be(100000)}, nil},
		{[]string{"cHRM" + srgbPrimaries}, nil},
		{[]string{"cHRM" + be(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)}, lostProfile("gAMA/cHRM")},
		{[]string{"cICP\x01\x0d\x00\x01"}, nil},
		{[]string{"cICP\x09\x10\x00\x01", "iCCP" + iccp("sRGB")}, lostProfile("cICP 9/16")},
		{[]string{"pHYs" + be(2835, 2835) + "\x01"}, nil},
		{[]string{"pHYs" + be(1, 1) + "\x00"}, nil},
		{[]string{"pHYs" + be(11811, 11811) + "\x01"}, []string{codec.NoteResolution}},
		{[]string{"tEXtTitle\x00a", "tEXtAuthor\x00b"}, []string{codec.NoteText}},
		{[]string{"iTXtXML:com.adobe.xmp\x00\x00\x00\x00\x00<x/>"}, []string{codec.NoteXMP}},
		{[]string{"acTL" + be(1, 0)}, []string{codec.NoteAnimation}},
		{[]string{"eXIf" + exifBlock(1), "pHYs" + be(1, 2) + "\x00"}, []string{codec.NoteResolution, codec.NoteEXIF}},
	} {
		file := png
		for _, c := range test.chunks {
			file = withChunk(file, c[:4], c[4:])
		}
		if d := mustDecode(t, file); !slices.Equal(d.Notes, test.want) {
			t.Errorf("%.30q: notes %q, want %q", test.chunks, d.Notes, test.want)
		}
	}
}

func TestNotesOfJPEG(t *testing.T) {
	jpeg := plainJPEG(t, patterned(9, 8, 3, false, 8))
	p3 := profile("Display P3", 4)
	for _, test := range []struct {
		segments []string // marker and body; the last one comes first in the file
		want     []string
	}{
		{nil, nil},
		{[]string{"\xe1Exif\x00\x00" + exifBlock(1)}, []string{codec.NoteEXIF}},
		{[]string{"\xe1http://ns.adobe.com/xap/1.0/\x00<x/>"}, []string{codec.NoteXMP}},
		{[]string{"\xedPhotoshop 3.0\x008BIM\x04\x04\x00\x00"}, []string{codec.NoteIPTC}},
		{[]string{"\xedPhotoshop 3.0\x008BIM\x03\xed\x00\x00"}, nil},
		{[]string{"\xe2ICC_PROFILE\x00\x01\x01" + p3}, lostProfile("Display P3")},
		{[]string{"\xe2ICC_PROFILE\x00\x01\x02" + p3[:140], "\xe2ICC_PROFILE\x00\x02\x02" + p3[140:]}, lostProfile("Display P3")},
		{[]string{"\xe2ICC_PROFILE\x00\x01\x01" + profile("sRGB built-in", 2)}, nil},
		{[]string{"\xe2MPF\x00II*\x00"}, []string{"further pictures in the file (gain map or preview) are not kept"}},
		{[]string{"\xfeby hand", "\xfetwice"}, []string{codec.NoteText}},
		{[]string{"\xe0JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"}, nil},
		{[]string{"\xe0JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00"}, nil},
		{[]string{"\xe0JFIF\x00\x01\x01\x01\x01\x2c\x01\x2c\x00\x00"}, []string{codec.NoteResolution}},
	} {
		file := jpeg
		for _, s := range test.segments {
			file = withSegment(file, s[0], s[1:])
		}
		if d := mustDecode(t, file); !slices.Equal(d.Notes, test.want) {
			t.Errorf("%.40q: notes %q, want %q", test.segments, d.Notes, test.want)
		}
	}
	if d := mustDecode(t, reference(t, "jpeg-cmyk.jpg")); len(d.Notes) != 1 || !strings.HasPrefix(d.Notes[0], "CMYK") {
		t.Errorf("CMYK: notes %q", d.Notes)
	}
}

func TestNotesOfWebP(t *testing.T) {
	webp := reference(t, "webp-lossless.webp")
	d := mustDecode(t, extendedWebP(webp, 0,
		testChunk{"ICCP", []byte(profile("ProPhoto", 4))}, testChunk{"EXIF", []byte(exifBlock(1))}, testChunk{"XMP ", []byte("<x/>")}))
	if want := append(lostProfile("ProPhoto"), codec.NoteEXIF, codec.NoteXMP); !slices.Equal(d.Notes, want) {
		t.Errorf("notes %q, want %q", d.Notes, want)
	}
	if d := mustDecode(t, webp); d.Notes != nil {
		t.Errorf("a plain file has notes %q", d.Notes)
	}
}

func TestNotesOfTIFF(t *testing.T) {
	fraction := func(n, d uint32) string {
		return string(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, n), d))
	}
	icc := profile("eciRGB v2", 2)
	for _, test := range []struct {
		tail    string // at offset 8
		entries []tiffEntry
		want    []string
	}{
		{"", nil, nil},
		{fraction(72, 1), []tiffEntry{{tagXResolution, 5, 1, 8}, {tagYResolution, 5, 1, 8}}, nil},
		{fraction(300, 1), []tiffEntry{{tagXResolution, 5, 1, 8}, {tagYResolution, 5, 1, 8}}, []string{codec.NoteResolution}},
		{fraction(300, 1), []tiffEntry{{tagXResolution, 5, 1, 8}, {tagYResolution, 5, 1, 8}, {tagResolutionUnit, 3, 1, 1}}, nil},
		{icc, []tiffEntry{{tagICC, 7, uint32(len(icc)), 8}}, lostProfile("eciRGB v2")},
		{"", []tiffEntry{{tagXMP, 1, 4, 0}, {tagIPTC, 7, 4, 0}, {tagEXIF, 4, 1, 8}}, []string{codec.NoteEXIF, codec.NoteXMP, codec.NoteIPTC}},
		{"", []tiffEntry{{tagArtist, 2, 4, 0}, {tagCopyright, 2, 4, 0}, {tagGeoKeys, 3, 4, 8}}, []string{codec.NoteText, "map coordinates (GeoTIFF) are not kept"}},
	} {
		d := mustDecode(t, rawTIFF(3, 2, []byte{1, 2, 3, 4, 5, 6}, test.tail, test.entries...))
		if !slices.Equal(d.Notes, test.want) {
			t.Errorf("%v: notes %q, want %q", test.entries, d.Notes, test.want)
		}
	}
	if d := mustDecode(t, reference(t, "tiff-pages.tif")); !slices.Equal(d.Notes, []string{"only the first of 3 pages is read"}) {
		t.Errorf("three pages: notes %q", d.Notes)
	}
}
