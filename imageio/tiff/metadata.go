package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"classsr/imageio/codec"
	"classsr/imageio/ifd"
	"classsr/metadata"
)

// Fields of a picture's directory that describe it to people. In JPEG and PNG they are in the first directory of an EXIF block.
var describing = map[uint16]bool{
	269: true, 270: true, 271: true, 272: true, 285: true, 305: true, 306: true, 315: true, 316: true, // from the document's name to the computer
	18246: true, 18249: true, 33432: true, // ratings, copyright
	40091: true, 40092: true, 40093: true, 40094: true, 40095: true, // title, remark, author, keywords, subject, as Windows has them
}

func isDescribing(tag uint16) bool { return describing[tag] }

// longestField bounds the fields of directories that are kept.
const longestField = 256 << 10

// describe takes what the file says beside the pixels of its page.
func (f *scanner) describe() {
	if f.TooShort {
		return // it is refused
	}
	m := &f.Metadata
	if profile := f.block(tagICC, codec.LongestProfile); profile != nil {
		f.ICC(profile)
	}
	m.XMP, m.IPTC = f.block(tagXMP, codec.LongestXMP), f.block(tagIPTC, codec.LongestEXIF)
	m.Density = metadata.Density{X: f.d.Rational(tagXResolution), Y: f.d.Rational(tagYResolution), Unit: metadata.Inch}
	switch f.d.Uint(tagResolutionUnit, 2) {
	case 1:
		m.Density.Unit = metadata.Unknown
	case 3:
		m.Density.Unit = metadata.Centimetre
	}
	if !m.Density.Says() {
		m.Density = metadata.Density{}
	}
	m.EXIF = f.exif()
	f.geo()
}

// block gives the bytes of a field.
func (f *scanner) block(tag uint16, longest int) []byte {
	raw, _ := f.d.Bytes(tag, longest+1)
	if len(raw) > longest {
		f.Note(fmt.Sprintf("its field %d is too long to be kept", tag))
		return nil
	}
	return bytes.Clone(raw)
}

// exif makes an EXIF block of the fields that describe the picture and of the directories of EXIF and GPS; nil if there are none.
func (f *scanner) exif() []byte {
	fields := f.d.Fields(isDescribing, longestField)
	out := []byte("II*\x00\x00\x00\x00\x00")
	for _, tag := range []uint16{tagEXIF, tagGPS} {
		if at := f.d.Uint(tag, 0); at > 0 {
			var where ifd.Field
			if out, where = copied(out, 0, false, f.d, int64(at), tag); where.Tag != 0 {
				fields = append(fields, where)
			}
		}
	}
	if len(fields) == 0 {
		return nil
	}
	out, at := ifd.Append(out, 0, false, fields)
	binary.LittleEndian.PutUint32(out[4:], uint32(at))
	if len(out) > codec.LongestEXIF {
		f.Note("its camera metadata (EXIF) is too long to be kept")
		return nil
	}
	return out
}

// tagInterop is a field of EXIF's directory that says where one for other programs is.
const tagInterop = 40965

// copied appends the directory at an offset in the file of d to out, which begins at offset base, and gives the field that says where it is
// now; one without a tag if there is no such directory.
func copied(out []byte, base int64, big bool, d *ifd.Directory, at int64, tag uint16) ([]byte, ifd.Field) {
	from, err := d.At(at)
	if err != nil {
		return out, ifd.Field{}
	}
	fields := from.Fields(func(tag uint16) bool { return tag != tagInterop }, longestField)
	if at := from.Uint(tagInterop, 0); at > 0 && tag == tagEXIF { // in others it would lead around in circles
		var where ifd.Field
		if out, where = copied(out, base, big, d, int64(at), tagInterop); where.Tag != 0 {
			fields = append(fields, where)
		}
	}
	if len(fields) == 0 {
		return out, ifd.Field{}
	}
	out, at = ifd.Append(out, base, big, fields)
	return out, ifd.Offsets(tag, big, at)
}

// geo takes the fields of GeoTIFF.
func (f *scanner) geo() {
	const most = 1 << 13 // numbers
	g := &metadata.Geo{
		Scale: f.d.Floats(tagGeoScale, 3), TiePoints: f.d.Floats(tagGeoTiePoints, most), Transform: f.d.Floats(tagGeoTransform, 16),
		Doubles: f.d.Floats(tagGeoDoubles, most), Text: f.block(tagGeoText, longestField), GDAL: f.block(tagGDAL, longestField),
	}
	for _, v := range f.d.Uints(tagGeoKeys, most) {
		g.Keys = append(g.Keys, uint16(v))
	}
	places := g.Scale != nil || g.TiePoints != nil || g.Transform != nil
	switch {
	case places && f.Orientation > 1:
		f.Note("map coordinates (GeoTIFF) of a picture that is not upright are not kept")
	case places || g.Keys != nil || g.GDAL != nil:
		f.Metadata.Geo = g
	}
	if f.d.Has(tagRPC) {
		f.Note("the camera model of a satellite (RPC) is not kept")
	}
}
