package pnm

import (
	"bufio"

	"classsr/imageio/codec"
	"classsr/picture"
)

// bandRows is how many rows are decoded at a time where the picture comes in rows.
const bandRows = 16

// BandRows implements codec.RowScanner: pictures in floating point, whose lowest row comes first, do not come in rows.
func (f *scanner) BandRows() (rows int, bytes int64) {
	if f.Depth == 32 {
		return 0, 0
	}
	picture := f.PictureBytes()
	return bandRows, f.Needs.Decoder - picture + picture/int64(f.Height)*bandRows
}

// Rows implements codec.RowScanner.
func (f *scanner) Rows() (codec.RowDecoder, error) {
	d := &rowDecoder{r: f.Src.Reader(f.pixels)}
	if f.Depth == 8 {
		d.rows8 = f.rows8()
	} else {
		d.rows16 = f.rows16()
	}
	return d, nil
}

// rowDecoder decodes a picture from top to bottom.
type rowDecoder struct {
	r      *bufio.Reader
	rows8  func(dst []uint8, r *bufio.Reader) error
	rows16 func(dst []uint16, r *bufio.Reader) error
}

// Fill implements codec.RowDecoder.
func (d *rowDecoder) Fill(band *picture.Picture) (err error) {
	n := band.Width * band.Channels()
	for y := 0; y < band.Height && err == nil; y++ {
		if band.Depth == 8 {
			err = d.rows8(band.Pix8[y*n:][:n], d.r)
		} else {
			err = d.rows16(band.Pix16[y*n:][:n], d.r)
		}
	}
	return err
}

// End implements codec.RowDecoder. Whatever follows the pixels is not read.
func (d *rowDecoder) End() error { return nil }
