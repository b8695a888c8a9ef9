package imageio

import (
	"io"

	"classsr/picture"
)

// reducing rounds the rows of a picture in floating point for a format that holds whole numbers only.
type reducing struct {
	picture.RowSink
	row   *picture.Picture // of the format's depth
	plane []float32
}

func newReducing(w io.Writer, c picture.Config, depth int, format string, o EncodeOptions) (picture.RowSink, error) {
	c.Depth = depth
	sink, err := outputs[format].encoder(w, c, o)
	if err != nil {
		return nil, err
	}
	c.Height = 1
	return &reducing{RowSink: sink, row: c.New(), plane: make([]float32, c.Width)}, nil
}

// rowBytes is what that takes for a picture of this form.
func rowBytes(c picture.Config, depth int) int64 {
	const plane = 4
	return int64(c.Width) * int64(c.Channels()*depth/8+plane)
}

// WriteRows implements picture.RowSink.
func (r *reducing) WriteRows(band *picture.Picture) error {
	for y := range band.Height {
		line := band.Band(y, y+1)
		for c := range line.Channels() {
			line.ReadPlane(r.plane, c, line.Bounds())
			r.row.WritePlane(r.plane, c, line.Bounds())
		}
		if err := r.RowSink.WriteRows(r.row); err != nil {
			return err
		}
	}
	return nil
}
