package png

import (
	"io"

	"github.com/klauspost/compress/zlib"

	"classsr/imageio/codec"
	"classsr/picture"
)

// bandRows is how many rows are decoded at a time where the picture comes in rows.
const bandRows = 16

// BandRows implements codec.RowScanner: pictures that are not interlaced, and no frames of animations, come in rows.
func (f *scanner) BandRows() (rows int, bytes int64) {
	if f.interlaced || f.animation.frames != nil {
		return 0, 0
	}
	picture := f.PictureBytes()
	return bandRows, f.Needs.Decoder - picture + picture/int64(f.Height)*bandRows
}

// Rows implements codec.RowScanner.
func (f *scanner) Rows() (codec.RowDecoder, error) {
	d := &rowDecoder{data: f.data()}
	var err error
	if d.inflated, err = zlib.NewReader(d.data); err != nil {
		return nil, err
	}
	d.stored = f.storedRows(d.inflated)
	d.stored.begin(f.rowBytes(f.Width))
	if f.Depth == 8 {
		d.samples8 = f.samples8()
	} else {
		d.samples16 = f.samples16()
	}
	return d, nil
}

// rowDecoder decodes a picture that is not interlaced from top to bottom.
type rowDecoder struct {
	data      *idat
	inflated  io.Reader
	stored    *storedRows
	samples8  func(dst []uint8, row []byte)
	samples16 func(dst []uint16, row []byte)
}

// Fill implements codec.RowDecoder.
func (d *rowDecoder) Fill(band *picture.Picture) error {
	n := band.Width * band.Channels()
	for y := range band.Height {
		row, err := d.stored.next()
		switch {
		case err != nil:
			return err
		case band.Depth == 8:
			d.samples8(band.Pix8[y*n:][:n], row)
		default:
			d.samples16(band.Pix16[y*n:][:n], row)
		}
	}
	return nil
}

// End implements codec.RowDecoder.
func (d *rowDecoder) End() error { return checkEnd(d.inflated, d.data) }
