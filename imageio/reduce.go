package imageio

import (
	"io"

	"classsr/picture"
)

// reducing rounds the rows of a picture in floating point for a format that holds whole numbers only, a few rows at a time.
type reducing struct {
	picture.RowSink
	rows  *picture.Picture // of the format's depth
	plane []float32
}

// reducedRows is how many rows that are.
const reducedRows = 16

func newReducing(w io.Writer, c picture.Config, depth int, format string, o EncodeOptions) (picture.RowSink, error) {
	c.Depth = depth
	sink, err := outputs[format].encoder(w, c, o)
	if err != nil {
		return nil, err
	}
	c.Height = min(c.Height, reducedRows)
	return &reducing{RowSink: sink, rows: c.New(), plane: make([]float32, c.Width*c.Height)}, nil
}

// reducingBytes is what that takes for a picture of this form.
func reducingBytes(c picture.Config, depth int) int64 {
	const plane = 4
	return int64(c.Width) * int64(min(c.Height, reducedRows)) * int64(c.Channels()*depth/8+plane)
}

// WriteRows implements picture.RowSink.
func (r *reducing) WriteRows(band *picture.Picture) error {
	for y := 0; y < band.Height; y += reducedRows {
		from := band.Band(y, min(y+reducedRows, band.Height))
		to := r.rows
		if from.Height < to.Height {
			to = to.Band(0, from.Height)
		}
		for c := range from.Channels() {
			from.ReadPlane(r.plane, c, from.Bounds())
			to.WritePlane(r.plane, c, to.Bounds())
		}
		if err := r.RowSink.WriteRows(to); err != nil {
			return err
		}
	}
	return nil
}
