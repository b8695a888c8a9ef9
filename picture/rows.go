package picture

import (
	"errors"
	"image"
	"io"
)

// RowSource gives the rows of a picture from top to bottom, in bands. Whoever wants rows pulls them, so that they need not all be there at
// a time.
type RowSource interface {
	// Config is the form of the whole picture.
	Config() Config
	// NextRows gives the next band: a picture of the same form and width, as high as the band. It is valid until the next call. After
	// the last band the error is io.EOF; any other error ends the picture too.
	NextRows() (*Picture, error)
}

// RowSink takes the rows of a picture from top to bottom, in bands of any height.
type RowSink interface {
	// WriteRows takes the next band, a picture of the sink's form and width. It keeps nothing of it and changes nothing in it.
	WriteRows(band *Picture) error
	// Close completes the picture. It returns an error if rows are missing, or if they could not be kept. It must be called once, after an
	// error too, to give back what the sink holds.
	Close() error
}

// Copy pulls all rows from a source into a sink, and closes the sink.
func Copy(dst RowSink, src RowSource) error {
	for {
		band, err := src.NextRows()
		if errors.Is(err, io.EOF) {
			return dst.Close()
		}
		if err == nil {
			err = dst.WriteRows(band)
		}
		if err != nil {
			_ = dst.Close() // the first error tells what happened
			return err
		}
	}
}

// Band is rows y0 to y1-1 of the picture, which share its samples. It panics if there are none or they do not lie inside.
func (p *Picture) Band(y0, y1 int) *Picture {
	if y0 < 0 || y1 > p.Height || y0 >= y1 {
		panic("picture: a band outside the picture")
	}
	band, row := *p, p.Width*p.Channels()
	band.Height = y1 - y0
	switch p.Depth {
	case 8:
		band.Pix8 = p.Pix8[y0*row : y1*row : y1*row]
	case 16:
		band.Pix16 = p.Pix16[y0*row : y1*row : y1*row]
	default:
		band.Pix32 = p.Pix32[y0*row : y1*row : y1*row]
	}
	return &band
}

// Rows gives the picture as a source of bands of so many rows, the last one perhaps of fewer.
func (p *Picture) Rows(height int) RowSource {
	if height < 1 {
		panic("picture: a band has at least one row")
	}
	return &rows{p, height, 0}
}

// rows is a picture as a source.
type rows struct {
	*Picture
	height, next int
}

func (r *rows) NextRows() (*Picture, error) {
	from := r.next
	if from >= r.Height {
		return nil, io.EOF
	}
	r.next = min(from+r.height, r.Height)
	return r.Band(from, r.next), nil
}

// Bytes is the memory that the samples take.
func (c Config) Bytes() int64 {
	return int64(c.Width) * int64(c.Height) * int64(c.Channels()) * int64(c.Depth/8)
}

// Channels is the number of samples a pixel: Colors, and one more for alpha.
func (c Config) Channels() int {
	if c.Alpha {
		return c.Colors + 1
	}
	return c.Colors
}

// New returns a picture of this form, as the function New does.
func (c Config) New() *Picture { return New(c.Width, c.Height, c.Colors, c.Alpha, c.Depth) }

// Bounds is the rectangle of a picture of this form.
func (c Config) Bounds() image.Rectangle { return image.Rect(0, 0, c.Width, c.Height) }
