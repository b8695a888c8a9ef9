package tiff

import (
	"bytes"
	"fmt"

	"classsr/imageio/codec"
	"classsr/metadata"
)

// describe takes what the file says beside the pixels of its first page.
func (f *scanner) describe() {
	if f.TooShort {
		return // it is refused
	}
	m := &f.Metadata
	block := func(tag uint16, longest int) []byte {
		raw, _ := f.d.Bytes(tag, longest+1)
		if len(raw) > longest {
			f.Note(fmt.Sprintf("its field %d is too long to be kept", tag))
			return nil
		}
		return bytes.Clone(raw)
	}
	if profile := block(tagICC, codec.LongestProfile); profile != nil {
		f.ICC(profile)
	}
	m.XMP, m.IPTC = block(tagXMP, codec.LongestXMP), block(tagIPTC, codec.LongestEXIF)
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
}
