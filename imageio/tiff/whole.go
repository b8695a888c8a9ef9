package tiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"strings"

	"golang.org/x/image/webp"

	"classsr/fault"
	"classsr/imageio/codec"
	"classsr/picture"
)

// Strips and tiles that are pictures of another format, or whose chroma is smaller than their brightness, are decoded as a whole.

// whole reports whether they are.
func (f *scanner) whole() bool {
	switch f.compression {
	case jpegCoded, oldJPEG, webpCoded, oldWebP:
		return true
	}
	return f.photometric == modelYCbCr
}

// wholePixel is how many bytes a pixel of such a block takes at most: of the image that a decoder makes, of what it works with, and of the
// picture made of that, where it takes other memory.
func (f *scanner) wholePixel() int64 {
	switch {
	case f.compression == webpCoded || f.compression == oldWebP:
		return 14
	case f.photometric == modelCMYK:
		return 12
	case f.Colors == 1:
		return 2
	}
	return 6 + 1
}

// subsampled reports whether bytes of brightness and chroma lie together in units of several pixels.
func (f *scanner) subsampled() bool {
	return f.photometric == modelYCbCr && f.compression != jpegCoded && f.compression != oldJPEG && f.compression != webpCoded
}

// form of a block of so many rows, as a picture. Colours that are not read yet are those of its own format.
func (f *scanner) blockForm(rows int) picture.Config {
	return picture.Config{Width: f.blocks.width, Height: rows, Colors: f.Colors, Alpha: f.Alpha, Depth: 8}
}

// checkWhole refuses what cannot be decoded so.
func (f *scanner) checkWhole() error {
	switch {
	case !f.whole():
		return nil
	case f.noData != nil:
		f.noData = nil // there are no exact samples
		f.Alpha = f.transparent
		return f.checkWhole()
	case f.bits != 8 || f.numbers != unsigned:
		return codec.Unsupported("JPEG or WebP compression with %d bits a sample is not supported", f.bits)
	case f.Options.Bands != nil || f.Bands > 1:
		return fault.New(fault.Usage, "bands cannot be chosen of a TIFF with JPEG or WebP compression: convert it with tiffcp -c zip first")
	case f.photometric == modelPalette || f.photometric >= modelLab || f.photometric == modelCMYK && f.compression != jpegCoded:
		return codec.Unsupported("JPEG or WebP compression of this colour model is not supported: convert it with tiffcp -c zip first")
	case f.planar && f.compression == jpegCoded && f.photometric <= modelRGB:
		return nil // each is a gray JPEG
	case f.planar:
		return codec.Unsupported("this compression of channels that lie apart is not supported: convert it with tiffcp -p contig first")
	case f.samples > 4 || f.samples == 2 || f.samples == 4 && f.compression == jpegCoded && f.photometric != modelCMYK:
		return codec.Unsupported("JPEG or WebP compression of %d channels is not supported: convert it with tiffcp -c zip first", f.samples)
	}
	return nil
}

// picture decodes block i of every plane, of which so many rows are the picture's. It may be higher.
func (f *scanner) picture(i int64, rows int) (*picture.Picture, error) {
	if f.blocks.planes == 1 {
		return f.wholeBlock(i, f.blockForm(rows))
	}
	out := f.blockForm(rows).New()
	for k, plane := range f.used {
		form := out.Config()
		form.Colors, form.Alpha = 1, false
		p, err := f.wholeBlock(i+int64(plane)*int64(f.blocks.across)*int64(f.blocks.down), form)
		if err != nil {
			return nil, err
		}
		for at, v := range p.Pix8[:form.Width*form.Height] {
			out.Pix8[at*out.Channels()+k] = v
		}
	}
	return out, nil
}

// wholeBlock decodes a block that is a picture of a form, or a few rows higher.
func (f *scanner) wholeBlock(i int64, form picture.Config) (*picture.Picture, error) {
	data, err := f.data(i)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return form.New(), nil
	}
	var p *picture.Picture
	switch f.compression {
	case jpegCoded, oldJPEG:
		p, err = f.jpegBlock(data, form)
	case webpCoded, oldWebP:
		p, err = webpBlock(data, form)
	default:
		p, err = f.ycbcrBlock(i, form)
	}
	if err == nil && (p.Width != form.Width || p.Height < form.Height || p.Channels() != form.Channels()) {
		err = errors.New("a part of it has another form than the whole")
	}
	return p, err
}

func webpBlock(data io.Reader, form picture.Config) (*picture.Picture, error) {
	head := &bytes.Buffer{}
	found, err := webp.DecodeConfig(io.TeeReader(data, head))
	if err != nil {
		return nil, err
	}
	if found.Width != form.Width || found.Height < form.Height || found.Height > maxBlockRows(form) {
		return nil, errors.New("a part of it has another size than it should")
	}
	img, err := webp.Decode(io.MultiReader(head, data))
	if err != nil {
		return nil, err
	}
	form.Height = found.Height
	p := codec.Convert(img, form, true)
	if p.Alpha && !form.Alpha { // that all is opaque was not noticed
		p = withoutAlpha(p)
	}
	return p, nil
}

// maxBlockRows is how high a block may be that should have form's height: a few rows more, or a whole tile.
func maxBlockRows(form picture.Config) int { return form.Height + 16 }

// withoutAlpha leaves alpha out.
func withoutAlpha(p *picture.Picture) *picture.Picture {
	out := picture.New(p.Width, p.Height, p.Colors, false, p.Depth)
	for i := range p.Width * p.Height {
		copy(out.Pix8[i*p.Colors:][:p.Colors], p.Pix8[i*p.Channels():])
	}
	return out
}

// jpegBlock decodes a JPEG that has its tables elsewhere.
func (f *scanner) jpegBlock(data io.Reader, form picture.Config) (*picture.Picture, error) {
	components := f.samples
	if f.planar {
		components = 1
	}
	var header []byte
	var err error
	found := image.Pt(form.Width, form.Height)
	if f.oldSampling != 0 {
		header = f.oldHeader(form.Width, form.Height)
		if data, err = withoutScanHeader(data); err != nil {
			return nil, err
		}
	} else if header, found, err = f.jpegHeader(data, components); err != nil {
		return nil, err
	}
	if found.X != form.Width || found.Y < form.Height || found.Y > maxBlockRows(form) {
		return nil, errors.New("a part of it has another size than it should")
	}
	img, err := jpeg.Decode(io.MultiReader(bytes.NewReader(header), data, strings.NewReader("\xff\xd9")))
	if err != nil {
		return nil, err
	}
	if cmyk, ok := img.(*image.CMYK); ok {
		// image/jpeg takes inks to be stored as Adobe does in JPEG, which is upside down; those of a TIFF are not.
		for i := range cmyk.Pix {
			cmyk.Pix[i] = ^cmyk.Pix[i]
		}
		f.cmyk(cmyk.Pix)
		img = &image.RGBA{Pix: cmyk.Pix, Stride: cmyk.Stride, Rect: cmyk.Rect}
	}
	form.Height = found.Y
	return codec.Convert(img, form, f.videoRange), nil
}

// jpegHeader reads a JPEG up to its first scan, and gives it with the tables before it and with a mark that says what its colours are,
// instead of what it says itself.
func (f *scanner) jpegHeader(data io.Reader, components int) (header []byte, size image.Point, err error) {
	const most = 64 << 10 // bytes of a header
	header = append([]byte("\xff\xd8"), f.jpegTables...)
	if components == 4 || components == 3 && f.photometric == modelRGB {
		header = append(header, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"...)
	}
	start := make([]byte, 2)
	if _, err := io.ReadFull(data, start); err != nil || string(start) != "\xff\xd8" {
		return nil, size, errors.New("a part of it is no JPEG")
	}
	for len(header) < most+len(f.jpegTables) {
		marker, segment, err := jpegSegment(data)
		if err != nil {
			return nil, size, err
		}
		switch {
		case marker >= 0xe0 && marker <= 0xef, marker == 0xfe:
			continue // metadata
		case marker == 0xc0 || marker == 0xc1:
			if len(segment) < 10 || int(segment[9]) != components || segment[4] != 8 {
				return nil, size, errors.New("a part of it has another form than the whole")
			}
			size = image.Pt(int(binary.BigEndian.Uint16(segment[7:])), int(binary.BigEndian.Uint16(segment[5:])))
		case marker > 0xc1 && marker < 0xd0 && marker != 0xc4 && marker != 0xcc:
			return nil, size, codec.Unsupported("a JPEG inside that is progressive or lossless is not supported: convert it with ImageMagick first")
		}
		if header = append(header, segment...); marker == 0xda {
			return header, size, nil
		}
	}
	return nil, size, errors.New("a part of it is no JPEG")
}

// jpegSegment reads a segment, with its marker.
func jpegSegment(r io.Reader) (marker byte, segment []byte, err error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	for head[0] == 0xff && head[1] == 0xff { // padding
		if _, err := io.ReadFull(r, head[1:2]); err != nil {
			return 0, nil, err
		}
	}
	if _, err := io.ReadFull(r, head[2:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(head[2:]))
	if head[0] != 0xff || head[1] < 0xc0 || n < 2 || head[1] >= 0xd0 && head[1] <= 0xd9 {
		return 0, nil, errors.New("a part of it is no JPEG")
	}
	segment = append(head, make([]byte, n-2)...)
	_, err = io.ReadFull(r, segment[4:])
	return head[1], segment, err
}

// readTables reads the tables that all JPEGs of the file share, a JPEG without a picture.
func (f *scanner) readTables() error {
	const most = 64 << 10
	tables, _ := f.d.Bytes(tagJPEGTables, most)
	if tables == nil {
		return nil
	}
	r := bytes.NewReader(bytes.TrimPrefix(tables, []byte("\xff\xd8")))
	for {
		if end := tables[len(tables)-r.Len():]; len(end) < 4 || end[0] == 0xff && end[1] == 0xd9 {
			return nil
		}
		marker, segment, err := jpegSegment(r)
		if err != nil {
			return errors.New("its JPEG tables are wrong")
		}
		if marker == 0xdb || marker == 0xc4 || marker == 0xdd {
			f.jpegTables = append(f.jpegTables, segment...)
		}
	}
}
