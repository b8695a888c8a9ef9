package tiff

import (
	"slices"

	"classsr/imageio/ifd"
	"classsr/metadata"
)

// remarks are the fields for remarks with the usual keywords.
var remarks = map[string]uint16{"Title": 269, "Description": 270, metadata.Comment: 270, "Software": 305, "Creation Time": 306, "Author": 315, "Copyright": 33432}

// described makes the fields of metadata. What they point to it appends to tail, which begins at offset base.
func described(tail []byte, base int64, big bool, m *metadata.Data) ([]byte, []ifd.Field) {
	var fields []ifd.Field
	if exif, err := ifd.First(ifd.Block(m.EXIF)); err == nil {
		fields = exif.Fields(isDescribing, longestField)
		for _, tag := range []uint16{tagEXIF, tagGPS} {
			if at := exif.Uint(tag, 0); at > 0 {
				var where ifd.Field
				if tail, where = copied(tail, base, big, exif, int64(at), tag); where.Tag != 0 {
					fields = append(fields, where)
				}
			}
		}
	}
	has := func(tag uint16) bool {
		return slices.ContainsFunc(fields, func(f ifd.Field) bool { return f.Tag == tag })
	}
	for _, t := range m.Text {
		if tag := remarks[t.Keyword]; tag != 0 && !has(tag) {
			fields = append(fields, ifd.Text(tag, t.Value))
		}
	}
	raw := func(tag uint16, b []byte) {
		if len(b) > 0 {
			fields = append(fields, ifd.Raw(tag, b))
		}
	}
	raw(tagICC, m.Color.ICC)
	raw(tagIPTC, m.IPTC)
	if len(m.XMP) > 0 {
		fields = append(fields, ifd.Field{Tag: tagXMP, Kind: 1, Values: m.XMP})
	}
	if d := m.Density; d.Says() {
		unit := map[metadata.Unit]uint16{metadata.Unknown: 1, metadata.Inch: 2, metadata.Centimetre: 3}[d.Unit]
		fields = append(fields, ifd.Fraction(tagXResolution, d.X), ifd.Fraction(tagYResolution, d.Y), ifd.Shorts(tagResolutionUnit, unit))
	}
	return tail, append(fields, placed(m.Geo)...)
}

// placed makes the fields of GeoTIFF.
func placed(g *metadata.Geo) (fields []ifd.Field) {
	if g == nil {
		return nil
	}
	for _, f := range []ifd.Field{
		ifd.Doubles(tagGeoScale, g.Scale...), ifd.Doubles(tagGeoTiePoints, g.TiePoints...), ifd.Doubles(tagGeoTransform, g.Transform...),
		ifd.Shorts(tagGeoKeys, g.Keys...), ifd.Doubles(tagGeoDoubles, g.Doubles...),
		{Tag: tagGeoText, Kind: 2, Values: g.Text}, {Tag: tagGDAL, Kind: 2, Values: g.GDAL},
	} {
		if len(f.Values) > 0 {
			fields = append(fields, f)
		}
	}
	return fields
}

// Lost names what of a picture's metadata a TIFF cannot hold.
func Lost(m *metadata.Data) (lost []string) {
	if m.Color.ICC == nil && metadata.OtherThanSRGB(m.Color) {
		lost = append(lost, "what PNG says of colours without a profile")
	}
	known := map[uint16]bool{}
	for _, t := range m.Text {
		tag := remarks[t.Keyword]
		if tag == 0 || known[tag] {
			return append(lost, "some remarks")
		}
		known[tag] = true
	}
	return lost
}
