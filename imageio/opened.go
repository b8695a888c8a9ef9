package imageio

import (
	"errors"
	"io"
	"os"

	"classsr/imageio/codec"
	"classsr/picture"
)

// Opened is the file of a picture of which all is known but the pixels. These can be decoded as a whole or, if Config.RowsBytes was not 0 when
// the picture was accepted, from top to bottom, as often as wanted: so a picture need not be in memory to be looked at twice. Errors name the file.
type Opened struct {
	path string
	file *os.File
	f    *codec.File
}

// OpenFile opens the picture in a file, and does all that DecodeFile does before the pixels are decoded. It must be closed.
func OpenFile(path string, limits Limits) (*Opened, error) {
	o := &Opened{path: path}
	err := o.open(limits)
	if err != nil && o.file != nil {
		_ = o.file.Close() // nothing was written, so nothing can be lost
	}
	if err != nil {
		return nil, named(path, err)
	}
	return o, nil
}

func (o *Opened) open(limits Limits) (err error) {
	if o.file, err = open(o.path); err != nil {
		return err
	}
	s, err := openedSource(o.file, limits)
	if err != nil {
		return err
	}
	o.f, err = check(s, limits)
	return err
}

// Decode decodes the picture as a whole.
func (o *Opened) Decode() (*Decoded, error) {
	d, err := pixels(o.f)
	return d, named(o.path, err)
}

// Described is what Decode gives, without a picture, for files that are decoded in rows.
func (o *Opened) Described() *Decoded {
	o.f.FitProfile()
	return learnt(o.f)
}

// Rows begins to decode the picture from top to bottom. The rows are those of the whole picture.
func (o *Opened) Rows() (picture.RowSource, error) {
	rows, err := o.f.Rows()
	if err != nil {
		return nil, named(o.path, err)
	}
	return namedRows{rows, o.path}, nil
}

// Close closes the file. Rows that were begun end with an error then.
func (o *Opened) Close() error { return o.file.Close() }

// namedRows names the file in errors.
type namedRows struct {
	picture.RowSource
	path string
}

func (r namedRows) NextRows() (*picture.Picture, error) {
	band, err := r.RowSource.NextRows()
	if err != nil && !errors.Is(err, io.EOF) {
		err = named(r.path, err)
	}
	return band, err
}
