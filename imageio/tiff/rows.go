package tiff

import (
	"classsr/imageio/codec"
	"classsr/picture"
)

// bandRows is how many rows of strips are decoded at a time where the picture comes in rows. Of tiles it is those of a tile.
const bandRows = 16

// BandRows implements codec.RowScanner: pictures whose strips or tiles are decoded row by row come in rows.
func (f *scanner) BandRows() (rows int, bytes int64) {
	if f.whole() {
		return 0, 0
	}
	rows = bandRows
	if f.blocks.across > 1 {
		rows = f.blocks.height
	}
	picture := f.PictureBytes()
	return rows, f.workBytes() + picture/int64(f.Height)*int64(rows)
}

// Rows implements codec.RowScanner.
func (f *scanner) Rows() (codec.RowDecoder, error) {
	d := &rowDecoder{reader: newReader(f)}
	switch f.Depth {
	case 8:
		d.samples8 = f.samples8()
	case 16:
		d.samples16 = f.samples16()
	default:
		d.samples32 = f.samples32()
	}
	return d, nil
}

// rowDecoder decodes a picture from top to bottom: strips row by row, of tiles a row of them at a time.
type rowDecoder struct {
	*reader
	block     int64 // that is begun next
	left      int   // rows of the strip at hand
	samples8  func(dst []uint8, row stored)
	samples16 func(dst []uint16, row stored)
	samples32 func(dst []float32, row stored)
}

// Fill implements codec.RowDecoder.
func (d *rowDecoder) Fill(band *picture.Picture) error {
	b := &d.blocks
	if b.across == 1 {
		for y := range band.Height {
			if d.left == 0 {
				d.left = min(b.height, d.Height-int(d.block)*b.height)
				if err := d.beginNext(d.left); err != nil {
					return err
				}
			}
			if err := d.read(band, 0, y); err != nil {
				return err
			}
			d.left--
		}
		return nil
	}
	for column := range b.across {
		if err := d.beginNext(band.Height); err != nil {
			return err
		}
		for y := range band.Height {
			if err := d.read(band, column*b.width, y); err != nil {
				return err
			}
		}
	}
	return nil
}

// beginNext begins the next block, of which so many rows are the picture's.
func (d *rowDecoder) beginNext(rows int) error {
	d.block++
	return d.begin(d.block-1, rows)
}

// read puts the next row of the block at hand into a band.
func (d *rowDecoder) read(band *picture.Picture, x, y int) error {
	if err := d.next(); err != nil {
		return err
	}
	channels := band.Channels()
	at, n := (y*band.Width+x)*channels, min(d.blocks.width, band.Width-x)*channels
	switch band.Depth {
	case 8:
		d.samples8(band.Pix8[at:][:n], d.row)
	case 16:
		d.samples16(band.Pix16[at:][:n], d.row)
	default:
		d.samples32(band.Pix32[at:][:n], d.row)
	}
	return nil
}

// End implements codec.RowDecoder.
func (d *rowDecoder) End() error {
	d.close()
	return nil
}
