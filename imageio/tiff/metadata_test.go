package tiff

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
	"classsr/metadata"
	"classsr/picture"
)

// camera is an EXIF block with directories for EXIF, for other programs and for GPS.
func camera() []byte {
	out, interop := ifd.Append([]byte("II*\x00\x00\x00\x00\x00"), 0, false, []ifd.Field{ifd.Text(1, "R98")})
	out, exif := ifd.Append(out, 0, false, []ifd.Field{ifd.Text(36867, "2024:01:02 03:04:05"), ifd.Fraction(33434, 0.01), ifd.Offsets(tagInterop, false, interop)})
	out, gps := ifd.Append(out, 0, false, []ifd.Field{ifd.Text(1, "N")})
	out, at := ifd.Append(out, 0, false, []ifd.Field{
		ifd.Text(271, "Maker"), ifd.Shorts(tagOrientation, 1), ifd.Offsets(tagEXIF, false, exif), ifd.Offsets(tagGPS, false, gps),
	})
	binary.LittleEndian.PutUint32(out[4:], uint32(at))
	return out
}

// fieldsOf lists the fields of the directories of an EXIF block.
func fieldsOf(t *testing.T, exif []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	var add func(d *ifd.Directory, where string)
	add = func(d *ifd.Directory, where string) {
		for _, f := range d.Fields(func(uint16) bool { return true }, 1<<16) {
			switch f.Tag {
			case tagEXIF, tagGPS, tagInterop:
				sub, err := d.At(int64(d.Uint(f.Tag, 0)))
				if err != nil {
					t.Fatal(err)
				}
				add(sub, where+string(rune(f.Tag)))
			default:
				all[where+string(rune(f.Tag))] = f.Values
			}
		}
	}
	d, err := ifd.First(ifd.Block(exif))
	if err != nil {
		t.Fatal(err)
	}
	add(d, "")
	return all
}

func TestMetadataGoesThrough(t *testing.T) {
	want := metadata.Data{
		EXIF: camera(), XMP: []byte("<x:xmpmeta>ü</x:xmpmeta>"), IPTC: []byte("\x1c\x02\x05\x00\x05Title"),
		Density: metadata.Density{X: 300, Y: 300.5, Unit: metadata.Centimetre},
		Text:    []metadata.Text{{Keyword: "Author", Value: "Mé"}},
		Geo: &metadata.Geo{
			Scale: []float64{0.1, 0.2, 0}, TiePoints: []float64{0, 0, 0, 7, 48, 0}, Keys: []uint16{1, 1, 0, 1, 1025, 0, 1, 1}, Doubles: []float64{6378137},
			Text: []byte("WGS 84|\x00"), GDAL: []byte("<GDALMetadata/>\x00"),
		},
	}
	for _, big := range []bool{false, true} {
		data := written(t, picture.New(5, 4, 3, false, 8), 4, Options{Metadata: &want, Big: big})
		_, f, err := decoded(data, codec.Options{})
		if err != nil || len(f.Notes) > 0 {
			t.Fatalf("%q, %v", f.Notes, err)
		}
		got := f.Metadata
		if !bytes.Equal(got.XMP, want.XMP) || !bytes.Equal(got.IPTC, want.IPTC) || got.Density != want.Density || !reflect.DeepEqual(got.Geo, want.Geo) {
			t.Errorf("big %v: got %+v, want %+v", big, got, want)
		}
		fields := fieldsOf(t, want.EXIF)
		delete(fields, string(rune(tagOrientation)))
		fields[string(rune(315))] = []byte("Mé\x00")
		if read := fieldsOf(t, got.EXIF); !reflect.DeepEqual(read, fields) {
			t.Errorf("big %v: fields %q, want %q", big, read, fields)
		}
	}
	if lost := Lost(&want); lost != nil {
		t.Errorf("lost: %q", lost)
	}
	want.Text = append(want.Text, metadata.Text{Keyword: "Recipe", Value: "none"})
	if lost := Lost(&want); !slices.Equal(lost, []string{"some remarks"}) {
		t.Errorf("lost: %q", lost)
	}
}

// A file that has grown too long for a TIFF becomes a BigTIFF, which shows when its directory is written.
func TestLongFilesAreBig(t *testing.T) {
	for at, magic := range map[int64]string{1 << 20: "II*\x00", 5 << 30: "II+\x00"} {
		e := &encoder{planes: &Planes{Count: 1}, config: picture.Config{Width: 9, Height: 9, Colors: 1, Depth: 8}, at: at, lengths: []uint32{uint32(at / 2), uint32(at / 2)}}
		e.samples, e.grid = newStored(e.config, nil), gridOf(e.config)
		f := file{}
		f.Write(make([]byte, headerBytes))
		if err := e.End(&f); err != nil || string(f.Bytes()[:4]) != magic {
			t.Errorf("%d bytes: %q, %v", at, f.Bytes()[:8], err)
		}
	}
}

func TestGeoOfTurnedPictures(t *testing.T) {
	data := written(t, picture.New(5, 4, 1, false, 8), 4, Options{Metadata: &metadata.Data{Geo: &metadata.Geo{Scale: []float64{1, 1, 0}}}})
	at := bytes.Index(data, []byte{tagOrientation & 0xff, tagOrientation >> 8, 3, 0, 1, 0, 0, 0, 1})
	data[at+8] = 6
	_, f, err := decoded(data, codec.Options{})
	if err != nil || f.Metadata.Geo != nil || len(f.Notes) != 1 {
		t.Errorf("%+v, %v", f, err)
	}
}
