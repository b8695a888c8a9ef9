package codec

import (
	"errors"
	"io"

	"classsr/picture"
)

// RowScanner is what a Scanner has besides if it can decode some files from top to bottom, as often as asked to, so that the picture need not be
// in memory as a whole.
type RowScanner interface {
	// BandRows says how many rows are decoded at a time, and what is held then, those rows included; 0 rows if this file cannot be decoded so.
	// It is asked when the headers are read.
	BandRows() (rows int, bytes int64)
	// Rows begins at the first row.
	Rows() (RowDecoder, error)
}

// RowDecoder decodes a picture that stands upright.
type RowDecoder interface {
	// Fill decodes the next rows into a band of as many as BandRows says, or of those that are left.
	Fill(band *picture.Picture) error
	// End looks at what follows the last row, as a checksum, and gives back what is held.
	End() error
}

// RowsBytes is the most memory that is held while the picture comes in rows; 0 if it cannot: if the format, or a file like this, is decoded
// as a whole only, if it lies on its side, or if it comes through a pipe.
func (f *File) RowsBytes() int64 {
	s, ok := f.scanner.(RowScanner)
	if !ok || f.Orientation > 1 || f.Src.Piped() || f.FromCMYK {
		return 0
	}
	rows, bytes := s.BandRows()
	if rows == 0 {
		return 0
	}
	return bytes + f.Src.held + f.Metadata.Bytes() + buffers
}

// Rows begins to decode the picture from top to bottom, for files with RowsBytes; several times is fine.
func (f *File) Rows() (picture.RowSource, error) {
	s := f.scanner.(RowScanner)
	rows, _ := s.BandRows()
	r := &rowsOf{file: f, config: f.Upright()}
	form := r.config
	form.Height = min(rows, form.Height)
	r.band = form.New()
	err := r.safely(func() (err error) {
		r.decoder, err = s.Rows()
		return err
	})
	return r, err
}

// rowsOf is a file as a source of rows.
type rowsOf struct {
	file    *File
	config  picture.Config
	decoder RowDecoder
	band    *picture.Picture
	next    int // row
}

// Config implements picture.RowSource.
func (r *rowsOf) Config() picture.Config { return r.config }

// NextRows implements picture.RowSource.
func (r *rowsOf) NextRows() (*picture.Picture, error) {
	if r.next == r.config.Height {
		if err := r.safely(r.decoder.End); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
	band := r.band.Band(0, min(r.band.Height, r.config.Height-r.next))
	if err := r.safely(func() error { return r.decoder.Fill(band) }); err != nil {
		_ = r.decoder.End() // the first error tells what happened
		return nil, err
	}
	r.next += band.Height
	return band, nil
}

// safely names the format in errors, and makes one of a panic, which only damaged data can cause.
func (r *rowsOf) safely(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = r.file.damaged(errUndecodable)
		}
	}()
	if err = do(); err != nil {
		return r.file.damaged(err)
	}
	return nil
}

var errUndecodable = errors.New("its data cannot be decoded")
